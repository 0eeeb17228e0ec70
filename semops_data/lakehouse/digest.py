"""The content digest of a table: same rows, same digest, whatever their layout in memory."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

STRING_BATCH = 1_000_000


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
        column = data.column(name).combine_chunks()
        for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
            _update(sink, chunk)
    return sink.hexdigest()


def _update(sink: hashlib._Hash, column: pa.Array) -> None:
    """Feed one array in a canonical form: validity, then lengths, then values."""
    sink.update(column.is_null().to_numpy(zero_copy_only=False).tobytes() if column.null_count else b"")
    if pa.types.is_list(column.type):
        sink.update(pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False).tobytes())
        _update(sink, column.flatten())
    elif pa.types.is_string(column.type) and (bounds := _bounds(column)) is not None:
        sink.update(np.diff(bounds).data)
        data = column.buffers()[2]
        sink.update(memoryview(data)[bounds[0] : bounds[-1]] if data is not None else b"")
    elif pa.types.is_string(column.type):
        filled = column.fill_null("")
        sink.update(pc.binary_length(filled).to_numpy(zero_copy_only=False).tobytes())
        for start in range(0, len(filled), STRING_BATCH):
            part = filled.slice(start, STRING_BATCH)
            # Joining reads only this slice's bytes, where the buffer holds its parent's too.
            whole = pa.ListArray.from_arrays(pa.array([0, len(part)], pa.int32()), part)
            sink.update(pc.binary_join(whole, "")[0].as_buffer())
    else:
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.int64())
        elif pa.types.is_date(column.type):
            column = column.cast(pa.int32())
        filled = column.fill_null(False if pa.types.is_boolean(column.type) else 0)
        sink.update(np.ascontiguousarray(filled.to_numpy(zero_copy_only=False)).data)


def _bounds(column: pa.StringArray) -> np.ndarray[tuple[int], np.dtype[np.int32]] | None:
    """Where each text begins and the last one ends in the buffer; none where there are bytes under a null."""
    offsets = column.buffers()[1]
    if offsets is None or not len(column):
        return np.zeros(1, np.int32)
    bounds = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    if column.null_count and np.diff(bounds)[column.is_null().to_numpy(zero_copy_only=False)].any():
        return None
    return bounds
