"""What a person sees of the scores: Markdown tables and one plot, for the asset pages.

Everything from a document is escaped: a label, a quote or a path never becomes markup.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

from semops_data.markdown import cell, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

DIMENSION_MARKS = (("availability", "^", "#3b6fb6"), ("consistency", "s", "#8a5aa8"), ("stability", "D", "#3d8f8a"))
COLOURS = {"coherent": "#2f7d4f", "fair": "#c9a227", "weak": "#d9822b", "incoherent": "#c23030", None: "#8a9ba8"}


def number(value: float | None, *, digits: int = 2) -> str:
    """A share with two digits; a dash where it is unmeasured."""
    return "–" if value is None else f"{value:.{digits}f}"


def score_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Patterns with their dimensions, SC, delta and KPI, lowest SC first, unmeasured ones last with the reason."""
    ordered = sorted(rows, key=lambda row: (row["sc"] is None, row["sc"] or 0.0, row["pattern_id"]))
    return table(
        ("pattern", "A", "C", "S", "SC", "90% interval", "delta", "KPI", "level", "findings", "why unmeasured"),
        [
            (
                row["pattern_id"],
                number(row["availability"]),
                number(row["consistency"]),
                number(row["stability"]),
                number(row["sc"]),
                "" if row["sc"] is None else f"{number(row['sc_low'])} to {number(row['sc_high'])}",
                number(row["delta"]),
                number(row["kpi"])
                if row["kpi"] is not None or row["sc"] is None
                else f"0 to {number(row['kpi_high'])}",
                row["level"] or "",
                row["finding_count"],
                row["reason"] or "",
            )
            for row in ordered
        ],
    )


def factor_rows(rows: Sequence[Mapping[str, Any]]) -> str:
    """One dimension, lowest value first."""
    ordered = sorted(rows, key=lambda row: (row["value"] is None, row["value"] or 0.0, row["pattern_id"]))
    return table(
        ("pattern", "value", "90% interval", "units", "method", "why unmeasured"),
        [
            (
                row["pattern_id"],
                number(row["value"]),
                "" if row["value"] is None else f"{number(row['low'])} to {number(row['high'])}",
                row["unit_count"],
                row["method"],
                row["reason"] or "",
            )
            for row in ordered
        ],
    )


def finding_table(rows: Sequence[Mapping[str, Any]], *, most: int = 25) -> str:
    """The gravest findings with both quotes and where they stand."""
    ordered = sorted(rows, key=lambda row: (-row["score"], row["finding_id"]))[:most]
    return table(
        ("pattern", "kind", "gravity", "what is wrong", "the definition says", "the corpus says", "where"),
        [
            (
                row["pattern_id"],
                row["kind"],
                number(row["score"]),
                row["detail"],
                row["claim"] or "",
                row["evidence"] or "",
                place(row),
            )
            for row in ordered
        ],
    )


def hotspot_table(rows: Sequence[Mapping[str, Any]], *, most: int = 25) -> str:
    """The most pressing patterns with their gravest finding."""
    return table(
        ("rank", "pattern", "band", "priority", "surface area", "gravest finding"),
        [
            (
                row["rank"],
                row["pattern_id"],
                row["band"],
                number(row["priority"]),
                row["surface_area"],
                row["worst_finding"] or "",
            )
            for row in rows[:most]
        ],
    )


def beside(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What stands beside the organisation's SC, as metadata."""
    return {
        "worst_decile": summary["worst_decile"],
        "pattern_coverage": summary["pattern_coverage"],
        "graph_connectivity": summary["graph_connectivity"],
        "why_unmeasured": summary["reason"],
    }


def place(row: Mapping[str, Any]) -> str:
    """`file:line` of a finding's evidence; of its definition where it has none."""
    side = "evidence" if row["evidence_document"] else "claim"
    document, line = row[f"{side}_document"], row[f"{side}_line"]
    return f"{document}:{line}" if line else str(document or "")


def score_plot(rows: Sequence[Mapping[str, Any]], *, most: int = 40) -> bytes:
    """The three dimensions and SC of every pattern, worst first, as PNG.

    SC is a dot on its 90% interval; where it is unmeasured, a dotted line spans its bounds.

    Args:
        rows: rows of `coherence/scores`.
        most: patterns that are drawn.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    ordered = sorted(rows, key=lambda row: (row["sc"] is None, row["sc"] or 0.0, row["pattern_id"]))[:most][::-1]
    figure = Figure(figsize=(7.6, 1.3 + 0.24 * max(len(ordered), 1)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for y, row in enumerate(ordered):
        colour = COLOURS[row["level"]]
        if row["sc"] is None:
            axes.plot([row["bound_low"], row["bound_high"]], [y, y], color=colour, linewidth=1, linestyle=":")
        else:
            axes.plot([row["sc_low"], row["sc_high"]], [y, y], color=colour, linewidth=4, alpha=0.35)
            axes.plot(row["sc"], y, "o", color=colour, markersize=6)
    for name, marker, colour in DIMENSION_MARKS:
        points = [(row[name], y) for y, row in enumerate(ordered) if row[name] is not None]
        axes.plot(*(zip(*points, strict=True) if points else ([], [])), marker, color=colour, markersize=4.5,
                  fillstyle="none", label=name)  # fmt: skip
    for level, colour in COLOURS.items():
        if any(row["level"] == level and row["sc"] is not None for row in ordered):
            axes.plot([], [], "o", color=colour, markersize=6, label=f"SC with its interval, {level}")
    axes.plot([], [], ":", color=COLOURS[None], label="bounds of an unmeasured SC")
    axes.set_yticks(range(len(ordered)), [row["pattern_id"] for row in ordered], fontsize=8)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.8, max(len(ordered), 1) - 0.2)
    axes.grid(axis="x", color="#d8e1e8", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False, labelsize=8)
    figure.legend(loc="outside lower center", ncols=3, fontsize=7, frameon=False)
    return small_png(figure)


def small_png(figure: Figure) -> bytes:
    """The figure as PNG with a palette: a quarter of the bytes, for a picture that travels in metadata.

    The palette covers the extremes of colour: the default one spends itself on greys and loses the few coloured dots.
    """
    from PIL import Image

    raw, small = io.BytesIO(), io.BytesIO()
    figure.savefig(raw, format="png", dpi=100, metadata={"Software": None})
    palette = Image.open(raw).convert("RGB").quantize(96, method=Image.Quantize.MAXCOVERAGE)
    palette.save(small, format="png", optimize=True)
    return small.getvalue()


def inline_image(png: bytes, title: str) -> str:
    """A PNG as a Markdown image that carries its own bytes: nothing to serve, nothing to lose."""
    return f"![{cell(title)}](data:image/png;base64,{base64.b64encode(png).decode()})"
