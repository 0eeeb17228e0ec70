"""From clean, typed rows to what a shop exports: money as decimal texts, moments as ISO 8601 texts."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts import table
from semops_data.contracts.business import raw_name


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
        if column.type == "timestamp":
            values = pc.strftime(values.cast(pa.timestamp("s", tz="UTC")), format="%Y-%m-%dT%H:%M:%SZ")
        elif column.name.endswith("_cents"):
            values = _decimal(values)
        elif name == "events" and column.type == "int64":
            # JSON lets a text stand where a number should; Arrow needs one type for both.
            values = values.cast(pa.string())
        if column.name != "day":
            columns[raw_name(column)] = values
    return pa.table(columns)


def _decimal(cents: pa.ChunkedArray) -> pa.ChunkedArray:
    whole = pc.divide(cents, 100)
    rest = pc.subtract(cents, pc.multiply(whole, 100))
    return pc.binary_join_element_wise(whole.cast(pa.string()), pc.utf8_lpad(rest.cast(pa.string()), 2, "0"), ".")
