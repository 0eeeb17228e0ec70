"""Folding the spool into the Delta tables `episodes/runs` and `episodes/episodes`, no row twice."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from semops_data.contracts.operations import EPISODES, RUNS
from semops_data.episodes.spool import Torn, read_segments
from semops_data.episodes.validate import InvalidRecordError, validate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from semops_data.contracts import Table
    from semops_data.episodes.record import EpisodeLog, LineageIds, Outcomes
    from semops_data.lakehouse.lake import Lake

    Row = dict[str, Any]

LATEST = 10


@dataclass(frozen=True)
class Folded:
    """What one fold left behind.

    Attributes:
        rows: rows of the table.
        added: rows that are new.
        digest: of the table's content, hexadecimal.
        counts: rows by operation (episodes) or by status (runs).
        latest: the newest rows, at most `LATEST`, newest first.
        set_aside: lines of the spool that are no records, with their reason; they stay in `consumed/`.
    """

    rows: int
    added: int
    digest: str
    counts: dict[str, int]
    latest: list[dict[str, Any]]
    set_aside: list[Torn]


def fold_episodes(lake: Lake, log: EpisodeLog) -> Folded:
    """Add what the spool holds to `episodes/episodes`; rows are never changed, a known id is never added again."""
    with log.spool("episodes").folding():
        return _fold_episodes(lake, log)


def _fold_episodes(lake: Lake, log: EpisodeLog) -> Folded:
    spool = log.spool("episodes")
    segments = spool.seal()
    rows, set_aside = _rows(EPISODES, segments)
    held = lake.read(EPISODES.key, columns=["id"])["id"].to_pylist() if lake.exists(EPISODES.key) else None
    known = set(held or [])
    fresh = {row["id"]: row for row in rows if row["id"] not in known}
    _join_lineage(fresh.values(), log.lineage_ids)
    data = pa.Table.from_pylist(list(fresh.values()), schema=EPISODES.arrow_schema)
    if held is None:
        lake.replace(EPISODES.key, data)
    elif fresh:
        lake.append(EPISODES.key, data)
    spool.consume(segments)
    ids = sorted(known | set(fresh))
    digest = hashlib.sha256("\n".join(ids).encode()).hexdigest()
    table = lake.read(
        EPISODES.key, columns=["id", "created_at", "operation", "target_id", "agent_name", "error_message"]
    )
    return _folded(table, len(fresh), digest, set_aside, "operation")


def _join_lineage(rows: Iterable[Row], lineage_ids: LineageIds | None) -> None:
    """Give each episode of an asset the OpenLineage run of that asset's materialization, by which they are joined."""
    if lineage_ids is None:
        return
    waiting = [row for row in rows if row["dagster_run_id"] and row["asset_key"] and not row["openlineage_run_id"]]
    found = lineage_ids([(row["dagster_run_id"], row["asset_key"]) for row in waiting])
    for row in waiting:
        row["openlineage_run_id"] = found.get((row["dagster_run_id"], row["asset_key"]))


def fold_runs(lake: Lake, log: EpisodeLog) -> Folded:
    """Bring `episodes/runs` up to what the spool holds; a finished run never becomes a running one again.

    How a run ended that belongs to Dagster is asked of `log.outcomes`.
    """
    with log.spool("runs").folding():
        return _fold_runs(lake, log)


def _fold_runs(lake: Lake, log: EpisodeLog) -> Folded:
    spool = log.spool("runs")
    segments = spool.seal()
    rows, set_aside = _rows(RUNS, segments)
    runs: dict[str, Row] = {}
    held = lake.read(RUNS.key).to_pylist() if lake.exists(RUNS.key) else []
    for row in [*held, *rows]:
        runs[row["id"]] = _later(runs.get(row["id"]), row)
    _settle(runs, log.outcomes)
    commit = lake.replace(RUNS.key, pa.Table.from_pylist(list(runs.values()), schema=RUNS.arrow_schema))
    spool.consume(segments)
    table = lake.read(RUNS.key)
    return _folded(table, len(runs) - len(held), commit.digest, set_aside, "status")


def _later(before: Row | None, row: Row) -> Row:
    """The two records of one run as one: it began when first seen, and what is finished stays finished."""
    if before is None:
        return row
    newer = before if row["status"] == "running" else row
    known = {name: value for name, value in newer.items() if value is not None}
    return before | known | {"started_at": min(before["started_at"], row["started_at"])}


def _settle(runs: dict[str, Row], outcomes: Outcomes | None) -> None:
    """Ask how the runs ended that only Dagster knows the end of."""
    unfinished = {
        run["dagster_run_id"]: key for key, run in runs.items() if run["status"] == "running" and run["dagster_run_id"]
    }
    if not unfinished or outcomes is None:
        return
    for dagster_run_id, known in outcomes(sorted(unfinished)).items():
        runs[unfinished[dagster_run_id]] |= known


def _rows(contract: Table, segments: list[Any]) -> tuple[list[Row], list[Torn]]:
    """Records in the contract's types; those that break it are set aside, not an error."""
    records, set_aside = read_segments(segments)
    rows: list[Row] = []
    for record in records:
        try:
            row = _typed(contract, record)
            validate(contract, row)
        except (InvalidRecordError, ValueError, TypeError) as error:
            set_aside.append(Torn(str(record.get("id")), 0, f"breaks the contract: {error}"))
        else:
            rows.append(row)
    return rows, set_aside


def _typed(contract: Table, record: Row) -> Row:
    row = {column.name: record.get(column.name) for column in contract.columns}
    for column in contract.columns:
        text = row[column.name]
        if column.type == "timestamp" and text is not None:
            row[column.name] = datetime.fromisoformat(text)
    return row


def _folded(table: pa.Table, added: int, digest: str, set_aside: list[Torn], counted: str) -> Folded:
    order = "created_at" if "created_at" in table.column_names else "started_at"
    latest = table.sort_by([(order, "descending"), ("id", "descending")]).slice(0, LATEST).to_pylist()
    counts = dict(sorted(Counter(table[counted].to_pylist()).items()))
    return Folded(table.num_rows, added, digest, counts, latest, set_aside)
