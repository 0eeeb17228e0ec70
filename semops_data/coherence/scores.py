"""SC and what stands beside it: the three dimensions together, per pattern and for the organisation.

SC = (A x C x S)^(1/3) where all three are measured. Otherwise SC is unmeasured, and beside it stand the geometric
mean of the measured dimensions, the bounds (missing = 0, missing = 1) and the coverage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.factor import DRAWS, interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semops_data.coherence.factor import Factor

LEVELS = ((0.80, "coherent"), (0.60, "fair"), (0.40, "weak"), (0.0, "incoherent"))
DIMENSIONS = ("availability", "consistency", "stability")


@dataclass(frozen=True)
class Score:
    """Semantic coherence of one pattern; values in [0, 1], None where unmeasured."""

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

    @property
    def level(self) -> str | None:
        """Band of SC; None where unmeasured."""
        return None if self.sc is None else next(name for least, name in LEVELS if self.sc >= least)


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
class Organisation:
    """SC of the whole registry, weighted by surface area, beside what could not be measured."""

    sc: float | None
    low: float | None
    high: float | None
    worst_decile: float | None
    scored: int
    unmeasured: int
    surface_share: float | None


def organisation(scores: Sequence[Score], surfaces: Sequence[int], *, seed: int = 0) -> Organisation:
    """Sum up the scores; never the mean of what is left without saying how much that is.

    Args:
        scores: of all audited patterns.
        surfaces: their surface areas, in the same order.
        seed: of the bootstrap, which resamples patterns (a pattern is the cluster) and draws within each.
    """
    kept = [(score, area) for score, area in zip(scores, surfaces, strict=True) if score.sc is not None]
    total = float(sum(surfaces))
    if not kept:
        return Organisation(None, None, None, None, 0, len(scores), 0.0 if total else None)
    values = np.array([score.sc for score, _ in kept])
    areas = np.array([area for _, area in kept], dtype=np.float64)
    mean = float(values @ areas / areas.sum())
    rng = np.random.default_rng(seed)
    within = np.stack([score.draws for score, _ in kept if score.draws is not None])
    times = rng.multinomial(len(kept), np.full(len(kept), 1 / len(kept)), DRAWS) * areas
    low, high = interval((times * within.T).sum(axis=1) / times.sum(axis=1), mean)
    worst = np.sort(values)[: max(1, round(len(values) / 10))]
    return Organisation(
        mean, low, high, float(worst.mean()), len(kept), len(scores) - len(kept), float(areas.sum() / total)
    )


def usage_delta(own: np.ndarray, null: np.ndarray) -> float | None:
    """Corpus-artifact delta: mean over usages of 1 - F_null(cosine to the definition), in [0, 1].

    Args:
        own: cosines of the pattern's usages to its definition, shape (n,).
        null: cosines of usages of *other* patterns of the same type to this definition, shape (m,).

    Returns:
        None where there is no usage, or nothing to compare with.
    """
    if not len(own) or not len(null):
        return None
    # F_null at a value counts half of the ties, so that a pattern used like any other has delta 1/2.
    order = np.sort(null)
    below = (np.searchsorted(order, own, "left") + np.searchsorted(order, own, "right")) / 2
    return float(np.mean(1.0 - below / len(null)))
