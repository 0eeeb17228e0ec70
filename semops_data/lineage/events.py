"""One OpenLineage event put together: run, job, inputs and outputs, each with its facets.

What an asset's definition says is made once per graph and shared by all its events; nothing here changes it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from semops_data.lineage import custom, dataset_facets, run_facets
from semops_data.lineage.ids import derived_id, run_id
from semops_data.lineage.naming import Places, physical
from semops_data.lineage.records import ASSET_JOB_PREFIX, Check
from semops_data.lineage.secrets import allowed_tags, secrets_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from semops_data.lineage.models import Facets
    from semops_data.lineage.naming import DatasetName
    from semops_data.lineage.records import Graph, Node, Record, RunLog
    from semops_data.settings import Settings

Event = dict[str, Any]
Part = tuple[str, str | None]
BACKFILL_TAG = "dagster/backfill"
ROOT_RUN_TAG = "dagster/root_run_id"
_BEGINNING = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class Config:
    """What the fold needs to know beyond the log and the graph.

    Attributes:
        places: what datasets are called.
        namespace: OpenLineage namespace of every job.
        asset_job: name of the jobs that Dagster makes up for a selection of assets.
        source_url: address of the source tree at this version, where it is published.
        schema_url: address below which the schemas of the project's own facets are published; their URN where None.
        secrets: texts that never leave.
    """

    places: Places
    namespace: str
    asset_job: str
    engine_version: str = "unknown"
    adapter_version: str = "unknown"
    source_url: str | None = None
    schema_url: str | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, settings: Settings, places: Places | None = None) -> Config:
        """The configuration of these settings, with these names of datasets."""
        return cls(
            places=places or Places.of(settings),
            namespace=settings.job_namespace,
            asset_job=settings.deployment,
            engine_version=version("dagster"),
            adapter_version=version("semops-data"),
            source_url=settings.source_url,
            schema_url=settings.facet_schema_url,
            secrets=secrets_of(settings),
        )

    @property
    def producer(self) -> str:
        """The URI of what makes the events."""
        return f"urn:semops-data:{self.adapter_version}"


def encode(event: Event) -> str:
    """The event as one line of JSON; the same event is the same text."""
    return _JSON.encode(event)


_JSON = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False)


def _text(value: Any) -> str:
    return _JSON.encode(value)


def timestamp(seconds: float) -> str:
    """A Unix time as OpenLineage writes it, in UTC with microseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Writer:
    """Makes the events of one asset graph; what they say depends on the arguments alone."""

    def __init__(self, graph: Graph, config: Config) -> None:
        from openlineage.client.event_v2 import RunEvent, set_producer

        set_producer(config.producer)
        custom.publish_at(config.schema_url)
        self.graph, self.config = graph, config
        self._schema_url = RunEvent._get_schema()  # noqa: SLF001 - the models write it into each event
        self._written: dict[int, str] = {}
        self._engine = self._shared(run_facets.engine(config.engine_version, config.adapter_version))
        self._names: dict[str, DatasetName] = {}
        self._datasets: dict[str, dict[str, Any]] = {}
        self._jobs: dict[tuple[str, str], Facets] = {}

    def encode(self, event: Event) -> str:
        """The same text as `encode`, from parts that are written once per graph."""
        run, job = event["run"], event["job"]
        inputs = ",".join([self._encode_dataset(dataset) for dataset in event["inputs"]])
        outputs = ",".join([self._encode_dataset(dataset) for dataset in event["outputs"]])
        return (
            f'{{"eventTime":"{event["eventTime"]}","eventType":"{event["eventType"]}",'
            f'"run":{{"runId":"{run["runId"]}","facets":{self._encode_facets(run["facets"])}}},'
            f'"job":{{"namespace":{_text(job["namespace"])},"name":{_text(job["name"])},'
            f'"facets":{self._encode_facets(job["facets"])}}},'
            f'"inputs":[{inputs}],"outputs":[{outputs}],'
            f'"producer":{_text(event["producer"])},"schemaURL":{_text(event["schemaURL"])}}}'
        )

    def _encode_dataset(self, dataset: Event) -> str:
        parts = [
            f'"{name}":{self._encode_facets(value) if isinstance(value, dict) else _text(value)}'
            for name, value in dataset.items()
        ]
        return f"{{{','.join(parts)}}}"

    def _encode_facets(self, facets: Facets) -> str:
        known = self._written
        parts = [f"{_text(name)}:{known.get(id(value)) or _text(value)}" for name, value in facets.items()]
        return f"{{{','.join(parts)}}}"

    def _shared(self, facets: Facets) -> Facets:
        """These facets, which live as long as the writer, so that their identity stands for their text."""
        for value in facets.values():
            self._written[id(value)] = _text(value)
        return facets

    def above(self, run: RunLog) -> Facets:
        """The facets that every event of a Dagster run has: its parent, and the tags that may leave."""
        identity = (run_id(run.created, run.run_id), self._job_name(run))
        root = self._root(run)
        return run_facets.parent(identity, self.config.namespace, root) | run_facets.run_tags(allowed_tags(run.tags))

    def _root(self, run: RunLog) -> tuple[str, str] | None:
        """The backfill, or the first run of several tries; None where the run stands alone."""
        if backfill := run.tags.get(BACKFILL_TAG):
            return derived_id(
                _BEGINNING, "backfill", self.config.namespace, backfill
            ), f"{self.config.asset_job}/backfill"
        first = run.tags.get(ROOT_RUN_TAG)
        return (run_id(_BEGINNING, first), self._job_name(run)) if first else None

    def run(self, state: str, record: Record, run: RunLog) -> Event:
        """An event of the Dagster run itself."""
        more = run_facets.run_tags(allowed_tags(run.tags))
        if root := self._root(run):
            more |= run_facets.parent(root, self.config.namespace)
        more |= run_facets.error_message(record.failure, self.config.secrets) if state == "FAIL" else {}
        identity = run_id(run.created, run.run_id)
        return self.event(state, record.timestamp, (identity, more), (self._job_name(run), self._job("JOB")))

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
            more |= run_facets.nominal_time(node.window(partition))
        more |= run_facets.error_message(record.failure, self.config.secrets) if state == "FAIL" else {}
        job = self._job("ASSET", node)
        if found:
            job = job | run_facets.sql(found.metadata, node.storage_kind)
            more |= custom.episode(found.metadata)
        return self.event(
            state,
            time,
            (identity, more),
            (node.key, job),
            inputs=self._inputs(node, partition, found),
            outputs=[self._output(node, partition, found)],
        )

    def observation(self, record: Record, identity: str, above: Mapping[str, Any] | None = None) -> Event:
        """The event of one observation: the asset was looked at, nothing was made."""
        node = self.graph.node(record.asset_key or "")
        seen = self._dataset(node)
        known = dataset_facets.found(node, record, self.config.places, self.name) | custom.coherence(record.metadata)
        rows = dataset_facets.whole(record.metadata.get("dagster/row_count"))
        more = dataset_facets.input_facets(node.key, record, record.partition)
        more |= dataset_facets.statistics(rows) if rows is not None else {}
        return self.event(
            "COMPLETE",
            record.timestamp,
            (identity, dict(above or {})),
            (f"{node.key}/observe", self._job("OBSERVATION")),
            inputs=[seen | {"facets": seen["facets"] | known, "inputFacets": more}],
        )

    def observed(self, time: float, identity: str, key: str, facts: Facets) -> Event:
        """The event of what was found about a dataset, without a record of Dagster's."""
        job = (f"{key}/observe", self._job("OBSERVATION"))
        return self.event("COMPLETE", time, (identity, {}), job, inputs=[self.dataset(key, facts)])

    def check(
        self, state: str, time: float, identity: str, record: Record, above: Mapping[str, Any] | None = None
    ) -> Event:
        """An event of one check's run: the asset goes in with the verdict, nothing comes out."""
        node, check, secrets = self.graph.node(record.asset_key or ""), record.check or Check(""), self.config.secrets
        more, verdict = dict(above or {}), {}
        if state != "START":
            more |= run_facets.test(check, record.metadata, secrets)
            more |= run_facets.error_message(record.failure, secrets)
            if check.passed is not None:
                verdict = run_facets.assertion(check, record.metadata, secrets)
        if record.partition:
            verdict = verdict | dataset_facets.input_facets(node.key, None, record.partition)
        seen = self._dataset(node) | {"inputFacets": verdict}
        job = (f"{node.key}/check/{check.name}", self._job("CHECK"))
        return self.event(state, time, (identity, more), job, inputs=[seen])

    def _inputs(self, node: Node, partition: str | None, record: Record | None) -> list[Event]:
        inputs, keys = [], self._parents(node, record)
        for key in keys:
            parent = self.graph.node(key)
            dataset = self._dataset(parent)
            # Of a partitioned input Dagster keeps one hash over its partitions, which is no version that it ever had.
            seen = record.input_versions.get(key) if record and not parent.is_partitioned else None
            if seen:
                dataset = dataset | {"facets": dataset["facets"] | dataset_facets.version(seen)}
            read = partition if key in node.same_partitions else None
            inputs.append(
                dataset | {"inputFacets": dataset_facets.input_facets(key, record, read, is_only=len(keys) == 1)}
            )
        return inputs

    def _parents(self, node: Node, record: Record | None) -> tuple[str, ...]:
        lineage = record.metadata.get("dagster/column_lineage") if record else None
        if not isinstance(lineage, dict):
            return node.parents
        # A column may come from what the graph does not know as a parent; an edge of columns needs its datasets.
        more = {key for sources in lineage.values() for key, _ in sources} - {node.key, *node.parents}
        return (*node.parents, *sorted(more))

    def _output(self, node: Node, partition: str | None, record: Record | None) -> Event:
        dataset = self._dataset(node)
        if record:
            known = dataset_facets.found(node, record, self.config.places, self.name)
            dataset = dataset | {"facets": dataset["facets"] | known | custom.coherence(record.metadata)}
        return dataset | {"outputFacets": dataset_facets.output_facets(record, partition)}

    def _dataset(self, node: Node) -> Event:
        made = self._datasets.get(node.key)
        if made is None:
            name = self.name(node.key)
            known = self._shared(dataset_facets.defined(node, self.config.places, name))
            made = self._datasets[node.key] = {"namespace": name.namespace, "name": name.name, "facets": known}
        return made

    def name(self, key: str) -> DatasetName:
        """What the dataset of that asset is called."""
        made = self._names.get(key)
        if made is None:
            made = self._names[key] = physical(self.graph.node(key), self.config.places)
        return made

    def dataset(self, key: str, more: Facets) -> Event:
        """The dataset of an asset with further facets, as an input."""
        seen = self._dataset(self.graph.node(key))
        return seen | {"facets": seen["facets"] | more, "inputFacets": {}}

    def _job(self, kind: str, node: Node | None = None) -> Facets:
        key = (kind, node.key if node else "")
        made = self._jobs.get(key)
        if made is None:
            made = self._jobs[key] = self._shared(run_facets.job_facets(kind, node, self.config.source_url))
        return made

    def episode(self, state: str, time: float, run: tuple[str, Facets], job: str, inputs: list[Event]) -> Event:
        """The event of one agent's operation."""
        return self.event(state, time, run, (job, self._job("EPISODE")), inputs=inputs)

    def event(
        self,
        state: str,
        time: float,
        run: tuple[str, Facets],
        job: tuple[str, Facets],
        *,
        inputs: list[Event] | None = None,
        outputs: list[Event] | None = None,
    ) -> Event:
        """A run event; `run` is (run id, facets) and `job` is (name, facets)."""
        return {
            "eventTime": timestamp(time),
            "eventType": state,
            "run": {"runId": run[0], "facets": self._engine | run[1]},
            "job": {"namespace": self.config.namespace, "name": job[0], "facets": job[1]},
            "inputs": inputs or [],
            "outputs": outputs or [],
            "producer": self.config.producer,
            "schemaURL": self._schema_url,
        }

    def _job_name(self, run: RunLog) -> str:
        return self.config.asset_job if run.job_name.startswith(ASSET_JOB_PREFIX) else run.job_name
