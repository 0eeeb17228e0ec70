"""The OpenLineage mirror: events a second, an idle tick, a backlog, and beside dagster-openlineage.

    python benchmarks/lineage.py [--runs 124] [--backlog 100000] [--peer PYTHON] [--no-peer]

Prints JSON. Every part has a process, a home and a receiver of its own. dagster-openlineage is installed with pip into
a folder of its own below the temporary directory, once; `--peer` names the interpreter of an environment that has it.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lineage_load import EVENTS_PER_RUN, SyntheticLog, graph, peak_memory_bytes, received, receiver

from semops_data.lineage.follow import ORDERED_LATE_SECONDS
from semops_data.lineage.outbox import Outbox
from semops_data.lineage.sync import outbox_path, relay_waiting, sync
from semops_data.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
PEER = "dagster-openlineage==0.2.1"
REFUSED = "http://127.0.0.1:9"
BATCH = 500
FEW = 3
Figures = dict[str, Any]


def folder() -> Path:
    """A new home."""
    return Path(tempfile.mkdtemp(prefix="semops-bench-"))


def speed(runs: int) -> Figures:
    """Events folded and stored while the backend is away, then relayed in batches to one that is there."""
    home, log, assets = folder(), SyntheticLog(runs), graph()
    away = Settings(home=home, openlineage_url=REFUSED, openlineage_batch=BATCH)
    sync(SyntheticLog(1), assets, away)
    begun, cpu = time.perf_counter(), time.process_time()
    folded = sync(log, assets, away, seconds=600).folded
    fold_seconds, fold_cpu = time.perf_counter() - begun, time.process_time() - cpu
    with receiver() as url:
        begun, cpu = time.perf_counter(), time.process_time()
        sent = relay_waiting(Settings(home=home, openlineage_url=url, openlineage_batch=BATCH), seconds=600).sent
        relay_seconds, relay_cpu = time.perf_counter() - begun, time.process_time() - cpu
        events, requests = received(url)
    with Outbox(outbox_path(away)) as outbox:
        size = outbox.place.stat().st_size / max(1, outbox.last_seq())
    return {
        "folded_and_stored_per_second": round(folded / fold_seconds),
        "relayed_per_second": round(sent / relay_seconds),
        # What a machine does that has nothing else to do.
        "folded_and_stored_per_cpu_second": round(folded / fold_cpu),
        "relayed_per_cpu_second": round(sent / relay_cpu),
        "events": folded, "bytes_per_event": round(size), "received": events, "requests": requests,
    }  # fmt: skip


def idle(runs: int) -> Figures:
    """A tick on a real instance where nothing happened, with everything of the past still in outbox and log."""
    import dagster as dg
    from peer_project import build, run

    from semops_data.resources.event_log import InstanceLog, asset_graph

    home = folder()
    settings = Settings(home=home)
    sync(SyntheticLog(runs), graph(), settings, seconds=600)
    with dg.DagsterInstance.local_temp(str(folder()), overrides={"telemetry": {"enabled": False}}) as instance:
        read = [run(dg, instance) for _ in range(3)]
        defs, log = build(dg), InstanceLog(instance)
        assets, other = asset_graph(defs), Settings(home=folder())
        begun = time.perf_counter()
        report = sync(log, assets, other)
        whole = time.perf_counter() - begun
        # The outbox of the idle tick is the large one.
        time.sleep(ORDERED_LATE_SECONDS + 1)
        sync(log, assets, settings)
        ticks, cpu = [], time.process_time()
        for _ in range(60):
            begun = time.perf_counter()
            sync(log, assets, settings)
            ticks.append(time.perf_counter() - begun)
        used = (time.process_time() - cpu) / len(ticks)
    return {
        "idle_tick_ms_median": round(statistics.median(ticks) * 1000, 2),
        "idle_tick_cpu_ms": round(used * 1000, 2),
        "idle_tick_ms_most": round(max(ticks) * 1000, 2),
        "kept_events": runs * EVENTS_PER_RUN,
        "tick_with_three_runs_ms": round(whole * 1000),
        "of_events": report.folded,
        "a_run_itself_ms": round(min(read) * 1000),
    }


def backlog(events: int) -> Figures:
    """Memory of a process that folds and then relays a backlog, against one a tenth as long."""
    runs = -(-events // EVENTS_PER_RUN)
    figures = {}
    for name, count in (("a_tenth", runs // 10), ("whole", runs)):
        done = own_process("backlog-part", "--runs", str(count))
        figures[name] = {"events": done["events"], "peak_mb": done["peak_mb"]}
    figures["grown_mb"] = round(figures["whole"]["peak_mb"] - figures["a_tenth"]["peak_mb"], 1)
    return figures


def backlog_part(runs: int) -> Figures:
    """One process of `backlog`."""
    home = folder()
    away = Settings(home=home, openlineage_url=REFUSED, openlineage_batch=BATCH)
    report = sync(SyntheticLog(runs), graph(), away, seconds=600)
    with receiver() as url:
        sent = relay_waiting(Settings(home=home, openlineage_url=url, openlineage_batch=BATCH), seconds=600).sent
    outbox_path(away).unlink()
    return {"events": report.folded, "sent": sent, "peak_mb": round(peak_memory_bytes() / 1e6, 1)}


def run_time() -> Figures:
    """What the mirror costs a run; see `run_path.py`, which is also a benchmark of its own."""
    command = [sys.executable, str(HERE / "run_path.py")]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True, timeout=400)
    return dict(json.loads(done.stdout))


def peer(python: str | None) -> Figures:
    """dagster-openlineage and this mirror over the same assets: events delivered, and what a run costs."""
    found = python or installed()
    if found is None:
        return {"skipped": f"{PEER} cannot be installed here; give --peer the interpreter of an environment with it"}
    figures: Figures = {}
    with receiver() as url:
        done = peer_run(found, "sensor", url)
        events, _ = received(url)
        figures["its_sensor"] = {"runs": 5, "assets": 20, "events": events, "ticks": done.get("ticks")}
    figures["its_wrapper"] = {"assets": FEW}
    with receiver() as url:
        figures["its_wrapper"]["run_seconds_backend_up"] = round(peer_run(found, "wrapper", url)["run_seconds"], 2)
    figures["its_wrapper"]["run_seconds_backend_down"] = round(peer_run(found, "wrapper", REFUSED)["run_seconds"], 2)
    with receiver() as url:
        done = own_process("ours-part", "--url", url)
        figures["this_mirror"] = done | {"events": received(url)[0]}
    return figures


def ours_part(url: str) -> Figures:
    """Five runs of the peer's assets with this mirror, then one with the backend down."""
    import dagster as dg
    from peer_project import RUNS, build, run

    from semops_data.resources.event_log import InstanceLog, asset_graph

    settings = Settings(home=folder(), openlineage_url=url)
    with dg.DagsterInstance.local_temp(str(folder()), overrides={"telemetry": {"enabled": False}}) as instance:
        seconds = [run(dg, instance) for _ in range(RUNS)]
        log, assets = InstanceLog(instance), asset_graph(build(dg))
        begun = time.perf_counter()
        report = sync(log, assets, settings, seconds=60)
        mirrored = time.perf_counter() - begun
        down = run(dg, instance)
        late = sync(log, assets, Settings(home=settings.home, openlineage_url=REFUSED), seconds=60)
    due = RUNS * (2 + 2 * 20)
    return {
        "runs": RUNS, "assets": 20, "due": due, "sent": report.sent, "mirror_seconds": round(mirrored, 2), "ticks": 1,
        "run_seconds_backend_up": round(min(seconds), 2), "run_seconds_backend_down": round(down, 2),
        "kept_while_down": late.pending,
    }  # fmt: skip


def installed() -> str | None:
    """The interpreter of an environment with the peer, made where there is none yet."""
    place = Path(tempfile.gettempdir()) / "semops-bench-peer"
    python = place / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(place)], check=True, capture_output=True, timeout=120)
        known = subprocess.run([str(python), "-c", "import dagster_openlineage"], check=False, capture_output=True)
        if known.returncode:
            from importlib.metadata import version

            wanted = [PEER, f"dagster=={version('dagster')}"]
            subprocess.run(
                [str(python), "-m", "pip", "install", "-q", *wanted], check=True, capture_output=True, timeout=300
            )
    except (subprocess.SubprocessError, OSError):
        return None
    return str(python)


def peer_run(python: str, mode: str, url: str) -> Figures:
    """One process of the peer."""
    command = [python, str(HERE / "peer_project.py"), mode, str(folder()), url]
    # Each of its requests takes seconds where nobody answers: a few assets are enough to see that.
    more = {"BENCH_ASSETS": str(FEW)} if mode == "wrapper" else {}
    done = subprocess.run(command, env=os.environ | more, capture_output=True, text=True, check=False, timeout=170)
    if done.returncode:
        return {"run_seconds": float("nan"), "failed": done.stderr.strip().splitlines()[-1:]}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def own_process(part: str, *arguments: str) -> Figures:
    """One part in a process of its own."""
    command = [sys.executable, str(HERE / "lineage.py"), "--part", part, *arguments]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True, timeout=300)
    return dict(json.loads(done.stdout))


def environment() -> dict[str, str]:
    """The environment of a part: this checkout's package."""
    return os.environ | {"PYTHONPATH": str(HERE.parent), "DAGSTER_DISABLE_TELEMETRY": "yes"}


def main() -> None:
    """Measure what is asked for, or everything."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--runs", type=int, default=124, help="synthetic runs, of 162 events each")
    asked.add_argument("--backlog", type=int, default=100_000)
    asked.add_argument("--peer", help="interpreter of an environment with dagster-openlineage")
    asked.add_argument("--no-peer", action="store_true")
    asked.add_argument("--only", nargs="+", help="parts: speed, idle, backlog, run_time, side_by_side")
    asked.add_argument("--part", help=argparse.SUPPRESS)
    asked.add_argument("--url", default="", help=argparse.SUPPRESS)
    given = asked.parse_args()
    logging.disable(logging.WARNING)
    parts: dict[str, Callable[[], Figures | None]] = {
        "backlog-part": lambda: backlog_part(given.runs),
        "ours-part": lambda: ours_part(given.url),
    }
    if given.part:
        print(json.dumps(parts[given.part]()))
        return
    begun = time.perf_counter()
    figures: Figures = {"load_average": os.getloadavg()[0], "cores": os.cpu_count()}
    measured: dict[str, Callable[[], Figures]] = {
        "speed": lambda: speed(given.runs),
        "idle": lambda: idle(given.runs),
        "backlog": lambda: backlog(given.backlog),
        "run_time": run_time,
        "side_by_side": lambda: peer(given.peer),
    }
    for name in given.only or [name for name in measured if name != "side_by_side" or not given.no_peer]:
        figures[name] = measured[name]()
        print(f"{time.perf_counter() - begun:4.0f} s  {name}: {json.dumps(figures[name])}", file=sys.stderr, flush=True)
    print(json.dumps(figures | {"seconds": round(time.perf_counter() - begun)}, indent=2))


if __name__ == "__main__":
    main()
