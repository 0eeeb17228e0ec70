"""Upkeep changes no row, removes nothing that is needed, and time travel never clamps."""

import json
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

from semops_data.contracts import TABLES, table
from semops_data.lakehouse.changes import has_feed
from semops_data.lakehouse.digest import digest
from semops_data.lakehouse.maintain import SAFE_HOURS, live_files, maintain
from semops_data.lakehouse.sensors import lake_maintenance, nightly_maintenance
from semops_data.lakehouse.travel import history, show, version_at
from semops_data.synthesis.business import business_day
from semops_data_tests.lakehouse.test_changes import ORDERS, _clean
from semops_data_tests.scenario import DAY, small_business, small_lake

CUSTOMERS = "lakehouse/customers"


def _scattered(tmp_path):
    """A table of several files: each MERGE of inserts adds one."""
    lake, _ = small_lake(tmp_path)
    rows = _clean(DAY)
    for end in (10, 20, rows.num_rows):
        lake.merge(ORDERS, rows.slice(0, end), where={"day": DAY})
    lake.append("episodes/episodes", table("episodes/episodes").arrow_schema.empty_table())
    return lake


def test_upkeep_compacts_and_changes_no_row(tmp_path):
    """And the second time it makes no version."""
    lake = _scattered(tmp_path)
    before = digest(lake.read(ORDERS).sort_by("order_id"))
    first = {each.key: each for each in maintain(lake)}
    assert first[ORDERS].files_before > first[ORDERS].files_after == 1
    assert digest(lake.read(ORDERS).sort_by("order_id")) == before
    assert first[ORDERS].files_removed == 0
    assert {each.version for each in maintain(lake, [ORDERS])} == {first[ORDERS].version}
    assert lake.changes(ORDERS, 0).num_rows == lake.count(ORDERS)


def test_a_large_table_is_ordered_by_what_it_is_asked_by(tmp_path):
    """A lookup then reads one file; a table of one file, or one that nobody asks so, is compacted and no more."""
    lake, _ = small_lake(tmp_path)
    few = business_day(small_business(orders_per_day=30), date.fromisoformat(DAY)).clean["customers"]
    rows = few.take(pa.array(np.arange(40_000) % few.num_rows))
    ids = pa.array([f"C{number:09d}" for number in range(rows.num_rows)])
    rows = rows.set_column(0, rows.schema.field("customer_id"), ids)
    shuffled = rows.take(pa.array(np.random.default_rng(7).permutation(rows.num_rows)))
    for start in range(0, rows.num_rows, rows.num_rows // 4 + 1):
        lake.append(CUSTOMERS, shuffled.slice(start, rows.num_rows // 4 + 1))
    before, some = digest(lake.conform(CUSTOMERS, lake.read(CUSTOMERS))), "C000020000"
    assert _files_with(lake, some) == 4
    size = live_files(lake.open(CUSTOMERS))[1]
    (first,) = maintain(lake, [CUSTOMERS], file_bytes=size // 3)
    assert (first.is_z_ordered, first.files_after > 1, _files_with(lake, some)) == (True, True, 1)
    assert digest(lake.conform(CUSTOMERS, lake.read(CUSTOMERS))) == before
    (second,) = maintain(lake, [CUSTOMERS], file_bytes=size // 3)
    assert (second.is_z_ordered, second.version) == (False, first.version)
    lake.append(CUSTOMERS, shuffled.slice(0, 1))
    (small,) = maintain(lake, [CUSTOMERS])
    assert (small.is_z_ordered, small.files_after) == (False, 1)
    assert {key for key, contract in TABLES.items() if contract.z_order_by} == {CUSTOMERS}


def _files_with(lake, customer: str) -> int:
    """How many files a lookup cannot skip, by the bounds that the log keeps."""
    added = pa.table(lake.open(CUSTOMERS).get_add_actions(flatten=True)).to_pylist()
    return sum(file["min.customer_id"] <= customer <= file["max.customer_id"] for file in added)


def test_seven_days_are_kept_unless_told_otherwise(tmp_path):
    """A slip of the keyboard must not cost the history."""
    lake = _scattered(tmp_path)
    with pytest.raises(ValueError, match="shorter than 168"):
        maintain(lake, [ORDERS], retention_hours=SAFE_HOURS - 1)
    (done,) = maintain(lake, [ORDERS], retention_hours=0, is_short_retention_allowed=True)
    assert done.files_removed >= done.files_before
    assert lake.count(ORDERS) == _clean(DAY).num_rows


def test_the_nightly_job_tells_files_before_and_after(tmp_path):
    """On the schedule, with the numbers where a person looks."""
    lake = _scattered(tmp_path)
    result = lake_maintenance.execute_in_process(resources={"lake": lake}, instance=dg.DagsterInstance.ephemeral())
    (event,) = [event for event in result.all_events if event.event_type_value == "STEP_OUTPUT"]
    told = event.step_output_data.metadata
    assert told["semops/files_before"].value > told["semops/files_after"].value
    assert {record.data["table"] for record in told["semops/tables"].records} >= {ORDERS}
    assert nightly_maintenance.job_name == lake_maintenance.name


def test_a_moment_finds_its_version_and_none_outside_the_range(tmp_path):
    """Delta gives the first or the last version instead, without a word."""
    lake = _scattered(tmp_path)
    steps = history(lake, ORDERS)
    assert [step.version for step in steps] == list(range(lake.version(ORDERS), -1, -1))
    for step in steps:
        later = [other for other in steps if other.committed_at == step.committed_at]
        assert version_at(lake, ORDERS, step.committed_at) == max(other.version for other in later)
    with pytest.raises(ValueError, match="was first written at"):
        version_at(lake, ORDERS, steps[-1].committed_at - timedelta(seconds=1))
    with pytest.raises(ValueError, match="there is no version of"):
        version_at(lake, ORDERS, datetime.now(UTC) + timedelta(hours=1))
    counts = [show(lake, ORDERS, version=step.version, limit=5)[1] for step in steps]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 0
    assert show(lake, ORDERS, limit=5)[2].num_rows == 5


def test_the_command_line_shows_a_table_now_and_then(tmp_path, monkeypatch):
    """`dst lake show`, `history` and `maintain`, for people and as JSON."""
    from semops_data.cli import lake as module
    from semops_data.cli.errors import ConfigurationError

    lake = _scattered(tmp_path)
    monkeypatch.setattr(module, "_lake", lambda: lake)

    def call(*arguments: str):
        return CliRunner().invoke(module.command, arguments, catch_exceptions=True)

    now = json.loads(call("show", ORDERS, "--limit", "2", "--json").output)
    then = json.loads(call("show", ORDERS, "--version", "0", "--json").output)
    assert (now["rows"], len(now["shown"]), then["rows"]) == (_clean(DAY).num_rows, 2, 0)
    assert now["version"] == lake.version(ORDERS)
    moment = history(lake, ORDERS)[0].committed_at.isoformat()
    assert json.loads(call("show", ORDERS, "--as-of", moment, "--json").output)["version"] == now["version"]
    for wrong, words in (
        (("show", ORDERS, "--version", "99"), "has versions 0 to"),
        (("show", ORDERS, "--as-of", "2000-01-01"), "was first written at"),
        (("show", ORDERS, "--as-of", "yesterday"), "no ISO time"),
        (("show", ORDERS, "--as-of", moment, "--version", "0"), "give one of them"),
        (("show", "lakehouse/order"), "did you mean lakehouse/orders"),
        (("maintain", ORDERS, "--retention-hours", "0"), "--allow-short-retention"),
    ):
        result = call(*wrong)
        assert result.exit_code == ConfigurationError.exit_code
        assert words in result.output
    assert len(json.loads(call("history", ORDERS, "--json").output)) == now["version"] + 1
    assert json.loads(call("maintain", ORDERS, "--json").output)[0]["key"] == ORDERS


def test_the_feed_is_on_where_the_warehouse_follows(tmp_path):
    """Of typed tables, not of quarantines; and upkeep leaves it on."""
    lake = _scattered(tmp_path)
    maintain(lake, [ORDERS])
    assert lake.open(ORDERS).metadata().configuration["delta.enableChangeDataFeed"] == "true"
    assert has_feed(table(ORDERS))
    assert not has_feed(table(f"{ORDERS}_quarantine"))
