"""What the mirror costs a run: the same run with it off, on, and on with a backend that never answers.

    python benchmarks/run_path.py [--blocks 24] [--seconds 150] [--tick 3]

Prints JSON; takes about two minutes on a quiet machine. One process runs ten assets again and again on one instance,
in memory where the machine has a folder for that (a disk is louder than what is looked for); two mirrors,
each in a process of its own, follow that instance as the daemon does, but every three seconds instead of every thirty
(`--tick`). A block is off, on, hole, hole, on, off, eight runs each: what the machine does more and more, or less and
less, falls on all alike. Of each block counts the difference to off in percent of off, of wall time and of the CPU time
of the process that runs; the interval is the 95% bootstrap interval of the median over blocks.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["BENCH_ASSETS"] = "10"
from lineage_load import received, receiver
from peer_project import ASSETS, build, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OFF, ON, HOLE = "off", "on", "black_hole"
ORDER = (OFF, ON, HOLE, HOLE, ON, OFF)
TICK_SECONDS = 3.0
RUNS = 8
STEP_SECONDS = 0.02
RESAMPLES = 4000


class Mirror:
    """A mirror in a process of its own, which ticks while it is told to."""

    def __init__(self, home: Path, url: str, tick: float) -> None:
        command = [sys.executable, __file__, "--mirror", str(home), "--url", url, "--tick", str(tick)]
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)
        self.tell("")

    def tell(self, word: str) -> None:
        """Say `go` or `wait`, and go on once it has understood."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None  # noqa: S101
        assert stdout is not None  # noqa: S101
        if word:
            stdin.write(f"{word}\n")
            stdin.flush()
        stdout.readline()

    @contextmanager
    def ticking(self) -> Iterator[None]:
        """Ticks while the block lasts."""
        self.tell("go")
        try:
            yield
        finally:
            self.tell("wait")

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(timeout=20)


def mirror(home: Path, url: str, seconds: float) -> None:
    """The other process: tick between `go` and `wait`."""
    import threading

    import dagster as dg

    from semops_data.lineage.sync import sync
    from semops_data.resources.event_log import InstanceLog, asset_graph
    from semops_data.settings import Settings

    settings = Settings(home=home / f"mirror-{os.getpid()}", openlineage_url=url, openlineage_timeout_seconds=1)
    active, idle = threading.Event(), threading.Event()
    idle.set()

    def tick() -> None:
        with dg.DagsterInstance.from_config(str(home)) as instance:
            log, assets = InstanceLog(instance), asset_graph(build(dg))
            while active.wait():
                idle.clear()
                # Never patient: it hangs in each tick, where the sensor would leave the backend alone.
                sync(log, assets, settings)
                idle.set()
                due = time.monotonic() + seconds
                while active.is_set() and time.monotonic() < due:
                    time.sleep(STEP_SECONDS)

    threading.Thread(target=tick, daemon=True).start()
    print("ready", flush=True)
    for word in sys.stdin:
        if word.strip() == "go":
            active.set()
        else:
            active.clear()
            time.sleep(2 * STEP_SECONDS)
            idle.wait()
        print("done", flush=True)


def measured(blocks: int = 24, seconds: float = 150.0, tick: float = TICK_SECONDS) -> dict[str, object]:
    """Wall and CPU seconds of each run, block by block, and what follows; no block begins after those seconds."""
    import dagster as dg

    memory = Path("/dev/shm")  # noqa: S108
    home = Path(tempfile.mkdtemp(prefix="semops-bench-", dir=memory if memory.is_dir() else None))
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    walls: list[dict[str, float]] = []
    cpus: list[dict[str, float]] = []
    with (
        socket.create_server(("127.0.0.1", 0)) as hole,
        receiver() as url,
        dg.DagsterInstance.from_config(str(home)) as instance,
    ):
        run(dg, instance)
        mirrors = {ON: Mirror(home, url, tick), HOLE: Mirror(home, f"http://127.0.0.1:{hole.getsockname()[1]}", tick)}
        try:
            block(dg, instance, mirrors)
            end = time.monotonic() + seconds
            while len(walls) < blocks and time.monotonic() < end:
                wall, cpu = block(dg, instance, mirrors)
                walls.append(wall)
                cpus.append(cpu)
        finally:
            for each in mirrors.values():
                each.close()
        events = received(url)[0]
    shutil.rmtree(home, ignore_errors=True)
    return {
        "assets": ASSETS, "blocks": len(walls), "runs_of_each": 2 * RUNS * len(walls), "tick_seconds": tick,
        "events_received": events,
        "wall": summary(walls), "cpu_of_the_run": summary(cpus),
    }  # fmt: skip


def block(dg, instance, mirrors: dict[str, Mirror]) -> tuple[dict[str, float], dict[str, float]]:  # type: ignore[no-untyped-def]
    """One block; the mean wall and CPU seconds of a run of each kind."""
    wall, cpu = dict.fromkeys(ORDER, 0.0), dict.fromkeys(ORDER, 0.0)

    def one(kind: str) -> None:
        begun = time.process_time()
        wall[kind] += sum(run(dg, instance) for _ in range(RUNS)) / (2 * RUNS)
        cpu[kind] += (time.process_time() - begun) / (2 * RUNS)

    one(OFF)
    with mirrors[ON].ticking():
        one(ON)
    with mirrors[HOLE].ticking():
        one(HOLE)
        one(HOLE)
    with mirrors[ON].ticking():
        one(ON)
    one(OFF)
    return wall, cpu


def summary(blocks: Sequence[dict[str, float]]) -> dict[str, object]:
    """Medians in seconds, and the difference of each kind to off in percent with its interval."""
    found: dict[str, object] = {
        f"{kind}_seconds": round(statistics.median(each[kind] for each in blocks), 4) for kind in (OFF, ON, HOLE)
    }
    for kind in (ON, HOLE):
        differences = [(each[kind] / each[OFF] - 1) * 100 for each in blocks]
        low, high = interval(differences)
        found[f"{kind}_percent"] = {
            "median": round(statistics.median(differences), 2), "low": round(low, 2), "high": round(high, 2)
        }  # fmt: skip
    return found


def interval(values: Sequence[float]) -> tuple[float, float]:
    """95% bootstrap interval of the median."""
    draw = random.Random(7)  # noqa: S311 - no secret
    medians = sorted(statistics.median(draw.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return medians[int(0.025 * RESAMPLES)], medians[int(0.975 * RESAMPLES)]


def main() -> None:
    """Measure and print, or be a mirror."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--blocks", type=int, default=24, help="of six times eight runs each")
    asked.add_argument("--tick", type=float, default=TICK_SECONDS, help="seconds between two looks of a mirror")
    asked.add_argument("--seconds", type=float, default=150.0, help="no block begins after them")
    asked.add_argument("--mirror", type=Path, help=argparse.SUPPRESS)
    asked.add_argument("--url", default="", help=argparse.SUPPRESS)
    given = asked.parse_args()
    logging.disable(logging.WARNING)
    if given.mirror:
        mirror(given.mirror, given.url, given.tick)
        return
    load, begun = os.getloadavg()[0], time.perf_counter()
    figures = measured(given.blocks, given.seconds, given.tick)
    more = {"load_average": load, "cores": os.cpu_count(), "seconds": round(time.perf_counter() - begun)}
    print(json.dumps(figures | more, indent=2))


if __name__ == "__main__":
    main()
