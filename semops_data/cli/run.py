"""`dst run`: compute what is stale, mirror it, and say what came out."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from semops_data.cli.console import Output, json_option
from semops_data.cli.errors import FAILED
from semops_data.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import dagster as dg

    from semops_data.cli.execute import Outcome
    from semops_data.settings import Settings


@click.command("run")
@click.option(
    "--days", type=click.IntRange(1, 366), help="Days to materialize, from the first; SEMOPS_DAYS by default."
)
@click.option("--select", "selection", default="*", show_default=True, help="Asset selection, such as group:coherence.")
@click.option("--force", is_flag=True, help="Compute everything selected, stale or not.")
@json_option
def command(days: int | None, selection: str, *, force: bool, as_json: bool) -> int:
    """Compute what is stale, then print rows, metrics, coherence and findings.

    An asset is stale when it was never materialized, its code changed, what it is made from changed, or its blocking
    check failed. Ends with 1 when an asset or a blocking check fails.
    """
    from semops_data.cli.home import instance, prepare

    out, settings, started = Output(as_json), load_settings(), time.monotonic()
    prepare(settings)
    wait_for_helpers = warm_up(settings)
    with instance(settings) as opened:
        outcome = compute(opened, settings, calendar_days(settings, days), selection, out.progress, force=force)
        wait_for_helpers()
        after = follow_up(opened, settings, out.progress)
    document = show(out, settings, outcome, after)
    out.progress(f"\n{time.monotonic() - started:.1f} s in all")
    out.result(document | {"seconds": round(time.monotonic() - started, 2)})
    return 0 if outcome.is_ok else FAILED


def calendar_days(settings: Settings, days: int | None = None) -> list[str]:
    """The days that count, ISO dates."""
    return [(settings.start_date + timedelta(days=n)).isoformat() for n in range(days or settings.days)]


def compute(
    instance: dg.DagsterInstance,
    settings: Settings,
    days: Sequence[str],
    selection: str,
    say: Callable[[str], None],
    *,
    force: bool = False,
) -> Outcome:
    """Run what is stale in the selection, with everything of the selection that comes after it."""
    from semops_data.cli.execute import Outcome
    from semops_data.cli.plan import phases, stale, with_downstream
    from semops_data.cli.selection import resolve
    from semops_data.cli.strands import execute_strands
    from semops_data.definitions import defs

    graph = defs.resolve_asset_graph()
    chosen = resolve(selection, graph)
    report_sources(instance, settings)
    if force:
        wanted = {(key, day) for key in chosen for day in (days if graph.get(key).is_partitioned else (None,))}
    else:
        causes = stale(instance, graph, days)
        wanted = {unit for unit in with_downstream(graph, causes, days) if unit[0] in chosen}
    if not wanted:
        say("nothing changed: every selected asset is up to date")
        return Outcome()
    laid_out = phases(graph, wanted, days)
    say(f"{len(wanted)} to materialize, in {len(laid_out)} run{'s' if len(laid_out) > 1 else ''}")
    return execute_strands(instance, defs, laid_out, days, say=say, settings=settings)


def report_sources(instance: dg.DagsterInstance, settings: Settings) -> None:
    """Tell Dagster the versions of what lies outside: corpus, registry file, embedding model and people's labels."""
    import dagster as dg

    from semops_data.cli.plan import report_version
    from semops_data.cli.summary import lake_of
    from semops_data.coherence.labels import version
    from semops_data.corpus.source import source_digest
    from semops_data.embeddings.encoder import model_version
    from semops_data.registry.source import registry_digest

    report_version(instance, dg.AssetKey(["corpus", "source"]), source_digest(settings))
    report_version(instance, dg.AssetKey(["registry", "file"]), registry_digest(settings))
    report_version(instance, dg.AssetKey(["embeddings", "model"]), model_version(settings))
    report_version(instance, dg.AssetKey(["coherence", "labels"]), version(lake_of(settings)))


def warm_up(settings: Settings) -> Callable[[], object]:
    """Start what is slow to start beside the run: the Snowflake emulator and MLflow's first database.

    Returns:
        What waits until both are done.
    """
    from semops_data.tracking.sink import prepare_in_background
    from semops_data.warehouse.emulator import EmulatorError, ensure_running

    def emulator() -> None:
        # Where it does not start, the first asset that needs it says so, with what to do.
        with suppress(EmulatorError):
            ensure_running(settings)

    thread = threading.Thread(target=emulator, daemon=True)
    if settings.is_snowflake_emulated:
        thread.start()
    tracking = prepare_in_background(settings)

    def wait() -> None:
        if tracking is not None:
            tracking.wait()
        if thread.is_alive():
            thread.join()

    return wait


def follow_up(instance: dg.DagsterInstance, settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    """Mirror the runs to MLflow and OpenLineage, and raise alerts; none of them can fail the run."""
    from semops_data.cli.summary import lake_of
    from semops_data.coherence.alerts import alert_on_fall
    from semops_data.definitions import defs
    from semops_data.lineage.sync import sync as sync_lineage
    from semops_data.resources.episodes import settle_runs
    from semops_data.resources.event_log import InstanceLog, asset_graph
    from semops_data.tracking.sync import sync as sync_tracking

    log, graph = InstanceLog(instance), asset_graph(defs)
    steps: dict[str, Callable[[], Any]] = {
        "lineage": lambda: asdict(sync_lineage(log, graph, settings, lake=lake_of(settings))),
        "tracking": lambda: asdict(sync_tracking(log, graph, settings)),
        "episodes": lambda: settle_runs(instance, lake_of(settings), settings).rows,
        "alerts": lambda: [alert.as_json() for alert in alert_on_fall(lake_of(settings), settings)],
    }
    done: dict[str, Any] = {}
    for name, step in steps.items():
        try:
            done[name] = step()
        except Exception as error:  # noqa: BLE001 - side effects never decide
            say(f"{name}: {str(error).splitlines()[0] if str(error) else type(error).__name__} (caught up next time)")
            done[name] = None
    return done


def show(out: Output, settings: Settings, outcome: Outcome, after: dict[str, Any]) -> dict[str, Any]:
    """Print the summary; returns it as a document."""
    from semops_data.cli import report
    from semops_data.cli.info import places
    from semops_data.cli.summary import summarise

    summary = summarise(settings)
    report.business(out, summary)
    report.coherence(out, summary["coherence"])
    for alert in after["alerts"] or []:
        out.text(f"ALERT  {alert['text']}")
    if not outcome.is_ok or outcome.held_back:
        out.heading("What failed")
        for failure in outcome.failures:
            what = f"check {failure.check}" if failure.check else "asset"
            out.text(f"{failure.day or '':12}{failure.asset}  {what}: {failure.error}")
        held_back = sorted({name for name, _ in outcome.held_back})
        out.text(f"held back: {', '.join(held_back)}" if held_back else "nothing was held back")
    out.heading("Where to look")
    where = places(settings)
    looked = {"asset graph and evidence": "make ui, then http://127.0.0.1:3000"} | {
        name: where[name] for name in ("MLflow", "OpenLineage", "alerts", "Delta (tables)")
    }
    for name, place in looked.items():
        out.text(f"{name:26} {place}")
    for problem in summary["problems"]:
        out.text(f"could not be read: {problem}")
    return {
        "is_ok": outcome.is_ok,
        "runs": outcome.run_ids,
        "materialized": [{"asset": a, "day": d, "seconds": round(s, 3)} for a, d, s in outcome.materialized],
        "failures": [asdict(failure) for failure in outcome.failures],
        "held_back": [{"asset": asset, "day": day} for asset, day in outcome.held_back],
        "checks_passed": outcome.checks_passed,
        **after,
        **summary,
    }
