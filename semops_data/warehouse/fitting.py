"""Do rows fit a contract? Asked before anything is sent: the emulator enforces little, and Snowflake less."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from semops_data.contracts import Table

LOADABLE = frozenset(("string", "int64", "int32", "float64", "float32", "bool", "date32", "timestamp"))


def conform(contract: Table, data: pa.Table, day: str | None) -> pa.Table:
    """The contract's columns and types, in key order.

    Raises:
        ValueError: naming what does not fit: columns, types, nulls, repeated keys, rows of another day.
    """
    unloadable = [column.name for column in contract.columns if column.type not in LOADABLE]
    missing = [column.name for column in contract.columns if column.name not in data.column_names]
    if unloadable or missing:
        raise ValueError(f"rows for {contract.key} do not fit: missing {missing}, lists are not loaded {unloadable}")
    nulls = [column.name for column in contract.columns if not column.nullable and data[column.name].null_count]
    if nulls:
        raise ValueError(f"rows for {contract.key} have nulls in {nulls}, which the contract forbids")
    try:
        data = data.select([column.name for column in contract.columns]).cast(contract.arrow_schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        raise ValueError(f"rows for {contract.key} do not fit the contract's types: {error}") from error
    _refuse_strays(contract, data, day)
    keys = list(contract.keys)
    if len(keys) == 1 and _ascends(data[keys[0]]):
        return data
    if data.num_rows > 1 and data.group_by(keys).aggregate([]).num_rows != data.num_rows:
        raise ValueError(f"rows for {contract.key} repeat a key ({', '.join(keys)}): de-duplicate them first")
    return data.sort_by([(name, "ascending") for name in keys])


def _refuse_strays(contract: Table, data: pa.Table, day: str | None) -> None:
    if day is not None and contract.partition_by is not None:
        strays = [value for value in data[contract.partition_by].unique().to_pylist() if value != day]
        if strays:
            raise ValueError(f"rows for {contract.key} of {strays[:3]} lie outside the partition {day}")


def _ascends(column: pa.ChunkedArray) -> bool:
    """Whether each value is greater than the one before it: then they are in order, and none is there twice."""
    values = column.combine_chunks()
    return len(values) < 2 or bool(pc.all(pc.less(values[:-1], values[1:])).as_py())
