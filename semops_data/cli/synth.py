"""`dst synth`: rows like your own, from a model fitted on your tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from semops_data.cli.console import Output, json_option
from semops_data.cli.errors import FAILED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semops_data.synthesis.fit.report import TableReport

FOLDER = click.Path(path_type=Path)
tables_option = click.option("--tables", default="", help="Names of tables, comma-separated; all of DATA by default.")


@click.group("synth")
def command() -> None:
    """Synthetic rows from your own tables: detect, fit, sample, report.

    DATA is a folder of CSV or Parquet files, one a table, or one such file. Needs SDV, an extra under the Business
    Source License: pip install 'semops-data[sdv]'. The report works without it.
    """


@command.command("detect")
@click.argument("data", type=FOLDER)
@tables_option
@click.option("--out", type=FOLDER, required=True, help="YAML or JSON file to edit and pass to `fit --metadata`.")
@json_option
def detect(data: Path, tables: str, out: Path, *, as_json: bool) -> None:
    """Write down what each column is, which are keys, and how tables relate."""
    from semops_data.synthesis.fit import metadata as described
    from semops_data.synthesis.fit.tables import read_tables

    say = Output(as_json)
    found = described.detect(read_tables(data, _names(tables)))
    described.save(found, out)
    say.result({"metadata": found, "file": out})
    say.text(f"{out}: {len(found['tables'])} tables, {len(found['relationships'])} relationships")
    _tell_invented(say, described.invented(found))


@command.command("fit")
@click.argument("data", type=FOLDER)
@tables_option
@click.option("--model", "kind", default="gaussian_copula", show_default=True,
              type=click.Choice(["gaussian_copula", "ctgan", "tvae", "hma"]))  # fmt: skip
@click.option("--metadata", "edited", type=FOLDER, help="Edited metadata; detected by default.")
@click.option("--epochs", type=click.IntRange(1), help="Of ctgan and tvae; 300 by default.")
@click.option("--out", type=FOLDER, required=True, help="Folder of the model.")
@json_option
def fit(
    data: Path, tables: str, kind: str, edited: Path | None, epochs: int | None, out: Path, *, as_json: bool
) -> None:
    """Fit a model on tables and keep it, signed by this home."""
    from semops_data.settings import load_settings
    from semops_data.synthesis.fit import metadata as described
    from semops_data.synthesis.fit import model
    from semops_data.synthesis.fit.tables import read_tables

    say = Output(as_json)
    frames = read_tables(data, _names(tables))
    found = described.only(described.load(edited), frames) if edited else described.detect(frames)
    say.progress(f"fitting {kind} on {', '.join(f'{name} ({len(frame):,})' for name, frame in frames.items())} ...")
    suffix = ".parquet" if any((data / f"{name}.parquet").exists() for name in frames) else ".csv"
    suffix = data.suffix.lower() if data.is_file() else suffix
    fitted = model.fit(frames, found, kind, epochs=epochs, suffix=suffix)
    folder = model.save(fitted, out, load_settings().home)
    say.result({"model": kind, "rows": fitted.rows, "folder": folder, "invented": described.invented(found)})
    say.text(f"{folder}: {kind} of {', '.join(frames)}")
    _tell_invented(say, described.invented(found))


@command.command("sample")
@click.argument("model_folder", metavar="MODEL", type=FOLDER)
@click.option("--rows", type=click.IntRange(1), required=True, help="Rows; of related tables those of the main one.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed, the same rows.")
@click.option("--main", help="Table that --rows counts; the first that is nobody's child by default.")
@click.option("--out", type=FOLDER, required=True, help="Folder of the tables.")
@json_option
def sample(model_folder: Path, rows: int, seed: int, main: str | None, out: Path, *, as_json: bool) -> None:
    """Draw rows from a model that this home fitted."""
    from semops_data.settings import load_settings
    from semops_data.synthesis.fit import model
    from semops_data.synthesis.fit.tables import write_tables

    say = Output(as_json)
    fitted = model.load(model_folder, load_settings().home)
    drawn = model.sample(fitted, rows, seed=seed, main=main)
    files = write_tables(drawn, out, fitted.suffix)
    say.result({"seed": seed, "rows": {name: len(frame) for name, frame in drawn.items()}, "files": files})
    for path, frame in zip(files, drawn.values(), strict=True):
        say.text(f"{path}: {len(frame):,} rows")


@command.command("report")
@click.argument("data", type=FOLDER)
@click.argument("synthetic", type=FOLDER)
@tables_option
@click.option("--metadata", "edited", type=FOLDER, help="Says what each column is; MODEL/metadata.json, for example.")
@click.option("--out", type=FOLDER, help="Folder of report.json, report.md and report.html.")
@json_option
def report(data: Path, synthetic: Path, tables: str, edited: Path | None, out: Path | None, *, as_json: bool) -> int:
    """Compare synthetic rows with real ones; ends with 1 where they give a real row away."""
    from semops_data.synthesis.fit import metadata as described
    from semops_data.synthesis.fit import pages
    from semops_data.synthesis.fit.report import compare
    from semops_data.synthesis.fit.tables import read_tables

    say = Output(as_json)
    made = read_tables(synthetic, _names(tables))
    real = read_tables(data, list(made) if data.is_dir() else ())
    reports = compare(real, made, described.load(edited) if edited else None)
    files = pages.write(reports, out) if out else {}
    verdict = pages.document(reports)
    say.result(verdict | {"files": files})
    _tell(say, reports)
    for path in files.values():
        say.text(f"report: {path}")
    return 0 if verdict["is_ok"] else FAILED


def _names(tables: str) -> list[str]:
    return [name.strip() for name in tables.split(",") if name.strip()]


def _tell_invented(say: Output, columns: Sequence[str]) -> None:
    if columns:
        say.text(f"taken for personal data or free text, and made up anew: {', '.join(columns)}")
        say.text("where that is wrong, edit `sdtype` in the metadata (`dst synth detect`) and fit with --metadata")


def _tell(say: Output, reports: Sequence[TableReport]) -> None:
    heads = ("table", "rows", "shapes", "pairs", "copies", "closer than real", "verdict")
    rows = []
    for found in reports:
        share = found.privacy.closer_share
        fails = [name.replace("_", " ") for name, held in found.checks.items() if held is False]
        rows.append((
            found.table, f"{found.synthetic_rows:,}", _short(found.shape_score), _short(found.pair_score),
            found.privacy.copies, _short(share), "FAILS: " + ", ".join(fails) if fails else "holds",
        ))  # fmt: skip
    say.table(heads, rows, right=(1, 2, 3, 4, 5))


def _short(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"
