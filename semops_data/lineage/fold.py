"""From a run's log to OpenLineage events: a pure fold.

Each event is made when its record comes and from what came before it, so the fold of a prefix of a log is a part of
the fold of the whole: ticks may repeat, overlap and crash. Ids are derived and times are the log's, so folding
again gives the same bytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from semops_data.lineage.ids import asset_run_id, derived_id, run_id
from semops_data.lineage.naming import Places, physical
from semops_data.lineage.records import ASSET_JOB_PREFIX, Check
from semops_data.lineage.secrets import allowed_tags, secrets_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from semops_data.lineage.records import Graph, Node, Record, RunLog
    from semops_data.settings import Settings

Event = dict[str, Any]
Keyed = tuple[str, Event]
Part = tuple[str, str | None]
_RUN_ENDS = {"PIPELINE_SUCCESS": "COMPLETE", "PIPELINE_FAILURE": "FAIL", "PIPELINE_CANCELED": "ABORT"}


@dataclass(frozen=True)
class Config:
    """What the fold needs to know beyond the log and the graph.

    Attributes:
        namespace: OpenLineage namespace of every job.
        asset_job: name of the jobs that Dagster makes up for a selection of assets.
        secrets: texts that never leave.
    """

    places: Places
    namespace: str
    asset_job: str
    engine_version: str = "unknown"
    adapter_version: str = "unknown"
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, settings: Settings) -> Config:
        """The configuration of these settings."""
        return cls(
            places=Places.of(settings),
            namespace=settings.job_namespace,
            asset_job=settings.deployment,
            engine_version=version("dagster"),
            adapter_version=version("semops-data"),
            secrets=secrets_of(settings),
        )

    @property
    def producer(self) -> str:
        """The URI of what makes the events."""
        return f"urn:semops-data:{self.adapter_version}"


def fold(run: RunLog, graph: Graph, config: Config) -> list[Keyed]:
    """The events of one run, as far as its log goes, in the log's order.

    Returns:
        (key, event): the key is unique to what happened, and is the same each time.
    """
    folding = _RunFold(run, graph, _Writer(graph, config))
    for record in run.records:
        folding.take(record)
    return folding.events


def fold_runless(records: Iterable[Record], graph: Graph, config: Config) -> list[Keyed]:
    """The events of what was reported without a run, row by row."""
    writer, events = _Writer(graph, config), []
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


def encode(event: Event) -> str:
    """The event as one line of JSON; the same event is the same text."""
    return json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class _RunFold:
    """The state of one run's fold: what is planned, what has started, what is settled."""

    def __init__(self, run: RunLog, graph: Graph, writer: _Writer) -> None:
        self.run, self.graph, self.writer = run, graph, writer
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
    from dataclasses import replace

    return replace(record, asset_key=key, check=check, partitions=(partition,) if partition else ())


class _Writer:
    """Puts one event together: run, job, inputs, outputs, each with its facets."""

    def __init__(self, graph: Graph, config: Config) -> None:
        from openlineage.client.event_v2 import set_producer

        from semops_data.lineage import facets

        set_producer(config.producer)
        self.graph, self.config, self.facets = graph, config, facets

    def above(self, run: RunLog) -> dict[str, Any]:
        """The facets that every event of a Dagster run has: its parent, and the tags that may leave."""
        identity = run_id(run.created, run.run_id)
        parent = self.facets.parent(identity, self.config.namespace, self._job_name(run))
        return parent | self.facets.run_tags(allowed_tags(run.tags))

    def run(self, state: str, record: Record, run: RunLog) -> Event:
        """An event of the Dagster run itself."""
        more = self.facets.run_tags(allowed_tags(run.tags))
        more |= self.facets.error_message(record.failure, self.config.secrets) if state == "FAIL" else {}
        identity = run_id(run.created, run.run_id)
        return self._event(state, record.timestamp, (identity, more), (self._job_name(run), "JOB", None))

    def asset(
        self,
        state: str,
        time: float,
        identity: str,
        part: Part,
        *,
        record: Record,
        above: Mapping[str, Any] | None = None,
    ) -> Event:
        """An event of one asset's (partition's) run; always with every input and output."""
        node, partition = self.graph.node(part[0]), part[1]
        found = record if state == "COMPLETE" else None
        more = dict(above or {})
        if partition and node.window:
            more |= self.facets.nominal_time(node.window(partition))
        more |= self.facets.error_message(record.failure, self.config.secrets) if state == "FAIL" else {}
        return self._event(
            state,
            time,
            (identity, more),
            (node.key, "ASSET", node),
            inputs=self._inputs(node, found),
            outputs=[self._output(node, partition, found)],
        )

    def observation(self, record: Record, identity: str, above: Mapping[str, Any] | None = None) -> Event:
        """The event of one observation: the asset was looked at, nothing was made."""
        node = self.graph.node(record.asset_key or "")
        seen = self._input(node, self.facets.dataset_facets(node, self.config.places, record=record))
        run = (identity, dict(above or {}))
        return self._event(
            "COMPLETE", record.timestamp, run, (f"{node.key}/observe", "OBSERVATION", None), inputs=[seen]
        )

    def check(
        self, state: str, time: float, identity: str, record: Record, above: Mapping[str, Any] | None = None
    ) -> Event:
        """An event of one check's run: the asset goes in with the verdict, nothing comes out."""
        node, check, secrets = self.graph.node(record.asset_key or ""), record.check or Check(""), self.config.secrets
        more, verdict = dict(above or {}), {}
        if state != "START":
            more |= self.facets.test(check, record.metadata, secrets)
            more |= self.facets.error_message(record.failure, secrets)
            if check.passed is not None:
                verdict = self.facets.assertion(check, record.metadata, secrets)
        if record.partition:
            verdict = verdict | self.facets.input_subset(record.partition)
        seen = self._input(node, self.facets.dataset_facets(node, self.config.places), verdict)
        return self._event(
            state, time, (identity, more), (f"{node.key}/check/{check.name}", "CHECK", None), inputs=[seen]
        )

    def _inputs(self, node: Node, record: Record | None) -> list[Any]:
        inputs = []
        for key in node.parents:
            parent = self.graph.node(key)
            known = self.facets.dataset_facets(parent, self.config.places)
            seen = record.input_versions.get(key) if record else None
            known |= {"version": self.facets.version(seen)} if seen else {}
            inputs.append(self._input(parent, known))
        return inputs

    def _input(self, node: Node, known: dict[str, Any], verdict: dict[str, Any] | None = None) -> Any:
        from openlineage.client.event_v2 import InputDataset

        name = physical(node, self.config.places)
        return InputDataset(name.namespace, name.name, facets=known, inputFacets=verdict or {})

    def _output(self, node: Node, partition: str | None, record: Record | None) -> Any:
        from openlineage.client.event_v2 import OutputDataset

        name = physical(node, self.config.places)
        known = self.facets.dataset_facets(node, self.config.places, record=record)
        lineage = record.metadata.get("dagster/column_lineage") if record else None
        if isinstance(lineage, dict) and lineage:
            known["columnLineage"] = self.facets.column_lineage(lineage, self.graph, self.config.places)
        made = self.facets.output_facets(record) if record else {}
        made |= self.facets.subset(partition) if partition else {}
        return OutputDataset(name.namespace, name.name, facets=known, outputFacets=made)

    def _event(
        self,
        state: str,
        time: float,
        run: tuple[str, dict[str, Any]],
        job: tuple[str, str, Node | None],
        *,
        inputs: Sequence[Any] = (),
        outputs: Sequence[Any] = (),
    ) -> Event:
        from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
        from openlineage.client.serde import Serde

        name, kind, node = job
        engine = self.facets.engine(self.config.engine_version, self.config.adapter_version)
        event = RunEvent(
            eventTime=datetime.fromtimestamp(time, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            eventType=RunState(state),
            run=Run(runId=run[0], facets=engine | run[1]),
            job=Job(namespace=self.config.namespace, name=name, facets=self.facets.job_facets(kind, node)),
            inputs=list(inputs),
            outputs=list(outputs),
            producer=self.config.producer,
        )
        return dict(Serde.to_dict(event))

    def _job_name(self, run: RunLog) -> str:
        return self.config.asset_job if run.job_name.startswith(ASSET_JOB_PREFIX) else run.job_name
