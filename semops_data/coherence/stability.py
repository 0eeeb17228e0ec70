"""Stability: has the definition's meaning been preserved since its baseline?

S = (identical sentences + sum over aligned pairs of min(P(entails old -> new), P(entails new -> old)))
    / (old sentences + added ones without a partner),
with pairs aligned at cosine >= 0.5. Until a contradiction model is configured, entailment is estimated from the
words and vectors of the two sentences and from the rules: `method=embedding`. A cosine alone sees topics, not
reversals; a rule that fires between an old and a new sentence is what tells "deleted" from "never deleted".
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from semops_data.coherence.factor import Factor, measured, unmeasured
from semops_data.coherence.rules import raw_contradiction
from semops_data.coherence.text import content

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

METHOD = "embedding"
ALIGNED = 0.5
# Below this share of kept words a change is a rewrite, whatever became of the meaning.
REWRITTEN = 0.5
REVERSED = 0.4
DAYS_PER_QUARTER = 365.25 / 4


@dataclass(frozen=True)
class Version:
    """One wording of a definition: its sentences, when it began, and where it stood."""

    valid_from: datetime
    sentences: tuple[str, ...]
    document_id: str | None = None
    line: int | None = None
    commit: str | None = None


@dataclass(frozen=True)
class Change:
    """How much of one version's meaning another one keeps.

    Attributes:
        kept: score of each unit: old sentences first, then added ones without a partner (0 each).
        kind: identical, edit, rewrite (many new words) or reversal (a rule fired between old and new).
        rule: the gravest rule that fired, in words.
        old: the old sentence that changed most.
        new: its partner; None where it has none.
    """

    kept: tuple[float, ...]
    kind: str
    rule: str | None
    old: str | None
    new: str | None

    @property
    def preserved(self) -> float:
        """Share of the meaning that was preserved, in [0, 1]."""
        return float(np.mean(self.kept)) if self.kept else 0.0


def entailment(premise: str, hypothesis: str, cosine: float, raw: float) -> float:
    """Estimated P(premise entails hypothesis) in [0, 1]: what of the hypothesis the premise supports.

    Half of the support is the share of the hypothesis's content words in the premise, half the closeness of the
    vectors (0 at cosine 0.5, 1 at 1); a raw contradiction score takes its share away.
    """
    ours, theirs = set(content(premise)), set(content(hypothesis))
    coverage = len(ours & theirs) / len(theirs) if theirs else 1.0
    closeness = min(max((cosine - ALIGNED) / (1 - ALIGNED), 0.0), 1.0)
    return (1.0 - raw) * (coverage + closeness) / 2


def compare(old: Sequence[str], new: Sequence[str], vectors: Mapping[str, np.ndarray]) -> Change:
    """Align two versions sentence by sentence and score what is preserved.

    Args:
        old: sentences of the older version.
        new: sentences of the newer one.
        vectors: unit vector of every sentence, shape (dimension,).
    """
    if list(old) == list(new):
        return Change((1.0,) * len(old), "identical", None, None, None)
    left = [sentence for sentence in old if sentence not in new]
    right = [sentence for sentence in new if sentence not in old]
    kept = [1.0] * (len(old) - len(left))
    partners, rule, gravest = _align(left, right, vectors), None, 0.0
    worst: tuple[float, str | None, str | None] = (2.0, None, None)
    for sentence, partner, cosine in partners:
        score = 0.0
        if partner is not None:
            raw, hit = raw_contradiction(sentence, partner, cosine)
            score = min(entailment(sentence, partner, cosine, raw), entailment(partner, sentence, cosine, raw))
            if hit is not None and raw > gravest:
                gravest, rule = raw, f"{hit.rule}: {hit.detail}"
        kept.append(score)
        worst = min(worst, (score, sentence, partner), key=lambda entry: entry[0])
    taken = {partner for _, partner, _ in partners}
    kept += [0.0 for sentence in right if sentence not in taken]
    words_old, words_new = set(content(" ".join(old))), set(content(" ".join(new)))
    share = len(words_old & words_new) / max(len(words_old | words_new), 1)
    kind = "reversal" if gravest >= REVERSED else "rewrite" if share < REWRITTEN else "edit"
    return Change(tuple(kept), kind, rule, worst[1], worst[2])


def _align(left: list[str], right: list[str], vectors: Mapping[str, np.ndarray]) -> list[tuple[str, str | None, float]]:
    """Pair each old sentence with the nearest free new one, greedily by cosine, from 0.5 up."""
    if not left or not right:
        return [(sentence, None, 0.0) for sentence in left]
    cosines = np.stack([vectors[s] for s in left]) @ np.stack([vectors[s] for s in right]).T
    partner: dict[int, int] = {}
    for flat in np.argsort(-cosines, axis=None, kind="stable"):
        i, j = divmod(int(flat), len(right))
        if cosines[i, j] < ALIGNED:
            break
        if i not in partner and j not in partner.values():
            partner[i] = j
    return [
        (sentence, right[partner[i]] if i in partner else None, float(cosines[i, partner[i]]) if i in partner else 0.0)
        for i, sentence in enumerate(left)
    ]


def stability(
    pattern_id: str,
    versions: Sequence[Version],
    vectors: Mapping[str, np.ndarray],
    *,
    baseline: datetime | None,
    as_of: datetime,
) -> Factor:
    """The pattern's stability: what its current wording keeps of its baseline.

    Args:
        pattern_id: the pattern.
        versions: its wordings, oldest first.
        vectors: unit vector of every sentence of every version.
        baseline: when it became active; the first version where None.
        as_of: the moment up to which the corpus was observed.
    """
    versions = [version for version in versions if version.sentences]
    if not versions:
        return unmeasured(pattern_id, "no version of the definition was found in the corpus or registry", method=METHOD)
    before = [version for version in versions if baseline is not None and version.valid_from <= baseline]
    first = before[-1] if before else versions[0]
    since = list(versions[list(versions).index(first) :])
    days = max((as_of - first.valid_from).total_seconds() / 86_400, 0.0)
    observed: dict[str, Any] = {
        "baseline": first.valid_from.isoformat(),
        "baseline_from": "registry" if before else "first version",
        "baseline_document": first.document_id,
        "baseline_line": first.line,
        "baseline_commit": first.commit,
        "versions": len(since),
        "days_observed": round(days, 1),
    }
    if len(since) == 1:
        reason = f"one version since the baseline, observed for {days:.0f} days"
        return unmeasured(pattern_id, reason, method=METHOD, **observed)
    change = compare(first.sentences, since[-1].sentences, vectors)
    steps = [
        {
            "at": new.valid_from.isoformat(),
            "commit": new.commit,
            "document": new.document_id,
            "line": new.line,
            "preserved": round(step.preserved, 4),
            "kind": step.kind,
            "rule": step.rule,
        }
        for old, new in pairwise(since)
        for step in [compare(old.sentences, new.sentences, vectors)]
    ]
    drift = 1.0 - change.preserved
    return measured(
        pattern_id,
        np.array(change.kept),
        method=METHOD,
        evidence=observed
        | {
            "state": round(drift, 4),
            "trend_per_quarter": round(drift / max(days / DAYS_PER_QUARTER, 1.0), 4),
            "kind": change.kind,
            "rule": change.rule,
            "old": change.old,
            "new": change.new,
            "transitions": steps,
        },
    )
