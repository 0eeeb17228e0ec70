from __future__ import annotations

import signal
import socket
import subprocess
import sys

import pytest

from semops_data.lineage.outbox import Outbox
from semops_data.resources.event_log import InstanceLog, asset_graph
from semops_data.settings import Settings
from semops_data.tracking.fold import TrackedRun
from semops_data.tracking.sink import KEY_TAG, PARENT_TAG, Sink
from semops_data.tracking.sync import ledger_path, sync
from semops_data_tests.lineage import toy

# Delivers and dies between the run in MLflow and the note of it, the given number of deliveries in.
DIES = """
import os, signal, sys
from pathlib import Path
from semops_data.lineage.outbox import Outbox
from semops_data.settings import Settings
from semops_data.tracking.sink import Sink
settings, deliveries = Settings(home=Path(sys.argv[1])), int(sys.argv[2])
sent = Outbox.sent
def dying(self, *args):
    global deliveries
    deliveries -= 1
    if deliveries < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    sent(self, *args)
Outbox.sent = dying
from semops_data.tracking.sync import ledger_path
with Outbox(ledger_path(settings)) as ledger:
    Sink(settings).deliver(ledger, until=float("inf"))
"""


def stored(settings):
    sink = Sink(settings)
    return sink.client.search_runs([sink.experiment], max_results=1000)


@pytest.fixture(scope="module")
def tracked(toys, tmp_path_factory):
    """A home after the toy project was tracked once: its settings and the report."""
    settings = Settings(home=tmp_path_factory.mktemp("tracked"))
    return settings, sync(toys.log, toys.graph, settings)


def test_mlflow_holds_one_run_per_materialization_nested_under_its_dagster_run(toys, tracked):
    settings, report = tracked
    runs = stored(settings)
    assert report.sent == report.folded == len(runs)
    parents = {r.info.run_id: r for r in runs if PARENT_TAG not in r.data.tags}
    assert {r.data.tags["dagster_run_id"] for r in parents.values()} == set(toys.run_ids)
    for run in runs:
        if PARENT_TAG in run.data.tags:
            above = parents[run.data.tags[PARENT_TAG]]
            assert above.data.tags["dagster_run_id"] == run.data.tags["dagster_run_id"]
    made = sum(r.kind == "ASSET_MATERIALIZATION" for run_id in toys.run_ids for r in toys.log.run(run_id).records)
    assert sum(r.data.tags["semops.kind"] == "materialization" for r in runs) == made


def test_what_mlflow_holds_is_what_was_folded(toys, tracked):
    settings, _ = tracked
    by_key = {r.data.tags[KEY_TAG]: r for r in stored(settings)}
    with Outbox(ledger_path(settings)) as ledger:
        bodies = [row[0] for row in ledger._db.execute("SELECT body FROM items")]
    for wanted in map(TrackedRun.from_json, bodies):
        run = by_key[wanted.key]
        assert (run.info.status, run.info.start_time, run.info.end_time, run.info.run_name) == (
            wanted.status, wanted.start_ms, wanted.end_ms, wanted.name,
        )  # fmt: skip
        assert run.data.params == wanted.params
        assert run.data.metrics == pytest.approx(wanted.metrics)
        assert wanted.tags.items() <= run.data.tags.items()


def test_the_second_sync_adds_nothing_and_does_not_ask_mlflow(toys, tracked):
    settings, _ = tracked
    count = len(stored(settings))
    away = settings.model_copy(update={"mlflow_tracking_uri": "http://127.0.0.1:9"})
    report = sync(toys.log, toys.graph, away)
    assert (report.folded, report.sent, report.error) == (0, 0, None)
    assert len(stored(settings)) == count


@pytest.mark.slow
def test_a_kill_between_the_run_and_its_note_doubles_nothing(toys, settings):
    """The run is found by its key, and completed."""
    away = settings.model_copy(update={"mlflow_tracking_uri": "http://127.0.0.1:9"})
    folded = sync(toys.log, toys.graph, away).folded
    done = subprocess.run([sys.executable, "-c", DIES, str(settings.home), "2"], check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    assert len(stored(settings)) == 3
    assert sync(toys.log, toys.graph, settings).sent == folded - 2
    keys = [run.data.tags[KEY_TAG] for run in stored(settings)]
    assert len(keys) == len(set(keys)) == folded
    assert {run.info.status for run in stored(settings)} == {"FINISHED", "FAILED"}


def test_a_server_that_refuses_keeps_the_backlog_and_is_caught_up(toys, settings, caplog):
    away = settings.model_copy(update={"mlflow_tracking_uri": "http://127.0.0.1:9"})
    first, second = (sync(toys.log, toys.graph, away) for _ in range(2))
    assert first.sent == 0
    assert first.pending == first.folded == second.pending
    assert first.error
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1
    assert sync(toys.log, toys.graph, settings, is_patient=True).sent == 0, "patient: it was down a moment ago"
    assert sync(toys.log, toys.graph, settings).sent == first.folded
    assert len(stored(settings)) == first.folded


def test_a_server_that_never_answers_keeps_the_backlog(toys, settings):
    """One request, one retry; without our limits MLflow's client waits for minutes."""
    with socket.create_server(("127.0.0.1", 0)) as hole:
        uri = f"http://127.0.0.1:{hole.getsockname()[1]}"
        away = settings.model_copy(update={"mlflow_tracking_uri": uri, "mlflow_timeout_seconds": 1})
        report = sync(toys.log, toys.graph, away)
    assert "timeout" in (report.error or "").lower()
    assert report.pending == report.folded


def test_a_run_is_tracked_once_it_has_ended(tmp_path, settings):
    graph = asset_graph(toy.build_defs())
    with toy.instance_in(tmp_path) as instance:
        instance.create_run_for_job(toy.build_defs().resolve_implicit_global_asset_job_def())
        assert sync(InstanceLog(instance), graph, settings).folded == 0
        toy.run(instance, "apart")
        assert sync(InstanceLog(instance), graph, settings).folded == 2


def test_a_home_that_cannot_be_written_is_reported_and_not_raised(toys, tmp_path):
    """A pipeline never fails because of its tracking."""
    (tmp_path / "home").write_text("a file where the folder should be")
    assert "home" in (sync(toys.log, toys.graph, Settings(home=tmp_path / "home")).error or "")


def test_a_store_that_is_no_database_is_reported_and_not_raised(toys, tmp_path):
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "mlflow" / "mlflow.db").write_text("not a database, and quite long enough to be looked at" * 50)
    report = sync(toys.log, toys.graph, Settings(home=tmp_path))
    assert report.error
    assert report.pending == report.folded
    assert report.dead == 0


def test_an_experiment_that_was_deleted_keeps_the_backlog_and_says_what_to_do(toys, tmp_path, tracked):
    settings = Settings(home=tmp_path, mlflow_tracking_uri=tracked[0].tracking_uri, mlflow_experiment="gone")
    sink = Sink(settings)
    sink.client.delete_experiment(sink.experiment)
    report = sync(toys.log, toys.graph, settings)
    assert "SEMOPS_MLFLOW_EXPERIMENT" in (report.error or "")
    assert (report.dead, report.pending) == (0, report.folded)
