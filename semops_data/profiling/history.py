"""The moves of a table over time: as rows of `profiling/drift`, and as a small picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts.profiles import DRIFT
from semops_data.profiling.drift import MATTERS_PSI
from semops_data.profiling.svg import image, label, line, triangle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from semops_data.lakehouse.lake import Lake
    from semops_data.profiling.drift import Move

DAYS_SHOWN = 30
COLUMNS_SHOWN = 5
COLORS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd")
PLOT_WIDTH, BASE = 280, 100
"""Pixels of the plot's width, and of the line on which an index of 0 lies."""


def to_rows(moves: Iterable[Move], table_key: str, *, day: str) -> pa.Table:
    """One row per compared column."""
    rows = [
        {
            "day": day,
            "table_key": table_key,
            "column_name": move.column,
            "compared_day": move.compared_day,
            "row_count": move.rows,
            "compared_row_count": move.compared_rows,
            "population_stability_index": move.psi,
            "population_stability_limit": move.psi_limit,
            "kolmogorov_smirnov": move.ks,
            "kolmogorov_smirnov_limit": move.ks_limit,
            "jensen_shannon": move.js,
            "jensen_shannon_limit": move.js_limit,
            "is_stable": move.is_stable,
        }
        for move in moves
    ]
    return pa.Table.from_pylist(rows, schema=DRIFT.arrow_schema)


def read_day(lake: Lake, day: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of one day by table, the furthest move first; none where nothing was compared."""
    found: dict[str, list[dict[str, Any]]] = {}
    if lake.exists(DRIFT.key):
        for row in lake.read(DRIFT.key, where={"day": day}).to_pylist():
            found.setdefault(row["table_key"], []).append(row)
    for rows in found.values():
        rows.sort(key=lambda row: -row["jensen_shannon"] / row["jensen_shannon_limit"])
    return found


def read_until(lake: Lake, day: str) -> pa.Table:
    """What the pictures show: every table's moves on the last 30 compared days up to that day."""
    names = ["day", "table_key", "column_name", "population_stability_index", "is_stable"]
    if not lake.exists(DRIFT.key):
        return DRIFT.arrow_schema.empty_table().select(names)
    held = lake.read(DRIFT.key, columns=names)
    days = sorted(other for other in held["day"].unique().to_pylist() if other <= day)[-DAYS_SHOWN:]
    return held.filter(pc.is_in(held["day"], value_set=pa.array(days, pa.string())))


def picture(history: pa.Table, table_key: str) -> str | None:
    """The index of the five columns that moved furthest, day by day, as a Markdown image of at most 40 kB.

    Args:
        history: rows as `read_until` gives them.
        table_key: the table to show.

    Returns:
        None where fewer than two days were compared, or the picture would be larger.
    """
    mine = history.filter(pc.equal(history["table_key"], table_key)).to_pylist()
    days = sorted({row["day"] for row in mine})
    if len(days) < 2:
        return None
    by_column: dict[str, dict[str, float]] = {}
    for row in mine:
        by_column.setdefault(row["column_name"], {})[row["day"]] = row["population_stability_index"]
    shown = sorted(by_column, key=lambda name: (-max(by_column[name].values()), name))[:COLUMNS_SHOWN]
    highest = max(MATTERS_PSI, *(max(by_column[name].values()) for name in shown)) * 1.05

    def at(day: str, index: float) -> tuple[float, float]:
        return 8 + PLOT_WIDTH * days.index(day) / (len(days) - 1), BASE - (BASE - 8) * index / highest

    parts = [line([at(days[0], MATTERS_PSI), at(days[-1], MATTERS_PSI)], color="#999999", dashes="4 3")]
    for number, name in enumerate(shown):
        known = [day for day in days if day in by_column[name]]
        parts.append(line([at(day, by_column[name][day]) for day in known], color=COLORS[number]))
        legend = f"{name[:24]} {by_column[name][known[-1]]:.2f}"
        parts.append(label(PLOT_WIDTH + 20, 18 + 15 * number, legend, color=COLORS[number]))
    alarms = sorted({row["day"] for row in mine if not row["is_stable"]})
    parts += [triangle(*at(day, MATTERS_PSI), color="#c44e52") for day in alarms]
    caption = f"{days[0]} to {days[-1]}: stability index, 0 to {highest:.2g}; dashed {MATTERS_PSI:g}, triangle: alarm"
    return image("how far it moved", PLOT_WIDTH + 150, BASE + 18, [*parts, label(8, BASE + 14, caption)])
