"""What CI runs: `dagster asset materialize`, with an exit status that can be trusted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from semops_data.cli.home import prepare
from semops_data.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("home")]
TESTS = Path(__file__).parents[1]

REFUSING = """
from semops_data_tests.cli.toy import build
defs = build(refuse={refuse})
"""


def materialize(platform, selection, *more, module="semops_data.definitions", home=None):
    environment = platform.environment | {
        "DAGSTER_HOME": str(home or Path(platform.environment["SEMOPS_HOME"]) / "dagster")
    }
    environment["PYTHONPATH"] = os.pathsep.join([str(TESTS), str(platform.home)])
    command = [sys.executable, "-m", "dagster", "asset", "materialize", "-m", module, "--select", selection, *more]
    return subprocess.run(
        command, env=environment, cwd=platform.home, capture_output=True, text=True, timeout=200, check=False
    )


def test_the_whole_graph_is_one_command(materialized_home):
    done = materialize(materialized_home, "*", "--partition", "2026-01-01")
    assert done.returncode == 0, done.stderr[-3000:]


def test_one_room_is_one_command(materialized_home):
    done = materialize(materialized_home, "group:registry")
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize(("refuse", "status"), [(True, 1), (False, 0)])
def test_the_exit_status_is_that_of_the_blocking_checks(materialized_home, tmp_path, refuse, status):
    """The same assets, one check apart: CI can gate on it."""
    (materialized_home.home / f"refusing_{refuse}.py").write_text(REFUSING.format(refuse=refuse))
    prepare_home(tmp_path)
    done = materialize(
        materialized_home, "shop/orders", "--partition", "2026-01-01", module=f"refusing_{refuse}", home=tmp_path
    )
    assert done.returncode == status, done.stderr[-2000:]


def test_a_day_outside_the_calendar_is_a_clear_error(materialized_home):
    done = materialize(materialized_home, "landing/orders", "--partition", "1999-01-01")
    assert done.returncode != 0
    assert "1999-01-01" in done.stdout + done.stderr


def prepare_home(folder):
    """A Dagster home without telemetry, apart from the shared one."""
    kept = {name: os.environ.get(name) for name in ("DAGSTER_HOME", "SEMOPS_HOME")}
    os.environ.pop("DAGSTER_HOME", None)
    config = prepare(Settings(home=folder)) / "dagster.yaml"
    (folder / "dagster.yaml").write_text(config.read_text())
    for name, value in kept.items():
        os.environ.pop(name, None) if value is None else os.environ.update({name: value})
