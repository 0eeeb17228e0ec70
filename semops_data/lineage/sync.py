"""One bounded tick of the mirror: follow the event log, then relay what waits."""

from __future__ import annotations

import logging
import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from semops_data.lineage import relay
from semops_data.lineage.follow import follow
from semops_data.lineage.outbox import Outbox
from semops_data.lineage.patience import Patience
from semops_data.lineage.secrets import scrub, secrets_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import httpx

    from semops_data.lineage.fold import Keyed
    from semops_data.lineage.outbox import Item
    from semops_data.lineage.records import EventLog, Graph, Record, RunLog
    from semops_data.settings import Settings

logger = logging.getLogger(__name__)
KEPT_DAYS = 30.0


@dataclass(frozen=True)
class SyncReport:
    """What a tick did, and what is left.

    Attributes:
        folded: events that were new.
        sent: events that the backend took in this tick.
        pending: events that wait.
        dead: events that the backend refused for good.
        oldest_pending_seconds: age of the oldest that waits; the alarm. None where none waits.
        error: why relaying stopped; None where it did not.
        is_busy: another process held the outbox, and this tick did nothing.
    """

    folded: int = 0
    sent: int = 0
    pending: int = 0
    dead: int = 0
    oldest_pending_seconds: float | None = None
    error: str | None = None
    is_busy: bool = False


def outbox_path(settings: Settings) -> Path:
    """Where the events wait."""
    return settings.home / "lineage" / "outbox.db"


def sync(
    log: EventLog, graph: Graph, settings: Settings, *, seconds: float = 20.0, is_patient: bool = False
) -> SyncReport:
    """Bring the lineage backend up to date, as far as this tick's time and the backend allow.

    Args:
        log: the event log, `resources.event_log.InstanceLog(instance)`.
        graph: the asset graph, `resources.event_log.asset_graph(defs)`.
        settings: where the outbox lies and events go.
        seconds: how long the tick may last, about.
        is_patient: after failures, leave the backend alone for a while (30 s, doubling to 15 min).

    Returns:
        The report. A backend that is down is in it, not raised, and so is a home that cannot be written.
    """
    try:
        return _sync(log, graph, settings, seconds=seconds, is_patient=is_patient)
    except (OSError, sqlite3.Error) as error:
        problem = f"{outbox_path(settings)}: {error}"
        logger.warning("lineage is not kept (%s)", problem)
        return SyncReport(error=problem)


def _sync(log: EventLog, graph: Graph, settings: Settings, *, seconds: float, is_patient: bool) -> SyncReport:
    from semops_data.lineage.events import Config, encode
    from semops_data.lineage.fold import fold, fold_runless

    until, config = time.monotonic() + seconds, Config.of(settings)

    def encoded(events: Iterable[Keyed]) -> list[tuple[str, str]]:
        return [(key, encode(event)) for key, event in events]

    def of_run(run: RunLog) -> list[tuple[str, str]]:
        return encoded(fold(run, graph, config))

    def of_runless(records: Sequence[Record]) -> list[tuple[str, str]]:
        return encoded(fold_runless(records, graph, config))

    with Outbox(outbox_path(settings)) as outbox, outbox.lease() as is_ours:
        if not is_ours:
            return SyncReport(is_busy=True)
        folded = follow(log, outbox, of_run, of_runless, until=until)
        before = outbox.counts().sent
        error = _relay(outbox, settings, until, is_patient=is_patient)
        counts = outbox.counts()
        outbox.prune(KEPT_DAYS)
    return SyncReport(folded, counts.sent - before, counts.new, counts.dead, counts.oldest_pending_seconds, error)


def _relay(outbox: Outbox, settings: Settings, until: float, *, is_patient: bool) -> str | None:
    patience = Patience(outbox)
    if is_patient and patience.is_waiting:
        return patience.error
    try:
        if settings.openlineage_url:
            _relay_http(outbox, settings.openlineage_url, settings, until)
        else:
            relay.to_file(outbox, settings.lineage_file, until=until)
    except (relay.RelayError, OSError) as error:
        problem, place = scrub(str(error), secrets_of(settings)), _place(settings)
        if patience.failed(problem):
            logger.warning("OpenLineage: %s takes no events (%s); they wait in %s", place, problem, outbox.path)
        return problem
    patience.succeeded()
    return None


def _relay_http(outbox: Outbox, url: str, settings: Settings, until: float) -> None:
    import httpx

    key = settings.openlineage_api_key
    headers = {"Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
    target = relay.endpoint(url)
    with httpx.Client(timeout=settings.openlineage_timeout_seconds, headers=headers) as client:

        def post(item: Item) -> httpx.Response:
            return client.post(target, content=item.body.encode())

        relay.to_http(outbox, post, until=until)


def _place(settings: Settings) -> str:
    return scrub(settings.openlineage_url) if settings.openlineage_url else str(settings.lineage_file)
