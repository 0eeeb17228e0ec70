"""The benchmark as a person reads it: a table per family, and a picture of what each method sees of each kind."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from semops_data import markdown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLOURS = ("#1d6fa5", "#b3261e", "#5f7d3a", "#8a6d3b", "#6b7a86")


def shown(row: Mapping[str, Any]) -> str:
    """A share with its interval and cases, or the reason why there is none."""
    if row["share"] is None:
        return f"unmeasured: {row['reason']}"
    area = "" if row["auc"] is None else f", AUC {row['auc']:.2f}"
    return f"{row['share']:.2f} ({row['low']:.2f} to {row['high']:.2f}), {row['hits']} of {row['cases']}{area}"


def pages(rows: Sequence[Mapping[str, Any]]) -> str:
    """Markdown: one table per family, a row per kind, a column per method."""
    parts = []
    for family in dict.fromkeys(row["family"] for row in rows):
        own = [row for row in rows if row["family"] == family]
        methods = list(dict.fromkeys(row["method"] for row in own))
        by_place = {(row["kind"], row["method"]): row for row in own}
        body = [
            (kind, *(shown(by_place[kind, method]) if (kind, method) in by_place else "" for method in methods))
            for kind in dict.fromkeys(row["kind"] for row in own)
        ]
        parts.append(f"**{markdown.cell(family)}**\n\n{markdown.table((family, *methods), body)}")
    return "\n\n".join(parts)


def pair_page(rows: Sequence[Mapping[str, Any]]) -> str:
    """Markdown table of the natural pairs, the highest first."""
    body = [
        (
            r["method"],
            r["rank"],
            r["score"],
            r["claim_place"],
            r["claim"],
            r["evidence_place"],
            r["evidence"],
            r["why"],
            r.get("others", 0),
        )
        for r in rows
    ]
    return markdown.table(
        ("method", "rank", "score", "claim in", "claim", "sentence in", "sentence", "why", "more pairs"), body
    )


def plot(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """PNG: recall of planted contradictions by kind, one mark a method, with intervals."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    own = [row for row in rows if row["family"] in {"contradiction", "null"} and row["share"] is not None]
    kinds = list(dict.fromkeys(row["kind"] for row in own))[::-1]
    methods = list(dict.fromkeys(row["method"] for row in own))
    figure = Figure(figsize=(7.6, 1.2 + 0.34 * max(len(kinds), 1)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for number, method in enumerate(methods):
        colour = COLOURS[number % len(COLOURS)]
        mine = [row for row in own if row["method"] == method]
        places = [kinds.index(row["kind"]) + 0.16 * (number - (len(methods) - 1) / 2) for row in mine]
        for row, place in zip(mine, places, strict=True):
            axes.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=2, alpha=0.4)
        axes.plot([row["share"] for row in mine], places, "o", color=colour, markersize=4.5, label=method)
    axes.set_yticks(range(len(kinds)), kinds, fontsize=8)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("share flagged, at 5% of clean concepts flagged", fontsize=8)
    axes.grid(axis="x", color="#d8e1e8", linewidth=0.6)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False, labelsize=8)
    figure.legend(loc="outside lower center", ncols=4, fontsize=7, frameon=False)
    sink = io.BytesIO()
    figure.savefig(sink, format="png", dpi=90, metadata={"Software": None})
    return sink.getvalue()
