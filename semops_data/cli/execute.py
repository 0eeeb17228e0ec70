"""Run the phases of a plan in this process, and say what happens while it does."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import dagster as dg

from semops_data.cli.plan import with_downstream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

    from semops_data.cli.plan import Phase

# Dagster's own console log would repeat every line of ours, in five lines.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Failure:
    """What did not work.

    Attributes:
        asset: the asset's key, as text.
        day: its partition.
        check: the check's name, where a check failed.
        blocking: whether what comes after it was held back.
        error: the first line of the innermost error, or what the check says.
        log: file with the whole error.
    """

    asset: str
    day: str | None
    check: str | None
    blocking: bool
    error: str
    log: str | None


@dataclass
class Outcome:
    """What the runs left behind.

    Attributes:
        run_ids: Dagster's runs, in order.
        materialized: (asset, day, seconds) of each materialization, in order.
        failures: what failed.
        held_back: assets and days that were not computed because something before them failed.
        checks_passed: how many checks passed.
    """

    run_ids: list[str] = field(default_factory=list)
    materialized: list[tuple[str, str | None, float]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    held_back: list[tuple[str, str | None]] = field(default_factory=list)
    checks_passed: int = 0

    @property
    def is_ok(self) -> bool:
        """Whether every asset was computed and every blocking check passed."""
        return not any(failure.check is None or failure.blocking for failure in self.failures)


class Watcher:
    """Listens to one run's events and turns them into progress lines and an `Outcome`."""

    def __init__(self, outcome: Outcome, day: str | None, say: Callable[[str], None], log: Path) -> None:
        self.outcome, self.day, self.say, self.log = outcome, day, say, log
        self.made: dict[str, dict[str, Any]] = {}

    def __call__(self, entry: Any) -> None:
        """One entry of the event log."""
        event = entry.dagster_event
        if event is None:
            return
        handler = getattr(self, f"on_{event.event_type_value.lower()}", None)
        if handler is not None:
            handler(event)

    def on_asset_materialization(self, event: dg.DagsterEvent) -> None:
        """An asset was written."""
        made = event.step_materialization_data.materialization
        counts = [made.metadata.get(f"dagster/{name}") for name in ("partition_row_count", "row_count")]
        rows = next((count.value for count in counts if count is not None), None)
        self.made.setdefault(str(event.step_key), {})[made.asset_key.to_user_string()] = rows
        if (before := made.metadata.get("semops/model_before")) is not None:
            self.say(f"{self._name(made.asset_key.to_user_string())} every text anew: the model was {before.value}")

    def on_step_success(self, event: dg.DagsterEvent) -> None:
        """A step is over; only those that wrote assets are told, and several share the step's time."""
        made = self.made.get(str(event.step_key), {})
        for asset, rows in made.items():
            seconds = event.step_success_data.duration_ms / 1000 / len(made)
            self.outcome.materialized.append((asset, self.day, seconds))
            self.say(f"{self._name(asset)} {seconds:6.2f} s" + (f" {rows:>10,} rows" if rows is not None else ""))

    def on_asset_check_evaluation(self, event: dg.DagsterEvent) -> None:
        """A check was evaluated."""
        evaluation = event.asset_check_evaluation_data
        if evaluation.passed:
            self.outcome.checks_passed += 1
            return
        asset = evaluation.asset_key.to_user_string()
        blocking = evaluation.blocking is not False and evaluation.severity == dg.AssetCheckSeverity.ERROR
        said = evaluation.description or ", ".join(f"{k} {v.value}" for k, v in sorted(evaluation.metadata.items()))
        self._failed(Failure(asset, self.day, evaluation.check_name, blocking, _first_line(said), None))

    def on_step_failure(self, event: dg.DagsterEvent) -> None:
        """A step raised; the step of a blocking check does so too, and was told already."""
        error = event.step_failure_data.error
        if error is None or "DagsterAssetCheckFailedError" in error.to_string():
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a") as log:
            log.write(f"{event.step_key}\n{error.to_string()}\n")
        while error.cause is not None:
            error = error.cause
        asset = str(event.step_key).replace("__", "/", 1)
        self._failed(Failure(asset, self.day, None, True, _first_line(error.message), str(self.log)))

    def _failed(self, failure: Failure) -> None:
        self.outcome.failures.append(failure)
        what = f"check {failure.check} failed" if failure.check else "FAILED"
        self.say(f"{self._name(failure.asset)} {what}: {failure.error}")
        if failure.log:
            self.say(f"{'':12}  the whole error: {failure.log}")

    def _name(self, asset: str) -> str:
        return f"{self.day or '':12}  {asset:<34}"


def _first_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[0][:300] if lines else "no message"


def execute(
    instance: dg.DagsterInstance,
    defs: dg.Definitions,
    laid_out: Sequence[Phase],
    days: Sequence[str],
    *,
    say: Callable[[str], None],
    logs: Path,
) -> Outcome:
    """Run the phases in order; what comes after a failure is held back, everything else goes on.

    Args:
        instance: where the runs are recorded.
        defs: the code location.
        laid_out: the runs.
        days: the days of the calendar that count.
        say: takes a line of progress.
        logs: folder of the error logs, one file a run.

    Raises:
        KeyboardInterrupt: where the user ended it.
    """
    outcome = Outcome()
    job = defs.resolve_implicit_global_asset_job_def()
    graph: AssetGraph = defs.resolve_asset_graph()
    lost: set[tuple[dg.AssetKey, str | None]] = set()
    for phase in laid_out:
        keys = [key for key in phase.keys if (key, phase.day) not in lost]
        outcome.held_back += [(key.to_user_string(), phase.day) for key in phase.keys if key not in keys]
        if not keys:
            continue
        run_id = str(uuid.uuid4())
        outcome.run_ids.append(run_id)
        before, failed_before = len(outcome.materialized), len(outcome.failures)
        instance.add_event_listener(run_id, Watcher(outcome, phase.day, say, logs / f"run-{run_id}.log"))
        try:
            job.execute_in_process(
                run_config=QUIET,
                instance=instance,
                partition_key=phase.day,
                asset_selection=keys,
                raise_on_error=False,
                run_id=run_id,
            )
        except dg.DagsterExecutionInterruptedError as error:
            raise KeyboardInterrupt from error
        done = {asset for asset, _, _ in outcome.materialized[before:]}
        failed = {f.asset for f in outcome.failures[failed_before:] if f.check is None or f.blocking}
        bad = [key for key in keys if key.to_user_string() in failed or key.to_user_string() not in done]
        outcome.held_back += [
            (key.to_user_string(), phase.day) for key in bad if key.to_user_string() not in failed | done
        ]
        lost |= with_downstream(graph, [(key, phase.day) for key in bad], days)
    return outcome
