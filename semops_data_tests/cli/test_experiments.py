"""`dst label` and `dst experiments` as a user meets them."""

import json
import sqlite3
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from semops_data.cli import experiments, label
from semops_data.cli.errors import ConfigurationError
from semops_data.coherence import labels
from semops_data.lakehouse.lake import Lake
from semops_data.settings import load_settings
from semops_data_tests.coherence.judges.language_model import by_words
from semops_data_tests.fakes.json_server import JsonServer

KEY = "sk-e2e-0123456789"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SEMOPS_HOME", str(tmp_path))
    load_settings.cache_clear()
    yield tmp_path
    load_settings.cache_clear()


def call(command, *arguments):
    return CliRunner().invoke(command, arguments, standalone_mode=False)


def test_labels_go_out_and_come_in_by_the_command(home):
    lake, file = Lake(str(home / "delta")), home / "labels.jsonl"
    labels.keep(lake, [labels.Label("a", "b", "agrees", "ann", datetime.now(UTC))])
    assert "1 labels" in call(label.command, "--export", str(file)).output
    file.write_text(file.read_text().replace("ann", "bob"))
    assert json.loads(call(label.command, "--import", str(file), "--json").output) == {"kept": 1}
    assert {one.author for one in labels.read(lake)} == {"ann", "bob"}


def test_a_misspelt_method_and_an_empty_home_get_a_hint(home):
    error = call(experiments.command, "run", "--method", "v4-hybird").exception
    assert isinstance(error, ConfigurationError)
    assert "did you mean v4-hybrid" in error.message
    assert "dst experiments run" in call(experiments.command, "compare").exception.message


@pytest.mark.slow
@pytest.mark.xdist_group("home")
def test_a_judge_becomes_an_mlflow_run_and_its_key_is_nowhere(materialized_home):
    """From the command to MLflow: parameters, metrics, cost and plot; and no trace of the key in the whole home."""
    with JsonServer(by_words) as server:
        judges = json.dumps([{"url": f"{server.url}/v1", "model": "toy", "api_key": KEY, "input_price": 1.0,
                              "output_price": 1.0}])  # fmt: skip
        ran = materialized_home.dst("experiments", "run", "--method", "v3-judge", "--json", SEMOPS_JUDGES=judges)
        assert ran.returncode == 0, ran.stderr[-2000:]
        shown = materialized_home.dst("info", SEMOPS_JUDGES=judges)
    (row,) = json.loads(ran.stdout)
    assert row["method"] == "v3-judge"
    assert row["money"] == pytest.approx((row["input_tokens"] + row["output_tokens"]) / 1e6)
    home = materialized_home.home / "semops"
    with sqlite3.connect(home / "mlflow" / "mlflow.db") as database:
        (run_id,) = database.execute(
            "SELECT run_uuid FROM runs WHERE name = 'coherence/experiments v3-judge'"
        ).fetchone()
        metrics = dict(database.execute("SELECT key, value FROM metrics WHERE run_uuid = ?", (run_id,)))
        params = dict(database.execute("SELECT key, value FROM params WHERE run_uuid = ?", (run_id,)))
    assert metrics["accuracy"] == pytest.approx(row["accuracy"])
    assert {"accuracy_low", "auc_high", "duration_seconds", "input_tokens", "money"} <= set(metrics)
    assert params["model"].startswith("toy@127.0.0.1:")
    artifacts = {path.name for path in (home / "mlflow" / "mlruns" / run_id).rglob("*")}
    assert {"confusion.md", "confusion.png"} <= artifacts
    assert KEY not in ran.stdout + ran.stderr + shown.stdout
    assert [path for path in home.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()] == []
