"""Names and literals on their way into SQL: the only place that quotes."""

from __future__ import annotations

import re

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
ALL_DAYS = "all"


def quote(name: str) -> str:
    """The identifier in double quotes and upper case, as Snowflake resolves it unquoted.

    Raises:
        ValueError: where the name is more than letters, digits and underscores.
    """
    if not IDENTIFIER.fullmatch(name):
        raise ValueError(f"{name!r} is no identifier: letters, digits and underscores, at most 255")
    return f'"{name.upper()}"'


def qualified(*names: str) -> str:
    """The identifiers quoted and joined by dots: database, schema, table.

    Raises:
        ValueError: where one of them is no identifier.
    """
    return ".".join(quote(name) for name in names)


def literal(text: str) -> str:
    """The text as a Snowflake string literal."""
    # Snowflake reads a backslash inside a literal as an escape.
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def day_label(day: str | None) -> str:
    """The day's name in stage paths and in the ledger; 'all' for a whole table.

    Raises:
        ValueError: where it is not an ISO date.
    """
    if day is not None and not DAY.fullmatch(day):
        raise ValueError(f"{day!r} is not a day: it must be an ISO date, 2026-01-31")
    return day or ALL_DAYS
