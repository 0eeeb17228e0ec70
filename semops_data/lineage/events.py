"""One OpenLineage event put together: run, job, inputs and outputs, each with its facets."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from semops_data.lineage import facets
from semops_data.lineage.ids import run_id
from semops_data.lineage.naming import Places, physical
from semops_data.lineage.records import ASSET_JOB_PREFIX, Check
from semops_data.lineage.secrets import allowed_tags, secrets_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from semops_data.lineage.records import Graph, Node, Record, RunLog
    from semops_data.settings import Settings

Event = dict[str, Any]
Part = tuple[str, str | None]


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


def encode(event: Event) -> str:
    """The event as one line of JSON; the same event is the same text."""
    return json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class Writer:
    """Makes the events of one asset graph; what they say depends on the arguments alone."""

    def __init__(self, graph: Graph, config: Config) -> None:
        from openlineage.client.event_v2 import set_producer

        set_producer(config.producer)
        self.graph, self.config = graph, config

    def above(self, run: RunLog) -> dict[str, Any]:
        """The facets that every event of a Dagster run has: its parent, and the tags that may leave."""
        identity = run_id(run.created, run.run_id)
        parent = facets.parent(identity, self.config.namespace, self._job_name(run))
        return parent | facets.run_tags(allowed_tags(run.tags))

    def run(self, state: str, record: Record, run: RunLog) -> Event:
        """An event of the Dagster run itself."""
        more = facets.run_tags(allowed_tags(run.tags))
        more |= facets.error_message(record.failure, self.config.secrets) if state == "FAIL" else {}
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
            more |= facets.nominal_time(node.window(partition))
        more |= facets.error_message(record.failure, self.config.secrets) if state == "FAIL" else {}
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
        seen = self._input(node, facets.dataset_facets(node, self.config.places, record=record))
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
            more |= facets.test(check, record.metadata, secrets)
            more |= facets.error_message(record.failure, secrets)
            if check.passed is not None:
                verdict = facets.assertion(check, record.metadata, secrets)
        if record.partition:
            verdict = verdict | facets.input_subset(record.partition)
        seen = self._input(node, facets.dataset_facets(node, self.config.places), verdict)
        return self._event(
            state, time, (identity, more), (f"{node.key}/check/{check.name}", "CHECK", None), inputs=[seen]
        )

    def _inputs(self, node: Node, record: Record | None) -> list[Any]:
        inputs = []
        for key in node.parents:
            parent = self.graph.node(key)
            known = facets.dataset_facets(parent, self.config.places)
            # Of a partitioned input Dagster keeps one hash over its partitions, which is no version that it ever had.
            seen = record.input_versions.get(key) if record and not parent.is_partitioned else None
            known |= {"version": facets.version(seen)} if seen else {}
            inputs.append(self._input(parent, known))
        return inputs

    def _input(self, node: Node, known: dict[str, Any], verdict: dict[str, Any] | None = None) -> Any:
        from openlineage.client.event_v2 import InputDataset

        name = physical(node, self.config.places)
        return InputDataset(name.namespace, name.name, facets=known, inputFacets=verdict or {})

    def _output(self, node: Node, partition: str | None, record: Record | None) -> Any:
        from openlineage.client.event_v2 import OutputDataset

        name = physical(node, self.config.places)
        known = facets.dataset_facets(node, self.config.places, record=record)
        lineage = record.metadata.get("dagster/column_lineage") if record else None
        if isinstance(lineage, dict) and lineage:
            known["columnLineage"] = facets.column_lineage(lineage, self.graph, self.config.places)
        made = facets.output_facets(record) if record else {}
        made |= facets.subset(partition) if partition else {}
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
        engine = facets.engine(self.config.engine_version, self.config.adapter_version)
        event = RunEvent(
            eventTime=datetime.fromtimestamp(time, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            eventType=RunState(state),
            run=Run(runId=run[0], facets=engine | run[1]),
            job=Job(namespace=self.config.namespace, name=name, facets=facets.job_facets(kind, node)),
            inputs=list(inputs),
            outputs=list(outputs),
            producer=self.config.producer,
        )
        return dict(Serde.to_dict(event))

    def _job_name(self, run: RunLog) -> str:
        return self.config.asset_job if run.job_name.startswith(ASSET_JOB_PREFIX) else run.job_name
