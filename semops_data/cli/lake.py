"""`dst lake`: rows of a table now and then, its history, and its upkeep."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from semops_data.cli.console import Output, json_option
from semops_data.cli.errors import ConfigurationError, nearest
from semops_data.settings import load_settings

if TYPE_CHECKING:
    from semops_data.lakehouse.lake import Lake


@click.group("lake", short_help="Show a Delta table now or then, its history; keep tables small.")
def command() -> None:
    """The Delta tables of the lake."""


def _lake() -> Lake:
    from semops_data.lakehouse.lake import Lake, storage_options

    settings = load_settings()
    return Lake(settings.lake_root, storage_options(settings))


def _known(key: str) -> str:
    from semops_data.contracts import TABLES

    if key not in TABLES:
        close = nearest(key, TABLES)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        raise ConfigurationError(f"no table {key!r}{hint}")
    return key


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"--as-of {text!r} is no ISO time, such as 2026-01-31T12:00:00Z") from error


@command.command("show")
@click.argument("table")
@click.option("--version", type=click.IntRange(min=0), help="Delta version; the latest by default.")
@click.option("--as-of", help="The version of a moment, an ISO time, UTC where it names no zone.")
@click.option("--limit", type=click.IntRange(0, 10_000), default=20, show_default=True, help="At most so many rows.")
@json_option
def show(table: str, version: int | None, as_of: str | None, limit: int, *, as_json: bool) -> None:
    """Print rows of a TABLE, such as lakehouse/orders, as of now, of a version or of a moment."""
    from semops_data.lakehouse import travel

    if version is not None and as_of is not None:
        raise ConfigurationError("--version and --as-of both choose the version: give one of them")
    out, lake, key = Output(as_json), _lake(), _known(table)
    try:
        chosen = travel.version_at(lake, key, _moment(as_of)) if as_of else version
        number, count, rows = travel.show(lake, key, version=chosen, limit=limit)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    found = rows.to_pylist()
    out.result({"table": key, "version": number, "rows": count, "columns": rows.column_names, "shown": found})
    out.text(f"{key}, version {number}: {count} rows, {len(found)} shown")
    out.table(rows.column_names, [tuple(row.values()) for row in found])


@command.command("history")
@click.argument("table")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many versions.")
@json_option
def history(table: str, limit: int, *, as_json: bool) -> None:
    """Print the versions of a TABLE, latest first."""
    from semops_data.lakehouse import travel

    out = Output(as_json)
    steps = travel.history(_lake(), _known(table), limit)
    out.result([asdict(step) for step in steps])
    out.table(
        ("version", "committed", "operation", "details"),
        [(s.version, s.committed_at.isoformat(timespec="milliseconds"), s.operation, s.details) for s in steps],
        right=(0,),
    )


@command.command("maintain")
@click.argument("tables", nargs=-1)
@click.option(
    "--retention-hours", type=click.IntRange(min=0), default=168, show_default=True, help="Keep files so long."
)
@click.option("--allow-short-retention", is_flag=True, help="Allow less than 168 hours: nobody else may use the lake.")
@json_option
def maintain(tables: tuple[str, ...], retention_hours: int, *, allow_short_retention: bool, as_json: bool) -> None:
    """Compact and vacuum TABLES, or all; no row changes."""
    from semops_data.lakehouse import maintain as upkeep

    out = Output(as_json)
    try:
        done = upkeep.maintain(
            _lake(),
            [_known(key) for key in tables],
            retention_hours=retention_hours,
            is_short_retention_allowed=allow_short_retention,
        )
    except ValueError as error:
        raise ConfigurationError(f"{error} (--allow-short-retention)") from error
    out.result([asdict(each) for each in done])
    out.table(
        ("table", "version", "files", "now", "bytes", "now", "removed"),
        [
            (e.key, e.version, e.files_before, e.files_after, e.size_bytes_before, e.size_bytes_after, e.files_removed)
            for e in done
        ],
        right=(1, 2, 3, 4, 5, 6),
    )
    out.text(f"{len(done)} tables, {sum(each.files_removed for each in done)} files removed")
