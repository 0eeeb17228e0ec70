"""Rows in the columns, types and order of a contract, or an error that names each column that does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from semops_data.lakehouse.schema import SchemaChangeError, changed_types

if TYPE_CHECKING:
    from semops_data.contracts import Table


def conform(contract: Table, data: pa.Table) -> pa.Table:
    """The rows in the contract's columns, types and key order; see `Lake.conform`."""
    schema = contract.arrow_schema
    missing = [name for name in schema.names if name not in data.column_names]
    unknown = [name for name in data.column_names if name not in schema.names]
    if missing or unknown:
        raise ValueError(f"rows for {contract.key} do not fit the contract: missing {missing}, unknown {unknown}")
    data = data.select(schema.names)
    nulls = [f.name for f in schema if not f.nullable and data.column(f.name).null_count]
    if nulls:
        raise ValueError(f"rows for {contract.key} have nulls in {nulls}, which the contract forbids")
    changed = changed_types(schema, data.schema)
    if changed:
        raise SchemaChangeError(f"rows for {contract.key} do not fit the contract's types: {'; '.join(changed)}")
    try:
        data = data.cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ValueError(f"rows for {contract.key} do not fit the contract's types: {error}") from error
    return in_key_order(contract, data)


def in_key_order(contract: Table, data: pa.Table) -> pa.Table:
    """The rows sorted by key; as they are where they already are in that order, or there is no key."""
    import polars as pl

    keys = list(contract.keys)
    if not keys or not data.num_rows:
        return data
    found = pl.DataFrame(pl.from_arrow(data.select(keys)))
    # Exports come in the order of their keys, and to see that is much quicker than to sort.
    if len(keys) == 1 and found[keys[0]].is_sorted():
        return data
    order = found.select(pl.arg_sort_by(keys, maintain_order=True)).to_series()
    return data.take(order.to_arrow())
