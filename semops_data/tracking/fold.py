"""From a run's log to MLflow runs: a pure fold.

One parent per finished Dagster run, and under it one run per materialization and per asset whose step failed.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from semops_data.lineage.ids import asset_run_id, run_id
from semops_data.lineage.naming import Places
from semops_data.lineage.records import ASSET_JOB_PREFIX
from semops_data.lineage.secrets import scrub
from semops_data.tracking.datasets import INPUT, TrackedDataset, datasets
from semops_data.tracking.links import asset_page, run_page
from semops_data.tracking.pages import ARTIFACT, SUB_RUN, artifacts, name_of, pages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from semops_data.lineage.records import Graph, Node, Record, RunLog

STATUS = {"SUCCESS": "FINISHED", "FAILURE": "FAILED", "CANCELED": "KILLED"}
METRICS = {
    "dagster/row_count": "rows",
    "dagster/partition_row_count": "partition_rows",
    "semops/size_bytes": "bytes",
    "semops/bytes": "bytes",
    "dagster/size_bytes": "bytes",
}
_PREFIX = "semops/"
_LONGEST_PARAM, _LONGEST_TAG = 6_000, 5_000
_LONGEST_WORD = 250
_MOST_PARAMS = 90
_PARTS = ("params", "metrics", "artifacts")
_NOTE = "mlflow.note.content"


@dataclass(frozen=True, kw_only=True)
class TrackedRun:
    """One MLflow run, complete.

    Attributes:
        key: unique to what happened; the tag `semops.key`.
        parent_key: the key of the run that it is nested under; None for a parent.
        name: its name in MLflow's page.
        status: FINISHED, FAILED or KILLED.
        start_ms: Unix time in milliseconds.
        end_ms: Unix time in milliseconds.
        params: what it was made with.
        metrics: what it measured; finite.
        tags: what it belongs to.
        artifacts: paths of files that belong to it, by the name that each gets.
        pages: tables, plots and statements that it reported, by file name: text, or a picture as a data URI.
        datasets: what it read and made.
    """

    key: str
    name: str
    status: str
    start_ms: int
    end_ms: int
    parent_key: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    artifacts: Mapping[str, str] = field(default_factory=dict)
    pages: Mapping[str, str] = field(default_factory=dict)
    datasets: tuple[TrackedDataset, ...] = ()

    def to_json(self) -> str:
        """One line of JSON; the same run is the same text."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> TrackedRun:
        """The run that `to_json` wrote."""
        values = json.loads(text)
        values["datasets"] = tuple(TrackedDataset(**dataset) for dataset in values.get("datasets", ()))
        return cls(**values)


@dataclass(frozen=True)
class Context:
    """What the fold needs to know beyond the log and the graph.

    Attributes:
        places: what datasets are called.
        secrets: texts that never leave.
        about: parameters of the platform, such as its scale; each Dagster run gets them.
        dagster_url: address of Dagster's page.
    """

    places: Places = field(default_factory=lambda: Places("dagster"))
    secrets: Sequence[str] = field(default=(), repr=False)
    about: Mapping[str, str] = field(default_factory=dict)
    dagster_url: str = "http://127.0.0.1:3000"


def fold(run: RunLog, graph: Graph, context: Context | None = None) -> list[TrackedRun]:
    """The MLflow runs of one finished Dagster run, the parent first.

    Args:
        run: the run and its whole log.
        graph: for what the definitions say.
        context: what else there is to know.
    """
    known, steps = context or Context(), _Steps(run.records)
    children = [
        _materialization(
            run, record, graph.node(record.asset_key or ""), steps, known, datasets(record, graph, known.places)
        )
        for record in steps.made
    ]
    children += [
        _failure(run, key, partition, steps.failed[step], steps, known)
        for step, key, partition in steps.planned
        if step in steps.failed and step in steps.starts and (key, partition) not in steps.made_parts
    ]
    children = _numbered(children)
    # What was made stands first, in its order.
    subs = [sub for record, child in zip(steps.made, children, strict=False) for sub in _sub_runs(record, child)]
    return [_parent(run, children, steps, known), *children, *subs]


class _Steps:
    """What the log says of each step: its times, what it made, and what was claimed about that."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.starts: dict[str, float] = {}
        self.ends: dict[str, float] = {}
        self.failed: dict[str, Record] = {}
        self.made: list[Record] = []
        self.planned: list[tuple[str, str, str | None]] = []
        self.checks: dict[str, dict[str, float]] = {}
        for record in records:
            self._take(record, record.step_key or "")
        self.made_parts = {(record.asset_key or "", record.partition) for record in self.made}

    def _take(self, record: Record, step: str) -> None:
        if record.kind == "STEP_START":
            self.starts.setdefault(step, record.timestamp)
        elif record.kind in ("STEP_SUCCESS", "STEP_FAILURE"):
            self.ends[step] = record.timestamp
            if record.kind == "STEP_FAILURE":
                self.failed[step] = record
        elif record.kind == "ASSET_MATERIALIZATION":
            self.made.append(record)
        elif record.kind == "ASSET_MATERIALIZATION_PLANNED":
            self.planned += [(step, record.asset_key or "", part) for part in record.partitions or (None,)]
        elif record.kind == "ASSET_CHECK_EVALUATION" and record.check:
            claims = self.checks.setdefault(record.asset_key or "", {})
            claims[f"check/{record.check.name}"] = float(bool(record.check.passed))

    def times(self, record: Record) -> tuple[int, int]:
        """Start and end of the record's step, in milliseconds."""
        step = record.step_key or ""
        start, end = self.starts.get(step, record.timestamp), self.ends.get(step, record.timestamp)
        return round(start * 1000), round(end * 1000)


def _materialization(
    run: RunLog, record: Record, node: Node, steps: _Steps, known: Context, used: tuple[TrackedDataset, ...]
) -> TrackedRun:
    start, end = steps.times(record)
    # Dagster puts the run's id where an asset has no code version.
    reported = record.code_version if record.code_version != run.run_id else None
    code_version = node.code_version or reported
    metrics = _metrics(record.metadata) | steps.checks.get(node.key, {}) | {"seconds": (end - start) / 1000}
    return TrackedRun(
        key=_key(run, node.key, record.partition),
        parent_key=_parent_key(run),
        name=f"{node.key} {record.partition}" if record.partition else node.key,
        status="FINISHED",
        start_ms=start,
        end_ms=end,
        params=_scale(known) | _params(node, code_version, record) | _config(run, record.step_key, known.secrets),
        metrics=_named(metrics),
        tags=_tags(run, node.key, record.partition, "materialization", known)
        | _given(code_version=code_version, data_version=record.data_version),
        artifacts=artifacts(record.metadata),
        pages=pages(record.metadata, known.secrets),
        datasets=used,
    )


def _sub_runs(record: Record, parent: TrackedRun) -> list[TrackedRun]:
    """What a materialization compared, each in a run of its own below it: `semops/run:<name>` in its metadata."""
    found = []
    for key, told in sorted(record.metadata.items()):
        if not key.startswith(SUB_RUN) or not isinstance(told, dict):
            continue
        name, (params, metrics, files) = name_of(key.removeprefix(SUB_RUN)), (dict(told.get(p) or {}) for p in _PARTS)
        found.append(replace(
            parent,
            key=f"{parent.key}/{name}",
            parent_key=parent.key,
            name=f"{parent.name} {name}",
            params={name_of(k): str(v)[:_LONGEST_PARAM] for k, v in sorted(params.items())},
            metrics=_named({k: float(v) for k, v in metrics.items() if isinstance(v, int | float)}),
            tags={**parent.tags, "semops.kind": "experiment"},
            artifacts=artifacts({f"{ARTIFACT}{k}": v for k, v in files.items()}),
            pages={},
            datasets=tuple(used for used in parent.datasets if used.context == INPUT),
        ))  # fmt: skip
    return found


def _failure(run: RunLog, key: str, partition: str | None, record: Record, steps: _Steps, known: Context) -> TrackedRun:
    start, end = steps.times(record)
    error = f"{record.failure.error}: {record.failure.message}" if record.failure else "the step failed"
    return TrackedRun(
        key=_key(run, key, partition),
        parent_key=_parent_key(run),
        name=f"{key} {partition}" if partition else key,
        status="FAILED",
        start_ms=start,
        end_ms=end,
        params=_given(partition=partition),
        metrics={"seconds": (end - start) / 1000},
        tags=_tags(run, key, partition, "failure", known) | _given(error=scrub(error, known.secrets)),
    )


def _parent(run: RunLog, children: Sequence[TrackedRun], steps: _Steps, known: Context) -> TrackedRun:
    start = run.started or run.created
    start_ms = round(start.timestamp() * 1000)
    end_ms = round((run.ended or start).timestamp() * 1000)
    claims = [held for of_asset in steps.checks.values() for held in of_asset.values()]
    job = "assets" if run.job_name.startswith(ASSET_JOB_PREFIX) else run.job_name
    return TrackedRun(
        key=_parent_key(run),
        name=" ".join(part for part in (job, run.partition, run.run_id[:8]) if part),
        status=STATUS.get(run.status, "KILLED"),
        start_ms=start_ms,
        end_ms=end_ms,
        params=dict(known.about) | _given(partition=run.partition, job=job),
        metrics={
            "materializations": float(len(steps.made)),
            "failures": float(sum(child.status == "FAILED" for child in children)),
            "checks_passed": float(sum(claims)),
            "checks_failed": float(len(claims) - sum(claims)),
            "seconds": (end_ms - start_ms) / 1000,
        },
        tags={"semops.kind": "run", "dagster_run_id": run.run_id, "openlineage_run_id": run_id(run.created, run.run_id)}
        | {"dagster_url": (page := run_page(known.dagster_url, run.run_id)), _NOTE: f"[Dagster run]({page})"}
        | _given(
            partition=run.partition,
            code_location=run.location,
            backfill=run.tags.get("dagster/backfill"),
            retry_of=run.tags.get("dagster/parent_run_id"),
        ),
    )


def _numbered(children: Sequence[TrackedRun]) -> list[TrackedRun]:
    seen: dict[str, int] = {}
    numbered = []
    for child in children:
        count = seen[child.key] = seen.get(child.key, 0) + 1
        numbered.append(child if count == 1 else replace(child, key=f"{child.key}/{count}"))
    return numbered


def _parent_key(run: RunLog) -> str:
    return f"run/{run.run_id}"


def _key(run: RunLog, asset_key: str, partition: str | None) -> str:
    return f"asset/{asset_run_id(run.created, run.run_id, asset_key, partition)}"


def _tags(run: RunLog, key: str, partition: str | None, kind: str, known: Context) -> dict[str, str]:
    page = asset_page(known.dagster_url, key, partition)
    return {
        "dagster_url": page,
        _NOTE: f"[{key} in Dagster]({page}), [its Dagster run]({run_page(known.dagster_url, run.run_id)})",
        "semops.kind": kind,
        "dagster_run_id": run.run_id,
        "asset_key": key,
        "openlineage_run_id": asset_run_id(run.created, run.run_id, key, partition),
    } | _given(partition=partition)


def _params(node: Node, code_version: str | None, record: Record) -> dict[str, str]:
    partition = record.partition
    chosen = {name.removeprefix(_PREFIX): value for name, value in node.metadata.items() if name.startswith(_PREFIX)}
    # What the run says in words, such as the model it used; pages of Markdown are no parameters.
    for name, value in record.metadata.items():
        is_word = isinstance(value, str) and len(value) <= _LONGEST_WORD and "\n" not in value
        if name.startswith(_PREFIX) and not name.startswith(ARTIFACT) and is_word:
            chosen.setdefault(name.removeprefix(_PREFIX), value)
    given = _given(
        code_version=code_version,
        partition=partition,
        group=node.group,
        kinds=", ".join(node.kinds) or None,
        table_name=node.table_name,
        storage_kind=node.storage_kind,
        columns=str(len(node.columns)) if node.columns else None,
    )
    more = {name_of(name): str(value)[:_LONGEST_PARAM] for name, value in sorted(chosen.items())}
    return dict(list((more | given).items())[-_MOST_PARAMS:])


def _scale(known: Context) -> dict[str, str]:
    """At which scale, and from which seed: what tells two runs of one asset apart."""
    return {name: value for name, value in known.about.items() if name.startswith("scale.") or name == "seed"}


def _config(run: RunLog, step: str | None, secrets: Sequence[str]) -> dict[str, str]:
    """The step's configuration: numbers, truths and short texts, scrubbed; what is named like a secret stays out."""
    found = {}
    for name, value in sorted((run.config.get(step or "") or {}).items()):
        if isinstance(value, str | int | float | bool):
            found[name_of(f"config.{name}")] = value
        elif isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
            found[name_of(f"config.{name}")] = ", ".join(map(str, value))
    said = {name: scrub(f"{name}={value}", secrets).removeprefix(f"{name}=") for name, value in found.items()}
    return {name: text[:_LONGEST_WORD] for name, text in said.items() if text}


def _metrics(metadata: Mapping[str, Any]) -> dict[str, float]:
    found = {}
    for name, value in metadata.items():
        if name.startswith(ARTIFACT):
            continue
        known = METRICS.get(name) or (name.removeprefix(_PREFIX) if name.startswith(_PREFIX) else None)
        if known and isinstance(value, int | float):
            found[known] = float(value)
    return found


def _named(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name_of(name): value for name, value in sorted(metrics.items()) if math.isfinite(value)}


def _given(**values: str | None) -> dict[str, str]:
    return {name: value[:_LONGEST_TAG] for name, value in values.items() if value}
