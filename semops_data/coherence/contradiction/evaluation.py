"""How good a contradiction model is: accuracy of three labels and AUC of contradiction, set by set."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.contradiction.network import CONTRADICTION
from semops_data.coherence.contradiction.pairs import Example, read_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from semops_data.coherence.contradiction.model import ContradictionModel

Z = 1.645
BINS = 10
TEMPERATURES = tuple(round(0.5 + 0.01 * step, 2) for step in range(251))


@dataclass(frozen=True)
class Figures:
    """A model on a set.

    Attributes:
        name: of the set.
        pairs: how many.
        accuracy: of the likeliest of three labels.
        low: lower end of the accuracy's 90% Wilson interval.
        high: upper end.
        auc: of P(contradiction), contradiction against the rest; NaN where the set has only one of them.
        symmetric_auc: the same of the smaller P(contradiction) of both directions: the raw score of consistency.
        auc_low: lower end of the AUC's 90% interval (Hanley and McNeil 1982).
        auc_high: upper end.
        calibration_error: expected calibration error of P(contradiction), ten bins of equal width.
    """

    name: str
    pairs: int
    accuracy: float
    low: float
    high: float
    auc: float
    symmetric_auc: float
    auc_low: float
    auc_high: float
    calibration_error: float


def judged_sets(folder: Path, *, most: int | None = None) -> dict[str, list[Example]]:
    """The sets under `test/`, which are never trained on; every so-manieth pair where at most `most` are wanted."""
    found = {file.name.removesuffix(".jsonl.gz"): read_pairs(file) for file in sorted((folder / "test").glob("*.gz"))}
    return {name: pairs[:: max(1, -(-len(pairs) // most))] if most else pairs for name, pairs in found.items()}


def evaluate(model: ContradictionModel, name: str, examples: Sequence[Example]) -> Figures:
    """Figures of a model on labelled pairs."""
    forward = model.probabilities([(pair.premise, pair.hypothesis) for pair in examples])
    backward = model.probabilities([(pair.hypothesis, pair.premise) for pair in examples])
    labels = np.array([pair.label for pair in examples])
    right, is_one = int((forward.argmax(axis=1) == labels).sum()), labels == CONTRADICTION
    low, high = wilson(right, len(labels))
    one_way, other_way = forward[:, CONTRADICTION], backward[:, CONTRADICTION]
    area = auc(one_way, is_one)
    return Figures(
        name, len(labels), right / len(labels), low, high, area, auc(np.minimum(one_way, other_way), is_one),
        *auc_interval(area, int(is_one.sum()), int((~is_one).sum())), calibration_error(one_way, is_one),
    )  # fmt: skip


def auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Probability that a positive scores higher than a negative, ties count half; NaN where one kind is missing."""
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return float("nan")
    _, where, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[where]
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))


def auc_interval(area: float, positives: int, negatives: int) -> tuple[float, float]:
    """90% interval of an AUC from how many cases of each kind it comes."""
    if not positives or not negatives:
        return float("nan"), float("nan")
    of_positives, of_negatives = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (positives - 1) * (of_positives - area**2) + (negatives - 1) * (of_negatives - area**2)
    half = Z * sqrt(max(spread, 0.0) / (positives * negatives))
    return max(area - half, 0.0), min(area + half, 1.0)


def calibration_error(scores: np.ndarray, positive: np.ndarray, *, bins: int = BINS) -> float:
    """Mean distance of a bin's mean score from its share of positives, weighted by the cases in it."""
    if not len(scores):
        return float("nan")
    where = np.minimum((scores * bins).astype(int), bins - 1)
    counts = np.bincount(where, minlength=bins)
    distance = np.abs(np.bincount(where, scores, bins) - np.bincount(where, positive, bins))
    return float(distance.sum() / counts.sum())


def temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """What logits are divided by so that held-back pairs are likeliest (Guo et al. 2017); 1 where there are none.

    Args:
        probabilities: of three labels at temperature 1, shape (n, 3).
        labels: index of the true one, shape (n,).
    """
    if not len(labels):
        return 1.0
    scores, rows = np.log(np.clip(probabilities.astype(np.float64), 1e-12, None)), np.arange(len(labels))

    def surprise(value: float) -> float:
        scaled = scores / value
        top = scaled.max(axis=1, keepdims=True)
        total = top[:, 0] + np.log(np.exp(scaled - top).sum(axis=1))
        return float((total - scaled[rows, labels]).mean())

    return min(TEMPERATURES, key=surprise)


def wilson(hits: int, cases: int) -> tuple[float, float]:
    """90% Wilson interval of a share."""
    if not cases:
        return 0.0, 1.0
    p, z2 = hits / cases, Z * Z / cases
    middle, half = p + z2 / 2, Z * sqrt(p * (1 - p) / cases + z2 / 4 / cases)
    return (middle - half) / (1 + z2), (middle + half) / (1 + z2)
