"""Two wordings side by side: which sentences belong together, and how much of the meaning each of them keeps.

With a contradiction model a pair keeps min(P(entails old -> new), P(entails new -> old)): what was narrowed does not
follow from the old wording, what was widened does not give it back. A sentence without a partner is asked of the whole
other wording, so that a sentence that was split in two keeps its meaning. Without a model entailment is estimated from
words, vectors and rules; a cosine alone sees topics, not reversals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from semops_data.coherence.frames import same_word
from semops_data.coherence.rules import raw_contradiction
from semops_data.coherence.text import content

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ALIGNED = 0.5
# Below this share of kept words a change is a rewrite, whatever became of the meaning.
REWRITTEN = 0.5
REVERSED = 0.4
# From this probability on a sentence is called entailed, or contradicted, by name.
NAMED = 0.5


class Told(NamedTuple):
    """What a model says of (premise, hypothesis), in [0, 1]; both NaN where it cannot tell."""

    entails: float
    contradicts: float


@dataclass(frozen=True)
class Change:
    """How much of one wording's meaning another one keeps.

    Attributes:
        kept: score of each unit: old sentences first, then added ones without a partner.
        kind: identical, reordering, reversal (a rule fired or the model sees a contradiction), extension (all that was
            said still holds, and more is said), reduction (some of it is said no more, and nothing else), rewrite (many
            new words) or edit.
        rule: the gravest rule that fired, or the model's verdict, in words.
        old: the old sentence that changed most.
        new: its partner; None where it has none.
        holds: share of the old wording that the new one still says, in [0, 1].
    """

    kept: tuple[float, ...]
    kind: str
    rule: str | None
    old: str | None
    new: str | None
    holds: float = 1.0

    @property
    def preserved(self) -> float:
        """Share of the meaning that was preserved, in [0, 1]."""
        return float(np.mean(self.kept)) if self.kept else 0.0


def estimated(premise: str, hypothesis: str, cosine: float, raw: float) -> float:
    """P(premise entails hypothesis) in [0, 1] without a model: what of the hypothesis the premise supports.

    Half of the support is the share of the hypothesis's content words in the premise, half the closeness of the
    vectors (0 at cosine 0.5, 1 at 1); a raw contradiction score takes its share away.
    """
    ours, theirs = set(content(premise)), set(content(hypothesis))
    # A slip of the pen and another form of a word are that word.
    held = sum(word in ours or any(same_word(word, own) for own in ours) for word in theirs)
    coverage = held / len(theirs) if theirs else 1.0
    closeness = min(max((cosine - ALIGNED) / (1 - ALIGNED), 0.0), 1.0)
    return (1.0 - raw) * (coverage + closeness) / 2


def questions(old: Sequence[str], new: Sequence[str], vectors: Mapping[str, np.ndarray]) -> list[tuple[str, str]]:
    """The (premise, hypothesis) that `compare` asks a model about."""
    left, right = _changed(old, new)
    asked: list[tuple[str, str]] = []
    partners = align(left, right, vectors)
    for sentence, partner, _ in partners:
        asked += [(sentence, partner), (partner, sentence)] if partner else [(" ".join(new), sentence)]
    taken = {partner for _, partner, _ in partners}
    return asked + [(" ".join(old), sentence) for sentence in right if sentence not in taken]


def compare(
    old: Sequence[str],
    new: Sequence[str],
    vectors: Mapping[str, np.ndarray],
    told: Mapping[tuple[str, str], Told] | None = None,
    *,
    rules: bool = True,
) -> Change:
    """Align two wordings sentence by sentence and score what is preserved.

    Args:
        old: sentences of the older wording.
        new: sentences of the newer one.
        vectors: unit vector of every sentence, shape (dimension,).
        told: a model's answers to `questions`; estimated from words, vectors and rules where None.
        rules: whether a rule that fires lowers what a model told.
    """
    if sorted(old) == sorted(new):
        return Change((1.0,) * len(old), "identical" if list(old) == list(new) else "reordering", None, None, None)
    left, right = _changed(old, new)
    same = len(old) - len(left)
    units: list[_Unit] = []
    partners = align(left, right, vectors)
    for sentence, partner, cosine in partners:
        if partner is None:
            units.append(_alone(sentence, " ".join(new), told))
        else:
            units.append(_pair(sentence, partner, cosine, told, rules=rules))
    taken = {partner for _, partner, _ in partners}
    added = [_alone(sentence, " ".join(old), told).kept for sentence in right if sentence not in taken]
    gravest = max(units, key=lambda unit: unit.against, default=None)
    worst = min(units, key=lambda unit: unit.kept, default=None)
    return Change(
        (*[1.0] * same, *(unit.kept for unit in units), *added),
        _kind(old, new, units, added),
        gravest.why if gravest and gravest.against > 0 else None,
        worst.old if worst else None,
        worst.new if worst else None,
        (same + sum(unit.holds for unit in units)) / len(old) if old else 0.0,
    )


class _Unit(NamedTuple):
    """One old sentence: how much is kept and still said, how much speaks against it and why, and its partner."""

    kept: float
    holds: float
    follows: float
    against: float
    why: str | None
    old: str
    new: str | None


def _alone(sentence: str, whole: str, told: Mapping[tuple[str, str], Told] | None) -> _Unit:
    """A sentence without a partner: kept as far as the whole other wording says it."""
    answer = told.get((whole, sentence)) if told is not None else None
    kept = answer.entails if answer is not None and answer.entails == answer.entails else 0.0
    return _Unit(kept, kept, 1.0, 0.0, None, sentence, None)


def _pair(
    sentence: str, partner: str, cosine: float, told: Mapping[tuple[str, str], Told] | None, *, rules: bool
) -> _Unit:
    raw, hit = raw_contradiction(sentence, partner, cosine) if rules or told is None else (0.0, None)
    why = f"{hit.rule}: {hit.detail}" if hit else None
    answers = None if told is None else (told[sentence, partner], told[partner, sentence])
    if answers is None or any(answer.entails != answer.entails for answer in answers):
        forward, backward = estimated(sentence, partner, cosine, raw), estimated(partner, sentence, cosine, raw)
        return _Unit(min(forward, backward), backward, forward, raw, why, sentence, partner)
    forward, backward = ((1.0 - raw) * answer.entails for answer in answers)
    against = min(answer.contradicts for answer in answers)
    if against >= NAMED and against > raw:
        raw, why = against, f"model: P(contradiction) at least {against:.2f} in either direction"
    return _Unit(min(forward, backward), backward, forward, raw, why, sentence, partner)


def _kind(old: Sequence[str], new: Sequence[str], units: Sequence[_Unit], added: Sequence[float]) -> str:
    if any(unit.against >= REVERSED for unit in units):
        return "reversal"
    gone = [unit for unit in units if unit.new is None]
    if len(gone) == len(units) and not added:
        return "reduction"
    if all(unit.holds >= NAMED for unit in units) and (added or any(unit.follows < NAMED for unit in units)):
        return "extension"
    words_old, words_new = set(content(" ".join(old))), set(content(" ".join(new)))
    share = len(words_old & words_new) / max(len(words_old | words_new), 1)
    return "rewrite" if share < REWRITTEN else "edit"


def _changed(old: Sequence[str], new: Sequence[str]) -> tuple[list[str], list[str]]:
    return [sentence for sentence in old if sentence not in new], [sentence for sentence in new if sentence not in old]


def align(
    left: Sequence[str], right: Sequence[str], vectors: Mapping[str, np.ndarray]
) -> list[tuple[str, str | None, float]]:
    """Pair each old sentence with the nearest free new one, greedily by cosine, from 0.5 up."""
    if not left or not right:
        return [(sentence, None, 0.0) for sentence in left]
    cosines = np.stack([vectors[s] for s in left]) @ np.stack([vectors[s] for s in right]).T
    partner: dict[int, int] = {}
    free = set(range(len(right)))
    for flat in np.argsort(-cosines, axis=None, kind="stable"):
        i, j = divmod(int(flat), len(right))
        if not cosines[i, j] >= ALIGNED or not free or len(partner) == len(left):
            break
        if i not in partner and j in free:
            partner[i] = j
            free.discard(j)
    return [
        (sentence, right[partner[i]] if i in partner else None, float(cosines[i, partner[i]]) if i in partner else 0.0)
        for i, sentence in enumerate(left)
    ]
