"""Small valid rows of any warehouse table."""

# ruff: noqa: S311 - rows to load, not secrets

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pyarrow as pa

from semops_data.contracts import Column, table

DAY = "2026-01-01"


def rows(key: str, count: int, *, day: str = DAY, seed: int = 0, start: int = 0) -> pa.Table:
    """Rows that fit the contract: keys count up from `start`, everything else is drawn."""
    contract, chance = table(key), random.Random(seed)
    columns = {
        column.name: [_value(column, chance, day, start + place) for place in range(count)]
        for column in contract.columns
    }
    return pa.table(columns, schema=contract.arrow_schema)


def _value(column: Column, chance: random.Random, day: str, place: int) -> Any:
    if column.name == "day":
        return day
    if column.is_key:
        return f"{column.name}-{place:06d}"
    if column.nullable and chance.random() < 0.2:
        return None
    if column.allowed:
        return chance.choice(column.allowed)
    drawn: dict[str, Any] = {
        "string": f'it\'s "{chance.randrange(50)}" ünï \\ code',
        "int64": chance.randrange(1, 1000),
        "float64": chance.random(),
        "bool": chance.random() < 0.5,
        "timestamp": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        + dt.timedelta(microseconds=chance.randrange(86_400_000_000)),
    }
    return drawn[column.type]
