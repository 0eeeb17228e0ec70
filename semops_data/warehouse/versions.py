"""What must hold of a dimension's history, asked of the warehouse in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts import table
from semops_data.contracts.loads import LOAD_LEDGER
from semops_data.contracts.marts import changing_references, natural_key, tracked
from semops_data.warehouse.compare import Difference, against_rows
from semops_data.warehouse.names import quote
from semops_data.warehouse.tables import prepare

if TYPE_CHECKING:
    from semops_data.lakehouse.lake import Lake
    from semops_data.warehouse.session import Session
    from semops_data.warehouse.warehouse import Warehouse

SHOWN = 5


def breaks(warehouse: Warehouse, name: str) -> tuple[int, list[Difference]]:
    """Things whose history is not whole: several or no current versions, gaps, overlaps, empty periods.

    Returns:
        How many versions were looked at, and the first things that are off, each with what.
    """
    dimension, identifier = table(f"warehouse/dim_{name}"), quote(natural_key(name).name)
    window = f"OVER (PARTITION BY {identifier} ORDER BY {quote('valid_from')})"
    query = (
        f"WITH v AS (SELECT {identifier} AS id, valid_from, valid_to, is_current, "  # noqa: S608 - quoted names
        f"LEAD(valid_from) {window} AS next_from FROM {warehouse.name(dimension.name)}) "
        "SELECT id, valid_from FROM v WHERE valid_to IS DISTINCT FROM next_from "
        "OR is_current <> (next_from IS NULL) OR (valid_to IS NOT NULL AND valid_to <= valid_from) "
        "ORDER BY id, valid_from"
    )
    with warehouse.session(asset_key=dimension.key) as session:
        total = int(session.execute(f"SELECT COUNT(*) FROM {warehouse.name(dimension.name)}")[0][0])  # noqa: S608
        found = session.execute(query)
    return total, [{natural_key(name).name: row[0], "valid_from": row[1]} for row in found]


def joins_off(warehouse: Warehouse, source: str, day: str) -> list[dict[str, Any]]:
    """References of a day's facts that do not find exactly one version, counted by column.

    Args:
        warehouse: where the facts and dimensions are.
        source: the exported table, `orders`.
        day: the day of the facts.
    """
    fact = table(f"warehouse/fct_{source}")
    found = []
    with warehouse.session(asset_key=fact.key) as session:
        prepare(session, warehouse, *(table(f"warehouse/dim_{to}") for _, to in changing_references(source)))
        for column, to in changing_references(source):
            rows = _unmatched(session, warehouse, source, column, to, day)
            if rows:
                found.append({"column": column, "dimension": f"dim_{to}", "rows": rows})
    return found


def _unmatched(session: Session, warehouse: Warehouse, source: str, column: str, to: str, day: str) -> int:
    fact = table(f"warehouse/fct_{source}")
    names = {item.name for item in fact.columns}
    on_day = f"f.{quote('order_day' if 'order_day' in names else 'day')}"
    keys = ", ".join(f"f.{quote(key)}" for key in fact.keys)
    query = (
        f"SELECT COUNT(*) FROM (SELECT {keys} FROM {warehouse.name(fact.name)} AS f "  # noqa: S608 - quoted names
        f"LEFT JOIN {warehouse.name(f'dim_{to}')} AS d ON d.{quote(natural_key(to).name)} = f.{quote(column)} "
        f"AND d.valid_from <= {on_day} AND (d.valid_to IS NULL OR d.valid_to > {on_day}) "
        f"WHERE f.day = ? AND f.{quote(column)} IS NOT NULL "
        f"GROUP BY {keys} HAVING COUNT(d.valid_from) <> 1)"
    )
    return int(session.execute(query, day)[0][0])


def loaded_days(session: Session, warehouse: Warehouse, key: str) -> list[str]:
    """The days of a table that the ledger knows, ascending."""
    query = f"SELECT DISTINCT day FROM {warehouse.name(LOAD_LEDGER.name)} WHERE asset_key = ? ORDER BY day"  # noqa: S608
    return [str(day) for (day,) in session.execute(query, key)]


def against_lake(warehouse: Warehouse, lake: Lake, name: str) -> tuple[int, list[Difference]]:
    """The current versions against the lakehouse's rows.

    Left out are rows that the lakehouse changed, or may first have seen, on a day which the warehouse has not loaded.

    Returns:
        How many rows were compared, and the cells that differ.
    """
    dimension = table(f"warehouse/dim_{name}")
    columns = [natural_key(name).name, *(column.name for column in tracked(name))]
    names = ", ".join(map(quote, columns))
    schema = pa.schema([dimension.arrow_schema.field(column) for column in columns])
    with warehouse.session(asset_key=dimension.key) as session:
        days = loaded_days(session, warehouse, dimension.key)
        current = session.arrow(
            f"SELECT {names} FROM {warehouse.name(dimension.name)} WHERE is_current ORDER BY {names}",  # noqa: S608
            schema=schema,
        )
    rows = lake.read(f"lakehouse/{name}")
    changed = pc.strftime(rows["updated_at"], format="%Y-%m-%d")
    first = min(days, default="")
    older = pc.less(changed, first)
    # Where the lakehouse is ahead, what changed before the first day may have been exported on a day to come.
    if {day for day in changed.unique().to_pylist() if day >= first} - set(days):
        older = pc.and_(older, pc.is_in(rows[columns[0]], current[columns[0]].combine_chunks()))
    known = pc.or_(pc.is_in(changed, pa.array(days, pa.string())), older)
    rows = rows.filter(known)
    held = current.filter(pc.is_in(current[columns[0]], rows[columns[0]]))
    return rows.num_rows, against_rows(held, rows.select(columns), columns[:1])
