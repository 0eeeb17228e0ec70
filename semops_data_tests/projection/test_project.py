"""A real measurement of a tiny code location, in fresh processes, up to the tables."""

import os

import dagster as dg
import pytest

from semops_data import projection
from semops_data.lakehouse.lake import Lake
from semops_data.projection import assets, checks
from semops_data.projection.measure import Prober, ProjectionError
from semops_data.settings import Settings, load_settings
from semops_data_tests.projection.tiny import BYTES_PER_ORDER

TINY = "semops_data_tests.projection.tiny"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SEMOPS_HOME", str(tmp_path))
    load_settings.cache_clear()
    yield tmp_path
    load_settings.cache_clear()


def materialize(lake):
    room = [*dg.load_assets_from_modules([assets]), *dg.load_asset_checks_from_modules([checks])]
    return dg.materialize(room, resources={"lake": lake})


@pytest.mark.slow
def test_a_projection_measures_each_asset_alone_and_its_figures_reach_the_tables(home):
    """What grows in the asset grows in the measurement; what fails says why; nothing else is left behind."""
    settings, said = Settings(home=home, orders_per_day=1_000), []
    found = projection.run(settings, [1, 3], ["toy/big", "toy/broken"], home, progress=said.append, definitions=TINY)
    big = {cost.factor: cost for cost in found.costs if cost.asset_key == "toy/big"}
    grown = big[3].peak_memory_bytes - big[1].peak_memory_bytes
    assert grown == pytest.approx(2_000 * BYTES_PER_ORDER, rel=0.2)
    assert (big[1].row_count, big[3].row_count) == (1_000, 3_000)
    assert all(cost.wall_seconds > 0 for cost in big.values())
    assert next(cost.reason for cost in found.costs if cost.asset_key == "toy/broken").endswith(
        "ValueError: no such column: amount"
    )
    classed = {gap.asset_key: gap for gap in found.gaps}
    assert {key: gap.grade for key, gap in classed.items()} == {"toy/big": "clean", "toy/broken": "unmeasured"}
    assert "| toy/big | **clean** |" in found.report.read_text()
    assert any("toy/big" in line for line in said)
    assert list((home / "projection" / "scratch").iterdir()) == []

    lake = Lake(settings.lake_root)
    first = materialize(lake)
    versions = [lake.version(f"projection/{name}") for name in ("measurements", "gaps")]
    again = materialize(lake)
    assert first.success
    assert all(evaluation.passed for evaluation in first.get_asset_check_evaluations())
    rows = lake.read("projection/measurements").to_pylist()
    assert sorted(row["status"] for row in rows) == ["failed", "failed", "measured", "measured"]
    gaps = {row["asset_key"]: row for row in lake.read("projection/gaps").to_pylist()}
    assert gaps["toy/big"]["memory_bytes"] == pytest.approx(classed["toy/big"].memory.best.at(100))
    assert gaps["toy/broken"]["wall_alpha"] is None
    assert again.success
    assert [lake.version(f"projection/{name}") for name in ("measurements", "gaps")] == versions


def test_a_home_without_measurements_has_empty_tables_that_say_why(home):
    """Unmeasured is said, not faked; and the whole graph stays cheap."""
    lake = Lake(str(home / "delta"))
    result = materialize(lake)
    assert result.success
    for event in result.get_asset_materialization_events():
        assert event.materialization.metadata["dagster/row_count"].value == 0
        assert "nothing was measured" in event.materialization.metadata["semops/reason"].value


def test_a_measurement_never_sees_the_users_servers(home, monkeypatch):
    """Projecting must not write into the production warehouse."""
    monkeypatch.setenv("SEMOPS_SNOWFLAKE_ACCOUNT", "ORG-ACCOUNT")
    monkeypatch.setenv("SEMOPS_LAKE_URI", "s3://production")
    monkeypatch.setenv("DAGSTER_HOME", "/nowhere")
    settings = Settings(home=home, orders_per_day=10, seed=3, corpus_include="**/*.md")
    environment = Prober(settings, 0.5, home / "x").environment
    assert {name for name in environment if name.startswith(("SEMOPS_", "DAGSTER_"))} == {
        "SEMOPS_HOME", "SEMOPS_DAYS", "SEMOPS_ORDERS_PER_DAY", "SEMOPS_START_DATE", "SEMOPS_SEED",
        "SEMOPS_DEFECT_RATE", "SEMOPS_DEVICE", "SEMOPS_CORPUS_INCLUDE", "DAGSTER_DISABLE_TELEMETRY",
    }  # fmt: skip
    assert environment["SEMOPS_ORDERS_PER_DAY"] == "5"
    assert environment["PATH"] == os.environ["PATH"]


@pytest.mark.parametrize(
    ("factors", "select", "problem"),
    [([], ["toy/big"], "above 0"), ([0], ["toy/big"], "above 0"), ([1], [], "nothing is selected")],
)
def test_unusable_arguments_are_refused_before_anything_runs(home, factors, select, problem):
    """A measurement takes minutes."""
    with pytest.raises(ProjectionError, match=problem):
        projection.run(Settings(home=home), factors, select, home, definitions=TINY)


def test_an_unknown_asset_is_named(home):
    """With what was asked for."""
    with pytest.raises(ProjectionError, match="toy/none"):
        projection.run(Settings(home=home), [1], ["toy/none"], home, definitions=TINY)


def test_a_measurement_that_takes_too_long_is_ended_with_its_reason(home):
    """A step that hangs must not hold the projection for ever."""
    prober = Prober(Settings(home=home), 1, home, TINY, timeout_seconds=0.05)
    with pytest.raises(ProjectionError, match=r"ran past 0\.05 s"):
        prober.plan(["toy/big"])
