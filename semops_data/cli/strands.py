"""Two strands of a plan side by side: what hangs on the days, and what does not.

The business stream and the scoring share no asset, so each can have a processor. The second strand runs in a child
process with the same instance; it ends with its parent, whichever way that ends.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

import dagster as dg

from semops_data.cli.execute import Failure, Outcome, execute
from semops_data.cli.plan import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

    from semops_data.settings import Settings

# Below this many assets a child takes longer to start than to help.
WORTH_A_PROCESS = 8
PATIENCE_SECONDS = 10.0


def split(graph: AssetGraph, laid_out: Sequence[Phase]) -> tuple[list[Phase], list[Phase]]:
    """Part a plan where no asset of one part is connected with an asset of the other.

    Args:
        graph: the assets.
        laid_out: the plan.

    Returns:
        The phases of all that is connected with a daily asset, and those of all else; one of them is empty where
        the other has everything, or where a part is too small to be worth a process.
    """
    part = _components(graph)
    daily = {part[key] for key in part if graph.get(key).is_partitioned}
    sides: tuple[list[Phase], list[Phase]] = ([], [])
    for phase in laid_out:
        for side, is_daily in zip(sides, (True, False), strict=True):
            keys = tuple(key for key in phase.keys if (part[key] in daily) == is_daily)
            side.extend([Phase(phase.day, keys)] if keys else [])
    if min(sum(len(phase.keys) for phase in side) for side in sides) < WORTH_A_PROCESS:
        return list(laid_out), []
    return sides


def _components(graph: AssetGraph) -> Mapping[dg.AssetKey, dg.AssetKey]:
    """One representative for each set of connected assets; checks connect what they read with what they judge."""
    ours = [key for key in graph.toposorted_asset_keys if graph.get(key).is_materializable]
    leader = {key: key for key in ours}

    def find(key: dg.AssetKey) -> dg.AssetKey:
        while leader[key] != key:
            key = leader[key]
        return key

    joined = [(key, parent) for key in ours for parent in graph.get(key).parent_keys]
    for check in graph.asset_check_keys:
        spec = graph.get_check_spec(check)
        joined += [(check.asset_key, dependency.asset_key) for dependency in spec.additional_deps]
    for one, other in joined:
        if one in leader and other in leader:
            leader[find(one)] = find(other)
    return {key: find(key) for key in ours}


class Beside:
    """A strand in a process of its own; its progress lines are said as they come."""

    def __init__(self, laid_out: Sequence[Phase], days: Sequence[str], say: Callable[[str], None]) -> None:
        self._say = say
        self._outcome: Outcome | None = None
        self._child = subprocess.Popen(
            [sys.executable, "-m", "semops_data.cli.strands"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=_half_of_the_processors() | os.environ,
        )
        task = {"days": list(days), "phases": [{"day": p.day, "keys": [k.path for k in p.keys]} for p in laid_out]}
        assert self._child.stdin is not None  # noqa: S101 - PIPE was asked for
        # The pipe stays open: its end tells the child that this process is gone.
        self._child.stdin.write(json.dumps(task) + "\n")
        self._child.stdin.flush()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._child.stdout is not None  # noqa: S101 - PIPE was asked for
        for line in self._child.stdout:
            try:
                told = json.loads(line)
            except ValueError:
                continue  # a library's own words
            if "say" in told:
                self._say(told["say"])
            elif "outcome" in told:
                self._outcome = from_json(told["outcome"])

    def result(self) -> Outcome:
        """Wait for the strand to end.

        Raises:
            RuntimeError: where its process died before it could report.
        """
        code = self._child.wait()
        self._close()
        if self._outcome is None:
            raise RuntimeError(
                f"the process that ran the assets without days ended with {code} before it could report: run again, "
                "what it finished is kept"
            )
        return self._outcome

    def stop(self) -> None:
        """End the strand, politely at first."""
        with suppress(OSError):
            self._child.send_signal(signal.SIGINT)
        try:
            self._child.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._close()

    def _close(self) -> None:
        self._reader.join()
        for pipe in (self._child.stdin, self._child.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()


def execute_strands(
    instance: dg.DagsterInstance,
    defs: dg.Definitions,
    laid_out: Sequence[Phase],
    days: Sequence[str],
    *,
    say: Callable[[str], None],
    settings: Settings,
) -> Outcome:
    """Run a plan of the platform's own code location; as `execute`, on two processors where that pays.

    Raises:
        KeyboardInterrupt: where the user ended it.
        RuntimeError: where the second process died.
    """
    main, other = split(defs.resolve_asset_graph(), laid_out)
    beside = Beside(other, days, say) if other else None
    try:
        outcome = execute(instance, defs, main, days, say=say, logs=settings.home / "logs")
        return merged(beside.result(), outcome) if beside else outcome
    except BaseException:
        if beside:
            beside.stop()
        raise


def merged(first: Outcome, second: Outcome) -> Outcome:
    """Both outcomes as one."""
    return Outcome(
        first.run_ids + second.run_ids,
        first.materialized + second.materialized,
        first.failures + second.failures,
        first.held_back + second.held_back,
        first.checks_passed + second.checks_passed,
    )


def from_json(document: Mapping[str, list[list[object]]]) -> Outcome:
    """An outcome from what `asdict` and JSON made of it."""
    known = dict(document)
    known["materialized"] = [tuple(each) for each in document["materialized"]]  # type: ignore[misc]
    known["held_back"] = [tuple(each) for each in document["held_back"]]  # type: ignore[misc]
    known["failures"] = [Failure(**each) for each in document["failures"]]  # type: ignore[arg-type, misc]
    return Outcome(**known)  # type: ignore[arg-type]


def _half_of_the_processors() -> dict[str, str]:
    # Threads that wait for one another at each layer of a model lose more than they gain beside a busy process.
    return {"OMP_NUM_THREADS": str(max(1, len(os.sched_getaffinity(0)) // 2))}


def _end_with_the_parent() -> None:
    """Interrupt this process when the pipe from its parent closes."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGINT)


def child() -> None:
    """Run the strand that stdin names; tell progress and outcome on stdout, a JSON document a line."""
    from semops_data.cli.home import instance
    from semops_data.definitions import defs
    from semops_data.settings import load_settings

    task = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    told = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    # What libraries print must not mix with the documents.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    settings = load_settings()
    laid_out = [Phase(each["day"], tuple(dg.AssetKey(path) for path in each["keys"])) for each in task["phases"]]

    def say(line: str) -> None:
        told.write(json.dumps({"say": line}) + "\n")

    with instance(settings) as opened:
        outcome = execute(opened, defs, laid_out, task["days"], say=say, logs=settings.home / "logs")
    told.write(json.dumps({"outcome": asdict(outcome)}) + "\n")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        child()
