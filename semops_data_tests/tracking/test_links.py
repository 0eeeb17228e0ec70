from __future__ import annotations

from urllib.parse import unquote

from semops_data.settings import Settings
from semops_data.tracking.links import asset_page, experiment, mlflow_run, mlflow_runs, remember_experiment, run_page


def test_pages_of_dagster_are_addressed_as_dagster_does():
    assert asset_page("http://host:3000/", "room/name") == "http://host:3000/assets/room/name"
    assert asset_page("http://host", "a/b", "2026-01/x") == "http://host/assets/a/b?partition=2026-01%2Fx"
    assert run_page("http://host", "abc") == "http://host/runs/abc"


def test_an_assets_link_asks_mlflow_for_its_runs(tmp_path):
    url = mlflow_runs(Settings(home=tmp_path, mlflow_url="http://mlflow:5000/"), "room/name")
    assert url.startswith("http://mlflow:5000/#/experiments/1/runs?searchFilter=")
    assert unquote(url.partition("=")[2]) == "tags.asset_key = 'room/name'"


def test_the_experiment_of_a_server_is_known_after_the_first_delivery(tmp_path):
    """Links must not ask the server, which may be down or slow when the code location is loaded."""
    settings = Settings(home=tmp_path, mlflow_tracking_uri="http://mlflow:5000")
    remember_experiment(settings, "42")
    assert experiment(settings) == "42"
    assert mlflow_run(settings, "r1").endswith("/#/experiments/42/runs/r1")
    elsewhere = settings.model_copy(update={"mlflow_tracking_uri": "http://other:5000"})
    assert experiment(elsewhere) == "1"
