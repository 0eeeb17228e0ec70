"""One bounded tick of tracking: follow the event log into the ledger, then deliver what waits."""

from __future__ import annotations

import logging
import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from semops_data.lineage.follow import follow
from semops_data.lineage.outbox import Outbox
from semops_data.lineage.patience import Patience

if TYPE_CHECKING:
    from pathlib import Path

    from semops_data.lineage.records import EventLog, Graph, RunLog
    from semops_data.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrackReport:
    """What a tick did, and what is left.

    Attributes:
        folded: MLflow runs that were new.
        delivered: MLflow runs that the server took in this tick.
        pending: MLflow runs that wait.
        dead: MLflow runs that the server refused for good.
        oldest_pending_seconds: age of the oldest that waits; None where none waits.
        error: why delivery stopped; None where it did not.
        is_busy: another process held the ledger, and this tick did nothing.
    """

    folded: int = 0
    delivered: int = 0
    pending: int = 0
    dead: int = 0
    oldest_pending_seconds: float | None = None
    error: str | None = None
    is_busy: bool = False


def ledger_path(settings: Settings) -> Path:
    """Where runs wait, and where it stands which MLflow run each became."""
    return settings.home / "tracking" / "ledger.db"


def sync(
    log: EventLog, graph: Graph, settings: Settings, *, seconds: float = 30.0, is_patient: bool = False
) -> TrackReport:
    """Bring MLflow up to date with the finished runs, as far as this tick's time and the server allow.

    MLflow is imported only where something waits.

    Args:
        log: the event log, `resources.event_log.InstanceLog(instance)`.
        graph: the asset graph, `resources.event_log.asset_graph(defs)`.
        settings: where the ledger lies and runs go.
        seconds: how long the tick may last, about.
        is_patient: after failures, leave the server alone for a while (30 s, doubling to 15 min).

    Returns:
        The report. A server that is down is in it, not raised, and so is a home that cannot be written.
    """
    try:
        return _sync(log, graph, settings, seconds=seconds, is_patient=is_patient)
    except (OSError, sqlite3.Error) as error:
        problem = f"{ledger_path(settings)}: {error}"
        logger.warning("tracking is not kept (%s)", problem)
        return TrackReport(error=problem)


def _sync(log: EventLog, graph: Graph, settings: Settings, *, seconds: float, is_patient: bool) -> TrackReport:
    from semops_data.lineage.secrets import secrets_of
    from semops_data.tracking.fold import fold

    until, secrets = time.monotonic() + seconds, secrets_of(settings)

    def of_run(run: RunLog) -> list[tuple[str, str]]:
        return [(tracked.key, tracked.to_json()) for tracked in fold(run, graph, secrets)]

    with Outbox(ledger_path(settings)) as ledger, ledger.lease() as is_ours:
        if not is_ours:
            return TrackReport(is_busy=True)
        folded = follow(log, ledger, of_run, until=until, waits_for_end=True)
        before = ledger.counts()
        error = _deliver(ledger, settings, until, is_patient=is_patient) if before.new else None
        counts = ledger.counts()
    delivered = counts.sent - before.sent
    return TrackReport(folded, delivered, counts.new, counts.dead, counts.oldest_pending_seconds, error)


def _deliver(ledger: Outbox, settings: Settings, until: float, *, is_patient: bool) -> str | None:
    from semops_data.tracking.sink import Sink, TrackingError

    patience = Patience(ledger)
    if is_patient and patience.is_waiting:
        return patience.error
    try:
        Sink(settings).deliver(ledger, until=until)
    except TrackingError as error:
        if patience.failed(str(error)):
            logger.warning("MLflow takes no runs (%s); they wait in %s until the next tick", error, ledger.path)
        return str(error)
    patience.succeeded()
    return None
