"""The project that both mirrors look at, run by dagster-openlineage in an environment of its own.

Belongs here: twenty assets with five runs of them, and what dagster-openlineage makes of their log. It imports nothing
of this project: the other library has its own dependencies.

Usage: python peer_project.py MODE FOLDER [URL], MODE one of `sensor` and `wrapper`; prints one line of JSON.
"""

import json
import logging
import os
import sys
import time
from pathlib import Path

ASSETS, RUNS = int(os.environ.get("BENCH_ASSETS", "20")), 5


def build(dg):
    """Twenty assets in a row, each with a number of rows; those of the other mirror are the same."""

    def asset(number):
        deps = [dg.AssetKey(["bench", f"asset_{number - 1:02}"])] if number else []

        @dg.asset(key=["bench", f"asset_{number:02}"], deps=deps)
        def made():
            return dg.MaterializeResult(metadata={"dagster/row_count": number})

        return made

    return dg.Definitions(assets=[asset(number) for number in range(ASSETS)])


def run(dg, instance):
    """One run of everything; its seconds."""
    job = build(dg).resolve_implicit_global_asset_job_def()
    begun = time.perf_counter()
    job.execute_in_process(instance=instance)
    return time.perf_counter() - begun


def main():
    """Run the assets, mirror them as the mode says, and print how long it took."""
    mode, folder = sys.argv[1], Path(sys.argv[2])
    if len(sys.argv) > 3:
        os.environ["OPENLINEAGE_URL"] = sys.argv[3]
    logging.disable(logging.CRITICAL)
    import dagster as dg

    overrides = {"telemetry": {"enabled": False}}
    if mode == "wrapper":
        inner = {
            "module": "dagster._core.storage.event_log",
            "class": "SqliteEventLogStorage",
            "config": {"base_dir": str(folder / "events")},
        }
        overrides["event_log_storage"] = {
            "module": "dagster_openlineage.storage",
            "class": "OpenLineageEventLogStorage",
            "config": {"wrapped": inner},
        }
    else:
        # On Dagster's default, one SQLite file a run, its sensor raises: it needs a log in one place.
        overrides["event_log_storage"] = {
            "module": "dagster._core.storage.event_log",
            "class": "ConsolidatedSqliteEventLogStorage",
            "config": {"base_dir": str(folder / "events")},
        }
    with dg.DagsterInstance.local_temp(str(folder), overrides=overrides) as instance:
        if mode == "wrapper":
            print(json.dumps({"run_seconds": run(dg, instance)}))
            return
        seconds = [run(dg, instance) for _ in range(RUNS)]
        from dagster_openlineage import openlineage_sensor

        sensor, cursor, ticks = openlineage_sensor(include_asset_events=True), None, 0
        begun = time.perf_counter()
        # Its own default is one tick in five minutes; it gets ten at once.
        while ticks < 10:
            ticks += 1
            context = dg.build_sensor_context(instance=instance, cursor=cursor)
            found = sensor.evaluate_tick(context).cursor
            if found == cursor:
                break
            cursor = found
        print(json.dumps({"run_seconds": min(seconds), "ticks": ticks, "mirror_seconds": time.perf_counter() - begun}))


if __name__ == "__main__":
    main()
