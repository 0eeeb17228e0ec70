"""One row of the benchmark per method and kind, with its interval."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from semops_data.coherence.contradiction.evaluation import auc, wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

FAMILIES = ("contradiction", "null", "drift", "structure", "handwritten", "clean")


@dataclass(frozen=True)
class Result:
    """How much one method sees of one kind of fault, or how often it is wrong about one kind of null.

    Attributes:
        family: one of `FAMILIES`.
        kind: the fault or null.
        method: what judged.
        cases: how many there were.
        hits: how many were flagged.
        share: hits / cases: recall of a fault, false alarms of a null; None without cases.
        low: lower end of the 90% Wilson interval of the share.
        high: upper end.
        precision: of the flagged ones, how many are faults where as many clean cases are looked at; None for nulls.
        auc: P(a fault scores higher than a null); None where it was not asked.
        threshold: score from which a case is flagged; None where a rule decides.
        reason: why it could not be measured; None where it was.
    """

    family: str
    kind: str
    method: str
    cases: int
    hits: int
    share: float | None
    low: float | None
    high: float | None
    precision: float | None = None
    auc: float | None = None
    threshold: float | None = None
    reason: str | None = None

    def row(self) -> dict[str, Any]:
        """The result as a row of `coherence/benchmark`."""
        return asdict(self)


def counted(
    family: str,
    kind: str,
    method: str,
    flagged: Sequence[bool] | np.ndarray,
    *,
    clean: float | None = None,
    threshold: float | None = None,
    area: float | None = None,
    reason: str | None = None,
) -> Result:
    """A result from the cases that were flagged.

    Args:
        family: one of `FAMILIES`.
        kind: the fault or null.
        method: what judged.
        flagged: which cases were, shape (cases,).
        clean: share of clean cases that were flagged, for the precision.
        threshold: score from which a case is flagged.
        area: the AUC, where it was computed.
        reason: why there are no cases.
    """
    cases, hits = len(flagged), int(np.sum(flagged)) if len(flagged) else 0
    if not cases:
        return Result(family, kind, method, 0, 0, None, None, None, None, area, threshold, reason or "no case")
    share, (low, high) = hits / cases, wilson(hits, cases)
    # The last digit of a float may lie outside of what a share can be.
    low, high = max(low, 0.0), min(high, 1.0)
    precision = None if clean is None else share / (share + clean) if share + clean else None
    return Result(family, kind, method, cases, hits, share, low, high, precision, area, threshold, reason)


def area_under(faults: np.ndarray, nulls: np.ndarray) -> float | None:
    """P(a fault scores higher than a null), ties half; None where one side has no case."""
    if not len(faults) or not len(nulls):
        return None
    return auc(np.concatenate([faults, nulls]), np.repeat([True, False], [len(faults), len(nulls)]))
