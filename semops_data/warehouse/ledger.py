"""The ledger of loads: what was loaded when, in the transaction that loaded it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from semops_data.contracts.loads import LOAD_LEDGER
from semops_data.warehouse.names import day_label, quote

if TYPE_CHECKING:
    from semops_data.warehouse.session import Counts, Session
    from semops_data.warehouse.warehouse import Warehouse


@dataclass(frozen=True)
class Entry:
    """The last load of a partition.

    Attributes:
        digest: sha256 of the rows that it left behind.
        delta_version: version of the Delta table that they were of, where they came from one.
    """

    digest: str
    delta_version: int | None


def latest(session: Session, warehouse: Warehouse, key: str, day: str | None) -> Entry | None:
    """The last load of the table's partition, or None."""
    query = (
        f"SELECT digest, delta_version FROM {warehouse.name(LOAD_LEDGER.name)} WHERE asset_key = ? AND day = ? "  # noqa: S608 - quoted
        "ORDER BY loaded_at DESC, load_id LIMIT 1"
    )
    rows = session.execute(query, key, day_label(day))
    return Entry(str(rows[0][0]), None if rows[0][1] is None else int(rows[0][1])) if rows else None


def record(
    session: Session,
    warehouse: Warehouse,
    key: str,
    *,
    day: str | None,
    run_id: str,
    digest: str,
    rows: int,
    counts: Counts,
    delta_version: int | None = None,
) -> None:
    """Write one row; call it inside the load's transaction."""
    columns = ", ".join(quote(column.name) for column in LOAD_LEDGER.columns)
    marks = ", ".join("?" for _ in LOAD_LEDGER.columns)
    session.execute(
        f"INSERT INTO {warehouse.name(LOAD_LEDGER.name)} ({columns}) VALUES ({marks})",  # noqa: S608 - quoted names
        uuid.uuid4().hex,
        run_id,
        key,
        day_label(day),
        digest,
        delta_version,
        rows,
        counts.inserted,
        counts.updated,
        counts.deleted,
        datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" "),
    )
