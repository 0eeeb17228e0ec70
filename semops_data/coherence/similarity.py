"""Nearest neighbours by cosine in blocks: the full matrix is never held.

On a GPU the blocks are multiplied there, in float32, with a running top-k; on the CPU by numpy. Both give the same
neighbours up to ties within 1e-3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

BLOCK = 4_096
QUERIES = 1_024


def resolve_device(device: str) -> str:
    """`cpu` or a CUDA device: `auto` takes the GPU where torch is loaded and sees one."""
    if device != "auto":
        return device
    import sys

    # Loading torch costs seconds: only a process that has it already asks it for a GPU.
    torch = sys.modules.get("torch")
    return "cuda" if torch is not None and torch.cuda.is_available() else "cpu"


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
    found = [
        multiply(queries[start : start + QUERIES], corpus, k, device, (without or ())[start : start + QUERIES])
        for start in range(0, len(queries), QUERIES)
    ]
    best, rows = (np.concatenate([part[place] for part in found]) for place in (0, 1))
    order = np.lexsort((rows, -best), axis=1)
    return np.take_along_axis(best, order, 1), np.take_along_axis(rows, order, 1)


def _on_cpu(
    queries: np.ndarray, corpus: np.ndarray, k: int, _: str, without: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    best = np.full((len(queries), k), -np.inf, np.float32)
    rows = np.zeros((len(queries), k), np.int64)
    for start in range(0, len(corpus), BLOCK):
        block = corpus[start : start + BLOCK]
        scores = queries @ block.T
        for row, own in enumerate(without):
            scores[row, _within(own, start, len(block))] = -np.inf
        scores[np.isnan(scores)] = -np.inf
        scores = np.concatenate([best, scores], axis=1)
        where = np.broadcast_to(np.arange(start, start + len(block)), (len(queries), len(block)))
        where = np.concatenate([rows, where], axis=1)
        kept = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        best, rows = np.take_along_axis(scores, kept, 1), np.take_along_axis(where, kept, 1)
    return best, rows


def _on_gpu(
    queries: np.ndarray, corpus: np.ndarray, k: int, device: str, without: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    import torch

    left = torch.from_numpy(np.ascontiguousarray(queries)).to(device)
    best = torch.full((len(queries), k), -torch.inf, device=device)
    rows = torch.zeros((len(queries), k), dtype=torch.int64, device=device)
    for start in range(0, len(corpus), BLOCK * 16):
        block = torch.from_numpy(np.ascontiguousarray(corpus[start : start + BLOCK * 16])).to(device)
        scores = torch.nan_to_num(left @ block.T, nan=-torch.inf)
        for row, own in enumerate(without):
            scores[row, torch.from_numpy(_within(own, start, len(block))).to(device)] = -torch.inf
        score, where = scores.topk(min(k, len(block)), dim=1)
        best, kept = torch.cat([best, score], 1).topk(k, dim=1)
        rows = torch.cat([rows, where + start], 1).gather(1, kept)
    return best.cpu().numpy(), rows.cpu().numpy()


def _within(rows: np.ndarray, start: int, length: int) -> np.ndarray:
    """Of sorted rows those of one block, counted from its start."""
    low, high = np.searchsorted(rows, [start, start + length])
    inside: np.ndarray = rows[low:high] - start
    return inside
