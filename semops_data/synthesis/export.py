"""From clean, typed rows to what a shop exports: money as decimal texts, moments as ISO 8601 texts."""

from __future__ import annotations

import pyarrow as pa

from semops_data.contracts import table
from semops_data.contracts.business import DERIVED, raw_name
from semops_data.synthesis.strings import coded_decimal, decimal, iso_moments, whole

REPEATED = {"orders": ("discount_cents", "refund_cents", "shipping_cents", "tax_cents"),
            "order_items": ("unit_price_cents", "discount_cents")}  # fmt: skip
"""Amounts of which a batch has few different ones: they stay coded."""


def export(name: str, clean: pa.Table) -> pa.Table:
    """The rows of an exported table in their raw shape, as `landing/<name>` declares it.

    Args:
        name: `orders`, `events`, ...
        clean: rows of `lakehouse/<name>`; texts may be coded, and stay so.
    """
    contract = table(f"lakehouse/{name}")
    columns = {}
    for column in contract.columns:
        values = clean.column(column.name)
        if column.name in DERIVED:
            continue
        if column.type == "timestamp":
            values = iso_moments(whole(values).cast(pa.int64()).to_numpy() // 1_000_000)
        elif column.name.endswith("_cents"):
            write = coded_decimal if column.name in REPEATED.get(name, ()) else decimal
            values = write(whole(values))
        elif name == "events" and column.type == "int64":
            # JSON lets a text stand where a number should; Arrow needs one type for both.
            values = values.cast(pa.string())
        columns[raw_name(column)] = values
    return pa.table(columns)
