"""`dst track compare` and `dst track status`: what MLflow was told, from the ledger; no server is asked."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from semops_data.cli.console import Output, json_option
from semops_data.cli.errors import ConfigurationError

if TYPE_CHECKING:
    from semops_data.lineage.store import Place

_NEWEST = 10


@click.group("track", short_help="Compare tracked runs; see what waits for MLflow.")
def command() -> None:
    """The runs that MLflow holds, or will hold: one per materialization, under one per Dagster run."""


def _ledger() -> Place:
    from semops_data.lineage.store import exists
    from semops_data.settings import load_settings
    from semops_data.tracking.sync import ledger_place

    place = ledger_place(load_settings())
    if not exists(place):
        raise ConfigurationError(f"no ledger at {place}: nothing was tracked yet; `dst run` and the daemon do it")
    return place


@command.command("compare")
@click.argument("left")
@click.argument("right")
@click.option("--all", "is_all", is_flag=True, help="Also times and memory, which differ in any two runs.")
@json_option
def compare(left: str, right: str, *, is_all: bool, as_json: bool) -> int:
    """What two runs do not share: parameters, metrics, and digests of what they read and made.

    LEFT and RIGHT are ids of Dagster runs or of MLflow runs, or the start of one.
    """
    from semops_data.lineage.outbox import Outbox
    from semops_data.tracking.compare import UnknownRunError, find
    from semops_data.tracking.compare import compare as differences

    out = Output(as_json)
    try:
        with Outbox(_ledger()) as ledger:
            found = differences(find(ledger, left), find(ledger, right))
    except UnknownRunError as error:
        raise ConfigurationError(str(error)) from error
    shown = [d for d in found if is_all or d.name not in ("seconds", "peak_memory_bytes")]
    out.result([asdict(difference) for difference in shown])
    if not shown:
        out.text("the two runs share every parameter, metric and digest")
        return 0
    rows = [(d.asset or "-", d.kind, d.name, d.left, d.right, d.change) for d in shown]
    out.table(("asset", "kind", "name", left[:12], right[:12], "change"), rows, right=(3, 4, 5))
    return 0


@command.command("status")
@json_option
def status(*, as_json: bool) -> int:
    """How many runs wait for MLflow, the newest tracked runs, and those that it refused, with its reasons."""
    from semops_data.lineage.outbox import Outbox
    from semops_data.lineage.patience import Patience
    from semops_data.settings import load_settings
    from semops_data.tracking.links import mlflow_run

    settings, out = load_settings(), Output(as_json)
    with Outbox(_ledger()) as ledger:
        backlog, error = ledger.backlog(), Patience(ledger).error
        sent, dead = ledger.sent_count(), ledger.dead(_NEWEST)
        newest = [(json.loads(body), receipt) for _, body, receipt in ledger.newest("run/", _NEWEST)]
    runs = [
        {"dagster_run": run["tags"]["dagster_run_id"], "name": run["name"], "status": run["status"],
         "mlflow_run": receipt, "page": mlflow_run(settings, receipt) if receipt else None}
        for run, receipt in newest
    ]  # fmt: skip
    dead_letters = [{"key": item.key, "reason": item.error, "attempts": item.attempts} for item in dead]
    out.result({"waiting": backlog.new, "sent": sent, "dead": backlog.dead, "error": error, "newest": runs,
                "dead_letters": dead_letters})  # fmt: skip
    out.text(f"{backlog.new:,} runs wait for MLflow, {sent:,} were sent, {backlog.dead:,} are dead")
    if error:
        out.text(f"last error: {error}")
    for letter in dead_letters:
        out.text(f"dead: {letter['key']}: {letter['reason']}")
    rows = [(run["dagster_run"][:8], run["status"], run["name"], run["mlflow_run"]) for run in runs]
    out.table(("Dagster run", "status", "name", "MLflow run"), rows)
    return 1 if backlog.dead or error else 0
