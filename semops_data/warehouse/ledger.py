"""The ledger of loads: what was loaded when, in the transaction that loaded it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from semops_data.contracts.loads import LOAD_LEDGER
from semops_data.warehouse.changing import on_day
from semops_data.warehouse.ddl import SNOWFLAKE_TYPES
from semops_data.warehouse.names import day_label, quote
from semops_data.warehouse.session import StatementError

if TYPE_CHECKING:
    from semops_data.contracts import Table
    from semops_data.warehouse.session import Counts, Session
    from semops_data.warehouse.warehouse import Warehouse


@dataclass(frozen=True)
class Entry:
    """The last load of a partition.

    Attributes:
        digest: sha256 of the rows that it left behind.
        delta_version: version of the Delta table that they were of, where they came from one.
        held: rows that are there now.
    """

    digest: str
    delta_version: int | None
    held: int


@dataclass(frozen=True)
class Note:
    """What a load is about to leave behind.

    Attributes:
        key: the table.
        day: the partition, or None for the whole table.
        run_id: the run.
        digest: sha256 of the rows, hexadecimal.
        rows: rows of the partition, or of the table.
        delta_version: version of the Delta table that they are of, where they come from one.
    """

    key: str
    day: str | None
    run_id: str
    digest: str
    rows: int
    delta_version: int | None = None

    def is_held(self, last: Entry | None) -> bool:
        """Whether the last load was this one, and as many rows are still there."""
        return last is not None and last.digest == self.digest and last.held == self.rows


def latest(session: Session, warehouse: Warehouse, contract: Table, day: str | None, key: str = "") -> Entry | None:
    """The last load of the table's partition, and how many rows are there; None where there was none.

    Args:
        session: where to ask.
        warehouse: where the ledger is.
        contract: the table whose rows are counted.
        day: the partition; None for the whole table.
        key: under which the load was noted; the table's by default.
    """
    held = _count(warehouse, contract, day)
    query = (
        f"SELECT digest, delta_version, ({held}) FROM {warehouse.name(LOAD_LEDGER.name)} "  # noqa: S608 - quoted
        "WHERE asset_key = ? AND day = ? ORDER BY loaded_at DESC, load_id LIMIT 1"
    )
    rows = session.execute(query, *on_day(contract, day)[1], key or contract.key, day_label(day))
    return Entry(str(rows[0][0]), None if rows[0][1] is None else int(rows[0][1]), int(rows[0][2])) if rows else None


def record(
    session: Session,
    warehouse: Warehouse,
    contract: Table,
    note: Note,
    counts: Counts,
    *,
    only_if_whole: bool = False,
) -> bool:
    """Write one row, where the partition holds as many rows as the note says; inside the load's transaction.

    Args:
        session: inside a transaction.
        warehouse: where the ledger is.
        contract: the table whose rows are counted.
        note: what was loaded.
        counts: rows that were changed.
        only_if_whole: return False rather than raise where the number differs.

    Returns:
        Whether it was written.

    Raises:
        StatementError: where there are more or fewer rows: another load was in between.
    """
    columns = ", ".join(quote(column.name) for column in LOAD_LEDGER.columns)
    # Beside a WHERE Snowflake takes the types of the bound values for those of the columns.
    marks = ", ".join(f"CAST(? AS {SNOWFLAKE_TYPES[column.type]})" for column in LOAD_LEDGER.columns)
    held = _count(warehouse, contract, note.day)
    written = session.change(
        f"INSERT INTO {warehouse.name(LOAD_LEDGER.name)} ({columns}) SELECT {marks} WHERE ({held}) = ?",
        uuid.uuid4().hex,
        note.run_id,
        note.key,
        day_label(note.day),
        note.digest,
        note.delta_version,
        note.rows,
        counts.inserted,
        counts.updated,
        counts.deleted,
        datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" "),
        *on_day(contract, note.day)[1],
        note.rows,
    )
    if not written.inserted and not only_if_whole:
        raise StatementError(
            f"{contract.key} of {day_label(note.day)} does not hold the {note.rows} rows that were loaded: another "
            "load was in between, and this one was rolled back. Run it again"
        )
    return bool(written.inserted)


def _count(warehouse: Warehouse, contract: Table, day: str | None) -> str:
    return f"SELECT COUNT(*) FROM {warehouse.name(contract.name)}{on_day(contract, day)[0]}"  # noqa: S608 - quoted
