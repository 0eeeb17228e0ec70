"""One bounded tick of the mirror: follow the event log and the tables, then relay what waits."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from semops_data.lineage import kafka, relay
from semops_data.lineage.follow import follow
from semops_data.lineage.secrets import scrub, secrets_of
from semops_data.lineage.store import place
from semops_data.lineage.tick import Report, Tick

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import httpx

    from semops_data.lakehouse.lake import Lake
    from semops_data.lineage.events import Writer
    from semops_data.lineage.fold import Keyed
    from semops_data.lineage.naming import Places
    from semops_data.lineage.outbox import Item, Outbox
    from semops_data.lineage.records import EventLog, Graph, Record, RunLog
    from semops_data.lineage.store import Place
    from semops_data.settings import Settings

__all__ = ["Report", "mirror", "outbox_path", "outbox_place", "relay_waiting", "sync"]
OUTBOX_SCHEMA = "semops_openlineage"
_TABLES_MARK = "tables_seen"


def outbox_path(settings: Settings) -> Path:
    """The file in which the events wait, where no PostgreSQL is given."""
    return settings.home / "lineage" / "outbox.db"


def outbox_place(settings: Settings) -> Place:
    """Where the events wait."""
    return place(settings, OUTBOX_SCHEMA, outbox_path(settings))


def sync(
    log: EventLog,
    graph: Graph,
    settings: Settings,
    *,
    seconds: float = 20.0,
    is_patient: bool = False,
    places: Places | None = None,
    location: str | None = None,
    lake: Lake | None = None,
) -> Report:
    """Bring the lineage backend up to date, as far as this tick's time and the backend allow.

    Args:
        log: the event log, `resources.event_log.InstanceLog(instance)`.
        graph: the asset graph, `resources.event_log.asset_graph(defs)`.
        settings: where the outbox lies and events go.
        seconds: how long the tick may last, about.
        is_patient: after failures, leave the backend alone for a while (30 s, doubling to 15 min).
        places: what datasets are called; by the settings where not given.
        location: the code location whose runs are mirrored; of all where not given.
        lake: where the tables of coherence and episodes lie; without it, none of their events.

    Returns:
        The report. A backend that is down is in it, not raised, and so is a home that cannot be written.

    Raises:
        ResolverError: where the project's own names of datasets do not work.
    """
    until = time.monotonic() + seconds
    tick = mirror(log, graph, settings, until=until, is_patient=is_patient, places=places, location=location, lake=lake)
    return tick.run(outbox_place(settings))


def mirror(
    log: EventLog,
    graph: Graph,
    settings: Settings,
    *,
    until: float,
    is_patient: bool = False,
    places: Places | None = None,
    location: str | None = None,
    lake: Lake | None = None,
) -> Tick:
    """The tick of the mirror; see `sync`."""
    making: list[Writer] = []

    def writer() -> Writer:
        # Made when the first run has changed: an idle tick imports no models.
        if not making:
            from semops_data.lineage.events import Config, Writer

            making.append(Writer(graph, Config.of(settings, places)))
        return making[0]

    def of_run(run: RunLog) -> list[tuple[str, str]]:
        from semops_data.lineage.fold import fold

        return _encoded(fold(run, writer()), writer())

    def of_runless(records: Sequence[Record]) -> list[tuple[str, str]]:
        from semops_data.lineage.fold import fold_runless

        own = [r for r in records if location is None or r.asset_key in graph.nodes]
        return _encoded(fold_runless(own, writer()), writer())

    def fill(outbox: Outbox) -> int:
        added = follow(log, outbox, of_run, of_runless, until=until, location=location, nodes=graph.nodes)
        # Tables change in runs only; where nothing was folded since they were read, they say nothing new.
        if lake is not None and str(outbox.last_seq()) != outbox.mark(_TABLES_MARK):
            added += _follow_tables(outbox, lake, writer())
        return added

    return Tick(fill, _deliver(settings, until), _what(settings), is_patient, secrets=secrets_of(settings))


def relay_waiting(settings: Settings, *, seconds: float = 60.0) -> Report:
    """Send what waits, without looking at any event log; what the relay does as a process of its own."""
    until = time.monotonic() + seconds
    tick = Tick(lambda _: 0, _deliver(settings, until), _what(settings), secrets=secrets_of(settings))
    return tick.run(outbox_place(settings))


def _deliver(settings: Settings, until: float) -> Callable[[Outbox], None]:
    def deliver(outbox: Outbox) -> None:
        if settings.openlineage_url and (topic := kafka.topic_of(settings.openlineage_url)):
            sender, patience = kafka.producer(topic, settings), settings.openlineage_timeout_seconds
            kafka.to_kafka(outbox, sender, topic.name, until=until, timeout=patience)
        elif settings.openlineage_url:
            _relay_http(outbox, settings.openlineage_url, settings, until)
        else:
            relay.to_file(outbox, settings.lineage_file, until=until)

    return deliver


def _what(settings: Settings) -> str:
    place = scrub(settings.openlineage_url) if settings.openlineage_url else str(settings.lineage_file)
    return f"OpenLineage events for {place}"


def _encoded(events: Iterable[Keyed], writer: Writer) -> list[tuple[str, str]]:
    return [(key, writer.encode(event)) for key, event in events]


def _follow_tables(outbox: Outbox, lake: Lake, writer: Writer) -> int:
    from semops_data.lineage.knowledge import new_events

    events, marks = new_events(lake, writer, outbox)
    with outbox.transaction():
        added = outbox.add(_encoded(events, writer))
        for name, value in marks.items():
            outbox.set_mark(name, value)
        outbox.set_mark(_TABLES_MARK, str(outbox.last_seq()))
    return added


def _relay_http(outbox: Outbox, url: str, settings: Settings, until: float) -> None:
    import httpx

    key = settings.openlineage_api_key
    headers = {"Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
    single, batches = relay.endpoint(url), relay.batch_endpoint(url)
    with httpx.Client(timeout=settings.openlineage_timeout_seconds, headers=headers) as client:

        def post(item: Item) -> httpx.Response:
            return client.post(single, content=item.body.encode())

        def post_batch(items: Sequence[Item]) -> httpx.Response:
            return client.post(batches, content=relay.batch_body(url, [item.body for item in items]))

        if settings.openlineage_batch > 1:
            try:
                relay.to_http_batches(outbox, post_batch, until=until, size=settings.openlineage_batch)
            except relay.NoBatchesError:
                relay.to_http(outbox, post, until=until)
        else:
            relay.to_http(outbox, post, until=until)
