"""The warehouse follows the lake: it sends what changed since the version it has, and ends where the lake is."""

# ruff: noqa: S608 - names of the test's own schema

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from semops_data.lakehouse.lake import Lake
from semops_data.warehouse import load as module
from semops_data.warehouse.compare import rows_of
from semops_data.warehouse.follow import follow
from semops_data.warehouse.session import Counts
from semops_data.warehouse.warehouse import Warehouse
from semops_data_tests.warehouse.rows import DAY, rows
from semops_data_tests.warehouse.test_load import changed

KEY, SOURCE = "warehouse/fct_events", "lakehouse/events"
OTHER_DAY = "2026-01-02"


def spread(count: int, **more: int) -> pa.Table:
    """Rows that stand any lakehouse constraint."""
    return rows(SOURCE, count, **more)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(str(tmp_path / "delta"))
    lake.merge(SOURCE, spread(20), where={"day": DAY})
    return lake


def test_only_what_changed_is_sent(lake: Lake, warehouse: Warehouse) -> None:
    """New, changed and deleted rows travel; the other 16 stay where they are."""
    assert follow(warehouse, lake, KEY, SOURCE, day=DAY).sent == 20
    data = changed(changed(spread(20).slice(1), 3, "quantity", 77), 4, "quantity", 78)
    lake.merge(SOURCE, pa.concat_tables([data, spread(2, start=900)]), where={"day": DAY})
    done = follow(warehouse, lake, KEY, SOURCE, day=DAY)
    assert (done.sent, done.counts, done.rows) == (5, Counts(inserted=2, updated=2, deleted=1), 21)
    assert rows_of(warehouse, KEY, day=DAY).equals(lake.read(SOURCE).sort_by("event_id"))
    assert follow(warehouse, lake, KEY, SOURCE, day=DAY).is_skipped


def test_changes_of_other_days_are_not_sent(lake: Lake, warehouse: Warehouse) -> None:
    """A day's load is the day's."""
    follow(warehouse, lake, KEY, SOURCE, day=DAY)
    other = rows(SOURCE, 5, day=OTHER_DAY, start=500)
    lake.merge(SOURCE, other, where={"day": OTHER_DAY})
    lake.merge(SOURCE, changed(spread(20), 0, "quantity", 99), where={"day": DAY})
    assert follow(warehouse, lake, KEY, SOURCE, day=DAY).sent == 1
    assert follow(warehouse, lake, KEY, SOURCE, day=OTHER_DAY).sent == 5


def test_a_load_that_failed_after_the_commit_is_made_up_for(
    lake: Lake, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two commits to Delta, two loads that failed: the next load brings both."""
    follow(warehouse, lake, KEY, SOURCE, day=DAY)

    def cable(*_: object, **__: object) -> None:
        raise OSError("the cable was pulled")

    monkeypatch.setattr(module, "copy", cable)
    for value in (1, 2):
        lake.merge(SOURCE, changed(spread(20), value, "quantity", 90 + value), where={"day": DAY})
        with pytest.raises(OSError, match="cable"):
            follow(warehouse, lake, KEY, SOURCE, day=DAY)
    monkeypatch.undo()
    done = follow(warehouse, lake, KEY, SOURCE, day=DAY)
    assert not done.is_skipped
    assert rows_of(warehouse, KEY, day=DAY).equals(lake.read(SOURCE).sort_by("event_id"))


def unfed(lake: Lake, _: Warehouse) -> Lake:
    """Another lake, whose versions start anew."""
    fresh = Lake(f"{lake.root}-anew")
    fresh.merge(SOURCE, changed(spread(20), 5, "quantity", 55), where={"day": DAY})
    return fresh


def vacuumed(lake: Lake, _: Warehouse) -> Lake:
    """The files of the feed are gone."""
    lake.merge(SOURCE, changed(spread(20), 5, "quantity", 55), where={"day": DAY})
    folder = lake.local_path(SOURCE)
    assert folder is not None
    feeds = list(folder.rglob("_change_data/**/*.parquet"))
    assert feeds
    for file in feeds:
        file.unlink()
    return lake


def tampered(lake: Lake, warehouse: Warehouse) -> Lake:
    """A row was deleted in the warehouse behind the ledger's back."""
    lake.merge(SOURCE, changed(spread(20), 5, "quantity", 55), where={"day": DAY})
    with warehouse.session() as session:
        session.execute(f"DELETE FROM {warehouse.name('fct_events')} WHERE event_id = 'event_id-000009'")
    return lake


@pytest.mark.parametrize("disturb", [vacuumed, tampered, unfed])
def test_where_changes_cannot_be_trusted_all_rows_are_sent(
    disturb: Callable[[Lake, Warehouse], Lake], lake: Lake, warehouse: Warehouse
) -> None:
    """The feed saves work; it never decides what is true."""
    lake.merge(SOURCE, changed(spread(20), 0, "quantity", 11), where={"day": DAY})
    follow(warehouse, lake, KEY, SOURCE, day=DAY)
    now = disturb(lake, warehouse)
    done = follow(warehouse, now, KEY, SOURCE, day=DAY)
    assert (done.sent, done.is_skipped) == (20, False)
    assert rows_of(warehouse, KEY, day=DAY).equals(now.read(SOURCE).sort_by("event_id"))
