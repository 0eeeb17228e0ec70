"""Vectors between numpy and Arrow."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def matrix(column: pa.ChunkedArray) -> np.ndarray:
    """A column of vectors as float32, shape (rows, dimension)."""
    if len(column) == 0:
        return np.zeros((0, 0), np.float32)
    flat = column.combine_chunks()
    flat = flat.chunk(0) if isinstance(flat, pa.ChunkedArray) else flat
    vectors: np.ndarray = flat.flatten().to_numpy()
    return vectors.astype(np.float32, copy=False).reshape(len(column), -1)


def vector_column(vectors: np.ndarray) -> pa.Array:
    """Vectors, float32 of shape (rows, dimension), as a list column."""
    rows, dimension = vectors.shape
    offsets = pa.array(np.arange(0, rows * dimension + 1, dimension or 1, dtype=np.int32)[: rows + 1])
    return pa.ListArray.from_arrays(offsets, pa.array(np.ascontiguousarray(vectors, np.float32).ravel()))
