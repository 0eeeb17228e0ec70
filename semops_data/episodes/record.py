"""`EpisodeLog`: recording runs and episodes while they happen.

A record that breaks its contract raises: that is a programming error. A spool that cannot be written warns once
and work goes on: telemetry never decides.
"""

from __future__ import annotations

import json
import logging
import time
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semops_data.contracts.operations import EPISODES, RUNS
from semops_data.episodes.ids import new_id
from semops_data.episodes.redact import redact
from semops_data.episodes.spool import Spool
from semops_data.episodes.validate import validate, validate_edge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from semops_data.contracts import Table

    Outcomes = Callable[[list[str]], Mapping[str, dict[str, Any]]]
    LineageIds = Callable[[list[tuple[str, str]]], Mapping[tuple[str, str], str]]

LONGEST_ERROR = 4_000
logger = logging.getLogger(__name__)
_episode: ContextVar[Episode | None] = ContextVar("semops_episode", default=None)
_run: ContextVar[Run | None] = ContextVar("semops_run", default=None)


@dataclass
class Run:
    """One bounded execution; the fields are the columns of `episodes/runs`, to be set in the body."""

    run_type: str
    id: str = field(default_factory=new_id)
    status: str = "running"
    agent_name: str | None = None
    error_message: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended_at: datetime | None = None
    dagster_run_id: str | None = None
    openlineage_run_id: str | None = None
    mlflow_run_id: str | None = None


@dataclass
class Episode:
    """One operation on the domain model; the fields are the columns of `episodes/episodes`, to be set in the body.

    Attributes:
        operation: what is done; one of the contract's operations.
        target_type: entity, pattern, edge, delivery, corpus or repo.
        target_id: which one.
        agent_name: asset, command or agent that acts.
        token_usage: {prompt_tokens, completion_tokens, total_tokens}.
        detected_edges: proposals, each {predicate, target_id, strength 0-1, rationale}.
        coherence_score: 0 to 1, or None where it is unmeasured.
        chain_depth: episodes around this one; counted, not to be set.
        metadata: anything else that JSON can hold; obvious secrets are removed.
    """

    operation: str
    target_type: str
    target_id: str
    agent_name: str
    run_id: str | None = None
    id: str = field(default_factory=new_id)
    context_pattern_ids: list[str] = field(default_factory=list)
    context_entity_ids: list[str] = field(default_factory=list)
    coherence_score: float | None = None
    agent_version: str | None = None
    model_name: str | None = None
    prompt_hash: str | None = None
    token_usage: dict[str, int] | None = None
    detected_edges: list[dict[str, Any]] = field(default_factory=list)
    input_hash: str | None = None
    reasoning_pattern: str | None = None
    context_assembly_method: str | None = None
    chain_depth: int = 0
    branching_factor: int | None = None
    observation_action_cycles: int | None = None
    context_token_count: int | None = None
    context_utilization: float | None = None
    error_message: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    dagster_run_id: str | None = None
    asset_key: str | None = None
    openlineage_run_id: str | None = None
    mlflow_run_id: str | None = None


@dataclass
class EpisodeLog:
    """Where runs and episodes are recorded; one per process is enough, several do no harm.

    Attributes:
        folder: `<home>/episodes`; the spool lies below it and is made at the first record.
        secrets: values that are removed wherever they appear in a record.
        outcomes: given Dagster run ids, what Dagster knows of them: fields of `Run` by Dagster run id.
        lineage_ids: given (Dagster run id, asset key) pairs, the OpenLineage run id of each that is known.
    """

    folder: Path
    secrets: tuple[str, ...] = field(default=(), repr=False)
    outcomes: Outcomes | None = field(default=None, repr=False)
    lineage_ids: LineageIds | None = field(default=None, repr=False)
    _has_warned: bool = field(default=False, init=False, repr=False)
    _known_runs: set[str] = field(default_factory=set, init=False, repr=False)

    def spool(self, name: str) -> Spool:
        """The spool of `runs` or `episodes`."""
        return Spool(Path(self.folder) / "spool" / name)

    @contextmanager
    def run(self, *, run_type: str = "manual", **fields_of_run: Any) -> Iterator[Run]:
        """Record one run: `running` at once, then `completed`, or `failed` where the body raises.

        Args:
            run_type: manual, scheduled, interactive or agent.
            fields_of_run: further fields of `Run`. The body may set `status = "cancelled"` and the rest.

        Raises:
            InvalidRecordError: naming the field, its value and what is allowed.
        """
        run = Run(run_type=run_type, **fields_of_run)
        self._append(RUNS, run)
        self._known_runs.add(run.id)
        token = _run.set(run)
        try:
            yield run
        except BaseException as error:
            run.status = "cancelled" if isinstance(error, KeyboardInterrupt | GeneratorExit) else "failed"
            self._finish_failed(RUNS, run, error)
            raise
        else:
            run.status = "completed" if run.status == "running" else run.status
            run.ended_at = datetime.now(UTC)
            self._append(RUNS, run)
        finally:
            _reset(_run, token)

    @contextmanager
    def episode(
        self, *, operation: str, target_type: str, target_id: str, agent_name: str, **fields_of_episode: Any
    ) -> Iterator[Episode]:
        """Record one operation, whether it succeeds or raises; what is raised goes on to the caller.

        The episode belongs to `run_id` where given, else to the run around it, else to the Dagster run of
        `dagster_run_id`, else to a run of its own.

        Args:
            operation: one of the contract's operations.
            target_type: entity, pattern, edge, delivery, corpus or repo.
            target_id: which one.
            agent_name: asset, command or agent that acts.
            fields_of_episode: further fields of `Episode`; the body may set them too.

        Raises:
            InvalidRecordError: before the body or after it, naming the field, its value and what is allowed.
        """
        episode = Episode(operation, target_type, target_id, agent_name, **fields_of_episode)
        parent = _episode.get()
        if parent is not None:
            episode.chain_depth = parent.chain_depth + 1
            episode.metadata.setdefault("parent_id", parent.id)
            episode.run_id = episode.run_id or parent.run_id
        has_own_run = self._join_run(episode)
        validate(EPISODES, _fields(EPISODES, episode))
        own_run = self.run(agent_name=agent_name, id=episode.run_id) if has_own_run else nullcontext()
        with own_run, self._episode_in_run(episode):
            yield episode

    @contextmanager
    def _episode_in_run(self, episode: Episode) -> Iterator[Episode]:
        began, token = time.monotonic(), _episode.set(episode)
        try:
            yield episode
        except BaseException as error:
            episode.metadata["duration_seconds"] = round(time.monotonic() - began, 6)
            self._finish_failed(EPISODES, episode, error)
            raise
        else:
            episode.metadata["duration_seconds"] = round(time.monotonic() - began, 6)
            self._append(EPISODES, episode)
        finally:
            _reset(_episode, token)

    def _join_run(self, episode: Episode) -> bool:
        """Set the episode's run; true where it is in none and needs one of its own."""
        around = _run.get()
        if episode.run_id is None and around is not None:
            episode.run_id = around.id
        if episode.run_id is None and episode.dagster_run_id is not None:
            episode.run_id = episode.dagster_run_id
            if episode.run_id not in self._known_runs:
                # Processes of one Dagster run share its id; `episodes/runs` asks Dagster how it ended.
                self._append(RUNS, Run("manual", id=episode.run_id, dagster_run_id=episode.run_id))
                self._known_runs.add(episode.run_id)
        if episode.run_id is not None:
            return False
        episode.run_id = new_id()
        return True

    def _finish_failed(self, contract: Table, record: Run | Episode, error: BaseException) -> None:
        """Record why the body failed, without hiding its error behind one of ours."""
        record.error_message = f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
        if isinstance(record, Run):
            record.ended_at = datetime.now(UTC)
        try:
            self._append(contract, record)
        except ValueError as invalid:
            logger.warning("a record of a failed operation was dropped: %s", redact(str(invalid), self.secrets))

    def _append(self, contract: Table, record: Run | Episode) -> None:
        """Validate, redact and spool one record."""
        row = _fields(contract, record)
        validate(contract, row)
        row = {name: redact(getattr(record, name), self.secrets) for name in row}
        row = {name: _text_of(contract[name].type, value) for name, value in row.items()}
        try:
            self.spool(contract.name).append(row)
        except OSError as error:
            if not self._has_warned:
                logger.warning("episodes are not recorded, work goes on: %s: %s", self.folder, error)
            self._has_warned = True


def _fields(contract: Table, record: Run | Episode) -> dict[str, Any]:
    """The record's fields with nested ones as JSON texts, as the contract has them."""
    values = {each.name: getattr(record, each.name) for each in fields(record)}
    if isinstance(record, Episode):
        for edge in record.detected_edges:
            validate_edge(edge)
    return {
        name: value if isinstance(value, datetime) else _text_of(contract[name].type, value)
        for name, value in values.items()
    }


def _text_of(kind: str, value: Any) -> Any:
    """A value as the spool holds it: times in ISO 8601, what is nested as JSON."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if kind == "list<string>" and isinstance(value, list | tuple):
        return [_json(item) if isinstance(item, dict) else item for item in value]
    return _json(value) if kind == "string" and isinstance(value, dict) else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def _reset(variable: ContextVar[Any], token: Any) -> None:
    """Undo a `set`; a generator that is closed from another context cannot, and need not."""
    try:
        variable.reset(token)
    except ValueError:
        variable.set(None)
