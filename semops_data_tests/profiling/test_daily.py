"""Profiles of a day lie in one Delta partition, once, and the assets report them."""

from pathlib import Path

import dagster as dg
import pytest

from semops_data.contracts.business import SHOP_TABLES
from semops_data.contracts.profiles import PROFILES
from semops_data.lakehouse.lake import Lake
from semops_data.profiling import assets
from semops_data.profiling.daily import profile_day
from semops_data.profiling.rows import from_rows
from semops_data_tests.scenario import DAYS, settle_day, small_lake

ASSETS = [assets.profiles]


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake, store = small_lake(tmp_path_factory.mktemp("business"))
    for day in DAYS[:2]:
        settle_day(lake, store, day)
    return Path(lake.root)


@pytest.fixture
def lake(settled: Path, tmp_path: Path) -> Lake:
    """The settled tables, with profiles of its own: the other rooms are only linked."""
    (tmp_path / "delta").mkdir()
    for room in settled.iterdir():
        if room.name != "profiling":
            (tmp_path / "delta" / room.name).symlink_to(room)
    return Lake(str(tmp_path / "delta"))


def test_all_tables_share_one_commit_and_a_second_run_commits_nothing(lake: Lake) -> None:
    """Idempotent; the reports carry a table, a picture and the largest move."""
    runs, versions = [], []
    for _ in range(2):
        runs.append(dg.materialize(ASSETS, partition_key=DAYS[0], resources={"lake": lake}))
        versions.append(lake.version(PROFILES.key))
    assert versions[0] == versions[1]
    found = [event.materialization for event in runs[0].get_asset_materialization_events()]
    assert {item.asset_key.path[-1] for item in found} == set(SHOP_TABLES)
    for item in found:
        # On the first day nothing has come back yet, and nothing is drawn.
        if item.metadata["semops/profiled_rows"].value:
            assert "data:image/svg+xml" in str(item.metadata["semops/picture"].value)
        assert str(item.metadata["semops/profile"].value).startswith("**lakehouse/")
        assert "semops/largest_move" not in item.metadata
    contents = [
        {e.asset_key: e.materialization.tags["dagster/data_version"] for e in run.get_asset_materialization_events()}
        for run in runs
    ]
    assert contents[0] == contents[1]


def test_one_table_alone_leaves_the_others_rows(lake: Lake) -> None:
    """Assets can be selected one by one."""
    dg.materialize(ASSETS, partition_key=DAYS[0], resources={"lake": lake})
    before = lake.read(PROFILES.key)
    picked = dg.materialize(
        ASSETS, partition_key=DAYS[0], resources={"lake": lake}, selection=dg.AssetSelection.assets("profiling/orders")
    )
    assert [event.asset_key.path[-1] for event in picked.get_asset_materialization_events()] == ["orders"]
    assert lake.read(PROFILES.key).equals(before)


def test_the_second_day_is_compared_with_the_first(lake: Lake) -> None:
    """The partition's own column always moves, so it is not compared."""
    for day in DAYS[:2]:
        found = profile_day(lake, {"lakehouse/orders": day, "lakehouse/sessions": day}, day=day)
        measured = {name: move for each in found for name, move in each.moves.items()}
        assert bool(measured) == (day == DAYS[1])
    assert measured["channel"].psi < 0.1
    assert measured["channel"].compared_day == DAYS[0]
    assert not {"day", "order_day", "order_id", "session_id"} & set(measured)
    assert found[0].largest_move is not None


def test_a_profile_reads_back_from_its_rows_as_it_was_written(lake: Lake) -> None:
    """The next day compares with what was stored, so nothing that it needs may be lost."""
    (found,) = profile_day(lake, {"lakehouse/orders": DAYS[0]}, day=DAYS[0])
    stored = from_rows(lake.read(PROFILES.key, where={"day": DAYS[0]}), "lakehouse/orders")
    assert stored is not None
    for mine, theirs in zip(found.profile.columns, stored.columns, strict=True):
        assert (mine.name, mine.quantiles, mine.bin_edges, mine.top_values, mine.correlated_with) == (
            theirs.name, theirs.quantiles, theirs.bin_edges, theirs.top_values, theirs.correlated_with,
        )  # fmt: skip
        assert mine.bin_shares == pytest.approx(theirs.bin_shares)
        assert mine.correlations == pytest.approx(theirs.correlations)
