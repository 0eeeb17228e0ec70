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
TAGS = ("term", "unit")
"""Facts of a column that become Snowflake object tags `SEMOPS_TERM` and `SEMOPS_UNIT`."""
NOT_IN_EMULATOR = (
    "WITH TAG and CREATE TAG: the emulator does not know tags",
    "PRIMARY KEY: the emulator enforces it, Snowflake only records it",
    "COMMENT on columns: the emulator drops it without a word",
)
"""What `create_table` leaves out for the emulator, and why."""


def create_table(table: Table, *, database: str, schema: str, is_emulated: bool = False, with_tags: bool = True) -> str:
    """`CREATE TABLE IF NOT EXISTS` with types, NOT NULL, primary key, comments and tags.

    Args:
        table: the contract.
        database: where the table lies.
        schema: where the table lies.
        is_emulated: leave out what `NOT_IN_EMULATOR` lists.
        with_tags: attach the tags that `create_tags` makes.
    """
    place = (database, schema) if with_tags and not is_emulated else None
    lines = [_column(column, place, with_comment=not is_emulated) for column in table.columns]
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


def create_tags(*, database: str, schema: str) -> list[str]:
    """The tags that `create_table` attaches; to run once, before the first table of an account."""
    texts = {"term": "Glossary term that the column carries.", "unit": "Unit of measurement of the column."}
    return [
        f"CREATE TAG IF NOT EXISTS {_tag(name, database, schema)} COMMENT = {literal(texts[name])}" for name in TAGS
    ]


def set_tags(table: Table, *, database: str, schema: str) -> list[str]:
    """The statements that tag the columns of a table which was made without tags."""
    name = qualified(database, schema, table.name)
    return [
        f"ALTER TABLE {name} MODIFY COLUMN {quote(column.name)} SET TAG {', '.join(tags)}"
        for column in table.columns
        if (tags := _tags(column, database, schema))
    ]


def _tag(name: str, database: str, schema: str) -> str:
    return qualified(database, schema, f"SEMOPS_{name}")


def _tags(column: Column, database: str, schema: str) -> list[str]:
    held = {name: getattr(column, name) for name in TAGS}
    return [f"{_tag(name, database, schema)} = {literal(text)}" for name, text in held.items() if text]


def _column(column: Column, place: tuple[str, str] | None, *, with_comment: bool) -> str:
    """A column's line; with tags where their database and schema are given."""
    parts = [quote(column.name), SNOWFLAKE_TYPES[column.type]]
    parts += [] if column.nullable else ["NOT NULL"]
    tags = _tags(column, *place) if place is not None else []
    parts += [f"WITH TAG ({', '.join(tags)})"] if tags else []
    parts += [f"COMMENT {literal(comment(column))}"] if with_comment else []
    return " ".join(parts)


def comment(column: Column) -> str:
    """What the column means, with its unit and its glossary term."""
    notes = [f"unit: {column.unit}"] if column.unit else []
    notes += [f"term: {column.term}"] if column.term else []
    notes += ["UTC"] if column.type == "timestamp" else []
    return column.description + (f" [{'; '.join(notes)}]" if notes else "")
