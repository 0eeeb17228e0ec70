"""The content digest of a table: same rows, same digest, whatever their layout in memory."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def digest(data: pa.Table) -> str:
    """sha256 over the rows of a table in their order, whatever their chunks, offsets or bytes under nulls.

    Args:
        data: any table of the contracts' types.

    Returns:
        64 hexadecimal characters.
    """
    sink = hashlib.sha256()
    for name in data.column_names:
        sink.update(f"{name}:{data.column(name).type}:{data.num_rows}".encode())
        _update(sink, data.column(name))
    return sink.hexdigest()


def _update(sink: hashlib._Hash, column: pa.ChunkedArray) -> None:
    """Feed one column in a canonical form: validity, then lengths, then values, each over all chunks."""
    if column.null_count:
        for chunk in column.chunks:
            sink.update(chunk.is_null().to_numpy(zero_copy_only=False).data)
    if pa.types.is_list(column.type):
        for chunk in column.chunks:
            sink.update(pc.list_value_length(chunk).fill_null(0).to_numpy(zero_copy_only=False).data)
        _update(sink, pa.chunked_array([chunk.flatten() for chunk in column.chunks], column.type.value_type))
    elif pa.types.is_string(column.type):
        plain = [(bounds, chunk) for chunk in map(_without_bytes_under_nulls, column.chunks)
                 if (bounds := _bounds(chunk)) is not None]  # fmt: skip
        for bounds, _ in plain:
            sink.update(np.diff(bounds).data)
        for bounds, chunk in plain:
            sink.update(memoryview(chunk.buffers()[2])[bounds[0] : bounds[-1]] if bounds[-1] else b"")
    else:
        for chunk in column.chunks:
            sink.update(_numbers(chunk).data)


def _numbers(chunk: pa.Array) -> np.ndarray[Any, Any]:
    """The values of one array, zero or false where there is none."""
    if pa.types.is_timestamp(chunk.type):
        chunk = chunk.cast(pa.int64())
    elif pa.types.is_date(chunk.type):
        chunk = chunk.cast(pa.int32())
    filled = chunk.fill_null(False if pa.types.is_boolean(chunk.type) else 0) if chunk.null_count else chunk
    return np.ascontiguousarray(filled.to_numpy(zero_copy_only=False))


def _bounds(chunk: pa.StringArray) -> np.ndarray[tuple[int], np.dtype[np.int32]] | None:
    """Where each text begins and the last one ends in the buffer; none of an empty array."""
    if not len(chunk):
        return None
    return np.frombuffer(chunk.buffers()[1], np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]


def _without_bytes_under_nulls(chunk: pa.StringArray) -> pa.StringArray:
    bounds = _bounds(chunk) if chunk.null_count else None
    is_null = chunk.is_null().to_numpy(zero_copy_only=False) if bounds is not None else None
    return chunk if bounds is None or not np.diff(bounds)[is_null].any() else chunk.fill_null("")
