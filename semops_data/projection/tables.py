"""Measurements and gaps as rows of their Delta tables."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from semops_data.contracts.operations import GAPS, MEASUREMENTS
from semops_data.episodes.spool import read_segments
from semops_data.episodes.validate import InvalidRecordError, validate
from semops_data.projection.gaps import TARGET_FACTOR, Gap, classify
from semops_data.projection.machine import Machine
from semops_data.projection.measure import Cost

if TYPE_CHECKING:
    from semops_data.episodes.spool import Spool
    from semops_data.lakehouse.lake import Commit, Lake
    from semops_data.projection.fit import Fit

    Row = dict[str, Any]


def fold_measurements(lake: Lake, spool: Spool) -> tuple[Commit, list[str]]:
    """Bring `projection/measurements` up to what `dst project run` left; no measurement twice.

    Returns:
        The commit, and what was set aside because it is no measurement.
    """
    segments = spool.seal()
    records, torn = read_segments(segments)
    set_aside = [f"{line.segment}:{line.line}: {line.reason}" for line in torn]
    held = lake.read(MEASUREMENTS.key).to_pylist() if lake.exists(MEASUREMENTS.key) else []
    rows = {row["id"]: row for row in held}
    for record in records:
        try:
            row = {column.name: record.get(column.name) for column in MEASUREMENTS.columns}
            row["measured_at"] = datetime.fromisoformat(row["measured_at"] or "")
            validate(MEASUREMENTS, row)
        except (InvalidRecordError, ValueError, TypeError) as error:
            set_aside.append(f"{record.get('id')}: {error}")
        else:
            rows[row["id"]] = row
    commit = lake.replace(MEASUREMENTS.key, pa.Table.from_pylist(list(rows.values()), MEASUREMENTS.arrow_schema))
    spool.consume(segments)
    return commit, set_aside


def fold_gaps(lake: Lake) -> tuple[Commit, list[Row]]:
    """Class every asset of every projection again from its measurements.

    Returns:
        The commit, and the rows of the latest projection, gravest first.
    """
    projections: dict[str, list[Row]] = defaultdict(list)
    for row in lake.read(MEASUREMENTS.key).to_pylist():
        projections[row["projection_id"]].append(row)
    rows: list[Row] = []
    latest: list[Row] = []
    for identifier in sorted(projections):
        measured = projections[identifier]
        machine = Machine(measured[0]["machine_cpu_count"], measured[0]["machine_memory_bytes"])
        latest = [_gap_row(identifier, gap) for gap in classify(map(_cost, measured), machine)]
        rows += latest
    return lake.replace(GAPS.key, pa.Table.from_pylist(rows, GAPS.arrow_schema)), latest


def _cost(row: Row) -> Cost:
    return Cost(**{each.name: row[each.name] for each in fields(Cost)})


def _gap_row(projection_id: str, gap: Gap) -> Row:
    row: Row = {
        "projection_id": projection_id,
        "asset_key": gap.asset_key,
        "target_factor": TARGET_FACTOR,
        "class": gap.grade,
        "reason": gap.reason,
        "points": gap.points,
    }
    return row | _fitted("wall", "wall_seconds", gap.wall) | _fitted("memory", "memory_bytes", gap.memory)


def _fitted(name: str, quantity: str, fitted: Fit | None) -> Row:
    """The columns of one fit; null where there is none."""
    if fitted is None:
        return {}
    (alpha_low, alpha_high), (low, high) = fitted.alpha_interval, fitted.interval_at(TARGET_FACTOR)
    return {
        f"{name}_alpha": fitted.best.alpha,
        f"{name}_alpha_low": alpha_low,
        f"{name}_alpha_high": alpha_high,
        quantity: fitted.best.at(TARGET_FACTOR),
        f"{quantity}_low": low,
        f"{quantity}_high": high,
    }
