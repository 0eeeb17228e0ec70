"""Reliability: is what is called 0.3 likely true three times in ten? The expected calibration error and its plot.

Measured on cases that took no part in the fit: patterns are split in two by the hash of their ids, each half is fitted
without the other, and the faults planted in its own claims are judged by what the other half has learnt.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.calibration import PRIOR, calibrate
from semops_data.coherence.factor import interval, rng_of

if TYPE_CHECKING:
    from collections.abc import Sequence

BINS = 10
DRAWS = 200


@dataclass(frozen=True)
class Case:
    """One judged pair: whose it is, its raw score, and whether a fault was planted in it."""

    pattern_id: str
    raw: float
    is_fault: bool


@dataclass(frozen=True)
class Bin:
    """Cases of like probability: the mean that was told, the share that came true, and how many there are."""

    told: float
    true: float
    weight: float


@dataclass(frozen=True)
class Reliability:
    """How well probabilities are calibrated on cases held out.

    Attributes:
        error: expected calibration error at even odds, in [0, 1]; None where a half has too few cases.
        low: lower end of its 90% interval, patterns resampled.
        high: upper end.
        error_at_prior: the same at the prior of the corpus, at which the scores use the probabilities.
        bins: by rising probability, at even odds.
        positives: cases with a fault.
        negatives: cases without.
    """

    error: float | None
    low: float | None
    high: float | None
    error_at_prior: float | None
    bins: tuple[Bin, ...]
    positives: int
    negatives: int


def held_out(cases: Sequence[Case]) -> Reliability:
    """The calibration error of each half of the patterns under what the other half has learnt.

    Args:
        cases: natural, planted and null pairs of all patterns.
    """
    side = np.array([_side(case.pattern_id) for case in cases], dtype=bool)
    raw = np.array([case.raw for case in cases], dtype=np.float64)
    fault = np.array([case.is_fault for case in cases], dtype=bool)
    told = np.zeros(len(cases))
    counts = int(fault.sum()), int((~fault).sum())
    for half in (False, True):
        fitted = calibrate(raw[(side != half) & ~fault], raw[(side != half) & fault])
        if fitted.method != "planted" or not fault[side == half].any():
            return Reliability(None, None, None, None, (), *counts)
        told[side == half] = fitted.probabilities(raw[side == half])
    even = at_odds(told, 0.5)
    bins = binned(even, fault, 0.5)
    low, high = _span(even, fault, np.array([case.pattern_id for case in cases]))
    error = expected_error(bins)
    at_prior = expected_error(binned(told, fault, PRIOR))
    return Reliability(error, min(low, error), max(high, error), at_prior, bins, *counts)


def at_odds(probabilities: np.ndarray, prior: float) -> np.ndarray:
    """Probabilities told at the corpus's prior, moved to another one by Bayes' rule; shape as given."""
    odds = probabilities / np.clip(1 - probabilities, 1e-12, None) * (prior / (1 - prior)) / (PRIOR / (1 - PRIOR))
    moved: np.ndarray = odds / (1 + odds)
    return moved


def binned(told: np.ndarray, fault: np.ndarray, prior: float) -> tuple[Bin, ...]:
    """Cases in ten bins of equal width, faults and others weighted to the prior."""
    weight = np.where(fault, prior / max(fault.sum(), 1), (1 - prior) / max((~fault).sum(), 1))
    place = np.minimum((told * BINS).astype(int), BINS - 1)
    found = []
    for number in range(BINS):
        inside = place == number
        if inside.any():
            own = weight[inside]
            share = float(own.sum())
            found.append(Bin(float(own @ told[inside] / share), float(own @ fault[inside] / share), share))
    return tuple(found)


def expected_error(bins: Sequence[Bin]) -> float:
    """Mean distance of what was told from what came true, weighted by the cases (Naeini et al. 2015)."""
    total = sum(each.weight for each in bins)
    return sum(each.weight * abs(each.told - each.true) for each in bins) / total if total else 0.0


def _span(told: np.ndarray, fault: np.ndarray, owners: np.ndarray) -> tuple[float, float]:
    """90% interval of the error by resampling patterns, about the error itself: noise alone makes it larger."""
    rng, error = rng_of("reliability", 0), expected_error(binned(told, fault, 0.5))
    names, place = np.unique(owners, return_inverse=True)
    rows = [np.flatnonzero(place == number) for number in range(len(names))]
    draws = []
    for _ in range(DRAWS):
        chosen = np.concatenate([rows[number] for number in rng.integers(len(names), size=len(names))])
        if fault[chosen].any() and not fault[chosen].all():
            draws.append(expected_error(binned(told[chosen], fault[chosen], 0.5)))
    if not draws:
        return error, error
    # Noise makes the error larger, and each draw adds noise to what is noisy already: that much is taken out.
    low, high = interval(error + np.array(draws) - float(np.mean(draws)), error)
    return max(0.0, low), high


def _side(pattern_id: str) -> bool:
    return hashlib.sha256(pattern_id.encode()).digest()[0] % 2 == 1


def reliability_plot(found: Reliability) -> bytes:
    """What was told against what came true, as PNG; a point's area is its share of the cases."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from semops_data.coherence.report import small_png

    figure = Figure(figsize=(4.2, 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="#8a9ba8", linewidth=1, linestyle=":")
    axes.plot([each.told for each in found.bins], [each.true for each in found.bins], color="#3b6fb6", linewidth=1)
    sizes = [20 + 400 * each.weight for each in found.bins]
    axes.scatter([each.told for each in found.bins], [each.true for each in found.bins], s=sizes, color="#3b6fb6")
    axes.set_xlabel("probability that was told, at even odds")
    axes.set_ylabel("share that was planted")
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)
    axes.spines[["top", "right"]].set_visible(False)
    return small_png(figure)
