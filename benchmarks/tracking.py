"""What tracking costs: per materialization into MLflow on SQLite, and in the run itself.

    python benchmarks/tracking.py [--runs 5]

Prints JSON. Each materialization has parameters, metrics, tags, a table as an artifact, and three datasets with digests
(one made, two read).
The run itself has no code of tracking's: `in_the_run_ms` is a run of twenty assets with the server black-holed less
one without tracking, per asset.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import socket
import statistics
import tempfile
import time
from pathlib import Path

from lineage_load import SyntheticLog, graph

from semops_data.settings import Settings
from semops_data.tracking.sink import prepare
from semops_data.tracking.sync import sync

ASSETS = 20


def delivered(runs: int) -> dict[str, object]:
    """Milliseconds for each MLflow run, folded, kept and delivered in this process."""
    settings = Settings(home=Path(tempfile.mkdtemp(prefix="semops-bench-")))
    prepare(settings)
    # The first delivery imports MLflow.
    sync(SyntheticLog(1), graph(), settings)
    begun, cpu = time.perf_counter(), time.process_time()
    report = sync(SyntheticLog(1 + runs), graph(), settings, seconds=600)
    wall, used = time.perf_counter() - begun, time.process_time() - cpu
    return {
        "mlflow_runs": report.sent,
        "ms_each": round(wall / report.sent * 1000, 2),
        "cpu_ms_each": round(used / report.sent * 1000, 2),
        "server_away_ms_each": away(runs),
    }


def away(runs: int) -> float:
    """Milliseconds to keep each MLflow run while nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as hole:
        uri = f"http://127.0.0.1:{hole.getsockname()[1]}"
        home = Path(tempfile.mkdtemp(prefix="semops-bench-"))
        settings = Settings(home=home, mlflow_tracking_uri=uri, mlflow_timeout_seconds=1)
        sync(SyntheticLog(1), graph(), settings)
        begun = time.perf_counter()
        report = sync(SyntheticLog(1 + runs), graph(), settings, is_patient=True)
    return round((time.perf_counter() - begun) / report.folded * 1000, 2)


def in_the_run() -> dict[str, object]:
    """A run's seconds without tracking and with a server that never answers, in turns."""
    import dagster as dg
    from peer_project import build, run

    from semops_data.resources.event_log import InstanceLog, asset_graph

    turns: dict[str, list[float]] = {"off": [], "black_hole": []}
    with (
        socket.create_server(("127.0.0.1", 0)) as hole,
        dg.DagsterInstance.local_temp(tempfile.mkdtemp(), overrides={"telemetry": {"enabled": False}}) as instance,
    ):
        uri = f"http://127.0.0.1:{hole.getsockname()[1]}"
        home = Path(tempfile.mkdtemp(prefix="semops-bench-"))
        settings = Settings(home=home, mlflow_tracking_uri=uri, mlflow_timeout_seconds=1)
        run(dg, instance)
        for _ in range(4):
            turns["off"].append(run(dg, instance))
            turns["black_hole"].append(run(dg, instance))
            # As the daemon does, after the run and not in it.
            sync(InstanceLog(instance), asset_graph(build(dg)), settings, is_patient=True)
    medians = {name: statistics.median(values) for name, values in turns.items()}
    each = (medians["black_hole"] - medians["off"]) / ASSETS * 1000
    return {f"{name}_seconds": round(value, 3) for name, value in medians.items()} | {"in_the_run_ms": round(each, 2)}


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--runs", type=int, default=5, help="synthetic runs of forty materializations each")
    given = asked.parse_args()
    logging.disable(logging.WARNING)
    figures = {"load_average": os.getloadavg()[0], "cores": os.cpu_count()}
    print(json.dumps(figures | delivered(given.runs) | in_the_run(), indent=2))


if __name__ == "__main__":
    main()
