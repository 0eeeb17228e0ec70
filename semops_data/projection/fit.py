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
LINEAR = 1.0
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
        best: least squares over relative errors; with fewer than `ENOUGH_POINTS` factors the admissible curve whose
            exponent is nearest to 1, as least squares would then fit the noise.
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
        taken = f"the exponent is taken as {self.best.alpha:.2f} and may be anything from {low:.2f} to {high:.2f}"
        return f"only {self.points} factors were measured: {taken}"


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
    grid = np.linspace(0.0, LARGEST_ALPHA, STEPS // 10 + 1)
    a, b, errors = _curves(scale, y, grid)
    admissible = [_curve(*abc) for abc in zip(a, b, grid, strict=True)]
    admissible = [curve for curve, its in zip(admissible, errors, strict=True) if its <= max(noise, 2 * error)]
    if points >= ENOUGH_POINTS:
        admissible += [_best(scale[scale != left], y[scale != left])[0] for left in np.unique(scale)]
    else:
        best = min((best, *admissible), key=lambda curve: abs(curve.alpha - LINEAR))
    return Fit(best, tuple(admissible), points, error)


def _best(scale: Floats, y: Floats) -> tuple[Curve, float]:
    """The least squares curve, by a grid over alpha that is refined twice, and its error."""
    low, high = 0.0, LARGEST_ALPHA
    best, error = Curve(0.0, 0.0, 0.0), np.inf
    for _ in range(3):
        grid = np.linspace(low, high, STEPS)
        a, b, errors = _curves(scale, y, grid)
        # Of curves that fit equally well the one nearest to linear is told: the slowest one would flatter.
        at = int(np.argmin(np.where(errors <= errors.min() + 1e-12, np.abs(grid - LINEAR), np.inf)))
        if errors[at] < error - 1e-12:
            best, error = _curve(a[at], b[at], grid[at]), float(errors[at])
        width = (high - low) / (STEPS - 1)
        low, high = max(0.0, best.alpha - width), min(LARGEST_ALPHA, best.alpha + width)
    return best, error


def _curves(scale: Floats, y: Floats, alphas: Floats) -> tuple[Floats, Floats, Floats]:
    """The best a >= 0 and b >= 0 for each exponent, and the root mean square relative error of each curve."""
    peak = float(y.max()) or 1.0
    # Errors count relative to the value; values far below the largest one as if they were a thousandth of it.
    weight = 1.0 / np.maximum(y / peak, 1e-3)
    target = weight * (y / peak)
    grown = weight * scale ** alphas[:, None]  # (alphas, points)
    s11, s12, s22 = weight @ weight, grown @ weight, (grown**2).sum(axis=1)
    t1, t2 = weight @ target, grown @ target
    determinant = s11 * s22 - s12**2
    is_solvable = determinant > s11 * s22 * 1e-10
    safe = np.where(is_solvable, determinant, 1.0)
    both = (t1 * s22 - t2 * s12) / safe, (s11 * t2 - s12 * t1) / safe
    options = [both, (np.full_like(t2, t1 / s11), np.zeros_like(t2)), (np.zeros_like(t2), t2 / s22)]
    residuals = [a[:, None] * weight + b[:, None] * grown - target for a, b in options]
    errors = np.sqrt(np.mean(np.square(residuals), axis=2))  # (options, alphas)
    errors[0][~is_solvable | (both[0] < 0) | (both[1] < 0)] = np.inf
    chosen = errors.argmin(axis=0)
    a, b = (np.choose(chosen, [option[part] for option in options]) for part in (0, 1))
    return a * peak, b * peak, errors.min(axis=0)


def _curve(a: float, b: float, alpha: float) -> Curve:
    return Curve(float(a), float(b), float(alpha))
