"""The summary of a run, for a person: readable at 100 columns and without colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from semops_data.cli.console import WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semops_data.cli.console import Output

Row = dict[str, Any]
MOST_NOTES = 8


def business(out: Output, summary: Row) -> None:
    """Rows at each stage, and the metrics beside their known answers."""
    out.heading("Rows: S3 -> Delta -> Snowflake")
    columns = ("table", "S3 (landed)", "Delta (kept)", "quarantined", "Snowflake")
    numbers = [
        (row["table"], *(_number(row[stage]) for stage in ("s3", "delta", "quarantined", "snowflake")))
        for row in summary["rows"]
    ]
    out.table(columns, numbers, right=(1, 2, 3, 4))
    if any((row["snowflake"] or 0) > (row["delta"] or 0) for row in summary["rows"]):
        out.text("more rows in Snowflake than in Delta: a dimension keeps every version of a row (type 2)")
    if summary["metrics"]:
        out.heading("Metrics: the known answer and what Snowflake says")
        out.table(
            ("metric", "unit", "truth", "mart", "days that agree"),
            [
                (
                    row["metric"] + ("" if row["is_sum"] else " (last day)"),
                    row["unit"],
                    _value(row["truth"], row["is_sum"]),
                    _value(row["mart"], row["is_sum"]),
                    f"{row['equal_days']} of {row['days']}" + ("" if row["equal_days"] == row["days"] else "  DIFFERS"),
                )
                for row in summary["metrics"]
            ],
            right=(2, 3),
        )


def coherence(out: Output, found: Row, *, pattern: str | None = None) -> None:
    """The coherence table, then the gravest findings with both quotes."""
    scores = [row for row in found["scores"] if pattern in (None, row["pattern_id"])]
    out.heading("Coherence: does what is written still mean what the registry says?")
    if not scores:
        out.text("nothing was scored yet")
        return
    notes: dict[str, int] = {}
    for row in scores:
        for part in _reasons(row):
            notes.setdefault(part, len(notes) + 1)
    out.table(
        ("pattern", "A", "C", "S", "SC", "90% interval", "findings", "unmeasured"),
        [
            (
                row["pattern_id"],
                *(_share(row[name]) for name in ("availability", "consistency", "stability", "sc")),
                f"{row['sc_low']:.2f} to {row['sc_high']:.2f}" if row["sc_low"] is not None else None,
                row["finding_count"],
                ", ".join(f"[{notes[part]}]" for part in _reasons(row)),
            )
            for row in scores
        ],
        right=(1, 2, 3, 4, 6),
    )
    for part, number in list(notes.items())[:MOST_NOTES]:
        out.text(f"[{number}] {_cut(part, WIDTH - 5)}")
    if len(notes) > MOST_NOTES:
        out.text("... the others stand in the table coherence/scores, column reason")
    _organisation(out, found["organisation"])
    if found["finding_count"] is not None:
        findings(out, found["findings"], found["finding_count"])


def _reasons(row: Row) -> list[str]:
    """What kept SC from being measured, one entry a dimension."""
    return row["reason"].split("; ") if row["reason"] else []


def _organisation(out: Output, row: Row | None) -> None:
    if row is None:
        return
    total = row["scored_count"] + row["unmeasured_count"]
    share = row["scored_surface_share"]
    covered = f", {share:.0%} of the surface area" if share is not None else ""
    said = "unmeasured" if row["sc"] is None else f"{row['sc']:.2f} ({row['sc_low']:.2f} to {row['sc_high']:.2f})"
    out.text(f"all patterns together: SC {said}, over {row['scored_count']} of {total} patterns{covered}")
    beside = {"worst decile": "worst_decile", "documents with a pattern": "pattern_coverage",
              "patterns that hang together": "graph_connectivity"}  # fmt: skip
    shown = [f"{name} {row[key]:.2f}" for name, key in beside.items() if row.get(key) is not None]
    if shown:
        out.text(f"beside SC: {', '.join(shown)}")


def findings(out: Output, rows: Sequence[Row], count: int) -> None:
    """Each finding: what is wrong, and the words on both sides with file and line."""
    out.heading(f"Worst findings ({len(rows)} of {count})")
    if not rows:
        out.text("none")
    for row in rows:
        out.text(f"{row['score']:.2f}  {row['kind']}  {row['pattern_id']}: {_cut(row['detail'], 120)}")
        for who, words in (("registry", "claim"), ("corpus", "evidence")):
            if row[words]:
                place = row[f"{words}_document"] or who
                line = f":{row[f'{words}_line']}" if row[f"{words}_line"] else ""
                out.text(f'        {place}{line}  "{_cut(row[words], 130)}"')


def _number(value: int | None) -> str | None:
    return None if value is None else f"{value:,}"


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def _value(value: float | None, is_sum: bool) -> str | None:
    if value is None:
        return None
    return f"{int(value):,}" if is_sum else f"{value:.6f}"


def _cut(text: str, width: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 3] + "..."
