"""`Factor`: one measured dimension of one pattern, with its units, interval, evidence, or reason why not.

Intervals are 90%, from 2,000 draws of the posterior of the mean under a Dirichlet process (Ferguson 1973): the
Bayesian bootstrap (Rubin 1981) with one unit more, that nobody saw, spread evenly over 0, 1/4, 1/2, 3/4 and 1. The
percentile bootstrap covers the truth 45 to 88 times in a hundred with 5 to 40 units of which most are 1; this one
about 90, from three units on (`benchmarks/intervals.py`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

DRAWS = 2_000
LEVEL = 0.90
# The unit that nobody saw: a dimension of which all units are 1 is not proved to be 1.
UNSEEN = np.linspace(0.0, 1.0, 5)


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
        return np.clip(
            self.factor * posterior(self.unit_scores, self.unit_weights, rng_of(self.pattern_id, seed)), 0, 1
        )

    def interval(self, seed: int = 0) -> tuple[float, float] | None:
        """The 90% interval, which holds the value; None where unmeasured."""
        value = self.value
        return None if value is None else interval(self.draws(seed), value)


def rng_of(name: str, seed: int) -> np.random.Generator:
    """A generator of this name's own draws."""
    return np.random.default_rng([seed, int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")])


def posterior(scores: np.ndarray, weights: np.ndarray, rng: np.random.Generator, draws: int = DRAWS) -> np.ndarray:
    """Draws of the weighted mean of what the units were drawn from, float64, shape (draws,).

    Args:
        scores: of the units, shape (n,), in [0, 1].
        weights: of the units, shape (n,), any positive scale.
        rng: gives the draws.
        draws: how many.
    """
    scores, own = np.asarray(scores, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    # Equal scores are one atom: a gamma of their number, instead of as many gammas of one.
    if own.size and np.ptp(own) == 0:
        scores, counts = np.unique(scores, return_counts=True)
        seen = rng.standard_gamma(counts.astype(np.float64), (draws, len(scores)))
    else:
        seen = rng.standard_exponential((draws, len(scores))) * (own * len(own) / own.sum())
    unseen = rng.standard_gamma(1 / len(UNSEEN), (draws, len(UNSEEN)))
    mean: np.ndarray = (seen @ scores + unseen @ UNSEEN) / (seen.sum(axis=1) + unseen.sum(axis=1))
    return mean


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
