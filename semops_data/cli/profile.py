"""`dst profile FILE`: what a table looks like."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from semops_data.cli.console import Output, json_option

if TYPE_CHECKING:
    from semops_data.profiling.profile import ColumnProfile


@click.command("profile")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write ydata-profiling's report there.")
@click.option("--full", is_flag=True, help="With correlations and interactions in the report; takes longer.")
@json_option
def command(file: Path, html: Path | None, *, full: bool, as_json: bool) -> None:
    """Profile a CSV, Parquet or JSON Lines file, or the folder of a Delta table."""
    from semops_data.profiling.profile import profile_file

    out = Output(as_json)
    found = profile_file(file)
    page = None
    if html is not None:
        from semops_data.profiling.report import html_report

        out.progress("writing the report, which takes a while ...")
        page = html_report(file, html, minimal=not full)
    out.result(asdict(found) | {"html": page})
    out.text(f"{found.source}: {found.row_count:,} rows, {len(found.columns)} columns")
    heads = ("column", "type", "null", "distinct", "min", "median", "max", "mean", "most frequent")
    out.table(heads, [_cells(column, found.row_count) for column in found.columns], right=(2, 3))
    if page is not None:
        out.text(f"report: {page}")


def _cells(column: ColumnProfile, rows: int) -> tuple[object, ...]:
    top = [f"{value[:16]} {share:.0%}" for value, share in zip(column.top_values[:2], column.top_shares, strict=False)]
    return (
        column.name,
        column.data_type.lower()[:24],
        f"{column.null_count / rows:.1%}" if column.null_count and rows else "0",
        f"{column.distinct_count:,}",
        (column.minimum or "")[:16],
        f"{column.quantiles[1]:g}" if column.quantiles else "",
        (column.maximum or "")[:16],
        f"{column.mean:.4g}" if column.mean is not None else "",
        ", ".join(top),
    )
