"""Vectors between numpy and Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from semops_data.lakehouse.shapes import as_dataset
from semops_data.lakehouse.writing import guarded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from semops_data.lakehouse.lake import Lake

ROWS = 4_096


def stream(lake: Lake, key: str, columns: Sequence[str]) -> Iterator[pa.Table]:
    """The rows of a table in their order, a few thousand at a time: a table of vectors is never held twice.

    Raises:
        MissingTableError: where nothing wrote the table yet.
    """
    with guarded("read", lake.uri(key)):
        yield from (
            pa.Table.from_batches([batch])
            for batch in as_dataset(lake.open(key)).to_batches(
                columns=list(columns), batch_size=ROWS, batch_readahead=1, fragment_readahead=1, use_threads=False
            )
            if batch.num_rows
        )


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
