"""`dst project run`: measure at several sizes, and say what breaks at a hundred times the size."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from semops_data.cli.console import Output, json_option
from semops_data.cli.errors import FAILED, ConfigurationError
from semops_data.settings import load_settings


@click.group("project", short_help="Project the cost to a hundred times the size.")
def command() -> None:
    """Scale projection: time and memory of each asset, measured in fresh processes."""


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise ConfigurationError(f"--factors {text!r}: give numbers, such as 1,2,4") from None


@command.command("run")
@click.option("--factors", default="1,2,4", show_default=True, help="Sizes to measure at; 1 is as configured.")
@click.option("--select", "selection", multiple=True, required=True, help="Asset selection, may be repeated.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("GAPS.md"), show_default=True, help="Report.")
@json_option
def run(factors: str, selection: tuple[str, ...], out: Path, *, as_json: bool) -> int:
    """Measure the selected assets, fit a + b s^alpha, and write GAPS.md."""
    from semops_data.cli.home import instance, prepare
    from semops_data.cli.run import compute
    from semops_data.projection.measure import ProjectionError
    from semops_data.projection.project import run as project

    settings, output = load_settings(), Output(as_json)
    prepare(settings)
    try:
        found = project(settings, _numbers(factors), selection, out, progress=output.progress)
    except ProjectionError as error:
        raise ConfigurationError(str(error)) from error
    with instance(settings) as opened:
        # Nothing upstream of them changed: what was measured just now reaches the tables and the page by this.
        compute(opened, settings, (), "group:projection", output.progress, force=True)
    output.result(asdict(found) | {"report": found.report})
    output.table(("asset", "grade", "why"), [(gap.asset_key, gap.grade, gap.reason) for gap in found.gaps])
    output.text(f"written to {found.report}")
    return FAILED if any(gap.grade == "unmeasured" for gap in found.gaps) else 0
