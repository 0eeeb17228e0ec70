"""From a run's log to OpenLineage events: a pure fold.

Each event is made when its record comes and from what came before it, so the fold of a prefix of a log is a part of
the fold of the whole: ticks may repeat, overlap and crash. Ids are derived and times are the log's, so folding
again gives the same bytes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from semops_data.lineage.ids import asset_run_id, derived_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from semops_data.lineage.events import Event, Part, Writer
    from semops_data.lineage.records import Check, Record, RunLog

    Keyed = tuple[str, Event]

_RUN_ENDS = {"PIPELINE_SUCCESS": "COMPLETE", "PIPELINE_FAILURE": "FAIL", "PIPELINE_CANCELED": "ABORT"}


def fold(run: RunLog, writer: Writer) -> list[Keyed]:
    """The events of one run, as far as its log goes, in the log's order.

    Args:
        run: the run and its log.
        writer: makes the events of an asset graph; the same one may serve many runs.

    Returns:
        (key, event): the key is unique to what happened, and is the same each time.
    """
    folding = _RunFold(run, writer)
    for record in run.records:
        folding.take(record)
    return folding.events


def fold_runless(records: Iterable[Record], writer: Writer) -> list[Keyed]:
    """The events of what was reported without a run, row by row."""
    events = []
    for record in records:
        key = record.asset_key
        if key is None:
            continue
        instant = datetime.fromtimestamp(record.timestamp, UTC)
        identity = derived_id(instant, "runless", record.kind, key, record.partition, record.storage_id)
        if record.kind == "ASSET_MATERIALIZATION":
            event = writer.asset("COMPLETE", record.timestamp, identity, (key, record.partition), record=record)
        elif record.kind == "ASSET_OBSERVATION":
            event = writer.observation(record, identity)
        elif record.kind == "ASSET_CHECK_EVALUATION" and record.check:
            event = writer.check(_verdict(record.check), record.timestamp, identity, record)
        else:
            continue
        events.append((f"{identity}/{event['eventType']}", event))
    return events


class _RunFold:
    """The state of one run's fold: what is planned, what has started, what is settled."""

    def __init__(self, run: RunLog, writer: Writer) -> None:
        self.run, self.graph, self.writer = run, writer.graph, writer
        self.events: list[Keyed] = []
        self.planned: dict[str, list[Part]] = {}
        self.planned_checks: dict[str, list[tuple[str, Check]]] = {}
        self.step_starts: dict[str, float] = {}
        self.started: dict[Part, float] = {}
        self.settled: dict[Part, int] = {}
        self.evaluated: set[tuple[str, str]] = set()
        self.above = writer.above(run)
        self.take_by_kind: Mapping[str, Callable[[Record], None]] = {
            "PIPELINE_START": self._run_started,
            "ASSET_MATERIALIZATION_PLANNED": self._planned,
            "ASSET_CHECK_EVALUATION_PLANNED": self._check_planned,
            "STEP_START": self._step_started,
            "ASSET_MATERIALIZATION": self._materialized,
            "ASSET_OBSERVATION": self._observed,
            "ASSET_CHECK_EVALUATION": self._evaluated,
            "STEP_FAILURE": self._step_failed,
        } | dict.fromkeys(_RUN_ENDS, self._run_ended)

    def take(self, record: Record) -> None:
        """Fold one record."""
        handler = self.take_by_kind.get(record.kind)
        if handler:
            handler(record)

    def _emit(self, key: str, event: Event) -> None:
        self.events.append((key, event))

    def _identity(self, part: Part) -> str:
        return asset_run_id(self.run.created, self.run.run_id, *part)

    def _asset(self, state: str, part: Part, record: Record, *, time: float | None = None, count: int = 0) -> None:
        identity = self._identity(part)
        event = self.writer.asset(
            state, record.timestamp if time is None else time, identity, part, record=record, above=self.above
        )
        self._emit(f"{identity}/{state}" + (f"/{count}" if count else ""), event)

    def _run_started(self, record: Record) -> None:
        self._emit(f"{self.run.run_id}/START", self.writer.run("START", record, self.run))

    def _planned(self, record: Record) -> None:
        if not self.graph.node(record.asset_key or "").is_made:
            return  # A run that observes an asset plans it too.
        parts = [(record.asset_key or "", partition) for partition in record.partitions or (None,)]
        self.planned.setdefault(record.step_key or "", []).extend(parts)

    def _check_planned(self, record: Record) -> None:
        if record.check:
            self.planned_checks.setdefault(record.step_key or "", []).append((record.asset_key or "", record.check))

    def _step_started(self, record: Record) -> None:
        step = record.step_key or ""
        # A retried step starts again; the asset's run has started once.
        self.step_starts.setdefault(step, record.timestamp)
        for part in self.planned.get(step, []):
            if part not in self.started:
                self._start(part, record, record.timestamp)

    def _start(self, part: Part, record: Record, time: float) -> None:
        self.started[part] = time
        self._asset("START", part, record, time=time)

    def _materialized(self, record: Record) -> None:
        part = (record.asset_key or "", record.partition)
        if part not in self.started:
            self._start(part, record, self.step_starts.get(record.step_key or "", record.timestamp))
        self._asset("COMPLETE", part, record, count=self.settled.get(part, 0))
        self.settled[part] = self.settled.get(part, 0) + 1

    def _observed(self, record: Record) -> None:
        instant = datetime.fromtimestamp(record.timestamp, UTC)
        identity = derived_id(instant, "observe", self.run.run_id, record.asset_key, record.storage_id)
        self._emit(f"{identity}/COMPLETE", self.writer.observation(record, identity, self.above))

    def _evaluated(self, record: Record) -> None:
        if record.check is None:
            return
        self.evaluated.add((record.asset_key or "", record.check.name))
        self._check(_verdict(record.check), record)

    def _check(self, state: str, record: Record) -> None:
        check = record.check
        name = check.name if check else ""
        identity = derived_id(
            self.run.created, "check", self.run.run_id, record.asset_key, record.partition, name, record.storage_id
        )
        start = self.step_starts.get(record.step_key or "", record.timestamp)
        begun = self.writer.check("START", start, identity, record, self.above)
        self._emit(f"{identity}/START", begun)
        self._emit(f"{identity}/{state}", self.writer.check(state, record.timestamp, identity, record, self.above))

    def _step_failed(self, record: Record) -> None:
        step = record.step_key or ""
        for part in self.planned.get(step, []):
            if part in self.started and part not in self.settled:
                self._asset("FAIL", part, record)
                self.settled[part] = 1
        for key, check in self.planned_checks.get(step, []):
            if (key, check.name) not in self.evaluated:
                self._check("FAIL", _about(record, key, check, self._check_partition(key)))

    def _check_partition(self, key: str) -> str | None:
        return self.run.partition if self.graph.node(key).is_partitioned else None

    def _run_ended(self, record: Record) -> None:
        for part in self.started:
            if part not in self.settled:
                self._asset("ABORT", part, record)
                self.settled[part] = 1
        state = _RUN_ENDS[record.kind]
        self._emit(f"{self.run.run_id}/{state}", self.writer.run(state, record, self.run))


def _verdict(check: Check) -> str:
    # A claim that does not hold fails its job only where its severity says so.
    return "FAIL" if check.passed is False and check.severity == "ERROR" else "COMPLETE"


def _about(record: Record, key: str, check: Check, partition: str | None) -> Record:
    return replace(record, asset_key=key, check=check, partitions=(partition,) if partition else ())
