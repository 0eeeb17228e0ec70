"""A copy that follows the changes of a table becomes that table."""

from datetime import date
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semops_data.contracts import table
from semops_data.lakehouse.changes import ChangesGoneError, net
from semops_data.lakehouse.lake import Lake
from semops_data.synthesis.business import business_day
from semops_data_tests.scenario import DAY, DAYS, small_business, small_lake

ORDERS = "lakehouse/orders"


def _clean(day: str) -> pa.Table:
    return business_day(small_business(orders_per_day=30), date.fromisoformat(day)).clean["orders"]


def _with_channel(rows: pa.Table, value: str) -> pa.Table:
    position = rows.column_names.index("channel")
    return rows.set_column(position, rows.schema.field("channel"), pa.array([value] * rows.num_rows))


def _follow(copy: dict[str, dict], lake: Lake, since: int) -> int:
    """Apply what happened to a copy, strictly: an insert is new, an update and a delete are of something held."""
    until = lake.version(ORDERS)
    for row in lake.changes(ORDERS, since, until_version=until).to_pylist():
        kind = row.pop("_change_type")
        assert since < row.pop("_commit_version") <= until
        assert (row["order_id"] in copy) == (kind != "insert")
        if kind == "delete":
            assert copy.pop(row["order_id"]) == row
        else:
            assert copy.get(row["order_id"]) != row
            copy[row["order_id"]] = row
    return until


def _held(lake: Lake) -> dict[str, dict]:
    return {row["order_id"]: row for row in lake.read(ORDERS).to_pylist()}


def test_a_copy_that_follows_the_changes_is_the_table(tmp_path):
    """Inserts, updates, deletes, a replaced partition and a compaction, followed at different paces."""
    lake, _ = small_lake(tmp_path)
    rows, other = _clean(DAY), _clean(DAYS[1])
    lake.merge(ORDERS, rows, where={"day": DAY})
    early: dict[str, dict] = {}
    late: dict[str, dict] = {}
    seen = _follow(early, lake, 0)
    corrected = pa.concat_tables([_with_channel(rows.slice(0, 3), "store"), rows.slice(5)])
    lake.merge(ORDERS, corrected, where={"day": DAY})
    seen = _follow(early, lake, seen)
    lake.merge(ORDERS, other, where={"day": DAYS[1]})
    lake.open(ORDERS).optimize.compact()
    lake.replace(ORDERS, rows, where={"day": DAY})
    _follow(early, lake, seen)
    _follow(late, lake, 0)
    assert early == late == _held(lake)


def test_nothing_happened_where_nothing_differs(tmp_path):
    """There and back again is no change; the same version is none either."""
    lake, _ = small_lake(tmp_path)
    rows = _clean(DAY)
    first = lake.merge(ORDERS, rows, where={"day": DAY}).version
    lake.merge(ORDERS, rows.slice(2), where={"day": DAY})
    assert lake.changes(ORDERS, first).column("_change_type").to_pylist() == ["delete", "delete"]
    lake.merge(ORDERS, rows, where={"day": DAY})
    assert lake.changes(ORDERS, first).num_rows == 0
    assert lake.changes(ORDERS, lake.version(ORDERS)).num_rows == 0


def test_changes_can_be_asked_of_one_day(tmp_path):
    """The warehouse loads by partition."""
    lake, _ = small_lake(tmp_path)
    lake.merge(ORDERS, _clean(DAY), where={"day": DAY})
    lake.merge(ORDERS, _clean(DAYS[1]), where={"day": DAYS[1]})
    found = lake.changes(ORDERS, 0, where={"day": DAYS[1]})
    assert pc.unique(found.column("day")).to_pylist() == [DAYS[1]]
    assert found.num_rows == _clean(DAYS[1]).num_rows


def test_versions_out_of_range_and_vacuumed_changes_are_told_apart(tmp_path):
    """The first is a mistake of the caller, the second calls for a load of the whole table."""
    lake, _ = small_lake(tmp_path)
    rows = _clean(DAY)
    first = lake.merge(ORDERS, rows, where={"day": DAY}).version
    with pytest.raises(ValueError, match=f"has versions 0 to {first}: no changes after {first + 1}"):
        lake.changes(ORDERS, first + 1)
    lake.merge(ORDERS, rows.slice(2), where={"day": DAY})
    lake.open(ORDERS).vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True)
    with pytest.raises(ChangesGoneError, match=r"changes of lakehouse/orders in versions .* load the whole table"):
        lake.changes(ORDERS, first)
    assert lake.count(ORDERS) == rows.num_rows - 2


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 2), max_size=3), min_size=2, max_size=5))
def test_any_history_folds_to_the_difference_of_its_ends(states):
    """However a feed says it, what remains is what differs between first and last state."""
    import polars as pl

    contract = table("lakehouse/funnel")  # keyed by day alone
    blank = dict.fromkeys(contract.arrow_schema.names, 0)
    feed = []
    for version, (before, after) in enumerate(pairwise(states), 1):
        for key, value in after.items():
            feed.append(blank | {"day": key, "sessions": value, "_change_type": "insert", "_commit_version": version})
        for key, value in before.items():
            feed.append(blank | {"day": key, "sessions": value, "_change_type": "delete", "_commit_version": version})
    names = [*contract.arrow_schema.names, "_change_type", "_commit_version"]
    rows = pl.DataFrame(feed, schema=names, orient="row") if feed else None
    found = {} if rows is None else {
        row["day"]: (row["_change_type"], row["sessions"]) for row in net(contract, rows, {}).to_dicts()
    }  # fmt: skip
    first, last = states[0], states[-1]
    expected = {key: ("insert", value) for key, value in last.items() if key not in first}
    expected |= {key: ("delete", None) for key in first if key not in last}
    expected |= {key: ("update", last[key]) for key in first if key in last and first[key] != last[key]}
    assert {key: (kind, None if kind == "delete" else value) for key, (kind, value) in found.items()} == expected
