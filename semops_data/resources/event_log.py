"""Dagster's event log and asset graph, read into plain records.

Belongs here: every read of Dagster's storage; `get_records_for_run` is internal API and is called in one place only
(pinned by `semops_data_tests/lineage/test_upstream_event_log.py`).
Does not belong here: what is made of the records (`lineage`, `tracking`). No Dagster type leaves this file.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from semops_data.lineage.records import FINISHED, Check, Column, Failure, Graph, Node, Record, RunHead, RunLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dagster._core.events import DagsterEvent

KINDS = frozenset(
    {
        dg.DagsterEventType.PIPELINE_START,
        dg.DagsterEventType.PIPELINE_SUCCESS,
        dg.DagsterEventType.PIPELINE_FAILURE,
        dg.DagsterEventType.PIPELINE_CANCELED,
        dg.DagsterEventType.STEP_START,
        dg.DagsterEventType.STEP_SUCCESS,
        dg.DagsterEventType.STEP_FAILURE,
        dg.DagsterEventType.STEP_SKIPPED,
        dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        dg.DagsterEventType.ASSET_MATERIALIZATION,
        dg.DagsterEventType.ASSET_OBSERVATION,
        dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
        dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    }
)
RUNLESS = ""
_FRESH_SECONDS = 2.0
_INPUT_VERSION = "dagster/input_data_version/"


@dataclass(frozen=True)
class InstanceLog:
    """The event log of one Dagster instance; a `lineage.records.EventLog`."""

    instance: dg.DagsterInstance

    @property
    def is_ordered(self) -> bool:
        """SQLite has one writer at a time; PostgreSQL gives ids at INSERT and shows rows at COMMIT."""
        return "sqlite" in type(self.instance.event_log_storage).__name__.lower()

    def changed_runs(self, after: float, limit: int) -> Sequence[RunHead]:
        """Runs whose status changed after that Unix time, oldest change first."""
        filters = dg.RunsFilter(updated_after=datetime.fromtimestamp(after, UTC))
        # Most ticks find nothing, and asking for ids costs a third of asking for records.
        if not self.instance.get_run_ids(filters, limit=1):
            return []
        found = self.instance.get_run_records(filters, limit=limit, order_by="update_timestamp", ascending=True)
        return [_head(record) for record in found]

    def heads(self, run_ids: Sequence[str]) -> Sequence[RunHead]:
        """Those runs, as far as they still exist."""
        if not run_ids:
            return []
        return [_head(record) for record in self.instance.get_run_records(dg.RunsFilter(run_ids=list(run_ids)))]

    def last_id(self, run_id: str) -> int:
        """Storage id of the newest record of the run's log; 0 where there is none."""
        newest = _entries(self.instance, run_id, limit=1, ascending=False)
        return newest[0][0] if newest else 0

    def run(self, run_id: str) -> RunLog | None:
        """The run and its whole log so far; None where it was deleted."""
        # The run first, its log second: a run that reads as finished then has its last record in the log.
        record = self.instance.get_run_record_by_id(run_id)
        if record is None:
            return None
        run = record.dagster_run
        return RunLog(
            run_id=run.run_id,
            job_name=run.job_name,
            status=run.status.value,
            created=record.create_timestamp.astimezone(UTC),
            started=_instant(record.start_time),
            ended=_instant(record.end_time),
            tags=dict(run.tags),
            partition=run.tags.get("dagster/partition"),
            location=_location(run),
            config=_config(run),
            records=tuple(_record(*entry) for entry in _entries(self.instance, run_id)),
        )

    def runless(self, after: int, limit: int) -> Sequence[Record]:
        """Events reported without a run, after that storage id, oldest first."""
        stamp = _runless_stamp(self.instance)
        if stamp is not None and _nothing_runless.get(stamp[0]) == (stamp, after):
            return []
        found = [_record(*entry) for entry in _entries(self.instance, RUNLESS, after=after, limit=limit)]
        if stamp is not None and not found:
            _nothing_runless[stamp[0]] = (stamp, after)
        return found


_nothing_runless: dict[str, tuple[tuple[str, ...], int]] = {}
"""By file: what it looked like when there was nothing after that storage id. An idle tick then asks no database."""


def _runless_stamp(instance: dg.DagsterInstance) -> tuple[str, ...] | None:
    """What the file of runless events looks like, taken before it is read.

    None where the log is no SQLite file, or changed so lately that a next change may bear the same time.
    """
    path_for_shard = getattr(instance.event_log_storage, "path_for_shard", None)
    if path_for_shard is None:
        return None
    path = str(path_for_shard(RUNLESS))
    stamps = [path]
    for name in (path, f"{path}-wal"):
        try:
            found = Path(name).stat()
            if abs(time.time() - found.st_mtime) < _FRESH_SECONDS:
                return None
            stamps.append(f"{found.st_mtime_ns}:{found.st_size}")
        except OSError:
            stamps.append("")
    return tuple(stamps)


def _entries(
    instance: dg.DagsterInstance, run_id: str, *, after: int = 0, limit: int | None = None, ascending: bool = True
) -> list[tuple[int, float, DagsterEvent]]:
    from dagster._core.event_api import EventLogCursor

    cursor = EventLogCursor.from_storage_id(after).to_string() if after else None
    found = instance.get_records_for_run(run_id, cursor, set(KINDS), limit, ascending).records
    entries = ((record.storage_id, record.event_log_entry) for record in found)
    return [(number, entry.timestamp, entry.dagster_event) for number, entry in entries if entry.dagster_event]


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _head(record: dg.RunRecord) -> RunHead:
    run = record.dagster_run
    return RunHead(run.run_id, record.update_timestamp.timestamp(), run.status.value in FINISHED, _location(run))


def _config(run: dg.DagsterRun) -> dict[str, dict[str, Any]]:
    steps = run.run_config.get("ops") if isinstance(run.run_config, dict) else None
    return {name: given.get("config") or {} for name, given in (steps or {}).items() if isinstance(given, dict)}


def _location(run: dg.DagsterRun) -> str | None:
    origin = run.remote_job_origin
    return origin.repository_origin.code_location_origin.location_name if origin else None


def _record(number: int, timestamp: float, event: DagsterEvent) -> Record:
    reader = _READERS.get(event.event_type_value)
    facts = reader(event) if reader else {}
    kind = event.event_type_value
    return Record(storage_id=number, timestamp=timestamp, kind=kind, step_key=event.step_key, **facts)


def _planned(event: DagsterEvent) -> dict[str, Any]:
    data = event.asset_materialization_planned_data
    subset = data.partitions_subset
    keys = tuple(sorted(subset.get_partition_keys())) if subset else (data.partition,) if data.partition else ()
    return {"asset_key": data.asset_key.to_user_string(), "partitions": keys}


def _happened(event: DagsterEvent) -> dict[str, Any]:
    happened = (
        event.step_materialization_data.materialization
        if event.event_type_value == "ASSET_MATERIALIZATION"
        else event.asset_observation_data.asset_observation
    )
    tags = happened.tags or {}
    versions = {key.removeprefix(_INPUT_VERSION): tags[key] for key in tags if key.startswith(_INPUT_VERSION)}
    return {
        "asset_key": happened.asset_key.to_user_string(),
        "partitions": (happened.partition,) if happened.partition else (),
        "metadata": plain(happened.metadata),
        "data_version": tags.get("dagster/data_version"),
        "code_version": tags.get("dagster/code_version"),
        "input_versions": versions,
    }


def _check_planned(event: DagsterEvent) -> dict[str, Any]:
    data: Any = event.event_specific_data
    return {"asset_key": data.asset_key.to_user_string(), "check": Check(data.check_name)}


def _check(event: DagsterEvent) -> dict[str, Any]:
    data: Any = event.event_specific_data
    return {
        "asset_key": data.asset_key.to_user_string(),
        "partitions": (data.partition,) if data.partition else (),
        "metadata": plain(data.metadata),
        "check": Check(data.check_name, data.passed, data.severity.value, data.description),
    }


def _failed(event: DagsterEvent) -> dict[str, Any]:
    error = getattr(event.event_specific_data, "error", None)
    if error is None:
        return {}
    cause = error
    while cause.cause is not None:
        cause = cause.cause
    message = cause.message.strip().removeprefix(f"{cause.cls_name}: ")
    return {"failure": Failure(cause.cls_name or "Error", message, error.to_string())}


_READERS: Mapping[str, Callable[[DagsterEvent], dict[str, Any]]] = {
    "ASSET_MATERIALIZATION_PLANNED": _planned,
    "ASSET_MATERIALIZATION": _happened,
    "ASSET_OBSERVATION": _happened,
    "ASSET_CHECK_EVALUATION_PLANNED": _check_planned,
    "ASSET_CHECK_EVALUATION": _check,
    "STEP_FAILURE": _failed,
    "PIPELINE_FAILURE": _failed,
}


def plain(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata as plain Python values: schemas as `Column`s, column lineage as pairs, scalars as they are."""
    return {name: _plain(value) for name, value in metadata.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dg.TableSchemaMetadataValue | dg.TableSchema):
        schema = value.schema if isinstance(value, dg.TableSchemaMetadataValue) else value
        return tuple(
            Column(column.name, column.type, column.description, tuple(sorted(column.tags or ())))
            for column in schema.columns
        )
    if isinstance(value, dg.TableColumnLineageMetadataValue | dg.TableColumnLineage):
        lineage = value.column_lineage if isinstance(value, dg.TableColumnLineageMetadataValue) else value
        return {
            name: [(dep.asset_key.to_user_string(), dep.column_name) for dep in deps]
            for name, deps in lineage.deps_by_column.items()
        }
    inner = getattr(value, "value", value)
    return inner if isinstance(inner, str | int | float | bool | dict | list | None) else str(inner)


def asset_graph(source: dg.Definitions | dg.RepositoryDefinition) -> Graph:
    """The asset graph of a code location as plain nodes, external assets and stubs of unknown parents included.

    A repository is read once: a code location does not change while it is loaded, and sensors ask at each tick.
    """
    if not isinstance(source, dg.RepositoryDefinition):
        return _graph(source.resolve_asset_graph())
    if not _read or _read[0] is not source:
        _read[:] = [source, _graph(source.asset_graph)]
    graph: Graph = _read[1]
    return graph


_read: list[Any] = []


def _graph(graph: Any) -> Graph:
    return Graph({node.key.to_user_string(): _node(node, graph) for node in graph.asset_nodes})


def _node(node: Any, graph: Any) -> Node:
    metadata = plain(node.metadata)
    scalars = {name: value for name, value in metadata.items() if isinstance(value, str | int | float | bool)}
    return Node(
        key=node.key.to_user_string(),
        parents=_keys(node.parent_keys),
        description=node.description,
        owners=tuple(node.owners),
        kinds=tuple(sorted(node.kinds)),
        group=node.group_name,
        columns=metadata.get("dagster/column_schema") or (),
        code_version=node.code_version,
        table_name=_text(scalars.get("dagster/table_name")),
        storage_kind=_text(scalars.get("dagster/storage_kind")),
        uri=_text(scalars.get("dagster/uri")),
        checks=tuple(sorted(key.name for key in node.check_keys)),
        is_partitioned=node.is_partitioned,
        is_external=node.is_external,
        is_made=node.is_materializable or not node.is_observable,
        tags={name: value for name, value in node.tags.items() if not name.startswith(("dagster/", "."))},
        same_partitions=_same_partitions(node, graph),
        source_path=_source(node.metadata, "path"),
        source_url=_source(node.metadata, "url"),
        metadata=scalars,
        window=_window(node.partitions_def),
    )


def _same_partitions(node: Any, graph: Any) -> frozenset[str]:
    """Parents with the same partitions and no mapping of their own: each partition is made from its like."""
    own = node.partitions_def
    if own is None:
        return frozenset()
    return frozenset(
        key.to_user_string()
        for key in node.parent_keys
        if key != node.key
        and graph.has(key)
        and graph.get(key).partitions_def == own
        and node.partition_mappings.get(key) is None
    )


def _source(metadata: Mapping[str, Any], part: str) -> str | None:
    """Path or address of the asset's code, where `dagster/code_references` has one that is linked to git."""
    for reference in getattr(metadata.get("dagster/code_references"), "code_references", ()):
        if found := getattr(reference, "url", None):
            path = found.partition("/tree/")[2].partition("/")[2] or found.partition("/-/tree/")[2]
            return found if part == "url" else path.partition("#")[0] or None
    return None


def _text(value: str | float | None) -> str | None:
    return None if value is None else str(value)


def _keys(keys: Iterable[dg.AssetKey]) -> tuple[str, ...]:
    return tuple(sorted(key.to_user_string() for key in keys))


def _window(partitions: dg.PartitionsDefinition | None) -> Callable[[str], tuple[datetime, datetime] | None] | None:
    if not isinstance(partitions, dg.TimeWindowPartitionsDefinition):
        return None

    def window(partition: str) -> tuple[datetime, datetime] | None:
        try:
            found = partitions.time_window_for_partition_key(partition)
        except (ValueError, dg.DagsterInvariantViolationError):
            return None
        return found.start, found.end

    return window
