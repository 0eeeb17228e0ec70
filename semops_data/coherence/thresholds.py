"""The numbers that scores and alerts use, chosen on cases instead of by taste.

Contradiction: the corpus's own comparable pairs (natural) against its own claims with a planted fault, and with
planted nulls whose meaning was kept. Attribution: chunks that name a pattern against chunks that do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from semops_data.coherence import calibration
from semops_data.coherence.attribution import attribution
from semops_data.coherence.planting import FAULTS, NULLS
from semops_data.coherence.reliability import Case, held_out
from semops_data.coherence.rules import raw_contradiction
from semops_data.coherence.similarity import pairwise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from semops_data.coherence.calibration import Calibration
    from semops_data.coherence.consistency import Pair
    from semops_data.coherence.contradiction.judge import Judge
    from semops_data.coherence.knowledge import Knowledge, Text
    from semops_data.coherence.reliability import Reliability

    Embed = Callable[[Sequence[str]], np.ndarray]

NAMES = ("contradiction_intercept", "contradiction_slope", "contradiction_probability", "attribution_cosine",
         "expected_calibration_error")  # fmt: skip


@dataclass(frozen=True)
class Planted:
    """A claim with a planted fault or null, or a pair that people labelled: its kind and the two's raw score."""

    kind: str
    is_fault: bool
    raw: float
    pattern_id: str = ""


def plant(knowledge: Knowledge, embed: Embed, judge: Judge | None = None) -> list[Planted]:
    """Every claim of every pattern, with each fault and null that applies to it, scored against the original.

    Args:
        knowledge: whose claims are mutated.
        embed: unit vectors of texts, shape (n, dimension).
        judge: what judges beside the rules; the rules alone by default.
    """
    memo, missing = knowledge.carried.memo("planted-cases"), []
    claims = [(pattern.pattern_id, claim) for pattern in knowledge.patterns for claim in pattern.claims]
    for _, claim in claims:
        if not memo.knows(_question(claim, knowledge)):
            missing.append(claim)
    fresh = _mutated(missing, embed)
    cases = [
        (claim.text, owner, *case)
        for owner, claim in claims
        for case in memo.told(_question(claim, knowledge), partial(fresh.__getitem__, claim.text))
    ]
    memo.keep()
    raws = np.array([raw for *_, raw in cases])
    if judge is not None and cases:
        raws = judge.raws([(text, mutated) for text, _, _, mutated, _ in cases], raws)
    return [
        Planted(kind, kind in FAULTS, float(raw), owner)
        for (_, owner, kind, _, _), raw in zip(cases, raws, strict=True)
    ]


def _question(claim: Text, knowledge: Knowledge) -> tuple[Any, ...]:
    """What the cases of a claim hang on, beside the code."""
    return claim.text, claim.vector, knowledge.model_id


def _mutated(claims: Sequence[Text], embed: Embed) -> dict[str, list[tuple[str, str, float]]]:
    """Of each text each fault and null that applies to it: its kind, the text that it makes, the rules' raw score."""
    cases = [
        (text, kind, mutated)
        for text in dict.fromkeys(claim.text for claim in claims)
        for kind, mutate in (FAULTS | NULLS).items()
        for mutated in [mutate(text)]
        if mutated is not None and mutated != text
    ]
    raws = _raws([(text, mutated) for text, _, mutated in cases], embed, None)
    found: dict[str, list[tuple[str, str, float]]] = {claim.text: [] for claim in claims}
    for (text, kind, mutated), raw in zip(cases, raws.tolist(), strict=True):
        found[text].append((kind, mutated, raw))
    return found


def reliability(pairs: Sequence[Pair], planted: Sequence[Planted]) -> Reliability:
    """How well the probabilities are calibrated on patterns that took no part in their fit."""
    natural = [Case(pair.pattern_id, pair.raw, is_fault=False) for pair in pairs]
    return held_out([*natural, *(Case(case.pattern_id, case.raw, case.is_fault) for case in planted)])


def error_row(found: Reliability) -> dict[str, Any]:
    """The row of `coherence/thresholds` that says how far the probabilities are off."""
    few = None if found.error is not None else "too few cases to hold half of the patterns out"
    return {
        "name": NAMES[4],
        "value": found.error,
        "low": found.low,
        "high": found.high,
        "method": "held out by pattern, at even odds",
        "reason": few,
        "positives": found.positives,
        "negatives": found.negatives,
    }


def labelled(said: Mapping[tuple[str, str], str], embed: Embed, judge: Judge | None = None) -> list[Planted]:
    """The pairs that people labelled, as cases beside the planted ones.

    Args:
        said: the settled label of each pair of texts; what contradicts is a fault, anything else is none.
        embed: unit vectors of texts, shape (n, dimension).
        judge: what judges beside the rules; the rules alone by default.
    """
    raws = _raws(list(said), embed, judge)
    return [
        # What is said of one claim stays together when half of the cases is held out.
        Planted("human", label == "contradicts", float(raw), pair[0])
        for (pair, label), raw in zip(said.items(), raws, strict=True)
    ]


def unlabelled(pairs: Sequence[Pair], said: Mapping[tuple[str, str], str], knowledge: Knowledge) -> list[Pair]:
    """The natural pairs that nobody labelled: the others are cases of their own."""
    if not said:
        return list(pairs)
    claims = {(p.pattern_id, n): claim.text for p in knowledge.patterns for n, claim in enumerate(p.claims)}
    return [
        pair
        for pair in pairs
        if (claims.get((pair.pattern_id, pair.claim)), knowledge.sentences[pair.sentence].text) not in said
    ]


def _raws(texts: Sequence[tuple[str, str]], embed: Embed, judge: Judge | None) -> np.ndarray:
    """Raw contradiction scores of pairs of texts, float64 of shape (len(texts),)."""
    if not texts:
        return np.zeros(0)
    vectors = embed([text for pair in texts for text in pair]).reshape(len(texts), 2, -1)
    cosines = pairwise(vectors[:, 0], vectors[:, 1])
    raws = np.array([raw_contradiction(*pair, float(cosine))[0] for pair, cosine in zip(texts, cosines, strict=True)])
    return raws if judge is None else judge.raws(texts, raws)


def rows(pairs: Sequence[Pair], planted: Sequence[Planted], knowledge: Knowledge) -> list[dict[str, Any]]:
    """Rows of `coherence/thresholds`."""
    natural = np.array([pair.raw for pair in pairs])
    faults = np.array([case.raw for case in planted if case.is_fault])
    nulls = np.array([case.raw for case in planted if not case.is_fault])
    fitted = calibration.calibrate(natural, faults, nulls=nulls)
    span = None
    if fitted.method == "planted":
        span = calibration.threshold_interval(np.concatenate([natural, nulls]), faults)
    cases = {"positives": len(faults), "negatives": len(natural) + len(nulls)}
    few = None if fitted.method == "planted" else "too few cases in this corpus: the packaged calibration is used"
    result: list[dict[str, Any]] = [
        {"name": NAMES[0], "value": fitted.intercept, "method": fitted.method, "reason": few} | cases,
        {"name": NAMES[1], "value": fitted.slope, "method": fitted.method, "reason": few} | cases,
        {
            "name": NAMES[2],
            "value": fitted.threshold,
            "low": span[0] if span else None,
            "high": span[1] if span else None,
            "method": fitted.method,
            "reason": few or (None if fitted.threshold is not None else "no threshold reaches a precision of 0.9"),
        }
        | cases,
        {"name": NAMES[3]} | attribution(knowledge),
    ]
    return result


def read(values: Mapping[str, float | None], method: str) -> Calibration:
    """The calibration that rows of `coherence/thresholds` hold."""
    intercept, slope = values[NAMES[0]], values[NAMES[1]]
    if intercept is None or slope is None:
        return calibration.PACKAGED
    return calibration.Calibration(intercept, slope, values[NAMES[2]], method)
