"""SC and what stands beside it for one pattern: its interval, its level, the corpus-artifact delta and the KPI.

SC = (A x C x S)^(1/3) where all three are measured. Otherwise SC is unmeasured, and beside it stand the geometric
mean of the measured dimensions, the bounds (missing = 0, missing = 1) and the coverage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.factor import interval, posterior, rng_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semops_data.coherence.factor import Factor

DIMENSIONS = ("availability", "consistency", "stability")
LEVEL_NAMES = ("coherent", "fair", "weak", "incoherent")
BAND_NAMES = ("urgent", "soon", "watch")
# With fewer usages of other patterns a distribution of "any other usage" is a guess.
FEWEST_NULL = 20
# Up to here the other usages are resampled as well; beyond it they are as good as known.
SMALL_NULL = 200


def band(value: float | None, limits: Sequence[float], names: Sequence[str]) -> str | None:
    """The name of the highest limit that the value reaches; the last name below all of them, None where unmeasured.

    Args:
        value: what is placed.
        limits: falling, one fewer than names.
        names: best (or most pressing) first.
    """
    if value is None:
        return None
    return next((name for limit, name in zip(limits, names, strict=False) if value >= limit), names[-1])


@dataclass(frozen=True)
class Score:
    """Semantic coherence of one pattern; values in [0, 1], None where unmeasured.

    Attributes:
        draws: of SC, float64, shape (DRAWS,).
    """

    pattern_id: str
    availability: float | None
    consistency: float | None
    stability: float | None
    sc: float | None
    low: float | None
    high: float | None
    reason: str | None
    mean_measured: float | None
    bound_low: float
    bound_high: float
    coverage: float
    draws: np.ndarray | None = None

    @property
    def status(self) -> str:
        """`measured`, `measured_zero` or `unmeasurable`."""
        if self.sc is None:
            return "unmeasurable"
        return "measured_zero" if self.sc == 0 else "measured"


def combine(factors: Sequence[Factor]) -> Score:
    """SC from availability, consistency and stability of one pattern, in that order.

    The interval comes from independent draws of the three dimensions.

    Raises:
        ValueError: where there are not three, or they belong to different patterns.
    """
    if len(factors) != len(DIMENSIONS) or len({factor.pattern_id for factor in factors}) != 1:
        raise ValueError("SC takes the three dimensions of one pattern")
    values = [factor.value for factor in factors]
    known = [value for value in values if value is not None]
    missing = len(values) - len(known)
    product = float(np.prod(known)) if known else 1.0
    reasons = [f"{name}: {f.reason}" for name, f in zip(DIMENSIONS, factors, strict=True) if f.reason is not None]
    sc = draws = span = None
    if not missing:
        sc = product ** (1 / 3)
        draws = np.prod([f.draws(seed) for seed, f in enumerate(factors)], axis=0) ** (1 / 3)
        # Each dimension's unseen unit pulls the same way and adds up, while errors add up as squares only.
        draws = np.clip(draws + (sc - draws.mean()) * (1 - len(DIMENSIONS) ** -0.5), 0.0, 1.0)
        span = interval(draws, sc)
    return Score(
        factors[0].pattern_id,
        values[0],
        values[1],
        values[2],
        sc=sc,
        low=span[0] if span else None,
        high=span[1] if span else None,
        reason="; ".join(reasons) or None,
        mean_measured=product ** (1 / len(known)) if known else None,
        bound_low=0.0 if missing else product ** (1 / 3),
        bound_high=product ** (1 / 3),
        coverage=len(known) / len(DIMENSIONS),
        draws=draws,
    )


@dataclass(frozen=True)
class Delta:
    """Corpus-artifact delta of one pattern: how far its usages are from its definition, in [0, 1].

    Attributes:
        value: None where unmeasured.
        low: lower end of its 90% interval.
        high: upper end.
        count: usages.
        reason: why it could not be measured.
        draws: of the value, float64, shape (DRAWS,).
    """

    value: float | None
    low: float | None
    high: float | None
    count: int
    reason: str | None
    draws: np.ndarray | None = None


def usage_delta(pattern_id: str, own: np.ndarray, null: np.ndarray) -> Delta:
    """Mean over usages of 1 - F_null(cosine to the definition).

    Args:
        pattern_id: the pattern.
        own: cosines of its usages to its definition, shape (n,).
        null: cosines of usages of *other* patterns of the same type to this definition, shape (m,).
    """
    if not len(own):
        return Delta(None, None, None, 0, "nothing in the corpus uses the pattern")
    if len(null) < FEWEST_NULL:
        reason = f"{len(null)} usages of other patterns of its type to compare with, fewer than {FEWEST_NULL}"
        return Delta(None, None, None, len(own), reason)
    order, rng = np.sort(null), rng_of(pattern_id, len(DIMENSIONS))
    # F_null at a value counts half of the ties, so that a pattern used like any other has delta 1/2.
    left, right = np.searchsorted(order, own, "left"), np.searchsorted(order, own, "right")
    units = 1.0 - (left + right) / 2 / len(null)
    draws = posterior(units, np.ones(len(own)), rng)
    if len(null) < SMALL_NULL:
        draws = draws + _null_noise(left, right, len(null), len(draws), rng)
    draws, value = np.clip(draws, 0.0, 1.0), float(units.mean())
    low, high = interval(draws, value)
    return Delta(value, low, high, len(own), None, draws)


def _null_noise(left: np.ndarray, right: np.ndarray, size: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """How much other usages of others would have moved the delta: the null's Bayesian bootstrap, about its mean."""
    weights = rng.standard_exponential((draws, size))
    reached = np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True)
    reached = np.concatenate([np.zeros((draws, 1)), reached], axis=1)
    below = (reached[:, left] + reached[:, right]).mean(axis=1) / 2
    noise: np.ndarray = below.mean() - below
    return noise


@dataclass(frozen=True)
class Kpi:
    """SC x (1 - delta): a value with its 90% interval, or why there is none and the bounds that remain."""

    value: float | None
    low: float | None
    high: float | None
    reason: str | None


def kpi(score: Score, delta: Delta) -> Kpi:
    """The KPI of one pattern; without a delta it lies between 0 and SC."""
    if score.sc is None:
        return Kpi(None, None, None, f"SC is unmeasured: {score.reason}")
    if delta.value is None or delta.draws is None or score.draws is None:
        return Kpi(None, 0.0, score.sc, f"the delta is unmeasured: {delta.reason}")
    value = score.sc * (1 - delta.value)
    low, high = interval(score.draws * (1 - delta.draws), value)
    return Kpi(value, low, high, None)
