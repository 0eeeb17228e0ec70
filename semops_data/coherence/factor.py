"""`Factor`: one measured dimension of one pattern, with its units, interval, evidence, or reason why not.

Intervals are 90%. From five units on they are bootstrap percentiles over the units (Efron 1979, B = 2,000). With
fewer units a bootstrap is too narrow (with one it has no width), so draws come from the Jeffreys posterior
Beta(x + 1/2, n - x + 1/2) with x the sum of the scores: wide, as it should be.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

DRAWS = 2_000
FEW = 5
LEVEL = 0.90


@dataclass(frozen=True)
class Factor:
    """One dimension of one pattern.

    Attributes:
        pattern_id: the pattern.
        unit_scores: score of each unit, float, shape (n,), in [0, 1]; empty where unmeasured.
        unit_weights: weight of each unit, shape (n,), summing to 1.
        factor: multiplies the weighted mean; 1 unless a precedence rule lowers it.
        reason: why the dimension could not be measured; None where it was.
        method: what gave the unit scores.
        evidence: what the value rests on; JSON-compatible.
    """

    pattern_id: str
    unit_scores: np.ndarray = field(default_factory=lambda: np.zeros(0))
    unit_weights: np.ndarray = field(default_factory=lambda: np.zeros(0))
    factor: float = 1.0
    reason: str | None = None
    method: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def value(self) -> float | None:
        """The dimension in [0, 1]; None where unmeasured."""
        if self.reason is not None:
            return None
        return float(np.clip(self.factor * (self.unit_scores @ self.unit_weights), 0.0, 1.0))

    @property
    def status(self) -> str:
        """`measured`, `measured_zero` or `unmeasurable`."""
        if self.reason is not None:
            return "unmeasurable"
        return "measured_zero" if self.value == 0.0 else "measured"

    def draws(self, seed: int) -> np.ndarray:
        """Draws from the uncertainty of the value, float64, shape (DRAWS,); seeded, so that a score is repeatable.

        The pattern is part of the seed: two patterns with as many units must not err together.

        Raises:
            ValueError: where the dimension is unmeasured.
        """
        if self.reason is not None:
            raise ValueError(f"{self.pattern_id}: an unmeasured dimension has no draws ({self.reason})")
        own = int.from_bytes(hashlib.sha256(self.pattern_id.encode()).digest()[:8], "big")
        rng, count = np.random.default_rng([seed, own]), len(self.unit_scores)
        mean = float(np.clip(self.unit_scores @ self.unit_weights, 0, 1))
        if count < FEW:
            sample = rng.beta(mean * count + 0.5, (1 - mean) * count + 0.5, DRAWS)
        else:
            times = rng.multinomial(count, np.full(count, 1 / count), DRAWS) * self.unit_weights
            total = times.sum(axis=1)
            sample = np.divide(times @ self.unit_scores, total, out=np.full(DRAWS, mean), where=total > 0)
        return np.clip(self.factor * sample, 0.0, 1.0)

    def interval(self, seed: int = 0) -> tuple[float, float] | None:
        """The 90% interval, which holds the value; None where unmeasured."""
        value = self.value
        return None if value is None else interval(self.draws(seed), value)


def unmeasured(pattern_id: str, reason: str, *, method: str, **evidence: Any) -> Factor:
    """A dimension that could not be computed, and why."""
    return Factor(pattern_id, reason=reason, method=method, evidence=evidence)


def measured(
    pattern_id: str,
    scores: np.ndarray,
    *,
    method: str,
    weights: np.ndarray | None = None,
    factor: float = 1.0,
    evidence: dict[str, Any] | None = None,
) -> Factor:
    """A measured dimension from its units.

    Args:
        pattern_id: the pattern.
        scores: unit scores in [0, 1], shape (n,), n >= 1.
        method: what gave them.
        weights: their weights, any positive scale; equal by default.
        factor: multiplies the mean.
        evidence: what the value rests on.

    Raises:
        ValueError: where there is no unit, or a score lies outside [0, 1].
    """
    scores = np.asarray(scores, dtype=np.float64)
    if not len(scores) or scores.min() < 0 or scores.max() > 1:
        raise ValueError(f"{pattern_id}: a measured dimension needs unit scores in [0, 1], got {scores}")
    weights = np.ones(len(scores)) if weights is None else np.asarray(weights, dtype=np.float64)
    return Factor(pattern_id, scores, weights / weights.sum(), factor, None, method, evidence or {})


def interval(draws: np.ndarray, value: float) -> tuple[float, float]:
    """Percentile interval of the draws, widened where needed so that it holds the value."""
    tail = (1 - LEVEL) / 2 * 100
    low, high = np.percentile(draws, [tail, 100 - tail])
    return float(min(low, value)), float(max(high, value))
