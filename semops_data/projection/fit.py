"""Fitting `y = a + b*s^alpha` with a >= 0, b >= 0 and 0 <= alpha <= 3, and saying how little few points tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LARGEST_ALPHA = 3.0
STEPS = 301
ENOUGH_POINTS = 4
TIME_NOISE = 0.1  # relative scatter of a repeated measurement on a shared machine
MEMORY_NOISE = 0.02


@dataclass(frozen=True)
class Curve:
    """One curve y = a + b*s^alpha."""

    a: float
    b: float
    alpha: float

    def at(self, factor: float) -> float:
        """The curve's value at a scale."""
        return float(self.a + self.b * factor**self.alpha)


@dataclass(frozen=True)
class Fit:
    """The best curve, and every curve that the measurements do not rule out.

    Attributes:
        best: least squares over relative errors.
        admissible: best curves for other exponents whose errors lie within the noise, and those of the leave-one-out
            fits where there are enough points.
        points: different factors that were measured.
        error: root mean square relative error of the best curve.
    """

    best: Curve
    admissible: tuple[Curve, ...]
    points: int
    error: float

    @property
    def alpha_interval(self) -> tuple[float, float]:
        """The exponents that the measurements do not rule out."""
        alphas = [curve.alpha for curve in (self.best, *self.admissible)]
        return min(alphas), max(alphas)

    def interval_at(self, factor: float) -> tuple[float, float]:
        """Smallest and largest value of the admissible curves at a scale."""
        values = [curve.at(factor) for curve in (self.best, *self.admissible)]
        return min(values), max(values)

    @property
    def caveat(self) -> str | None:
        """What the number of points does not allow to say."""
        if self.points >= ENOUGH_POINTS:
            return None
        low, high = self.alpha_interval
        return f"only {self.points} factors were measured: the exponent may be anything from {low:.2f} to {high:.2f}"


def fit(factors: Sequence[float], values: Sequence[float], *, noise: float = TIME_NOISE) -> Fit:
    """Fit the curve to measurements.

    Args:
        factors: scales, each above 0; repetitions of a factor are welcome.
        values: the measured quantity at each, 0 or above.
        noise: relative error up to which a curve is not ruled out.

    Raises:
        ValueError: where there is no point, the lengths differ, or a number is out of range.
    """
    scale, y = np.asarray(factors, np.float64), np.asarray(values, np.float64)
    if scale.size == 0 or scale.shape != y.shape:
        raise ValueError(f"{scale.size} factors and {y.size} values do not make a fit")
    if not (np.isfinite(scale) & (scale > 0)).all() or not (np.isfinite(y) & (y >= 0)).all():
        raise ValueError("a factor is above 0 and a value is 0 or above, both finite")
    best, error = _best(scale, y)
    points = len(np.unique(scale))
    curves = [_curve(scale, y, alpha) for alpha in np.linspace(0.0, LARGEST_ALPHA, STEPS // 10 + 1)]
    admissible = [curve for curve in curves if _error(curve, scale, y) <= max(noise, 2 * error)]
    if points >= ENOUGH_POINTS:
        admissible += [_best(scale[scale != left], y[scale != left])[0] for left in np.unique(scale)]
    return Fit(best, tuple(admissible), points, error)


def _best(scale: Floats, y: Floats) -> tuple[Curve, float]:
    """The least squares curve, by a grid over alpha that is refined twice."""
    low, high = 0.0, LARGEST_ALPHA
    best, error = _curve(scale, y, 0.0), np.inf
    for _ in range(3):
        for alpha in np.linspace(low, high, STEPS):
            curve = _curve(scale, y, float(alpha))
            now = _error(curve, scale, y)
            # Of curves that fit equally well the slowest growing one is told.
            if now < error - 1e-12:
                best, error = curve, now
        width = (high - low) / (STEPS - 1)
        low, high = max(0.0, best.alpha - width), min(LARGEST_ALPHA, best.alpha + width)
    return best, float(error)


def _curve(scale: Floats, y: Floats, alpha: float) -> Curve:
    """The best a >= 0 and b >= 0 for one exponent."""
    grown, weight = scale**alpha, _weights(y)
    options = [_only(weight, y), (0.0, _only(weight * grown, y, weight)[0])]
    design = np.column_stack([weight, weight * grown])
    if alpha > 0 and len(np.unique(scale)) > 1:
        solution = np.linalg.lstsq(design, weight * y, rcond=None)[0]
        if (solution >= 0).all():
            return Curve(float(solution[0]), float(solution[1]), alpha)
    a, b = min(options, key=lambda ab: float(np.sum((design @ np.array(ab) - weight * y) ** 2)))
    return Curve(a, b, alpha)


def _only(column: Floats, y: Floats, weight: Floats | None = None) -> tuple[float, float]:
    """Least squares with one column alone, as (coefficient, 0)."""
    target = y * (column if weight is None else weight)
    norm = float(column @ column)
    return (max(0.0, float(column @ target) / norm) if norm else 0.0, 0.0)


def _weights(y: Floats) -> Floats:
    """Errors count relative to the value; values far below the largest one as if they were a thousandth of it."""
    floor = float(y.max()) * 1e-3 or 1.0
    return np.asarray(1.0 / np.maximum(y, floor), np.float64)


def _error(curve: Curve, scale: Floats, y: Floats) -> float:
    residual = (curve.a + curve.b * scale**curve.alpha - y) * _weights(y)
    return float(np.sqrt(np.mean(residual**2)))
