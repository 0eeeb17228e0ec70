"""What a Dagster instance says, as plain values: runs, records of their logs, and the asset graph.

Belongs here: frozen records that the folds read, and the `EventLog` they are read from.
Does not belong here: Dagster's own types; `resources/event_log.py` translates them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

FINISHED = frozenset({"SUCCESS", "FAILURE", "CANCELED"})
ASSET_JOB_PREFIX = "__ASSET_JOB"


@dataclass(frozen=True)
class Column:
    """One column of a table: its name, its type and what it means."""

    name: str
    type: str
    description: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """Why something failed: the innermost cause's class and message, and the whole stack as text."""

    error: str
    message: str
    stack: str


@dataclass(frozen=True)
class Check:
    """One asset check: planned (`passed` is None) or evaluated.

    Attributes:
        name: the check, without its asset.
        passed: whether the claim held.
        severity: WARN or ERROR, the consequence of a claim that does not hold.
        description: the evaluation's own words.
    """

    name: str
    passed: bool | None = None
    severity: str = "ERROR"
    description: str | None = None


@dataclass(frozen=True, kw_only=True)
class Record:
    """One entry of the event log.

    Attributes:
        storage_id: position in its log, ascending.
        timestamp: Unix time in seconds.
        kind: Dagster's name of the event type, such as `STEP_START`.
        step_key: the step that wrote it.
        asset_key: `room/name` of the asset it is about.
        partitions: partition keys it is about; empty where unpartitioned.
        metadata: plain values; column schemas as tuples of `Column`, column lineage as `{column: [(key, column)]}`.
        input_versions: data version of each input, by asset key.
    """

    storage_id: int
    timestamp: float
    kind: str
    step_key: str | None = None
    asset_key: str | None = None
    partitions: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    data_version: str | None = None
    code_version: str | None = None
    input_versions: Mapping[str, str] = field(default_factory=dict)
    check: Check | None = None
    failure: Failure | None = None

    @property
    def partition(self) -> str | None:
        """The partition, where it is about one."""
        return self.partitions[0] if len(self.partitions) == 1 else None


@dataclass(frozen=True, kw_only=True)
class RunLog:
    """One run with its whole log so far, in order.

    Attributes:
        status: Dagster's status; one of `FINISHED` once nothing more comes.
        created: when the run was made; part of every derived id.
        partition: the partition the run was started for.
        location: code location that the run belongs to, where one is known.
        config: what each step was configured with, by step.
    """

    run_id: str
    job_name: str
    status: str
    created: datetime
    started: datetime | None = None
    ended: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    partition: str | None = None
    location: str | None = None
    config: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    records: tuple[Record, ...] = ()

    @property
    def is_finished(self) -> bool:
        """Whether the run has ended."""
        return self.status in FINISHED


@dataclass(frozen=True)
class RunHead:
    """That a run changed: enough to decide whether to read its log.

    Attributes:
        updated: Unix time in seconds of its last change of status.
        location: code location that the run belongs to, where one is known.
    """

    run_id: str
    updated: float
    is_finished: bool
    location: str | None = None


class EventLog(Protocol):
    """Where runs are read from; `resources.event_log.InstanceLog` is Dagster's.

    Attributes:
        is_ordered: no row of a run becomes visible after a later one, as with a single writer.
    """

    @property
    def is_ordered(self) -> bool:
        """Whether rows become visible in the order of their ids."""

    def changed_runs(self, after: float, limit: int) -> Sequence[RunHead]:
        """Runs whose status changed after that Unix time, oldest change first."""

    def heads(self, run_ids: Sequence[str]) -> Sequence[RunHead]:
        """Those runs, as far as they still exist."""

    def last_id(self, run_id: str) -> int:
        """Storage id of the newest record of the run's log; 0 where there is none."""

    def run(self, run_id: str) -> RunLog | None:
        """The run and its whole log; None where it was deleted."""

    def runless(self, after: int, limit: int) -> Sequence[Record]:
        """Events reported without a run, after that storage id."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """One asset of the graph.

    Attributes:
        key: `room/name`.
        parents: keys of the assets it is made from.
        columns: its column schema, empty where it has none.
        storage_kind: `dagster/storage_kind` of the definition, such as `delta`.
        uri: physical address, where the definition knows one.
        is_made: runs make it; false where they can only observe it.
        tags: tags of the definition, without Dagster's own.
        same_partitions: parents that have the same partitions, so that each partition is read from its like.
        source_path: file of the definition, from the root of its source tree.
        source_url: address of the definition's source, where the project links it.
        metadata: scalar metadata of the definition.
        window: start and end of a partition, where partitions are time windows.
    """

    key: str
    parents: tuple[str, ...] = ()
    description: str | None = None
    owners: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    group: str | None = None
    columns: tuple[Column, ...] = ()
    code_version: str | None = None
    table_name: str | None = None
    storage_kind: str | None = None
    uri: str | None = None
    checks: tuple[str, ...] = ()
    is_partitioned: bool = False
    is_external: bool = False
    is_made: bool = True
    tags: Mapping[str, str] = field(default_factory=dict)
    same_partitions: frozenset[str] = frozenset()
    source_path: str | None = None
    source_url: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    window: Callable[[str], tuple[datetime, datetime] | None] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Graph:
    """The asset graph; total: an asset that it does not know is a node without facts."""

    nodes: Mapping[str, Node]

    def node(self, key: str) -> Node:
        """The asset of that key."""
        return self.nodes.get(key) or Node(key=key)

    def edges(self) -> Iterator[tuple[str, str]]:
        """Every edge as (parent, child), sorted by child."""
        for key in sorted(self.nodes):
            for parent in self.nodes[key].parents:
                yield parent, key
