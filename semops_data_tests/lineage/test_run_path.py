"""Nothing of the mirror, of tracking or of their backends stands in the path of a run: looked at, not timed."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

# Runs assets with everything wired that follows them, and writes down what was executed, imported and connected to.
WATCHED = """
import json, sys, threading
import dagster as dg
from semops_data.lineage.sensors import mirror_sensor
from semops_data.settings import Settings
from semops_data.tracking.sensors import mlflow_tracking
from pathlib import Path

home = Path(sys.argv[1])
executed, connected = set(), []

def note(frame, event, _):
    if event == "call":
        executed.add(frame.f_code.co_filename)

def heard(event, arguments):
    if event == "socket.connect":
        connected.append(str(arguments[1]))

settings = Settings(home=home, openlineage_url="http://127.0.0.1:9", mlflow_tracking_uri="http://127.0.0.1:9")

@dg.asset(deps=["outside"])
def first():
    return dg.MaterializeResult(metadata={"dagster/row_count": 1}, data_version=dg.DataVersion("1"))

@dg.asset(deps=[first])
def second():
    return dg.MaterializeResult()

@dg.asset_check(asset=second)
def holds():
    return dg.AssetCheckResult(passed=True)

sensors = [mirror_sensor("m", settings=settings), mlflow_tracking]
defs = dg.Definitions([first, second], asset_checks=[holds], sensors=sensors)
job = defs.resolve_implicit_global_asset_job_def()
(home / "dagster.yaml").write_text("telemetry: {enabled: false}")
with dg.DagsterInstance.from_config(str(home)) as instance:
    sys.addaudithook(heard)
    threading.setprofile(note)
    sys.setprofile(note)
    done = job.execute_in_process(instance=instance)
    sys.setprofile(None)
    threading.setprofile(None)
    assert done.success
ours = sorted(name for name in executed if "semops_data" in name)
clients = ("openlineage", "mlflow", "httpx", "confluent_kafka")
loaded = sorted(name for name in sys.modules if name.split(".")[0] in clients)
made = sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.parts[-2] in ("lineage", "tracking"))
print(json.dumps({"ours": ours, "loaded": loaded, "connected": connected, "made": made, "calls": len(executed)}))
"""


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    home = tmp_path_factory.mktemp("watched")
    environment = os.environ | {"SEMOPS_HOME": str(home), "DAGSTER_DISABLE_TELEMETRY": "yes"}
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(home)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_a_run_executes_nothing_of_the_mirror_or_of_tracking(watched):
    """Both sensors are wired, both backends are away; the run calls no function of either."""
    assert watched["calls"] > 100, "the run was watched"
    assert watched["ours"] == []


def test_a_run_loads_no_client_asks_no_one_and_writes_no_outbox(watched):
    assert (watched["loaded"], watched["connected"], watched["made"]) == ([], [], [])
