"""What a person sees of experiments: tables, plots, and the record of each for MLflow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semops_data import markdown
from semops_data.coherence.experiments.cases import LABELS
from semops_data.coherence.experiments.run import WITH_INTERVALS
from semops_data.coherence.judges.verdict import INVALID
from semops_data.coherence.report import inline_image, small_png

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RIGHT = ("method", "cases", "right", "precision", "recall", "AUC")
COST = ("method", "seconds", "requests", "tokens in", "tokens out", "money", "judges agree", "why not")
INK, SOFT = "#3b6fb6", "#d8e1e8"


def span(row: Mapping[str, Any], name: str) -> str:
    """A value with its interval; a dash where it is unmeasured."""
    value, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
    if value is None:
        return "–"
    return (
        f"{value:.2f}"
        if low is None
        else f"{value:.2f} ({low:.2f}–{high:.2f})".replace("(0.", "(.").replace("–0.", "–.")
    )


def right_cells(row: Mapping[str, Any]) -> tuple[object, ...]:
    """How often a method is right, as cells under `RIGHT`."""
    invalid = f", {row['invalid_count']} not believed" if row["invalid_count"] else ""
    judged = f"{row['answered_count']} of {row['case_count']}{invalid}"
    return (row["method"], judged, *(span(row, name) for name in ("accuracy", "precision", "recall", "auc")))


def cost_cells(row: Mapping[str, Any]) -> tuple[object, ...]:
    """What a method cost, as cells under `COST`."""
    money = "–" if row["money"] is None else f"{row['money']:.4f}" if row["money"] else "0"
    counts = (f"{row[name]:,}" for name in ("request_count", "input_tokens", "output_tokens"))
    return (row["method"], f"{row['duration_seconds']:.1f}", *counts, money, span(row, "alpha"), row["reason"] or "")


def comparison_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The methods beside each other, and what they cost, in Markdown."""
    right = markdown.table(RIGHT, [right_cells(row) for row in rows])
    return f"{right}\n\n{markdown.table(COST, [cost_cells(row) for row in rows])}"


def confusion_table(row: Mapping[str, Any]) -> str:
    """What a method said, by what is right, in Markdown."""
    counts = json.loads(row["confusion"])
    names = [name.replace("_", " ") for name in (*LABELS, INVALID)]
    return markdown.table(
        ("expected", *(f"said {name}" for name in names)),
        [(expected.replace("_", " "), *(counts[expected][said] for said in (*LABELS, INVALID))) for expected in LABELS],
    )


def comparison_plot(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Accuracy, recall, precision and AUC of each method with their intervals, as PNG."""
    figure = _figure(7.6, 1.2 + 0.55 * max(len(rows), 1))
    axes = figure.add_subplot()
    marks = (("accuracy", "o", INK), ("precision", "s", "#8a5aa8"), ("recall", "^", "#d9822b"), ("auc", "D", "#3d8f8a"))
    for shift, (name, mark, colour) in enumerate(marks):
        for y, row in enumerate(reversed(rows)):
            at = y + 0.24 - 0.16 * shift
            if row[name] is None:
                continue
            if row[f"{name}_low"] is not None:
                axes.plot([row[f"{name}_low"], row[f"{name}_high"]], [at, at], color=colour, linewidth=2.5, alpha=0.4)
            axes.plot(row[name], at, mark, color=colour, markersize=5)
        axes.plot([], [], mark, color=colour, markersize=5, label="AUC" if name == "auc" else name)
    axes.set_yticks(range(len(rows)), [row["method"] for row in reversed(rows)], fontsize=8)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.6, max(len(rows), 1) - 0.4)
    axes.grid(axis="x", color=SOFT, linewidth=0.6)
    _plain(axes)
    figure.legend(loc="outside lower center", ncols=4, fontsize=7, frameon=False)
    return small_png(figure)


def confusion_plot(row: Mapping[str, Any]) -> bytes:
    """What a method said, by what is right, as PNG; each row's shades are shares of that row."""
    counts, said = json.loads(row["confusion"]), (*LABELS, INVALID)
    table = [[counts[expected][name] for name in said] for expected in LABELS]
    shares = [[count / max(sum(line), 1) for count in line] for line in table]
    figure = _figure(4.4, 2.9)
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for y, line in enumerate(table):
        for x, count in enumerate(line):
            axes.text(x, y, str(count), ha="center", va="center", fontsize=9,
                      color="white" if shares[y][x] > 0.6 else "#22313f")  # fmt: skip
    axes.set_xticks(range(len(said)), [name.replace("_", " ") for name in said], fontsize=8)
    axes.set_yticks(range(len(LABELS)), [name.replace("_", " ") for name in LABELS], fontsize=8)
    axes.set_xlabel("said", fontsize=8)
    axes.set_ylabel("right", fontsize=8)
    axes.set_title(row["method"], fontsize=9)
    _plain(axes)
    return small_png(figure)


def page(rows: Sequence[Mapping[str, Any]]) -> str:
    """The asset's page: the comparison with its plot, then each method's confusion table."""
    parts = [comparison_table(rows), inline_image(comparison_plot(rows), "methods on the same cases")]
    for row in rows:
        if row["answered_count"]:
            parts += [f"**{markdown.cell(row['method'])}** ({markdown.cell(row['model'])})", confusion_table(row)]
    return "\n\n".join(parts)


def record(row: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """One experiment as parameters, metrics and files, for an MLflow run of its own.

    Args:
        row: of `coherence/experiments`.
        folder: where its plot and table are written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {"confusion.md": confusion_table(row).encode(), "confusion.png": confusion_plot(row)}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    parameters = {name: row[name] for name in ("method", "model", "cases_digest", "experiment_id", "reason")}
    numbers = [f"{name}{end}" for name in WITH_INTERVALS for end in ("", "_low", "_high")]
    numbers += ["case_count", "answered_count", "invalid_count", "unasked_count", "duration_seconds", "input_tokens",
                "output_tokens", "money", "request_count"]  # fmt: skip
    return {
        "params": {name: str(value) for name, value in parameters.items() if value},
        "metrics": {name: float(row[name]) for name in numbers if row[name] is not None},
        "artifacts": {name: str(folder / name) for name in files},
    }


def _figure(width: float, height: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _plain(axes: Axes) -> None:
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    axes.tick_params(left=False, bottom=False, labelsize=8)
