"""Cosines that are a function of the two vectors alone, and nearest neighbours in blocks: never the full matrix.

A product of matrices adds up in an order that depends on their shapes, so that the same two vectors have another
cosine, in the last bits, in other company; a score that is carried over would then differ from one that is computed.
Here every vector is rounded to multiples of 2^-25: the products are multiples of 2^-50, their sums stay below 8, and a
double holds each of them exactly. Whatever the order, the blocks or the device, the bits are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

BLOCK = 4_096
QUERIES = 1_024
GRID = 2.0**25


def resolve_device(device: str) -> str:
    """`cpu` or a CUDA device: `auto` takes the GPU where torch is loaded and sees one."""
    if device != "auto":
        return device
    import sys

    # Loading torch costs seconds: only a process that has it already asks it for a GPU.
    torch = sys.modules.get("torch")
    return "cuda" if torch is not None and torch.cuda.is_available() else "cpu"


def on_grid(vectors: np.ndarray) -> np.ndarray:
    """Vectors rounded so that sums of their products are exact; float64, shape as given."""
    rounded: np.ndarray = np.multiply(vectors, GRID, dtype=np.float64)
    np.rint(rounded, out=rounded)
    rounded /= GRID
    return rounded


def cosines(queries: np.ndarray, corpus: np.ndarray) -> np.ndarray:
    """The cosine of every query to every row, float32, shape (Q, N); -inf where one of the two is no number.

    Args:
        queries: float32, shape (Q, dimension), rows of unit length.
        corpus: float32, shape (N, dimension), rows of unit length.
    """
    found = np.empty((len(queries), len(corpus)), np.float32)
    left = on_grid(queries)
    with np.errstate(invalid="ignore"):
        for start in range(0, len(corpus), BLOCK):
            found[:, start : start + BLOCK] = left @ on_grid(corpus[start : start + BLOCK]).T
    found += 0.0  # there is one zero
    found[~np.isfinite(found)] = -np.inf
    return found


def pairwise(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The cosine of each row to the row beside it, float32, shape (n,); both of shape (n, dimension)."""
    with np.errstate(invalid="ignore"):
        found: np.ndarray = np.einsum("nd,nd->n", on_grid(left), on_grid(right)).astype(np.float32)
    found += 0.0
    found[~np.isfinite(found)] = -np.inf
    return found


def top_k(
    queries: np.ndarray, corpus: np.ndarray, k: int, *, device: str = "cpu", without: Sequence[np.ndarray] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The k rows of the corpus nearest to each query.

    Args:
        queries: float32, shape (Q, dimension), rows of unit length.
        corpus: float32, shape (N, dimension), rows of unit length.
        k: neighbours per query; at most N are given.
        device: `cpu`, `cuda` or `cuda:N`.
        without: of each query the rows of the corpus that take no part, int64, shape (m,); rising.

    Returns:
        (cosines, rows): shapes (Q, min(k, N)), by falling cosine, equal ones by rising row; -inf where fewer rows than
        that take part. What is no number is no neighbour.
    """
    k = min(k, len(corpus))
    if not len(queries) or not k:
        return np.zeros((len(queries), k), np.float32), np.zeros((len(queries), k), np.int64)
    multiply = _on_cpu if device == "cpu" else _on_gpu
    found = np.concatenate(
        [
            multiply(queries[start : start + QUERIES], corpus, k, device, (without or ())[start : start + QUERIES])
            for start in range(0, len(queries), QUERIES)
        ]
    )
    found.sort(axis=1)
    return _cosine_of(found), found & 0xFFFFFFFF


def _on_cpu(queries: np.ndarray, corpus: np.ndarray, k: int, _: str, without: Sequence[np.ndarray]) -> np.ndarray:
    best = [np.zeros(0, np.int64)] * len(queries)
    floor = np.full(len(queries), -np.inf, np.float32)
    for start in range(0, len(corpus), BLOCK):
        block = corpus[start : start + BLOCK]
        scores = cosines(queries, block)
        for row, own in enumerate(without):
            scores[row, _within(own, start, len(block))] = -np.inf
        for row, found in enumerate(scores):
            near = np.flatnonzero(found >= floor[row])
            if not len(near):
                continue
            places = _place_of(found[near].view(np.int32).astype(np.int64)) + (near + start)
            places = np.concatenate([best[row], places])
            if len(places) >= k:
                places = np.partition(places, k - 1)[:k]
                floor[row] = _cosine_of(places[-1:])[0]
            best[row] = places
    return np.stack(best)


def _on_gpu(queries: np.ndarray, corpus: np.ndarray, k: int, device: str, without: Sequence[np.ndarray]) -> np.ndarray:
    import torch

    left = torch.from_numpy(on_grid(queries)).to(device)
    best = torch.zeros((len(queries), 0), dtype=torch.int64, device=device)
    for start in range(0, len(corpus), BLOCK * 16):
        block = torch.from_numpy(np.ascontiguousarray(corpus[start : start + BLOCK * 16])).to(device)
        block = torch.round(block.double() * GRID) / GRID
        scores = (left @ block.T).float() + 0.0
        scores = torch.where(torch.isfinite(scores), scores, -torch.inf)
        for row, own in enumerate(without):
            scores[row, torch.from_numpy(_within(own, start, len(block))).to(device)] = -torch.inf
        places = _place_of(scores.view(torch.int32).long()) + torch.arange(start, start + len(block), device=device)
        best = torch.cat([best, places], 1)
        best = best.topk(min(k, best.shape[1]), dim=1, largest=False).values
    found: np.ndarray = best.cpu().numpy()
    return found


def _place_of(bits: Any) -> Any:
    """From the bits of float32 cosines a number that is the smaller the larger the cosine, with room for a row.

    Equal cosines are then told apart by their rows, so that which of them are among the k nearest is no accident.
    """
    return (-1 - (bits ^ ((bits >> 31) & 0x7FFFFFFF))) << 32


def _cosine_of(places: np.ndarray) -> np.ndarray:
    bits = -1 - (places >> 32)
    found: np.ndarray = (bits ^ ((bits >> 31) & 0x7FFFFFFF)).astype(np.int32).view(np.float32)
    return found


def _within(rows: np.ndarray, start: int, length: int) -> np.ndarray:
    """Of sorted rows those of one block, counted from its start."""
    low, high = np.searchsorted(rows, [start, start + length])
    inside: np.ndarray = rows[low:high] - start
    return inside
