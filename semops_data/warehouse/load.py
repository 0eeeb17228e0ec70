"""Load one partition of a table: PUT, COPY into a stage table, MERGE by key, delete what is gone, all or nothing.

`load` takes Arrow rows, `refresh` the rows of a SELECT. Where a feed can say what changed since the last load, only
that is sent. Loading the same rows again changes nothing. DDL ends a transaction in Snowflake, so all of it comes
before BEGIN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts import Table, table
from semops_data.contracts.loads import LOAD_LEDGER
from semops_data.lakehouse.digest import digest
from semops_data.warehouse import ledger
from semops_data.warehouse.changing import apply, drop_gone, merge, read
from semops_data.warehouse.fitting import conform
from semops_data.warehouse.names import quote
from semops_data.warehouse.session import Counts
from semops_data.warehouse.staging import GONE, clear, copy, send, stage_table
from semops_data.warehouse.tables import prepare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semops_data.warehouse.session import Session
    from semops_data.warehouse.warehouse import Warehouse


@dataclass(frozen=True)
class Load:
    """What one load left behind.

    Attributes:
        key: the table.
        day: the partition, or None for the whole table.
        rows: rows of the partition, or of the table.
        counts: rows that were inserted, updated, deleted.
        digest: sha256 of the partition's rows, hexadecimal.
        is_skipped: the ledger said that these rows are there, so nothing was sent.
        sent: rows that were uploaded.
    """

    key: str
    day: str | None
    rows: int
    counts: Counts
    digest: str
    is_skipped: bool
    sent: int = 0


Feed = Callable[[int], "pa.Table | None"]
"""Given a Delta version, the net changes since then with `_change_type`; None where they are not known."""


def load(
    warehouse: Warehouse,
    key: str,
    data: pa.Table,
    *,
    day: str | None,
    run_id: str = "",
    delta_version: int | None = None,
    feed: Feed | None = None,
) -> Load:
    """Make the table's partition hold exactly these rows.

    Args:
        warehouse: where to.
        key: the table's key, `warehouse/fct_orders`.
        data: rows with at least the contract's columns; others are left out.
        day: the partition that is replaced; None replaces the whole table.
        run_id: the run, for the query tag and the ledger.
        delta_version: version of the Delta table that the rows are of, for the ledger.
        feed: what changed since an earlier version; asked only where the ledger knows one.

    Raises:
        ValueError: where the rows do not fit the contract, repeat a key, or lie outside the day.
        StatementError: where Snowflake refuses, or another load was in between; the transaction is rolled back.
        UnreachableError: where it does not answer in time.
    """
    contract = table(key)
    data = conform(contract, data, day)
    note = ledger.Note(key, day, run_id, digest(data), data.num_rows, delta_version)
    with warehouse.session(run_id=run_id, asset_key=key) as session:
        prepare(session, warehouse, LOAD_LEDGER, contract)
        last = ledger.latest(session, warehouse, contract, day)
        if note.is_held(last):
            return Load(key, day, data.num_rows, Counts(), note.digest, is_skipped=True)
        changed = _changed(last, contract, data, feed)
        sent = data if changed is None else changed
        name, path = send(session, warehouse, contract, sent)
        with session.transaction():
            copy(session, warehouse, contract, name, path, sent)
            if changed is None:
                counts = swap(session, warehouse, contract, name, note)
            else:
                counts = apply(session, warehouse, contract, name, has_gone=bool(pc.any(changed[GONE]).as_py()))
                ledger.record(session, warehouse, contract, note, counts)
    return Load(key, day, data.num_rows, counts, note.digest, is_skipped=False, sent=sent.num_rows)


def swap(session: Session, warehouse: Warehouse, contract: Table, name: str, note: ledger.Note) -> Counts:
    """Make the partition hold what the stage table holds, and write the ledger; inside a transaction."""
    counts = merge(session, warehouse, contract, quote(name))
    # All its rows are there now: where the numbers agree, nothing is left that would have to go.
    if ledger.record(session, warehouse, contract, note, counts, only_if_whole=True):
        return counts
    counts += drop_gone(session, warehouse, contract, name, note.day)
    ledger.record(session, warehouse, contract, note, counts)
    return counts


def _changed(last: ledger.Entry | None, contract: Table, data: pa.Table, feed: Feed | None) -> pa.Table | None:
    """The rows that changed since the last load, deleted ones marked; None where all rows must be sent."""
    if feed is None or last is None or last.delta_version is None or (found := feed(last.delta_version)) is None:
        return None
    kinds = found["_change_type"].to_pylist()
    grown = kinds.count("insert") - kinds.count("delete")
    # Where rows were changed behind the ledger's back, its version says nothing about what is there.
    if last.held + grown != data.num_rows:
        return None
    names = [column.name for column in contract.columns]
    return (
        found.select(names).cast(contract.arrow_schema).append_column(GONE, pc.equal(found["_change_type"], "delete"))
    )


def refresh(
    warehouse: Warehouse,
    key: str,
    select: str,
    *values: object,
    reads: Sequence[str] = (),
    day: str | None,
    run_id: str = "",
) -> tuple[Load, pa.Table]:
    """Make the table's partition hold exactly the rows of a SELECT that runs in the warehouse.

    Args:
        warehouse: where.
        key: the table's key, `warehouse/funnel`.
        select: the SELECT; its columns bear the contract's names.
        values: bound values of its `?`.
        reads: keys of the warehouse tables that it reads; created empty where nothing has been loaded yet.
        day: the partition that is replaced; None replaces the whole table.
        run_id: the run, for the query tag and the ledger.

    Returns:
        The load, and the rows in key order.

    Raises:
        StatementError: where Snowflake refuses, or another load was in between; the transaction is rolled back.
        UnreachableError: where it does not answer in time.
    """
    contract = table(key)
    columns = ", ".join(quote(column.name) for column in contract.columns)
    with warehouse.session(run_id=run_id, asset_key=key) as session:
        prepare(session, warehouse, LOAD_LEDGER, contract, *map(table, reads))
        name = stage_table(session, contract)
        with session.transaction():
            clear(session, name)
            session.execute(f"INSERT INTO {quote(name)} ({columns}) SELECT {columns} FROM (\n{select}\n)", *values)  # noqa: S608
            rows = read(session, contract, quote(name))
            note = ledger.Note(key, day, run_id, digest(conform(contract, rows, day)), rows.num_rows)
            if note.is_held(ledger.latest(session, warehouse, contract, day)):
                return Load(key, day, rows.num_rows, Counts(), note.digest, is_skipped=True), rows
            counts = swap(session, warehouse, contract, name, note)
    return Load(key, day, rows.num_rows, counts, note.digest, is_skipped=False), rows
