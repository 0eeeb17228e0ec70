"""From a contract to Snowflake's DDL; text in, text out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semops_data.warehouse.names import literal, qualified, quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from semops_data.contracts import Column, Table

SNOWFLAKE_TYPES = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "int32": "INTEGER",
    "float64": "DOUBLE",
    "float32": "FLOAT",
    "bool": "BOOLEAN",
    "date32": "DATE",
    "timestamp": "TIMESTAMP_NTZ(6)",
    "list<string>": "ARRAY",
    "list<float32>": "ARRAY",
}
NOT_IN_EMULATOR = (
    "PRIMARY KEY: the emulator enforces it, Snowflake only records it",
    "COMMENT on columns: the emulator drops it without a word",
)
"""What `create_table` leaves out for the emulator, and why."""


def create_table(table: Table, *, database: str, schema: str, is_emulated: bool = False) -> str:
    """`CREATE TABLE IF NOT EXISTS` with types, NOT NULL, primary key and comments.

    Args:
        table: the contract.
        database: where the table lies.
        schema: where the table lies.
        is_emulated: leave out what `NOT_IN_EMULATOR` lists.
    """
    lines = [_column(column, with_comment=not is_emulated) for column in table.columns]
    if table.keys and not is_emulated:
        lines.append(f"PRIMARY KEY ({', '.join(map(quote, table.keys))})")
    body = ",\n  ".join(lines)
    name = qualified(database, schema, table.name)
    return f"CREATE TABLE IF NOT EXISTS {name} (\n  {body}\n) COMMENT = {literal(table.description)}"


def create_stage_table(table: Table, name: str, *, extra: Mapping[str, str] | None = None) -> str:
    """A temporary table of the session with the contract's columns, to load into before the MERGE.

    Args:
        table: the contract.
        name: the temporary table's.
        extra: further columns with their Snowflake types.
    """
    types = {column.name: SNOWFLAKE_TYPES[column.type] for column in table.columns} | dict(extra or {})
    columns = ",\n  ".join(f"{quote(column)} {kind}" for column, kind in types.items())
    return f"CREATE OR REPLACE TEMPORARY TABLE {quote(name)} (\n  {columns}\n)"


def _column(column: Column, *, with_comment: bool) -> str:
    parts = [quote(column.name), SNOWFLAKE_TYPES[column.type]]
    parts += [] if column.nullable else ["NOT NULL"]
    parts += [f"COMMENT {literal(comment(column))}"] if with_comment else []
    return " ".join(parts)


def comment(column: Column) -> str:
    """What the column means, with its unit and its glossary term."""
    notes = [f"unit: {column.unit}"] if column.unit else []
    notes += [f"term: {column.term}"] if column.term else []
    notes += ["UTC"] if column.type == "timestamp" else []
    return column.description + (f" [{'; '.join(notes)}]" if notes else "")
