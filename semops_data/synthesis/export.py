"""From clean, typed rows to what a shop exports: money as decimal texts, moments as ISO 8601 texts."""

from __future__ import annotations

import pyarrow as pa

from semops_data.contracts import table
from semops_data.contracts.business import DERIVED, raw_name
from semops_data.synthesis.strings import decimal, iso_moments


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
            values = iso_moments(values.combine_chunks().cast(pa.int64()).to_numpy() // 1_000_000)
        elif column.name.endswith("_cents"):
            values = decimal(values.combine_chunks())
        elif name == "events" and column.type == "int64":
            # JSON lets a text stand where a number should; Arrow needs one type for both.
            values = values.cast(pa.string())
        columns[raw_name(column)] = values
    return pa.table(columns)
