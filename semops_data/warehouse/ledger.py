"""The ledger of loads: what was loaded when, in the transaction that loaded it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from semops_data.contracts.loads import LOAD_LEDGER
from semops_data.warehouse.names import day_label, quote

if TYPE_CHECKING:
    from semops_data.warehouse.session import Counts, Session
    from semops_data.warehouse.warehouse import Warehouse


def latest_digest(session: Session, warehouse: Warehouse, key: str, day: str | None) -> str | None:
    """Digest of the rows that the last load of the table's partition left behind, or None."""
    query = (
        f"SELECT digest FROM {warehouse.name(LOAD_LEDGER.name)} WHERE asset_key = ? AND day = ? "  # noqa: S608 - quoted
        "ORDER BY loaded_at DESC, load_id LIMIT 1"
    )
    rows = session.execute(query, key, day_label(day))
    return str(rows[0][0]) if rows else None


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
        rows,
        counts.inserted,
        counts.updated,
        counts.deleted,
        datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" "),
    )
