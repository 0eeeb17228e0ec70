"""A profile for the eye: a Markdown table, and small histograms as a picture."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from semops_data.profiling.svg import bar, image, label

if TYPE_CHECKING:
    from semops_data.profiling.profile import ColumnProfile, Profile

COLUMNS_SHOWN = 8
COLUMN_WIDTH, BARS, BOTTOM, LEGEND = 104, 80, 96, 112
"""Pixels of a column's width, of its highest bar, of the line that the bars stand on, and of the picture's end."""
MOVED = 0.1
MOVED_FAR = 0.25


def markdown(profile: Profile, drift: dict[str, float | None] | None = None) -> str:
    """The profile as a Markdown table, one line per column.

    Args:
        profile: what to show.
        drift: population stability index by column; left out where None.
    """
    heads = ["column", "type", "null", "distinct", "min", "median", "max", "mean", "most frequent"]
    heads += ["moved (PSI)"] if drift is not None else []
    lines = [f"**{cell(profile.source)}**: {profile.row_count:,} rows", ""]
    lines += [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for column in profile.columns:
        cells = _cells(column, profile.row_count)
        cells += [_moved(drift.get(column.name))] if drift is not None else []
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def picture(profile: Profile) -> str | None:
    """Histograms of numbers and shares of frequent values, as a Markdown image of at most 40 kB.

    Returns:
        None where no column has anything to draw, or the picture would be larger.
    """
    drawn = [column for column in profile.columns if column.bin_edges or len(column.top_values) > 1][:COLUMNS_SHOWN]
    if not drawn:
        return None
    parts = [part for place, column in enumerate(drawn) for part in _drawn(column, COLUMN_WIDTH * (place + 0.08))]
    return image("profile", COLUMN_WIDTH * len(drawn), LEGEND, parts)


def _drawn(column: ColumnProfile, left: float) -> list[str]:
    """A column's bars from `left` on, its name above them and what they stand for below."""
    width = 0.85 * COLUMN_WIDTH
    parts = [label(left, 11, column.name[:22])]
    if column.bin_edges:
        heights, edges = _densities(column), _edges(column)
        scale = width / ((edges[-1] - edges[0]) or 1.0)
        places = [(left + (low - edges[0]) * scale, left + (high - edges[0]) * scale) for low, high in pairwise(edges)]
        legend = f"{edges[0]:,.6g} to {edges[-1]:,.6g}"
    else:
        heights, step = list(column.top_shares), width / len(column.top_shares)
        places = [(left + number * step, left + (number + 0.75) * step) for number in range(len(heights))]
        legend = f"{column.top_values[0][:14]} {column.top_shares[0]:.0%}"
    tallest = max(heights) or 1.0
    parts += [
        bar(low, BOTTOM - BARS * height / tallest, max(high - low, 2.0), BOTTOM)
        for height, (low, high) in zip(heights, places, strict=True)
    ]
    return [*parts, label(left, LEGEND - 3, legend)]


def cell(text: str) -> str:
    """Text that cannot break out of a Markdown table's cell or become HTML."""
    for character in "\\|`*_[]":
        text = text.replace(character, f"\\{character}")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", " ").replace("\r", " ")


def _cells(column: ColumnProfile, rows: int) -> list[str]:
    share = column.null_count / rows if rows else 0.0
    top = ", ".join(
        f"{value[:20]} {share:.0%}" for value, share in zip(column.top_values[:3], column.top_shares, strict=False)
    )
    return [
        cell(column.name),
        cell(column.data_type.lower()),
        f"{share:.1%}" if column.null_count else "0",
        f"{column.distinct_count:,}",
        cell((column.minimum or "")[:24]),
        f"{column.quantiles[1]:,.6g}" if column.quantiles else "",
        cell((column.maximum or "")[:24]),
        f"{column.mean:,.6g}" if column.mean is not None else "",
        cell(top),
    ]


def _moved(index: float | None) -> str:
    if index is None:
        return ""
    word = "little" if index < MOVED else "some" if index < MOVED_FAR else "**much**"
    return f"{index:.3f} {word}"


def _edges(column: ColumnProfile) -> list[float]:
    low, high = float(column.minimum or 0), float(column.maximum or 0)
    return [min(low, column.bin_edges[0]), *column.bin_edges, max(high, column.bin_edges[-1])]


def _densities(column: ColumnProfile) -> list[float]:
    """Share per width: the bins are quantiles, so their shares alone would all look the same."""
    widths = [max(right - left, 1e-9) for left, right in pairwise(_edges(column))]
    densities = [share / width for share, width in zip(column.bin_shares, widths, strict=True)]
    # A bin of a single value is infinitely dense; beside it the others would vanish.
    ceiling = sorted(densities)[len(densities) // 2] * 4 or 1.0
    return [min(density, ceiling) for density in densities]
