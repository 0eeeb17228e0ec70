"""The tables of the operations stream."""

from semops_data.contracts.types import Column, Table  # noqa: F401

TABLES: tuple[Table, ...] = ()
