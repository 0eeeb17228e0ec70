"""Two wordings side by side: which sentences belong together, and how much of the old meaning the new one keeps.

The question is whether the new wording still says what the old one said: what is added takes nothing away, unless it
contradicts. Few words changed and a rule that fires is a turned meaning; many words changed and no rule is a rewording,
which costs little. With a contradiction model P(new entails old) takes part; a sentence without a partner is asked of
the whole other wording, so that a sentence that was split in two keeps its meaning. A cosine alone sees topics, not
reversals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from semops_data.coherence.calibration import FAINT
from semops_data.coherence.frames import same_word
from semops_data.coherence.rules import raw_contradiction
from semops_data.coherence.slips import corrected
from semops_data.coherence.text import content, words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

ALIGNED = 0.5
# Below this share of kept words a change is a rewrite, whatever became of the meaning.
REWRITTEN = 0.5
REVERSED = 0.4
# How much of a sentence's meaning is kept (second row) where so much of its words and direction is (first row): other
# words for the same cost little, and where next to nothing is left it is another sentence.
REWORDING = ((0.0, 0.25, 0.7, 1.0), (0.0, 0.85, 0.95, 1.0))
# What a model's P(new entails old) weighs beside words and vectors.
MODEL = 0.2
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
        kept: score of each old sentence.
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


def shared(sentence: str, other: str, cosine: float) -> float:
    """How far another sentence says what this one says, in [0, 1], as far as words and vectors tell.

    Half is the share of the sentence's content words that the other one has, half the closeness of the vectors (0 at
    cosine 0.5, 1 at 1).
    """
    ours, theirs = set(content(sentence)), set(content(other))
    # A slip of the pen and another form of a word are that word.
    held = sum(word in theirs or any(same_word(word, near) for near in theirs) for word in ours)
    coverage = held / len(ours) if ours else 1.0
    return (coverage + min(max((cosine - ALIGNED) / (1 - ALIGNED), 0.0), 1.0)) / 2


def questions(old: Sequence[str], new: Sequence[str], vectors: Mapping[str, np.ndarray]) -> list[tuple[str, str]]:
    """The (premise, hypothesis) that `compare` asks a model about."""
    left, right = _changed(old, new)
    asked: list[tuple[str, str]] = []
    partners = align(left, right, vectors)
    for sentence, partner, _ in partners:
        asked += [(sentence, partner), (partner, sentence)] if partner else [(" ".join(new), sentence)]
    return asked


def compare(
    old: Sequence[str],
    new: Sequence[str],
    vectors: Mapping[str, np.ndarray],
    told: Mapping[tuple[str, str], Told] | None = None,
    *,
    rules: bool = True,
    vocabulary: Collection[str] = (),
) -> Change:
    """Align two wordings sentence by sentence and score what is preserved.

    Args:
        old: sentences of the older wording.
        new: sentences of the newer one.
        vectors: unit vector of every sentence, shape (dimension,).
        told: a model's answers to `questions`; estimated from words, vectors and rules where None.
        rules: whether a rule that fires lowers what a model told.
        vocabulary: words that the corpus uses in several places: an unknown word that looks like one is a slip.
    """
    if sorted(old) == sorted(new):
        return Change((1.0,) * len(old), "identical" if list(old) == list(new) else "reordering", None, None, None)
    left, right = _changed(old, new)
    partners = align(left, right, vectors)
    whole = " ".join(new)
    units = [
        _alone(sentence, whole, told)
        if partner is None
        else _pair(sentence, corrected(sentence, partner, vocabulary), partner, cosine, told, rules=rules)
        for sentence, partner, cosine in partners
    ]
    added = [sentence for sentence in right if sentence not in {partner for _, partner, _ in partners}]
    same = [_Unit(1.0, 1.0, 1.0, 0.0, None, sentence, sentence) for sentence in old if sentence not in left]
    if added and (rules or told is None):
        units, same = ([_beside(unit, added, vectors) for unit in part] for part in (units, same))
    gravest = max([*units, *same], key=lambda unit: unit.against, default=None)
    worst = min([*units, *same] if any(unit.kept < 1 for unit in same) else units, key=_kept, default=None)
    kept = (*(unit.kept for unit in same), *(unit.kept for unit in units))
    return Change(
        kept,
        _kind(old, new, [*units, *(unit for unit in same if unit.kept < 1)], added),
        gravest.why if gravest and gravest.against > 0 else None,
        worst.old if worst else None,
        worst.new if worst else None,
        float(np.mean(kept)) if kept else 0.0,
    )


class _Unit(NamedTuple):
    """One old sentence against its partner.

    `kept` of it; `says`: what of it the new one says, `follows`: the other way round; `against`: what speaks against.
    """

    kept: float
    says: float
    follows: float
    against: float
    why: str | None
    old: str
    new: str | None


def _kept(unit: _Unit) -> float:
    return unit.kept


def _alone(sentence: str, whole: str, told: Mapping[tuple[str, str], Told] | None) -> _Unit:
    """A sentence without a partner: kept as far as the whole other wording says it."""
    answer = told.get((whole, sentence)) if told is not None else None
    kept = answer.entails if answer is not None and answer.entails == answer.entails else 0.0
    return _Unit(kept, kept, 1.0, 0.0, None, sentence, None)


def _pair(
    sentence: str,
    read: str,
    partner: str,
    cosine: float,
    told: Mapping[tuple[str, str], Told] | None,
    *,
    rules: bool,
) -> _Unit:
    """An old sentence and its partner, which is read as it was meant."""
    if words(read) == words(sentence):
        return _Unit(1.0, 1.0, 1.0, 0.0, None, sentence, partner)
    raw, hit = raw_contradiction(sentence, read, cosine) if rules or told is None else (0.0, None)
    why = f"{hit.rule}: {hit.detail}" if hit else None
    says, follows = shared(sentence, read, cosine), shared(read, sentence, cosine)
    support = float(np.interp(says, *REWORDING))
    answers = None if told is None else (told[sentence, partner], told[partner, sentence])
    if answers is None or any(answer.entails != answer.entails for answer in answers):
        return _Unit((1.0 - raw) * support, (1.0 - raw) * says, follows, raw, why, sentence, partner)
    forward, backward = (answer.entails for answer in answers)
    if not rules:
        kept = backward
    elif min(forward, backward) >= NAMED and raw == 0:
        kept = 1.0
    else:
        kept = (1.0 - raw) * ((1 - MODEL) * support + MODEL * backward)
    against = min(answer.contradicts for answer in answers)
    if against >= NAMED and against > raw:
        raw, why = against, f"model: P(contradiction) at least {against:.2f} in either direction"
    return _Unit(kept, backward, forward, raw, why, sentence, partner)


def _beside(unit: _Unit, added: Sequence[str], vectors: Mapping[str, np.ndarray]) -> _Unit:
    """A unit under what was added: a sentence more takes nothing away, unless it contradicts."""
    for sentence in added:
        cosine = float(vectors[unit.old] @ vectors[sentence])
        raw, hit = raw_contradiction(unit.old, sentence, cosine) if cosine >= ALIGNED else (0.0, None)
        if hit is not None and raw >= FAINT and raw > unit.against:
            unit = unit._replace(
                kept=min(unit.kept, 1.0 - raw), against=raw, why=f"{hit.rule}: {hit.detail}", new=sentence
            )
    return unit


def _kind(old: Sequence[str], new: Sequence[str], units: Sequence[_Unit], added: Sequence[str]) -> str:
    if any(unit.against >= REVERSED for unit in units):
        return "reversal"
    gone = [unit for unit in units if unit.new is None]
    if len(gone) == len(units) and not added:
        return "reduction"
    if all(unit.says >= NAMED for unit in units) and (added or any(unit.follows < NAMED for unit in units)):
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
