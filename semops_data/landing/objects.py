"""The landed objects: where each lies, how rows become bytes, and how bytes become rows again."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from semops_data.contracts import table
from semops_data.contracts.business import SHOP_TABLES
from semops_data.landing.advice import first_line
from semops_data.landing.landed import Landed
from semops_data.landing.lines import decode_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from semops_data.landing.store import ObjectStore, Stored

JSON_LINES = ("events",)
REPEATED = frozenset((
    "product_id", "campaign_id", "unit_price", "shipping", "first_name", "last_name", "city", "vendor",
    "discount", "refund", "tax", "landing_page", "is_marketing_accepted", "day", "kind", "topic", "rating",
    "table_name", "column_name", "caught_by", "metric", "unit",
))  # fmt: skip
"""Columns with few different values, beside those whose contract lists all values."""
SMALL = frozenset(("quantity",))
"""Integers that are written with as many bits as they need."""
DIFFERENT = frozenset(("customer_id", "subtotal", "total", "amount"))
"""Short texts whose neighbours have little in common."""


class UnreadableObjectError(ValueError):
    """A landed object is not what its name promises; names the object and what to do."""


def object_path(name: str, day: str) -> str:
    """Path of a table's object for a day, below the landing root."""
    suffix = "jsonl" if name in JSON_LINES else "parquet"
    return f"landing/{name}/day={day}/part-0.{suffix}"


def parquet_options(name: str, columns: Sequence[str]) -> dict[str, Any]:
    """How Parquet is written: fast, for bytes that are read once.

    Args:
        name: the exported table.
        columns: those that are written; values that repeat are written as numbers.
    """
    repeated = [column for column in columns if column in REPEATED or column in _enumerated(name)]
    # Neighbours that look alike are halved and more; short numbers, and texts that differ, are not worth the time.
    return {
        "compression": {c: "none" if c in repeated or c in SMALL or c in DIFFERENT else "snappy" for c in columns},
        "use_dictionary": repeated or False,
        "column_encoding": {c: "DELTA_BINARY_PACKED" for c in columns if c in SMALL},
        "write_statistics": False,
        "store_schema": False,
        "write_batch_size": 1 << 16,
    }


@lru_cache(maxsize=32)
def _enumerated(name: str) -> frozenset[str]:
    key = f"lakehouse/{name}"
    columns = table(key).columns if name in SHOP_TABLES else ()
    return frozenset(column.name for column in columns if column.allowed)


def encode(name: str, rows: pa.Table, cut_rows: Sequence[int] = ()) -> bytes:
    """The bytes of an object, the same for the same rows.

    Args:
        name: the exported table.
        rows: raw rows of `landing/<name>`.
        cut_rows: numbers of the rows whose line ends in the middle; JSON Lines only.
    """
    if name not in JSON_LINES:
        sink = io.BytesIO()
        pq.write_table(rows.replace_schema_metadata(None), sink, **parquet_options(name, rows.column_names))
        return sink.getvalue()
    import polars as pl

    frame = pl.DataFrame(pl.from_arrow(rows))
    if not frame.height:
        return b""
    # A number is a JSON number; whatever else stands in its column stays a text.
    numbers = frame["quantity"].cast(pl.Int64, strict=False)
    odd = set((numbers.is_null() & frame["quantity"].is_not_null()).arg_true().to_list())
    numeric, cut = frame.with_columns(numbers), set(cut_rows)
    sink, done = io.BytesIO(), 0
    for number in sorted(cut.union(odd)):
        numeric[done:number].write_ndjson(sink)
        line = _lines(frame[number] if number in odd else numeric[number])
        sink.write(line[: (len(line) - 1) // 2] + b"\n" if number in cut else line)
        done = number + 1
    numeric[done:].write_ndjson(sink)
    return sink.getvalue()


def _lines(frame: pl.DataFrame) -> bytes:
    sink = io.BytesIO()
    frame.write_ndjson(sink)
    return sink.getvalue()


def land(store: ObjectStore, name: str, day: str, rows: pa.Table, cut_rows: Sequence[int] = ()) -> Stored:
    """Put a table's object for a day; nothing is written where it already lies there.

    Raises:
        StoreError: where the store cannot be written.
    """
    return store.put(object_path(name, day), encode(name, rows, cut_rows))


def read_landed(store: ObjectStore, name: str, day: str) -> Landed:
    """Read a table's object for a day.

    Raises:
        MissingObjectError: where nothing was landed.
        UnreadableObjectError: where the object cannot be decoded or lacks a column.
        StoreError: where the store cannot be read.
    """
    path = object_path(name, day)
    data = store.get(path)
    if name in JSON_LINES:
        return decode_lines(name, data, path)
    try:
        rows = pq.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(store.uri(path), name, day, error) from error
    expected = table(f"landing/{name}").arrow_schema.names
    missing = [column for column in expected if column not in rows.column_names]
    if missing:
        raise UnreadableObjectError(
            f"{store.uri(path)} has no column {', '.join(missing)}: land an export with the columns "
            f"{', '.join(expected)}"
        )
    unknown = [column for column in rows.column_names if column not in expected]
    return Landed(path, rows.select(expected), None, np.zeros(rows.num_rows, np.bool_), rows.select(unknown))


def raw_texts(landed: Landed, numbers: Sequence[int]) -> list[str]:
    """Rows as JSON texts: as they were landed, or written from their values."""
    import polars as pl

    if landed.texts is not None:
        return landed.texts.pick(numbers)
    picked = landed.rows.take(pa.array(numbers, pa.int64()))
    return pl.DataFrame(pl.from_arrow(picked)).write_ndjson().rstrip("\n").split("\n") if len(numbers) else []


def count_rows(store: ObjectStore, name: str, day: str) -> int:
    """Rows of a landed object, broken ones included, without decoding them.

    Raises:
        MissingObjectError: where nothing was landed.
        UnreadableObjectError: where a Parquet object has no readable footer.
    """
    path = object_path(name, day)
    data = store.get(path)
    if name in JSON_LINES:
        return sum(1 for line in data.split(b"\n") if line.strip())
    try:
        return int(pq.ParquetFile(pa.BufferReader(data)).metadata.num_rows)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(store.uri(path), name, day, error) from error


def _unreadable(uri: str, name: str, day: str, error: Exception) -> UnreadableObjectError:
    return UnreadableObjectError(
        f"{uri} is no readable Parquet file ({first_line(error)}): delete it and materialize landing/{name} for {day} "
        "again"
    )
