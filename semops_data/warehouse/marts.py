"""The marts: one SELECT in `sql/<mart>.sql` each, in Snowflake's dialect, with `:day` for the day."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from semops_data.contracts import table
from semops_data.settings import load_settings
from semops_data.synthesis.faults import redefined
from semops_data.synthesis.parameters import Business
from semops_data.warehouse.load import Load, refresh

if TYPE_CHECKING:
    import pyarrow as pa

    from semops_data.warehouse.warehouse import Warehouse

SQL_FOLDER = Path(__file__).parent / "sql"
SOURCES = re.compile(r"\b(?:fct|dim)_[a-z_]+\b")


def mart_sql(name: str, day: str | None = None) -> str:
    """The mart's SELECT as written; of a day on which the scenario plants a redefinition, as it runs then.

    Raises:
        FileNotFoundError: naming the mart, where there is none of that name.
    """
    path = SQL_FOLDER / f"{table(f'warehouse/{name}').name}.sql"
    sql = path.read_text(encoding="utf-8")
    settings = load_settings()
    if day is None or not settings.scenario:
        return sql
    return redefined(Business.from_settings(settings), name, date.fromisoformat(day), sql)


def marts() -> tuple[str, ...]:
    """The names of all marts, sorted: each has its SQL in a file."""
    return tuple(sorted(path.stem for path in SQL_FOLDER.glob("*.sql")))


def build_mart(warehouse: Warehouse, name: str, *, day: str | None = None, run_id: str = "") -> tuple[Load, pa.Table]:
    """Compute one mart, or one day of it, inside the warehouse.

    Args:
        warehouse: where the facts are.
        name: `daily_revenue`, `product_performance`, ...
        day: the day of a daily mart; None for a mart over all days.
        run_id: the run, for the query tag and the ledger.

    Returns:
        The load, and the mart's rows in key order.

    Raises:
        StatementError: where Snowflake refuses; nothing has changed then.
        UnreachableError: where it does not answer in time.
    """
    contract = table(f"warehouse/{name}")
    if (contract.partition_by is None) != (day is None):
        raise ValueError(f"{contract.key} is {'not ' if day else ''}computed day by day; got day {day!r}")
    select, values = bind(strip_comments(mart_sql(name, day)), day)
    return refresh(warehouse, contract.key, select, *values, reads=sources(name), day=day, run_id=run_id)


def bind(sql: str, day: str | None) -> tuple[str, tuple[object, ...]]:
    """The SQL with `?` for each `:day`, and the values that belong to them."""
    bound, count = re.subn(r"(?<!:):day\b", "?", sql)
    return bound, (day,) * count


def strip_comments(sql: str) -> str:
    """The SQL without its comment lines."""
    return "\n".join(line for line in sql.splitlines() if not line.lstrip().startswith("--")).strip()


def sources(name: str) -> tuple[str, ...]:
    """Keys of the warehouse tables that the mart's SQL reads."""
    sql = strip_comments(mart_sql(name))
    return tuple(f"warehouse/{source}" for source in dict.fromkeys(SOURCES.findall(sql)))
