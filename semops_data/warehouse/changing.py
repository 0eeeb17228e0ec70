"""What changes a table of the warehouse inside a transaction: MERGE by key, and DELETE of what is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semops_data.warehouse.names import quote
from semops_data.warehouse.session import Counts
from semops_data.warehouse.staging import GONE

if TYPE_CHECKING:
    import pyarrow as pa

    from semops_data.contracts import Table
    from semops_data.warehouse.session import Session
    from semops_data.warehouse.warehouse import Warehouse


def merge(session: Session, warehouse: Warehouse, contract: Table, source: str) -> Counts:
    """MERGE a quoted table or a SELECT in brackets into the target: new rows, and rows that differ."""
    names = [quote(column.name) for column in contract.columns]
    others = [quote(column.name) for column in contract.columns if not column.is_key]
    text = [f"MERGE INTO {warehouse.name(contract.name)} AS t USING {source} AS s ON {same_key(contract)}"]
    if others:
        differs = " OR ".join(f"t.{name} IS DISTINCT FROM s.{name}" for name in others)
        text.append(f"WHEN MATCHED AND ({differs}) THEN UPDATE SET")
        text.append(", ".join(f"t.{name} = s.{name}" for name in others))
    values = ", ".join(f"s.{name}" for name in names)
    text.append(f"WHEN NOT MATCHED THEN INSERT ({', '.join(names)}) VALUES ({values})")  # noqa: S608 - quoted names
    return session.change(" ".join(text))


def same_key(contract: Table) -> str:
    """The condition that `t` and `s` are the same row."""
    return " AND ".join(f"t.{quote(name)} = s.{quote(name)}" for name in contract.keys)


def drop_gone(session: Session, warehouse: Warehouse, contract: Table, stage_table: str, day: str | None) -> Counts:
    """Delete the rows of the partition, or of the table, that the stage table lacks; inside a transaction."""
    target, stage = warehouse.name(contract.name), quote(stage_table)
    gone = f"NOT EXISTS (SELECT 1 FROM {stage} AS s WHERE {same_key(contract)})"  # noqa: S608 - quoted names
    if day is None or contract.partition_by is None:
        return session.change(f"DELETE FROM {target} AS t WHERE {gone}")  # noqa: S608 - quoted names
    partition = quote(contract.partition_by)
    return session.change(f"DELETE FROM {target} AS t WHERE t.{partition} = ? AND {gone}", day)  # noqa: S608


def apply(session: Session, warehouse: Warehouse, contract: Table, stage_table: str, *, has_gone: bool) -> Counts:
    """MERGE the changed rows of the stage table and delete the rows that it marks as gone; inside a transaction.

    Args:
        session: inside a transaction.
        warehouse: where the table is.
        contract: the table's.
        stage_table: its name.
        has_gone: whether it marks any row as gone.
    """
    target, stage = warehouse.name(contract.name), quote(stage_table)
    kept = f"(SELECT * FROM {stage} WHERE {quote(GONE)} IS DISTINCT FROM TRUE)"  # noqa: S608 - quoted names
    counts = merge(session, warehouse, contract, kept)
    if not has_gone:
        return counts
    gone = f"SELECT 1 FROM {stage} AS s WHERE s.{quote(GONE)} AND {same_key(contract)}"  # noqa: S608 - quoted names
    return counts + session.change(f"DELETE FROM {target} AS t WHERE EXISTS ({gone})")  # noqa: S608 - quoted names


def read(session: Session, contract: Table, source: str, *, day: str | None = None) -> pa.Table:
    """The rows of a quoted table in the contract's columns and key order; of one day where it is given."""
    columns = ", ".join(quote(column.name) for column in contract.columns)
    keys = ", ".join(quote(name) for name in contract.keys)
    where, values = on_day(contract, day)
    query = f"SELECT {columns} FROM {source}{where} ORDER BY {keys}"  # noqa: S608 - quoted names
    return session.arrow(query, *values, schema=contract.arrow_schema)


def on_day(contract: Table, day: str | None) -> tuple[str, tuple[str, ...]]:
    """The WHERE of one partition and its bound values; nothing where there is no day, or the table is not daily."""
    if day is None or contract.partition_by is None:
        return "", ()
    return f" WHERE {quote(contract.partition_by)} = ?", (day,)
