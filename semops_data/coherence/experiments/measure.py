"""How often a method is right, with 90% intervals, and how far two methods are apart on the same cases.

Cases of one family share a text and stand or fall together, so whole families are resampled. A share's interval is
the wider of that and Wilson's: resampling alone would call five right answers out of five certain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from semops_data.coherence.contradiction.evaluation import auc, wilson
from semops_data.coherence.experiments.cases import CONTRADICTS, LABELS
from semops_data.coherence.judges.agreement import krippendorff_alpha
from semops_data.coherence.judges.verdict import GIVEN, INVALID, UNASKED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from semops_data.coherence.experiments.cases import Case
    from semops_data.coherence.experiments.methods import Said, Trial

DRAWS = 500
SEED = 20_260_101
FEWEST_DEFINED = DRAWS // 2


@dataclass(frozen=True)
class Measured:
    """A value and its 90% interval; all None where it is not defined."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Figures:
    """What is measured of a method; see `coherence/experiments` for each."""

    case_count: int
    answered_count: int
    invalid_count: int
    unasked_count: int
    accuracy: Measured
    precision: Measured
    recall: Measured
    auc: Measured
    alpha: Measured
    confusion: dict[str, dict[str, int]]


def is_right(case: Case, said: Said) -> bool | None:
    """Whether a verdict is right: None where there was none, never where it could not be believed."""
    return None if said.status == UNASKED else said.status == GIVEN and said.label == case.label


def figures(cases: Sequence[Case], trial: Trial) -> Figures:
    """The figures of a method on cases that it was given in this order."""
    asked = [(case, said) for case, said in zip(cases, trial.said, strict=True) if said.status != UNASKED]
    statuses = [said.status for said in trial.said]
    families = [case.family for case, _ in asked]
    right = np.array([bool(is_right(case, said)) for case, said in asked], bool)
    expected = np.array([case.label == CONTRADICTS for case, _ in asked], bool)
    called = np.array([said.label == CONTRADICTS and said.status == GIVEN for _, said in asked], bool)
    scores = np.array([0.5 if said.score is None else said.score for _, said in asked], np.float64)
    return Figures(
        case_count=len(cases),
        answered_count=statuses.count(GIVEN),
        invalid_count=statuses.count(INVALID),
        unasked_count=statuses.count(UNASKED),
        accuracy=share(right, np.ones(len(right), bool), families),
        precision=share(expected, called, families),
        recall=share(called, expected, families),
        auc=_interval(lambda rows: auc(scores[rows], expected[rows]), families),
        alpha=_alpha(cases, trial),
        confusion=confusion(asked),
    )


def confusion(asked: Sequence[tuple[Case, Said]]) -> dict[str, dict[str, int]]:
    """Counts by expected label and what was said; `invalid` where that could not be believed."""
    counts = {expected: dict.fromkeys((*LABELS, INVALID), 0) for expected in LABELS}
    for case, said in asked:
        counts[case.label][said.label if said.status == GIVEN else INVALID] += 1
    return counts


def share(hits: np.ndarray, of: np.ndarray, families: Sequence[str]) -> Measured:
    """The share of hits among some of the cases.

    Args:
        hits: bool of shape (n,).
        of: bool of shape (n,): the cases that count.
        families: of the n cases.
    """
    count = int(of.sum())
    if not count:
        return Measured()
    found = int((hits & of).sum())
    drawn = _interval(lambda rows: float(hits[rows][of[rows]].mean()) if of[rows].any() else np.nan, families)
    low, high = wilson(found, count)
    lows = [low, drawn.low] if drawn.low is not None else [low]
    highs = [high, drawn.high] if drawn.high is not None else [high]
    return Measured(found / count, max(min(lows), 0.0), min(max(highs), 1.0))


def difference(one: Sequence[bool], other: Sequence[bool], families: Sequence[str]) -> Measured:
    """How much more often one method is right than another on the same cases, with its paired interval."""
    apart = np.array(one, np.float64) - np.array(other, np.float64)
    return _interval(lambda rows: float(apart[rows].mean()) if len(rows) else np.nan, families)


def _alpha(cases: Sequence[Case], trial: Trial) -> Measured:
    if not trial.by_judge:
        return Measured()
    units = [[said.label if said.status == GIVEN else None for said in votes]
             for votes in zip(*trial.by_judge.values(), strict=True)]  # fmt: skip

    def statistic(rows: np.ndarray) -> float:
        value = krippendorff_alpha([units[row] for row in rows])
        return np.nan if value is None else value

    return _interval(statistic, [case.family for case in cases])


def _interval(statistic: Callable[[np.ndarray], Any], families: Sequence[str]) -> Measured:
    """A statistic of rows and its bootstrap interval over whole families."""
    rows_of: dict[str, list[int]] = {}
    for row, family in enumerate(families):
        rows_of.setdefault(family, []).append(row)
    value = float(statistic(np.arange(len(families)))) if families else np.nan
    if np.isnan(value):
        return Measured()
    groups = [np.array(rows) for rows in rows_of.values()]
    rng = np.random.default_rng(SEED)
    draws = [
        float(statistic(np.concatenate([groups[pick] for pick in rng.integers(len(groups), size=len(groups))])))
        for _ in range(DRAWS)
    ]
    defined = np.array([draw for draw in draws if not np.isnan(draw)])
    if len(defined) < FEWEST_DEFINED:
        return Measured(value)
    low, high = np.percentile(defined, [5, 95])
    return Measured(value, min(float(low), value), max(float(high), value))
