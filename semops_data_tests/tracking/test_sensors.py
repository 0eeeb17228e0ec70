from __future__ import annotations

import dagster as dg

from semops_data.settings import load_settings
from semops_data.tracking.sensors import mlflow_tracking
from semops_data_tests.lineage import toy


def test_the_sensor_tracks_and_starts_no_run(tmp_path, monkeypatch, settings):
    """In the page nobody calls `dst run`; the daemon does this every 30 seconds."""
    monkeypatch.setenv("SEMOPS_HOME", str(settings.home))
    load_settings.cache_clear()
    with toy.instance_in(tmp_path) as instance:
        toy.run(instance, "apart")
        repository = toy.build_defs().get_repository_def()
        said = mlflow_tracking(dg.build_sensor_context(instance=instance, repository_def=repository))
        assert said.skip_message == "2 runs folded, 2 sent, 0 pending, 0 dead"
        assert instance.get_runs_count() == 1
    load_settings.cache_clear()


def test_it_runs_by_itself_in_a_new_deployment():
    assert mlflow_tracking.default_status is dg.DefaultSensorStatus.RUNNING
    assert mlflow_tracking.minimum_interval_seconds == 30
