"""Measuring one asset in a process of its own, over inputs of a given scale in a home of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semops_data.projection.corpus import write_scaled_corpus
from semops_data.settings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from semops_data.settings import Settings

DEFINITIONS = "semops_data.definitions"
TIMEOUT_SECONDS = 900.0
# What a measurement takes over from the user's settings: never a server, so that nothing outside is written to.
KEPT = ("start_date", "seed", "defect_rate", "registry", "embedding_model", "device", "corpus_include")


class ProjectionError(RuntimeError):
    """A projection cannot be made: what was asked, what was wrong with it, what to do."""


@dataclass(frozen=True)
class Step:
    """Assets that are written together; `is_selected` where they are to be measured."""

    keys: tuple[str, ...]
    is_selected: bool


@dataclass(frozen=True)
class Cost:
    """What one asset cost at one factor; figures are None where `reason` says why it failed.

    Attributes:
        asset_key: the asset, `room/name`; several joined by `+` where one step writes them together.
        factor: scale of the input, 1 is as configured.
        wall_seconds: of the materialization, without starting Python and importing the code location.
        cpu_seconds: of the same, child processes that ended included.
        peak_memory_bytes: largest resident set of the process.
        baseline_memory_bytes: resident set before the asset began: Python, Dagster, the code location.
        row_count: rows that the asset reported.
    """

    asset_key: str
    factor: float
    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    baseline_memory_bytes: int | None = None
    row_count: int | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Prober:
    """Starts the processes of one factor; every one of them sees the same home and nothing of the user's.

    Attributes:
        settings: the user's settings, of which `KEPT` are taken over.
        factor: scale of the input.
        home: platform home of this factor.
        definitions: module whose `defs` is measured.
        timeout_seconds: limit of one process.
    """

    settings: Settings
    factor: float
    home: Path
    definitions: str = DEFINITIONS
    timeout_seconds: float = TIMEOUT_SECONDS

    def plan(self, select: Sequence[str]) -> list[Step]:
        """What has to be materialized, in order.

        Raises:
            ProjectionError: where the code location or the selection cannot be resolved.
        """
        answer = self._call("plan", select)
        if "steps" not in answer:
            raise ProjectionError(f"cannot lay out {', '.join(select)}: {answer['error']}")
        steps = [Step(tuple(step["keys"]), bool(step["is_selected"])) for step in answer["steps"]]
        if not any(step.is_selected for step in steps):
            raise ProjectionError(f"the selection {', '.join(select)} holds no asset: `dst info` lists them")
        return steps

    def prepare(self, steps: Sequence[Step]) -> str | None:
        """Materialize what the next measurement reads; the reason where that fails."""
        error = self._call("run", ["+".join(step.keys) for step in steps]).get("error") if steps else None
        return str(error) if error else None

    def measure(self, step: Step) -> Cost:
        """Materialize one step alone and say what it cost."""
        answer = self._call("run", ["+".join(step.keys)])
        if answer.get("error"):
            answer = {"reason": str(answer["error"])}
        answer.pop("error", None)
        return Cost("+".join(step.keys), self.factor, **answer)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the processes: without the user's `SEMOPS_*` and Dagster home."""
        kept = {name: getattr(self.settings, name) for name in KEPT}
        if self.settings.embedding_url is not None:
            kept["embedding_model"] = None
        if kept["registry"]:
            kept["registry"] = Path(kept["registry"]).expanduser().absolute()
        own = {
            "home": self.home,
            "days": 1,
            "orders_per_day": max(1, round(self.settings.orders_per_day * self.factor)),
            **({"corpus": self.home / "corpus"} if (self.home / "corpus").is_dir() else {}),
        }
        values = {f"SEMOPS_{k.upper()}": str(v) for k, v in (kept | own).items() if v is not None}
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SEMOPS_", "DAGSTER_"))}
        path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH", "")]))
        return inherited | values | {"PYTHONPATH": path, "DAGSTER_DISABLE_TELEMETRY": "yes"}

    def _call(self, command: str, select: Sequence[str]) -> dict[str, Any]:
        """Run one probe and read its answer; `{"error": ...}` where it gave none."""
        out, log = self.home / "answer.json", self.home / "probe.log"
        out.unlink(missing_ok=True)
        arguments = [sys.executable, "-m", "semops_data.cli.probe", command, "--definitions", self.definitions]
        arguments += [part for text in select for part in ("--select", text)]
        arguments += ["--day", self.settings.start_date.isoformat(), "--out", str(out)]
        status = _run(arguments, self.environment, self.home, log, self.timeout_seconds)
        try:
            answer: dict[str, Any] = json.loads(out.read_text())
        except (OSError, ValueError):
            return {"error": _failure(status, log, self.timeout_seconds)}
        return answer


def lay_out(settings: Settings, select: Sequence[str], *, scratch: Path, definitions: str = DEFINITIONS) -> list[Step]:
    """The steps of a selection and of everything that it reads, in order; the same at every factor.

    Raises:
        ProjectionError: where the selection cannot be resolved.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="plan-") as folder:
        return Prober(settings, 1.0, Path(folder), definitions).plan(select)


def measure_factor(
    settings: Settings,
    factor: float,
    steps: Sequence[Step],
    *,
    scratch: Path,
    definitions: str = DEFINITIONS,
    timeout_seconds: float = TIMEOUT_SECONDS,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Cost]:
    """Measure the selected steps at one factor, each alone in a fresh process, in a home that is removed afterwards.

    What they read is materialized before, once. An asset that is both selected and read is measured, then read.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix=f"factor-{factor:g}-") as folder:
        home = Path(folder)
        if definitions == DEFINITIONS:
            write_scaled_corpus(settings, factor, home / "corpus")
        prober = Prober(settings, factor, home, definitions, timeout_seconds)
        try:
            yield from _measure_steps(prober, steps, say)
        finally:
            _stop_servers(settings, home)


def _measure_steps(prober: Prober, steps: Sequence[Step], say: Callable[[str], None]) -> Iterator[Cost]:
    waiting: list[Step] = []
    failed: str | None = None
    for step in steps:
        if not step.is_selected:
            waiting.append(step)
            continue
        if waiting:
            say(f"x{prober.factor:g}: preparing {len(waiting)} assets that are read")
            failed, waiting = prober.prepare(waiting) or failed, []
        cost = prober.measure(step)
        if cost.reason is not None and failed is not None:
            cost = replace(cost, reason=f"{cost.reason}; before it failed {failed}")
        say(f"x{prober.factor:g}: {_told(cost)}")
        yield cost


def _told(cost: Cost) -> str:
    if cost.reason is not None or cost.wall_seconds is None or cost.peak_memory_bytes is None:
        return f"{cost.asset_key} failed: {cost.reason}"
    return f"{cost.asset_key} {cost.wall_seconds:.2f} s, {cost.peak_memory_bytes / 2**20:.0f} MiB"


def _run(arguments: list[str], environment: Mapping[str, str], folder: Path, log: Path, timeout: float) -> int | None:
    """Run a process in a session of its own; its exit status, or None where it ran past the limit."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            arguments, env=dict(environment), cwd=folder, stdout=output, stderr=output, start_new_session=True
        )
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _failure(status: int | None, log: Path, timeout: float) -> str:
    if status is None:
        return f"it ran past {timeout:g} s"
    if status == -signal.SIGKILL:
        return "it was killed, most likely because memory ran out"
    lines = log.read_text(errors="replace").strip().splitlines()
    return f"exit status {status}: {lines[-1][:300] if lines else 'it said nothing'}"


def _stop_servers(settings: Settings, home: Path) -> None:
    """End the warehouse's emulator, which outlives the process that started it."""
    from semops_data.warehouse import emulator

    emulator.stop(settings.model_copy(update={"home": home}))
