"""The check is silent on ordinary days and warns of the planted change, and the page shows how it went."""

from datetime import date, timedelta

import dagster as dg
import pyarrow as pa
import pytest

from semops_data.contracts import table
from semops_data.contracts.profiles import DRIFT
from semops_data.lakehouse.lake import Lake
from semops_data.profiling import assets, checks
from semops_data.profiling.daily import profile_day
from semops_data.synthesis.business import clean_day
from semops_data.synthesis.parameters import Business
from semops_data.synthesis.scenario import Scenario

START = date(2026, 1, 1)
NAMES = ("products", "orders", "order_items", "payments")
DRIFTS_ON = 8


def profile_days(lake: Lake, business: Business, first: int, count: int) -> dict[str, set[str]]:
    """Write and profile days; by day the columns that are not stable."""
    found: dict[str, set[str]] = {}
    for number in range(first, first + count):
        day = START + timedelta(days=number)
        made = clean_day(business, day)
        chosen = {}
        for name in NAMES:
            key = f"lakehouse/{name}"
            is_daily = table(key).partition_by is not None
            lake.replace(key, made[name], where={"day": day.isoformat()} if is_daily else None)
            chosen[key] = day.isoformat() if is_daily else None
        profiles = profile_day(lake, chosen, day=day.isoformat())
        found[day.isoformat()] = {
            f"{each.profile.source}.{move.column}"
            for each in profiles
            for move in each.moves.values()
            if not move.is_stable
        }
    return found


@pytest.fixture(scope="module")
def drifted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, dict[str, set[str]]]:
    """Ten days, from the ninth of which on customers order more units."""
    lake = Lake(str(tmp_path_factory.mktemp("drift") / "delta"))
    business = Business(orders_per_day=300, scenario=Scenario(drift=DRIFTS_ON))
    return lake, profile_days(lake, business, 0, DRIFTS_ON + 2)


def test_ordinary_days_are_stable_and_the_planted_change_is_not(drifted: tuple[Lake, dict[str, set[str]]]) -> None:
    """Weekends, Mondays with new prices and growth are ordinary; the alarm is for the day of the change."""
    _, unstable = drifted
    changed = (START + timedelta(days=DRIFTS_ON)).isoformat()
    assert [day for day, columns in unstable.items() if columns] == [changed]
    assert "lakehouse/order_items.quantity" in unstable[changed]


def evaluations(lake: Lake, day: str) -> dict[str, dg.AssetCheckEvaluation]:
    """Materialize the profiles of the tables with their checks."""
    keys = [dg.AssetKey(["profiling", name]) for name in NAMES]
    result = dg.materialize(
        [assets.profiles, *dg.load_asset_checks_from_modules([checks])],
        partition_key=day,
        resources={"lake": lake},
        selection=dg.AssetSelection.assets(*keys),
    )
    made = {event.asset_key.path[-1]: event.materialization for event in result.get_asset_materialization_events()}
    assert "data:image/svg+xml" in str(made["order_items"].metadata["semops/history"].value)
    return {found.asset_key.path[-1]: found for found in result.get_asset_check_evaluations()}


def test_the_check_warns_on_that_day_alone_and_names_the_column(drifted: tuple[Lake, dict[str, set[str]]]) -> None:
    """A warning stops nothing: a changed world is no broken pipeline."""
    lake, unstable = drifted
    days = sorted(unstable)
    ordinary = evaluations(lake, days[DRIFTS_ON - 1])
    assert all(found.passed for found in ordinary.values())
    assert set(ordinary) == set(NAMES)
    changed = evaluations(lake, days[DRIFTS_ON])
    assert not changed["order_items"].passed
    assert changed["order_items"].severity == dg.AssetCheckSeverity.WARN
    assert "quantity" in str(changed["order_items"].metadata["moved_columns"].value)
    assert "PSI" in str(changed["order_items"].metadata["actual"].value)
    assert changed["products"].passed


def test_the_moves_of_every_day_are_kept_once(drifted: tuple[Lake, dict[str, set[str]]]) -> None:
    """History is a table; profiling a day again adds nothing to it."""
    lake, unstable = drifted
    days = sorted(unstable)
    held = lake.read(DRIFT.key)
    assert sorted(held["day"].unique().to_pylist()) == days[1:]
    assert held.group_by(["day", "table_key", "column_name"]).aggregate([]).num_rows == held.num_rows
    version = lake.version(DRIFT.key)
    profile_day(lake, {"lakehouse/orders": days[3]}, day=days[3])
    assert lake.version(DRIFT.key) == version


def test_a_day_is_compared_with_its_weekday_too(drifted: tuple[Lake, dict[str, set[str]]]) -> None:
    """From the eighth day on there is one, and for some columns it is the nearer of the two."""
    lake, unstable = drifted
    days = sorted(unstable)
    compared = lake.read(DRIFT.key, where={"day": days[8]})["compared_day"].unique().to_pylist()
    assert set(compared) == {days[1], days[7]}


def test_without_an_earlier_day_the_check_says_unmeasured(tmp_path) -> None:
    lake = Lake(str(tmp_path / "delta"))
    profile_days(lake, Business(orders_per_day=50), 0, 1)
    result = dg.materialize(
        [assets.profiles, *dg.load_asset_checks_from_modules([checks])],
        partition_key=START.isoformat(),
        resources={"lake": lake},
        selection=dg.AssetSelection.assets(dg.AssetKey(["profiling", "orders"])),
    )
    (found,) = result.get_asset_check_evaluations()
    assert found.passed
    assert "unmeasured" in str(found.metadata["actual"].value)
    assert isinstance(lake.read("profiling/profiles"), pa.Table)
