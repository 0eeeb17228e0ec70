"""Slowly changing dimensions of type 2: what a thing looked like on which day.

The day's exported rows are kept as they were seen (`snap_<name>`), and the versions of the things that the day
touches are derived from all days that are known (`dim_<name>`), in one transaction. So the history does not depend
on the order in which days arrive, on a day arriving twice, or on one that is corrected later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from semops_data.contracts import table
from semops_data.contracts.loads import LOAD_LEDGER
from semops_data.contracts.marts import natural_key, surrogate, tracked
from semops_data.lakehouse.digest import digest
from semops_data.warehouse import ledger
from semops_data.warehouse.changing import apply, merge, same_key
from semops_data.warehouse.fitting import conform
from semops_data.warehouse.load import Load
from semops_data.warehouse.names import quote
from semops_data.warehouse.session import Counts
from semops_data.warehouse.staging import GONE, clear, copy, send, stage_table
from semops_data.warehouse.tables import prepare

if TYPE_CHECKING:
    from semops_data.contracts import Table
    from semops_data.lakehouse.lake import Lake
    from semops_data.landing.store import ObjectStore
    from semops_data.warehouse.session import Session
    from semops_data.warehouse.warehouse import Warehouse

CREATED = "created_at"


def observe(lake: Lake, store: ObjectStore, name: str, day: str) -> pa.Table:
    """The rows of an exported table as they were on the day, typed and unique.

    `lakehouse/<name>` has only the newest state of each; a day that arrives late would leave no trace in it.

    Raises:
        MissingObjectError: where nothing was landed for the day.
    """
    from semops_data.lakehouse.refine import refine
    from semops_data.lakehouse.settle import known_keys
    from semops_data.landing.objects import read_landed

    landed = read_landed(store, name, day)
    return refine(name, day, landed, known_keys(lake, name, day, landed)).kept


def load_history(warehouse: Warehouse, name: str, rows: pa.Table, *, day: str, run_id: str = "") -> Load:
    """Make the dimension's history hold what was seen on the day, and no more of that day.

    Args:
        warehouse: where to.
        name: the exported table, `products`.
        rows: its rows as exported on the day; columns beyond the tracked ones are left out.
        day: an ISO date.
        run_id: the run, for the query tag and the ledger.

    Returns:
        The load; its counts are of versions, its digest and rows of what was seen on the day.

    Raises:
        ValueError: where the rows do not fit the contract or repeat a key.
        StatementError: where Snowflake refuses; the transaction is rolled back.
        UnreachableError: where it does not answer in time.
    """
    seen, dimension = table(f"warehouse/snap_{name}"), table(f"warehouse/dim_{name}")
    data = conform(seen, rows.append_column("day", pa.repeat(day, rows.num_rows)), day)
    note = ledger.Note(dimension.key, day, run_id, digest(data), data.num_rows)
    with warehouse.session(run_id=run_id, asset_key=dimension.key) as session:
        prepare(session, warehouse, LOAD_LEDGER, seen, dimension)
        if note.is_held(ledger.latest(session, warehouse, seen, day, key=dimension.key)):
            return Load(dimension.key, day, data.num_rows, Counts(), note.digest, is_skipped=True)
        observed, path = send(session, warehouse, seen, data)
        versions = stage_table(session, dimension)
        with session.transaction():
            copy(session, warehouse, seen, observed, path, data)
            gone = _mark_gone(session, warehouse, seen, observed, day)
            apply(session, warehouse, seen, observed, has_gone=gone > 0)
            counts = _derive(session, warehouse, name, observed, versions)
            ledger.record(session, warehouse, seen, note, counts)
    return Load(dimension.key, day, data.num_rows, counts, note.digest, is_skipped=False, sent=data.num_rows)


def _mark_gone(session: Session, warehouse: Warehouse, seen: Table, observed: str, day: str) -> int:
    """Add the day's former rows that are not among the new ones to the stage table, marked: theirs changes too.

    Returns:
        How many there are.
    """
    columns = ", ".join(quote(column.name) for column in seen.columns)
    there = ", ".join(f"t.{quote(column.name)}" for column in seen.columns)
    stage, gone = quote(observed), quote(GONE)
    added = session.change(
        f"INSERT INTO {stage} ({columns}, {gone}) SELECT {there}, TRUE FROM {warehouse.name(seen.name)} AS t "  # noqa: S608
        f"WHERE t.{quote('day')} = ? AND NOT EXISTS (SELECT 1 FROM {stage} AS s WHERE {same_key(seen)})",
        day,
    )
    return added.inserted


def versions_sql(name: str, observations: str, affected: str | None = None) -> str:
    """The SELECT that derives the versions of a dimension from what was seen day by day.

    Args:
        name: the exported table.
        observations: the quoted table of what was seen.
        affected: a quoted table of the keys whose versions are derived; all by default.
    """
    identifier, day = quote(natural_key(name).name), quote("day")
    attributes = [quote(column.name) for column in tracked(name)]
    only = f" WHERE {identifier} IN (SELECT {identifier} FROM {affected})" if affected else ""  # noqa: S608
    window = f"OVER (PARTITION BY {identifier} ORDER BY {day})"
    before = ", ".join(f"LAG({column}) {window} AS B{place}" for place, column in enumerate(attributes))
    differs = " OR ".join(f"{column} IS DISTINCT FROM B{place}" for place, column in enumerate(attributes))
    # Before it was first seen, a thing is taken to have been as it was then, back to its creation.
    created = f"TO_CHAR(TO_DATE({quote(CREATED)}), 'YYYY-MM-DD')"
    start = f"IFF(place = 1, LEAST({day}, {created}), {day})" if CREATED in {c.name for c in tracked(name)} else day
    return (
        f"WITH seen AS (SELECT {identifier}, {day}, {', '.join(attributes)}, "  # noqa: S608 - quoted names
        f"ROW_NUMBER() {window} AS place, {before} FROM {observations}{only}), "
        f"changed AS (SELECT *, {start} AS since FROM seen WHERE place = 1 OR {differs}) "
        f"SELECT MD5(CONCAT({identifier}, '|', since)) AS {quote(surrogate(name))}, {identifier}, "
        f"{', '.join(attributes)}, since AS {quote('valid_from')}, LEAD({day}) {window} AS {quote('valid_to')}, "
        f"LEAD({day}) {window} IS NULL AS {quote('is_current')} FROM changed"
    )


def _derive(session: Session, warehouse: Warehouse, name: str, observed: str, versions: str) -> Counts:
    """Bring the versions of what the stage table of observations names into the dimension; inside the transaction."""
    dimension = table(f"warehouse/dim_{name}")
    stage, affected = quote(versions), quote(observed)
    columns = ", ".join(quote(column.name) for column in dimension.columns)
    select = versions_sql(name, warehouse.name(f"snap_{name}"), affected)
    clear(session, versions)
    session.execute(f"INSERT INTO {stage} ({columns}) {select}")
    counts = merge(session, warehouse, dimension, stage)
    identifier, version = quote(natural_key(name).name), quote(surrogate(name))
    return counts + session.change(
        f"DELETE FROM {warehouse.name(dimension.name)} AS t "  # noqa: S608 - quoted names
        f"WHERE EXISTS (SELECT 1 FROM {affected} AS a WHERE a.{identifier} = t.{identifier}) "
        f"AND NOT EXISTS (SELECT 1 FROM {stage} AS s WHERE s.{version} = t.{version})"
    )
