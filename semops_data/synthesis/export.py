"""From clean, typed rows to what a shop exports: money as decimal texts, moments as ISO 8601 texts."""

from __future__ import annotations

from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts import table
from semops_data.contracts.business import DERIVED, raw_name


def export(name: str, clean: pa.Table) -> pa.Table:
    """The rows of an exported table in their raw shape, as `landing/<name>` declares it.

    Args:
        name: `orders`, `events`, ...
        clean: rows of `lakehouse/<name>`.
    """
    contract = table(f"lakehouse/{name}")
    columns = {}
    for column in contract.columns:
        values = clean.column(column.name)
        if column.name in DERIVED:
            continue
        if column.type == "timestamp":
            values = _moment(values)
        elif column.name.endswith("_cents"):
            values = decimal(values)
        elif name == "events" and column.type == "int64":
            # JSON lets a text stand where a number should; Arrow needs one type for both.
            values = values.cast(pa.string())
        columns[raw_name(column)] = values
    return pa.table(columns)


@lru_cache(maxsize=1)
def _clock() -> pa.Array:
    """Every second of a day as `T%H:%M:%SZ`, which is faster to look up than to write."""
    seconds = pa.array(range(86_400), pa.timestamp("s"))
    return pc.strftime(seconds, format="T%H:%M:%SZ")


def _moment(values: pa.ChunkedArray) -> pa.ChunkedArray:
    seconds = pc.divide(values.cast(pa.int64()), 1_000_000)
    days = pc.divide(seconds, 86_400).combine_chunks().dictionary_encode()
    dates = pc.strftime(days.dictionary.cast(pa.int32()).cast(pa.date32()).cast(pa.timestamp("s")), format="%Y-%m-%d")
    clock = _clock().take(pc.subtract(seconds, pc.multiply(days.dictionary.take(days.indices), 86_400)))
    return pc.binary_join_element_wise(dates.take(days.indices), clock, "")


def decimal(cents: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cents as texts in euros with two decimals."""
    whole = pc.divide(cents, 100)
    rest = pc.subtract(cents, pc.multiply(whole, 100))
    return pc.binary_join_element_wise(whole.cast(pa.string()), pc.utf8_lpad(rest.cast(pa.string()), 2, "0"), ".")
