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
    """

    name: str
    pairs: int
    accuracy: float
    low: float
    high: float
    auc: float
    symmetric_auc: float


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
    return Figures(
        name, len(labels), right / len(labels), low, high, auc(one_way, is_one),
        auc(np.minimum(one_way, other_way), is_one),
    )  # fmt: skip


def auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Probability that a positive scores higher than a negative, ties count half; NaN where one kind is missing."""
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return float("nan")
    _, where, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[where]
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))


def wilson(hits: int, cases: int) -> tuple[float, float]:
    """90% Wilson interval of a share."""
    if not cases:
        return 0.0, 1.0
    p, z2 = hits / cases, Z * Z / cases
    middle, half = p + z2 / 2, Z * sqrt(p * (1 - p) / cases + z2 / 4 / cases)
    return (middle - half) / (1 + z2), (middle + half) / (1 + z2)
