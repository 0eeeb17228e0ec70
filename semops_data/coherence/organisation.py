"""The registry as a whole: SC weighted by surface area, its worst decile, and what could not be scored.

The patterns stand for what the organisation knows: the intervals resample patterns (a pattern is the cluster). Beside
SC, never mixed into it, stand how much of the corpus any pattern explains and how well the registry hangs together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.factor import interval, posterior, rng_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WORST = 0.1
# Half the width of a 90% interval in standard deviations.
DEVIATIONS = 1.645
TAIL_DRAWS = 500


@dataclass(frozen=True)
class Organisation:
    """SC of the whole registry, beside what could not be measured; values in [0, 1], None where unmeasured."""

    sc: float | None
    low: float | None
    high: float | None
    worst_decile: float | None
    worst_low: float | None
    worst_high: float | None
    scored: int
    unmeasured: int
    surface_share: float | None
    reason: str | None = None


def organisation(
    values: Sequence[float | None], spans: Sequence[tuple[float, float] | None], surfaces: Sequence[int]
) -> Organisation:
    """Sum up the scores; never the mean of what is left without saying how much that is.

    Args:
        values: SC of all audited patterns, None where unmeasured.
        spans: their 90% intervals, in the same order.
        surfaces: their surface areas, in the same order.
    """
    kept = [row for row in zip(values, spans, surfaces, strict=True) if row[0] is not None]
    total, unmeasured = float(sum(surfaces)), len(values) - len(kept)
    if not kept:
        reason = "no pattern has a measured SC" if values else "no pattern is audited"
        share = 0.0 if total else None
        return Organisation(None, None, None, None, None, None, 0, unmeasured, share, reason)
    sc = np.array([value for value, _, _ in kept], dtype=np.float64)
    areas = np.array([area for _, _, area in kept], dtype=np.float64)
    errors = np.array([(span[1] - span[0]) / 2 / DEVIATIONS if span else 0.0 for _, span, _ in kept])
    mean = float(sc @ areas / areas.sum())
    low, high = interval(posterior(sc, areas, rng_of("organisation", 0)), mean)
    worst, worst_low, worst_high = worst_decile(sc, errors)
    share = float(areas.sum() / total)
    return Organisation(mean, low, high, worst, worst_low, worst_high, len(kept), unmeasured, share)


def worst_decile(values: np.ndarray, errors: np.ndarray) -> tuple[float, float, float]:
    """Mean SC of the worst tenth of these patterns, and its 90% interval.

    The lowest of many noisy values is low by chance too: in the draws each value is shrunk towards the mean by the
    share of its variance that is error (James and Stein 1961), and drawn within what is left. The estimate is the mean
    of the draws, so that it lies a little above the mean of the lowest values as measured. With standard errors of
    0.15 or, over 300 patterns, of 0.08 the interval is too narrow (`benchmarks/intervals.py`).

    Args:
        values: SC of the scored patterns, shape (n,), n >= 1.
        errors: their standard errors, shape (n,).
    """
    count, rng = len(values), rng_of("worst decile", 0)
    tail, noise = max(1, round(count * WORST)), float((errors**2).mean())
    observed = float(values.var(ddof=1)) if count > 1 else 1.0
    # How far patterns really differ is itself known from few of them only.
    freedom = max(count - 1, 1)
    spread = np.maximum(observed * freedom / rng.chisquare(freedom, TAIL_DRAWS) - noise, noise / 10 + 1e-9)[:, None]
    kept = spread / (spread + errors**2)
    drawn = values.mean() + kept * (values - values.mean())
    thetas = drawn + rng.normal(size=(TAIL_DRAWS, count)) * np.sqrt(kept) * errors
    sample = np.clip(np.sort(thetas, axis=1)[:, :tail], 0.0, 1.0).mean(axis=1)
    # Scores lean to the left, and shrinking takes a part of what is truly low for noise: the draws go half way back.
    sample = sample - (float(sample.mean()) - float(np.sort(values)[:tail].mean())) / 2
    mean = float(sample.mean())
    low, high = interval(sample, mean)
    return mean, low, high


def connectivity(pattern_ids: Iterable[str], edges: Iterable[tuple[str, str]]) -> float | None:
    """Share of the patterns in the largest connected part of the registry's graph; None without a pattern.

    Args:
        pattern_ids: the patterns that are audited.
        edges: pairs of ids; what is no pattern, a capability say, connects patterns and is not counted.
    """
    above: dict[str, str] = {}

    def root(name: str) -> str:
        while (parent := above.setdefault(name, name)) != name:
            above[name] = above[parent]
            name = parent
        return name

    for left, right in edges:
        above[root(left)] = root(right)
    sizes: dict[str, int] = {}
    audited = set(pattern_ids)
    for pattern_id in audited:
        sizes[root(pattern_id)] = sizes.get(root(pattern_id), 0) + 1
    return max(sizes.values()) / len(audited) if audited else None


def coverage(documents: Iterable[str], explained: Iterable[str]) -> float | None:
    """Share of the documents that hold or use a pattern; the others are orphans that await one. None without any."""
    known = set(documents)
    return len(known & set(explained)) / len(known) if known else None
