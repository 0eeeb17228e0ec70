"""Scores to labels, by cuts that were chosen on other cases: no method sees the case that it is judged on.

Cases of one family lie in one of five folds; a fold's cuts are those that are right most often on the other four.
"""

from __future__ import annotations

from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FOLDS = 5
MOST_CUTS = 24


def folds(families: Sequence[str]) -> np.ndarray:
    """The fold of each case, int of shape (n,); by its family's name, so that it never moves."""
    return np.array([int(family[:8], 16) % FOLDS for family in families], dtype=np.int64)


def is_above(scores: np.ndarray, positive: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Which scores lie at or above the cut of their fold.

    Args:
        scores: shape (n,).
        positive: bool of shape (n,): what is to be found.
        fold: of each case.
    """
    found = np.zeros(len(scores), bool)
    for here, there in _splits(fold):
        cuts = [np.inf, *_places(scores[there])]
        right = [int(((scores[there] >= cut) == positive[there]).sum()) for cut in cuts]
        found[here] = scores[here] >= cuts[int(np.argmax(right))]
    return found


def thirds(scores: np.ndarray, labels: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """One of three labels for each score, by two cuts and the order of the labels that fits the other folds best.

    Args:
        scores: shape (n,).
        labels: shape (n,).
        fold: of each case.
    """
    found = labels.copy()
    kinds = sorted(set(labels.tolist()))
    for here, there in _splits(fold):
        best, chosen = -1, (0.0, 0.0, tuple(kinds))
        places = _places(scores[there])
        for low, high in combinations(places, 2) if len(places) > 1 else [(0.0, 0.0)]:
            band = np.searchsorted([low, high], scores[there], side="right")
            for order in permutations(kinds, min(3, len(kinds))):
                right = int((np.array(order)[np.minimum(band, len(order) - 1)] == labels[there]).sum())
                if right > best:
                    best, chosen = right, (low, high, order)
        band = np.searchsorted(chosen[:2], scores[here], side="right")
        found[here] = np.array(chosen[2])[np.minimum(band, len(chosen[2]) - 1)]
    return found


def _splits(fold: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for number in sorted(set(fold.tolist())):
        here = fold == number
        # With all cases in one fold there is nothing else to choose on.
        yield here, (~here if (~here).any() else here)


def _places(scores: np.ndarray) -> list[float]:
    found = np.unique(scores)
    if len(found) > MOST_CUTS:
        found = np.unique(np.quantile(found, np.linspace(0, 1, MOST_CUTS), method="nearest"))
    return [float(place) for place in found]
