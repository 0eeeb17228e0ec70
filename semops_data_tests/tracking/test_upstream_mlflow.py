"""What the sink relies on MLflow to do, pinned."""

from __future__ import annotations

import subprocess
import sys

from semops_data.tracking.fold import TrackedRun
from semops_data.tracking.sink import Sink


def test_telemetry_is_off_before_mlflow_is_imported(tmp_path):
    """The platform tells no one what it does."""
    code = (
        "import sys; from pathlib import Path; from semops_data.settings import Settings; "
        "from semops_data.tracking.sink import client; home = Path(sys.argv[1]); "
        "client(Settings(home=home, mlflow_tracking_uri='http://127.0.0.1:9')); "
        "from mlflow.telemetry.utils import is_telemetry_disabled; "
        "from mlflow.telemetry.client import get_telemetry_client; "
        "print(is_telemetry_disabled(), get_telemetry_client())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "True None"


def test_logging_the_same_values_again_changes_nothing(settings):
    """A run whose delivery was cut short is filled again from the start."""
    sink = Sink(settings)
    run = TrackedRun(
        key="k'ey", name="n", status="FINISHED", start_ms=1, end_ms=5, params={"a": "b"}, metrics={"m": 1.0}
    )
    made = sink._create(run, None)
    for _ in range(2):
        sink._fill(made, run)
    assert len(sink.client.get_metric_history(made, "m")) == 1


def test_a_run_is_found_by_its_tag(settings):
    sink = Sink(settings)
    run = TrackedRun(key="asset/1", name="n", status="FINISHED", start_ms=1, end_ms=5)
    made = sink._create(run, None)
    assert sink._find("asset/1") == made
    assert sink._find("asset/2") is None
