"""One landed table of one day, from its object to its Delta table and its quarantine."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts import table
from semops_data.contracts.business import LOOK_BACK, is_daily, raw_name
from semops_data.contracts.operations import NEW_COLUMNS
from semops_data.lakehouse.evolution import evolved
from semops_data.lakehouse.lake import MissingTableError, widened
from semops_data.lakehouse.merge import prepared
from semops_data.lakehouse.refine import judge, read_columns
from semops_data.lakehouse.together import FEW, threads
from semops_data.landing.objects import read_landed

if TYPE_CHECKING:
    from semops_data.lakehouse.evolution import Policy
    from semops_data.lakehouse.lake import Commit, Lake
    from semops_data.lakehouse.refine import Ledger
    from semops_data.landing.landed import Landed
    from semops_data.landing.store import ObjectStore


@dataclass(frozen=True)
class Settled:
    """What became of one landed object.

    Attributes:
        kept: the commit of `lakehouse/<table>`; its digest is that of the kept rows.
        quarantined: the commit of `lakehouse/<table>_quarantine`.
        ledger: where the rows went.
        reasons: quarantined rows by reason.
        unknown_columns: landed columns that no contract knows.
    """

    kept: Commit
    quarantined: Commit
    ledger: Ledger
    reasons: dict[str, int]
    unknown_columns: tuple[str, ...]


def settle(
    lake: Lake,
    store: ObjectStore,
    name: str,
    day: str,
    *,
    new_columns: Policy = "quarantine",
    origin: str | None = None,
) -> Settled:
    """Bring a day's landed rows of one table into the lake; a second time changes nothing.

    Args:
        lake: holds the tables that the rows refer to.
        store: holds the landed object.
        name: the exported table.
        day: an ISO date.
        new_columns: what becomes of landed columns that no contract knows.
        origin: hexadecimal, of what invented the rows: in a table without days, those of another one go.

    Raises:
        SchemaChangeError: where a landed column's type changed or a new column is refused; nothing is written then.
        MissingObjectError: where nothing was landed.
        UnreadableObjectError: where the object cannot be decoded.
        MissingTableError: where a table that the rows refer to has no rows yet.
        StoreError: where landing or lake cannot be read or written.
    """
    # Handed on, and held by nobody else: the rows are let go of while they are judged.
    return settle_landed(lake, read_landed(store, name, day), name, day, new_columns=new_columns, origin=origin)


def settle_landed(
    lake: Lake,
    landed: Landed,
    name: str,
    day: str,
    *,
    new_columns: Policy = "quarantine",
    origin: str | None = None,
) -> Settled:
    """Bring landed rows that were read already into the lake; see `settle`.

    Args:
        lake: holds the tables that the rows refer to.
        landed: the rows; who calls and keeps them keeps their memory too.
        name: the exported table.
        day: an ISO date.
        new_columns: what becomes of landed columns that no contract knows.
        origin: hexadecimal, of what invented the rows: in a table without days, those of another one go.

    Raises:
        SchemaChangeError: where a landed column's type changed or a new column is refused; nothing is written then.
        MissingTableError: where a table that the rows refer to has no rows yet.
        StoreError: where the lake cannot be read or written.
    """
    held = lake.snapshot()
    evolution = evolved(held, landed, name, day, new_columns)
    key, where, unknown, rows = f"lakehouse/{name}", {"day": day}, landed.unknown_columns, landed.rows.num_rows
    aside = f"{key}_quarantine"
    with ThreadPoolExecutor(threads()) as pool:
        # What the rows refer to is read while they are, and their tables are made while they are judged.
        knowing = pool.submit(known_keys, held, name, day, landed)
        columns = read_columns(name, landed)
        known = knowing.result()
        tables = [(key, evolution.columns), (aside, ())] if rows >= FEW else []
        making = [pool.submit(prepared, lake, widened(table(each), also)) for each, also in tables]
        judged = judge(name, day, landed, known, evolution.values, columns=columns)
        del columns, known, knowing
        # The object's bytes and its raw rows are the larger part of what is held: each is let go as soon as may be.
        quarantined, ledger = judged.quarantined(landed), judged.ledger
        del landed
        kept_rows = judged.kept()
        del judged
        # One that others make at the same time is seen again, and tried again, by who writes.
        wait(making)
        # The two tables know nothing of each other: whichever is written, a second run writes what is missing.
        writing = pool.submit(lake.merge, aside, quarantined, where=where)
        if is_daily(name):
            kept = lake.merge(key, kept_rows, where=where, also=evolution.columns)
        else:
            kept = lake.merge(key, kept_rows, newest_by="updated_at", also=evolution.columns, origin=origin)
        set_aside = writing.result()
    note(lake, name, day, evolution.noted)
    reasons = Counter(quarantined.column("reason").to_pylist())
    return Settled(kept, set_aside, ledger, dict(sorted(reasons.items())), unknown)


def note(lake: Lake, name: str, day: str, rows: pa.Table) -> None:
    """Write what became of the day's new columns; days without any leave no trace."""
    try:
        held = lake.read(NEW_COLUMNS.key, where={"day": day})
    except MissingTableError:
        held = rows.slice(0, 0)
    others = held.filter(pc.not_equal(held.column("table_name"), name))
    wanted = pa.concat_tables([others, rows])
    if wanted.num_rows or held.num_rows:
        lake.merge(NEW_COLUMNS.key, wanted, where={"day": day})


def known_keys(lake: Lake, name: str, day: str, landed: Landed) -> dict[str, pa.ChunkedArray]:
    """For each referring column, the keys that its rows may refer to.

    Of a daily table these are the keys of the same day, or of some days before it where the rows follow later.

    Raises:
        MissingTableError: where there are none although rows refer to some, so that all would seem orphaned.
    """
    contract = table(f"lakehouse/{name}")
    known = {}
    for column, target, target_column in contract.references:
        refers = pc.count(landed.rows.column(raw_name(contract[column]))).as_py()
        if not refers:
            known[column] = pa.chunked_array([], pa.string())
            continue
        keys = lake.read(target, columns=[target_column], where=referred_partitions(name, target, day))
        keys = keys.column(target_column)
        if not len(keys):
            raise MissingTableError(f"{target} holds no rows for {day}, to which {refers} rows of {name} refer: "
                                    f"materialize {target} for {day} first")  # fmt: skip
        known[column] = keys
    return known


def referred_partitions(name: str, target: str, day: str) -> dict[str, list[str]]:
    """The partitions of the referred table that rows of a day may refer to; all of a table without any."""
    if not table(target).partition_by:
        return {}
    days = [date.fromisoformat(day) - timedelta(days=lag) for lag in range(LOOK_BACK.get(name, 0) + 1)]
    return {"day": [each.isoformat() for each in days]}
