"""The shape of a declaration: `Table` and `Column`, and their translation to Arrow."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")
ARROW_TYPES = (
    "string", "int64", "int32", "float64", "float32", "bool", "date32", "timestamp", "list<string>", "list<float32>",
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: snake_case; units are part of the name (`size_bytes`, `amount_cents`).
        type: one of `ARROW_TYPES`; `timestamp` is in microseconds, UTC.
        description: what a value means, one sentence.
        unit: the unit of measurement, where the column has one.
        is_key: part of the primary key.
        nullable: whether null is a legal value; never true of a key.
        term: the glossary term that the column carries, where there is one.
        allowed: the closed set of legal values, where there is one.
        minimum: smallest legal value of a number, inclusive.
        maximum: largest legal value of a number, inclusive.
    """

    name: str
    type: str
    description: str
    unit: str | None = None
    is_key: bool = False
    nullable: bool = False
    term: str | None = None
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None

    def __post_init__(self) -> None:
        if not NAME.match(self.name):
            raise ValueError(f"column {self.name!r}: a name is snake_case and at most 63 characters")
        if self.type not in ARROW_TYPES:
            raise ValueError(f"column {self.name!r}: type {self.type!r} is none of {', '.join(ARROW_TYPES)}")
        if self.is_key and self.nullable:
            raise ValueError(f"column {self.name!r}: a key is never null")

    @property
    def arrow_field(self) -> pa.Field:
        """The column as an Arrow field, description and unit in its metadata."""
        import pyarrow as pa

        types = {
            "timestamp": pa.timestamp("us", tz="UTC"),
            "bool": pa.bool_(),
            "list<string>": pa.list_(pa.string()),
            "list<float32>": pa.list_(pa.float32()),
        }
        return pa.field(
            self.name,
            types[self.type] if self.type in types else pa.type_for_alias(self.type),
            nullable=self.nullable,
            metadata={"description": self.description} | ({"unit": self.unit} if self.unit else {}),
        )


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        key: room and name, `lakehouse/orders`.
        description: what one row is and what the table is for.
        columns: in order.
        partition_by: the column that holds the day, for tables partitioned by day.
        references: foreign keys as (column, table key, column).
        z_order_by: columns that the table is asked by and its partitions say nothing about; a large table's files are
            kept in their order.
    """

    key: str
    description: str
    columns: tuple[Column, ...]
    partition_by: str | None = None
    references: tuple[tuple[str, str, str], ...] = ()
    z_order_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if unknown := set(self.z_order_by) - set(names):
            raise ValueError(f"table {self.key}: ordered by {', '.join(sorted(unknown))}, which is not declared")
        if len(set(names)) != len(names):
            raise ValueError(f"table {self.key}: a column is declared twice")
        if self.key.count("/") != 1 or not all(NAME.match(part) for part in self.key.split("/")):
            raise ValueError(f"table key {self.key!r} is not room/name")
        if self.partition_by is not None and self.partition_by not in names:
            raise ValueError(f"table {self.key}: partition column {self.partition_by!r} is not declared")

    @property
    def room(self) -> str:
        """The room that writes the table."""
        return self.key.split("/")[0]

    @property
    def name(self) -> str:
        """The table's name inside its room."""
        return self.key.split("/")[1]

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Names of the primary key's columns."""
        return tuple(column.name for column in self.columns if column.is_key)

    def __getitem__(self, name: str) -> Column:
        """The column of that name.

        Raises:
            KeyError: where the table has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.key} has no column {name!r}")

    @cached_property
    def arrow_schema(self) -> pa.Schema:
        """The table as an Arrow schema, descriptions and units in the field metadata."""
        import pyarrow as pa

        return pa.schema([column.arrow_field for column in self.columns])
