"""The place of a definition among all passages, with what would have to change for the place to be another one.

A passage is before the definition where its fused score is higher, and that takes a good rank by words or by meaning.
So a place is settled by the few passages at the head of both orders: while none of them goes, and none comes that would
stand among them, it is the same to the bit, whatever else becomes of the corpus.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.retrieval import FUSION

if TYPE_CHECKING:
    from semops_data.coherence.retrieval import Ranking

# Heads that are tried, shortest first: the longer, the more passages disturb it.
HEADS = (4, 16, 64)


@dataclass(frozen=True)
class Place:
    """The best rank of a definition's passages for one query.

    Attributes:
        rank: from 1.
        watched: rows of the passages at the head of either order, int64; None where no short head settles the place.
        cosine: of the last passage at the head of the order by meaning.
        score: of the last one at the head of the order by words.
    """

    rank: int
    watched: np.ndarray | None = None
    cosine: float = 0.0
    score: float = 0.0


def place(ranking: Ranking, home: np.ndarray) -> Place:
    """The best rank among all passages that one of the rows of `home` has, and what it hangs on."""
    dense, lexical = ranking.parts
    found = np.flatnonzero(lexical > 0)
    cut = [_ordered(values, HEADS[-1]) for values in (dense, lexical[found])]
    if not len(cut[0]):
        return Place(ranking.rank(home))
    # Two equal passages at the end of a head share its last place.
    heads = [np.flatnonzero(dense >= cut[0][-1]), found[lexical[found] >= cut[1][-1]] if len(found) else found]
    if max(map(len, heads)) > 4 * HEADS[-1]:
        return Place(ranking.rank(home))
    fused = np.array([_fused(dense, lexical, row) for row in home])
    best, first = float(fused.max()), int(home[fused.argmax()])
    for size in HEADS:
        limits = [values[min(size, len(values)) - 1] if len(values) else np.inf for values in cut]
        near = [heads[0][dense[heads[0]] >= limits[0]], heads[1][lexical[heads[1]] >= limits[1]]]
        ahead = _ahead(dense, lexical, near, first, best)
        if ahead is not None:
            return Place(ahead + 1, np.union1d(*near), float(limits[0]), float(limits[1]))
    return Place(ranking.rank(home))


def _ordered(values: np.ndarray, most: int) -> np.ndarray:
    """The largest values that are numbers, falling, at most so many."""
    if len(values) > most:
        values = np.partition(values, len(values) - most)[-most:]
    return np.sort(values[values > -np.inf])[::-1]


def _fused(dense: np.ndarray, lexical: np.ndarray, row: int) -> float:
    by_meaning = 1.0 / (FUSION + int((dense > dense[row]).sum()) + 1)
    by_words = 1.0 / (FUSION + int((lexical > lexical[row]).sum()) + 1) if lexical[row] > 0 else 0.0
    return by_meaning + by_words if dense[row] != -np.inf else -np.inf


def _ahead(dense: np.ndarray, lexical: np.ndarray, near: list[np.ndarray], first: int, best: float) -> int | None:
    """How many passages are before the definition; None where these heads do not settle it.

    Args:
        dense: cosine of every passage.
        lexical: BM25 score of every passage.
        near: rows of the heads of both orders, rising.
        first: the definition's best row.
        best: its fused score.
    """
    beyond = [1.0 / (FUSION + len(rows) + 1) for rows in near]
    if beyond[0] + beyond[1] > best or first not in near[0] or (lexical[first] > 0 and first not in near[1]):
        return None
    rows = np.union1d(*near)
    least, most = np.zeros(len(rows)), np.zeros(len(rows))
    for values, head, rest in zip((dense, lexical), near, beyond, strict=True):
        inside = np.isin(rows, head, assume_unique=True)
        order = np.sort(values[head])
        share = 1.0 / (FUSION + len(order) - np.searchsorted(order, values[rows], "right") + 1)
        least += np.where(inside, share, 0.0)
        # One that shares no word today gets no more than one beyond the head would.
        most += np.where(inside, share, rest)
    if ((least <= best) & (most > best)).any():
        return None
    return int((least > best).sum())
