"""The rules' and the model's verdict on a pair as one raw score: a small logistic over what both say.

The larger of the two is no answer: the scores have different scales, so that a model's everyday 0.8 would outrank a
rule's grave 0.6. The logistic knows how rarely a rule fires, and that a model's "contradicts" counts in sentences that
share their words: of 865 natural neighbours in a real repository it scores one in seventy above 0.7. Fitted by
`benchmarks/combination.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.calibration import FAINT
from semops_data.coherence.rules import alignment

if TYPE_CHECKING:
    from collections.abc import Sequence

CLIP = 1e-3
# What neither a rule nor the model has anything to say about stays exactly 0: no evidence either way.
FLOOR = 0.05
RIDGE = 3.0
STEPS = 100


@dataclass(frozen=True)
class Combination:
    """Log odds of a contradiction = bias + weights times the features of a pair.

    Attributes:
        bias: of a pair in which no rule fires, at even odds of the model.
        fired: that a rule fires.
        rule: the logit of the rules' score, where one fires.
        model: the logit of the model's score.
        alignment: the share of words that the two have in common.
        together: the model's logit times that share.
    """

    bias: float
    fired: float
    rule: float
    model: float
    alignment: float
    together: float

    def trusting(self, share: float) -> Combination:
        """The same with a share of the model's weight, on the rules' scale.

        A rule's faintest score that is a finding keeps its value where the model is as sure as usual.
        """
        usual, faint = (float(_logit(np.array([score]))[0]) for score in (USUAL, FAINT))
        model, together = self.model * share, self.together * share
        told = self.fired + self.rule * faint + self.alignment * ALIKE + (model + together * ALIKE) * usual
        return replace(self, bias=faint - told, model=model, together=together)

    def scores(self, pairs: Sequence[tuple[str, str]], by_rules: np.ndarray, by_model: np.ndarray) -> np.ndarray:
        """Raw scores in [0, 1], float64 of shape (len(pairs),).

        Args:
            pairs: of texts.
            by_rules: the rules' raw scores, 0 where none fires.
            by_model: the model's raw scores, NaN where it cannot tell: the rules decide alone then.
        """
        if not len(pairs):
            return np.zeros(0)
        weights = np.array([self.fired, self.rule, self.model, self.alignment, self.together])
        odds = self.bias + features(pairs, by_rules, by_model) @ weights
        told = 1.0 / (1.0 + np.exp(-np.clip(odds, -30, 30)))
        scores: np.ndarray = np.where((np.asarray(by_rules) > 0) | (told >= FLOOR), told, 0.0)
        return scores


# Planted faults make a model look better than it is at what people write: at full weight it hides more of the seen
# written contradictions than it finds, at half of it none.
TRUST = 0.5
# Fitted to the calibration halves of two documentation sets and the seen half of the written cases, with the adapter
# that ships, at half of the model's weight.
SHIPPED = Combination(bias=-4.72, fired=5.54, rule=1.66, model=0.13, alignment=0.69, together=0.23)


def features(pairs: Sequence[tuple[str, str]], by_rules: np.ndarray, by_model: np.ndarray) -> np.ndarray:
    """What is known of each pair, float64 of shape (len(pairs), 5), in the order of `Combination`'s weights.

    Where the model cannot tell, it is taken to be as sure as it is of most pairs.
    """
    told = np.where(np.isnan(by_model), USUAL, by_model)
    shared = np.array([alignment(left, right) for left, right in pairs])
    fired = np.asarray(by_rules) > 0
    model = _logit(told)
    return np.stack(
        [fired.astype(float), np.where(fired, _logit(by_rules), 0.0), model, shared, model * shared], axis=1
    )


# The model's median of natural neighbours, and the share of words of pairs in which a rule faintly fires.
USUAL, ALIKE = 0.13, 0.6


def fit(known: np.ndarray, fault: np.ndarray, weights: np.ndarray) -> Combination:
    """The logistic by Newton's method, with a ridge on the standardized features.

    Args:
        known: `features` of the cases, shape (n, 5).
        fault: which of them are contradictions, bool of shape (n,).
        weights: of the cases, positive.
    """
    middle, spread = known.mean(axis=0), known.std(axis=0) + 1e-9
    design = np.column_stack([np.ones(len(known)), (known - middle) / spread])
    ridge = np.array([1e-9, *[RIDGE] * known.shape[1]])
    beta = np.zeros(design.shape[1])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        gradient = design.T @ (weights * (fault - p)) - ridge * beta
        hessian = (design * (weights * p * (1 - p))[:, None]).T @ design + np.diag(ridge)
        step = np.linalg.solve(hessian, gradient)
        beta += step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-9:
            break
    slopes = beta[1:] / spread
    # More of a contradiction, by either of the two, must never make it less likely.
    slopes[1], slopes[2] = max(slopes[1], 0.0), max(slopes[2], 0.0)
    slopes[4] = max(slopes[4], -slopes[2])
    return Combination(float(beta[0] - slopes @ middle), *map(float, slopes))


def _logit(scores: np.ndarray) -> np.ndarray:
    clipped = np.clip(np.asarray(scores, dtype=np.float64), CLIP, 1 - CLIP)
    result: np.ndarray = np.log(clipped / (1 - clipped))
    return result
