"""The report as a document, as Markdown and as HTML; names of tables and columns are strangers' text."""

from __future__ import annotations

import html
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semops_data.synthesis.fit.report import TableReport

CSS = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{padding:.2rem .8rem;border-bottom:1px solid #ddd;text-align:left}"
)
Section = tuple[str, tuple[str, ...], list[tuple[str, ...]]]


def document(reports: Sequence[TableReport]) -> dict[str, Any]:
    """The reports as one JSON document."""
    tables = [
        asdict(report) | {"shape_score": report.shape_score, "pair_score": report.pair_score, "checks": report.checks}
        for report in reports
    ]
    return {"is_ok": all(held is not False for report in reports for held in report.checks.values()), "tables": tables}


def write(reports: Sequence[TableReport], folder: Path) -> dict[str, Path]:
    """Write `report.json`, `report.md` and `report.html`, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "report.json": json.dumps(document(reports), indent=2, default=str),
        "report.md": markdown(reports),
        "report.html": page(reports),
    }
    written = {}
    for name, text in texts.items():
        scratch = folder / f".{name}.{os.getpid()}"
        scratch.write_text(text + "\n", encoding="utf-8")
        written[name] = scratch.replace(folder / name)
    return written


def markdown(reports: Sequence[TableReport]) -> str:
    """The reports as Markdown."""
    lines = ["# Synthetic data: quality and privacy"]
    for title, heads, rows in _sections(reports):
        lines += ["", f"## {_cell(title)}", "", f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
        lines += [f"| {' | '.join(_cell(value) for value in row)} |" for row in rows]
    return "\n".join(lines)


def page(reports: Sequence[TableReport]) -> str:
    """The reports as one HTML page without scripts."""
    parts = []
    for title, heads, rows in _sections(reports):
        cells = "".join(f"<tr>{''.join(f'<td>{html.escape(value)}</td>' for value in row)}</tr>" for row in rows)
        top = "".join(f"<th>{html.escape(head)}</th>" for head in heads)
        parts.append(f"<h2>{html.escape(title)}</h2><table><tr>{top}</tr>{cells}</table>")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Synthetic data</title>'
        f"<style>{CSS}</style></head><body><h1>Synthetic data: quality and privacy</h1>{''.join(parts)}</body></html>"
    )


def _sections(reports: Sequence[TableReport]) -> list[Section]:
    sections: list[Section] = []
    for report in reports:
        privacy = report.privacy
        sections.append((
            f"{report.table}: {report.synthetic_rows:,} synthetic rows beside {report.real_rows:,} real ones",
            ("what", "value"),
            [
                ("column shapes, mean", _number(report.shape_score)),
                ("pair trends, mean", _number(report.pair_score)),
                *((name.replace("_", " "), _verdict(held)) for name, held in report.checks.items()),
                ("copies of a real row that is there once", f"{privacy.copies:,}"),
                ("first copies, at row", ", ".join(map(str, privacy.first_copies)) or "-"),
                ("rows equal to several real rows", f"{privacy.common_copies:,}"),
                ("share closer than 95 % of real holdout rows (chance: 0.05)", _share(report)),
                ("median distance to the closest real row", _number(privacy.median_distance)),
                ("the same among the real rows", _number(privacy.median_real_distance)),
                ("rows whose distance was measured", f"{privacy.rows_measured:,}"),
            ],
        ))  # fmt: skip
        shapes: list[tuple[str, ...]] = [
            (name, _number(value), _number(report.missing[name])) for name, value in report.shapes.items()
        ]
        shapes += [(name, f"left out: {kind}", "") for name, kind in report.left_out.items()]
        sections.append((f"{report.table}: columns", ("column", "shape", "missing values"), shapes))
        pairs = sorted(report.pairs.items(), key=lambda item: (item[1] is None, item[1] or 0.0))
        sections.append((f"{report.table}: pairs", ("columns", "trend"), [(n, _number(v)) for n, v in pairs]))
    return sections


def _share(report: TableReport) -> str:
    privacy = report.privacy
    if privacy.closer_share is None:
        return f"unmeasured: {privacy.reason}"
    return f"{privacy.closer_share:.3f} (at most {privacy.closer_limit:.3f})"


def _verdict(held: bool | None) -> str:
    return "unmeasured" if held is None else "holds" if held else "FAILS"


def _number(value: float | None) -> str:
    return "unmeasured" if value is None else f"{value:.3f}"


def _cell(text: str) -> str:
    for character in "\\|`*_[]#":
        text = text.replace(character, f"\\{character}")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", " ").replace("\r", " ")
