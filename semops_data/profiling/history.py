"""The moves of a table over time: as rows of `profiling/drift`, and as a small picture."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts.profiles import DRIFT
from semops_data.profiling.drift import MATTERS_PSI
from semops_data.profiling.render import MAX_PICTURE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from semops_data.lakehouse.lake import Lake
    from semops_data.profiling.drift import Move

DAYS_SHOWN = 30
COLUMNS_SHOWN = 5


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


def read_day(lake: Lake, table_key: str, day: str) -> list[dict[str, Any]]:
    """The rows of one table and day, the furthest move first; none where nothing was compared."""
    if not lake.exists(DRIFT.key):
        return []
    held = lake.read(DRIFT.key, where={"day": day})
    rows: list[dict[str, Any]] = held.filter(pc.equal(held["table_key"], table_key)).to_pylist()
    return sorted(rows, key=lambda row: -row["jensen_shannon"] / row["jensen_shannon_limit"])


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
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 1.6), dpi=80)
    axes = figure.add_axes((0.02, 0.14, 0.66, 0.8))
    # Ticks and a legend would take three times as long.
    axes.set_axis_off()
    highest = max(MATTERS_PSI, *(max(by_column[name].values()) for name in shown)) * 1.05
    axes.set_ylim(0, highest)
    for number, name in enumerate(shown):
        places = [place for place, day in enumerate(days) if day in by_column[name]]
        color = f"C{number}"
        axes.plot(places, [by_column[name][days[place]] for place in places], marker=".", lw=1, color=color)
        legend = f"{name[:24]} {by_column[name][days[places[-1]]]:.2f}"
        figure.text(0.7, 0.85 - 0.13 * number, legend, fontsize=6, color=color, parse_math=False)
    alarms = sorted({days.index(row["day"]) for row in mine if not row["is_stable"]})
    axes.plot(alarms, [MATTERS_PSI] * len(alarms), "v", color="#c44e52", ms=6)
    axes.axhline(MATTERS_PSI, color="#999999", lw=0.8, ls="--")
    caption = f"{days[0]} to {days[-1]}: stability index, 0 to {highest:.2g}; dashed {MATTERS_PSI:g}, triangle: alarm"
    figure.text(0.02, 0.02, caption, fontsize=6)
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    if len(buffer.getvalue()) > MAX_PICTURE_BYTES:
        return None
    return f"![how far it moved](data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()})"
