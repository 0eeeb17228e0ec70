"""Calibration: raw contradiction scores to probabilities, and thresholds for a stated precision.

The probability is a logistic on the logit of the raw score (Platt 1999), natural neighbours against planted
faults, weighted to a prior of 0.5%: so few comparable pairs of a real corpus contradict each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log

import numpy as np

PRIOR = 0.005
PRECISION = 0.9
# A pair in which no rule fired is no evidence either way: it contributes nothing to the product over neighbours.
FEWEST_PLANTED, FEWEST_NATURAL = 20, 50
# A weaker score is no finding, however few of the natural pairs at hand have one: rules that seldom fire would make a
# finding of every hit.
FAINT = 0.25
CLIP = 1e-3
RIDGE = 1e-3
NEWTON_STEPS, CONVERGED = 100, 1e-9


@dataclass(frozen=True)
class Calibration:
    """Probability of contradiction q = 1 / (1 + exp(-(intercept + slope * logit(raw)))); 0 where raw is 0.

    Attributes:
        intercept: of the logistic.
        slope: of the logistic, positive.
        threshold: probability from which a pair is a finding; None where too few cases were at hand.
        method: `planted` where fitted on this corpus, `packaged` where the corpus has too few cases.
    """

    intercept: float
    slope: float
    threshold: float | None
    method: str

    def probability(self, raw: float) -> float:
        """Calibrated probability of a raw score in [0, 1]."""
        if not raw > 0:
            return 0.0
        return 1.0 / (1.0 + exp(min(-(self.intercept + self.slope * _logit(raw)), 700.0)))

    def probabilities(self, raws: np.ndarray) -> np.ndarray:
        """Calibrated probabilities of raw scores in [0, 1], float64, shape as given."""
        told = 1.0 / (1.0 + np.exp(np.clip(-(self.intercept + self.slope * _logits(raws)), None, 700.0)))
        return np.where(np.asarray(raws) > 0, told, 0.0)


# Fitted on planted faults in the documentation that semops-data ships with; used where a corpus has too few cases.
PACKAGED = Calibration(intercept=-4.0, slope=2.15, threshold=0.07, method="packaged")


def _logit(raw: float) -> float:
    clipped = min(max(raw, CLIP), 1 - CLIP)
    return log(clipped / (1 - clipped))


def _logits(raws: np.ndarray) -> np.ndarray:
    clipped = np.clip(np.asarray(raws, dtype=np.float64), CLIP, 1 - CLIP)
    result: np.ndarray = np.log(clipped / (1 - clipped))
    return result


def calibrate(natural: np.ndarray, planted: np.ndarray, *, nulls: np.ndarray | None = None) -> Calibration:
    """Fit the logistic and choose the threshold.

    Args:
        natural: raw scores of the corpus's own comparable pairs, shape (n,).
        planted: raw scores of pairs with a planted fault, shape (m,).
        nulls: raw scores of pairs whose meaning was kept (typo, reordering, formatting); joined to the natural.

    Returns:
        The packaged calibration, named so, where there are fewer than 50 natural or 20 planted cases.
    """
    negative = np.concatenate([natural, nulls]) if nulls is not None else natural
    if len(planted) < FEWEST_PLANTED or len(negative) < FEWEST_NATURAL:
        return PACKAGED
    intercept, slope = fit(negative, planted)
    fitted = Calibration(intercept, slope, None, "planted")
    found = threshold(fitted, negative, planted)
    lowest = None if found is None else max(found, fitted.probability(FAINT))
    return Calibration(intercept, slope, lowest, "planted")


def fit(negative: np.ndarray, positive: np.ndarray, *, prior: float = PRIOR) -> tuple[float, float]:
    """Intercept and slope of the logistic on logit(raw) at a prior, by Newton's method with a small ridge.

    Fitted at even odds and moved to the prior by its log odds (King and Zeng 2001): at half a percent the few cases of
    the one side would weigh so little that the ridge alone decided the slope. Only scores above 0 take part: where no
    rule fired the probability is 0 by definition. The share of cases with a score above 0 on either side still counts,
    through the weights.
    """
    fired = [_logits(scores[scores > 0]) for scores in (negative, positive)]
    middle = float(np.median(fired[1])) if len(fired[1]) else 0.0
    # One pseudo-case of each kind in the middle of the planted scores: without it a corpus in which no natural pair
    # fires a rule would call every hit certain.
    x = np.concatenate([fired[0], [middle], fired[1], [middle]])
    y = np.repeat([0.0, 1.0], [len(fired[0]) + 1, len(fired[1]) + 1])
    weights = np.where(y == 1, 0.5 / (len(positive) + 1), 0.5 / (len(negative) + 1))
    weights = weights / weights.sum() * len(x)
    beta, prior_beta = np.array([0.0, 1.0]), np.array([0.0, 1.0])
    ridge = RIDGE * np.array([0.0, len(x)])
    design = np.stack([np.ones(len(x)), x], axis=1)
    for _ in range(NEWTON_STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        gradient = design.T @ (weights * (y - p)) - ridge * (beta - prior_beta)
        hessian = (design * (weights * p * (1 - p))[:, None]).T @ design + np.diag(ridge + 1e-9)
        step = np.linalg.solve(hessian, gradient)
        beta = beta + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < CONVERGED:
            break
    # A falling curve would call the stronger hit the less likely one: then there is nothing to learn but the level.
    return float(beta[0]) + log(prior / (1 - prior)), float(max(beta[1], 0.05))


def threshold(
    calibration: Calibration, negative: np.ndarray, positive: np.ndarray, *, precision: float = PRECISION
) -> float | None:
    """Lowest probability at which the cases at or above it are planted ones with the stated precision.

    None where no probability reaches the precision.
    """
    # Where no rule fired the probability is 0: such a case stands behind all that could be reported.
    negative, positive = negative[negative > 0], positive[positive > 0]
    q = calibration.probabilities(np.concatenate([negative, positive]))
    y = np.concatenate([np.zeros(len(negative)), np.ones(len(positive))])
    order = np.argsort(-q, kind="stable")
    q, y = q[order], y[order]
    hits = np.cumsum(y)
    reached = (hits / np.arange(1, len(y) + 1) >= precision) & (q > 0)
    # Only where the next case has a lower probability can a threshold lie.
    reached &= np.append(q[:-1] != q[1:], True)
    return float(q[np.flatnonzero(reached)[-1]]) if reached.any() else None


def threshold_interval(
    natural: np.ndarray, planted: np.ndarray, *, draws: int = 200, seed: int = 0
) -> tuple[float, float] | None:
    """90% bootstrap interval of the threshold, both kinds of cases resampled and the logistic refitted."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(draws):
        negative = rng.choice(natural, len(natural))
        positive = rng.choice(planted, len(planted))
        value = calibrate(negative, positive).threshold
        if value is not None:
            found.append(value)
    if len(found) < draws // 2:
        return None
    low, high = np.percentile(found, [5, 95])
    return float(low), float(high)
