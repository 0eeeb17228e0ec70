"""The first rows of a partition are written by us: what Delta's own writer would promise, holds."""

import json
from datetime import UTC, date, datetime
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, write_deltalake

from semops_data.contracts import table
from semops_data.lakehouse import fill, together
from semops_data.lakehouse import settle as settling
from semops_data.lakehouse.digest import digest
from semops_data.lakehouse.fill import Fill, is_empty
from semops_data.lakehouse.merge import prepared
from semops_data.lakehouse.travel import history
from semops_data.lakehouse.writing import LakeError, Transactions
from semops_data.synthesis.business import business_day
from semops_data_tests.scenario import DAY, DAYS, land_day, small_business, small_lake

ORDERS = "lakehouse/orders"
CLEAN = business_day(small_business(), date.fromisoformat(DAY)).clean


def _filling(lake, rows: pa.Table, day: str = DAY) -> tuple[Fill, Transactions]:
    return Fill(lake, table(ORDERS), rows, {"day": day}), Transactions(ORDERS, {"day": day}, digest(rows))


def _stats(delta: DeltaTable) -> dict[str, dict]:
    added = pa.table(delta.get_add_actions(flatten=True)).to_pylist()
    return {name: value for name, value in added[0].items() if name.split(".")[0] in ("min", "max", "null_count")}


@pytest.mark.parametrize("name", ["orders", "sessions", "customers", "inventory"])
def test_a_file_is_described_as_delta_describes_it(tmp_path, name):
    """Bounds and nulls decide which files a reader skips: a wrong bound would lose rows."""
    lake, _ = small_lake(tmp_path)
    rows = CLEAN[name]
    where = {"day": DAY} if "day" in rows.column_names else {}
    lake.merge(f"lakehouse/{name}", rows, where=where)
    write_deltalake(str(tmp_path / "peer"), rows, partition_by=list(where))
    ours, theirs = lake.open(f"lakehouse/{name}"), DeltaTable(str(tmp_path / "peer"))
    assert _stats(ours) == _stats(theirs)
    assert history(lake, f"lakehouse/{name}", 1)[0].details.endswith(f"num_added_rows={rows.num_rows}")
    assert digest(lake.conform(f"lakehouse/{name}", lake.read(f"lakehouse/{name}"))) == digest(
        lake.conform(f"lakehouse/{name}", rows)
    )


def test_bounds_that_could_be_wrong_are_left_out():
    """A text cut short is no upper bound, and nothing compares with NaN."""
    import io

    import pyarrow.parquet as pq

    from semops_data.lakehouse.fill import stats

    rows = pa.table({
        "long": ["a", "z" * 100], "number": [1.0, float("nan")], "many": [["a"], None], "none": pa.nulls(2, pa.int64()),
        "moment": [datetime(2026, 1, 1, 1, 2, 3, 450000, UTC), None],
    })  # fmt: skip
    found: list[pq.FileMetaData] = []
    pq.write_table(rows, io.BytesIO(), metadata_collector=found)
    said = json.loads(json.dumps(stats(found[0])))
    assert said["minValues"] == said["maxValues"] == {"moment": "2026-01-01T01:02:03.450000Z"}
    assert said["nullCount"] == {"long": 0, "number": 0, "none": 2, "moment": 1}
    assert said["numRecords"] == 2


def test_rows_outside_the_contract_are_refused_as_the_table_would(tmp_path):
    """The constraints are tested before a file is there."""
    lake, _ = small_lake(tmp_path)
    rows = CLEAN["orders"]
    place = rows.schema.get_field_index("subtotal_cents")
    wrong = rows.set_column(place, rows.schema.field(place), pc.negate(rows.column(place)))
    with pytest.raises(LakeError, match=r"validation \(subtotal_cents: \d+\).*break the table's contract"):
        lake.merge(ORDERS, wrong, where={"day": DAY})
    place = rows.schema.get_field_index("channel")
    odd = rows.set_column(place, rows.schema.field(place), pa.array(["fax"] * rows.num_rows))
    with pytest.raises(LakeError, match=rf"validation \(channel: {rows.num_rows}\)"):
        lake.merge(ORDERS, odd, where={"day": DAY})
    assert not list(tmp_path.rglob("*.parquet"))
    assert lake.count(ORDERS) == 0


def test_another_day_in_between_is_no_obstacle_and_the_same_day_is(tmp_path):
    """What was empty when it was looked at may be full when it is committed."""
    lake, _ = small_lake(tmp_path)
    rows = CLEAN["orders"]
    later = business_day(small_business(), date.fromisoformat(DAYS[1])).clean["orders"]
    stale = prepared(lake, table(ORDERS))
    lake.merge(ORDERS, later, where={"day": DAYS[1]})
    fill, transactions = _filling(lake, rows)
    assert fill.commit(stale, transactions) == lake.version(ORDERS)
    assert lake.count(ORDERS) == rows.num_rows + later.num_rows
    lake.open(ORDERS).delete()
    stale = prepared(lake, table(ORDERS))
    assert is_empty(stale, {"day": DAY})
    lake.merge(ORDERS, rows, where={"day": DAY})
    fill, transactions = _filling(lake, rows.slice(1))
    assert fill.commit(stale, transactions) is None
    assert lake.count(ORDERS) == rows.num_rows
    assert lake.merge(ORDERS, rows.slice(1), where={"day": DAY}).changed
    assert lake.count(ORDERS) == rows.num_rows - 1


@pytest.mark.parametrize("change", ["constraint", "column", "property"])
def test_a_table_that_asks_for_more_is_left_to_deltas_own_writer(tmp_path, change):
    """Somebody else's constraint is not ours to test, nor a feature that we do not know."""
    lake, _ = small_lake(tmp_path)
    delta = prepared(lake, table(ORDERS))
    fill, _ = _filling(lake, CLEAN["orders"])
    assert fill.fits(delta)
    if change == "constraint":
        delta.alter.add_constraint({"theirs": "total_cents < 1"})
    elif change == "column":
        delta.alter.add_columns(_extra())
    else:
        delta.alter.set_table_properties({"delta.appendOnly": "true"})
    assert not fill.fits(lake.open(ORDERS))
    if change == "constraint":
        with pytest.raises(LakeError, match="break the table's contract"):
            lake.merge(ORDERS, CLEAN["orders"], where={"day": DAY})


def _extra() -> list:
    from deltalake import Field

    return [Field("extra", "string", nullable=True)]


def test_a_large_day_lies_in_files_of_key_ranges_and_is_one_commit(tmp_path, monkeypatch):
    """What is written side by side appears at once; a lookup or a MERGE meets one file."""
    for module, name in ((fill, "FEWEST_ROWS"), (together, "FEW"), (settling, "FEW")):
        monkeypatch.setattr(module, name, 20)
    monkeypatch.setattr(fill, "MOST_ROWS", 60)
    lake, store = small_lake(tmp_path)
    land_day(store, DAY)
    for name in ("customers", "orders"):
        done = settling.settle(lake, store, name, DAY)
    added = pa.table(lake.open(ORDERS).get_add_actions(flatten=True)).to_pylist()
    assert len(added) == fill.files(done.ledger.rows_kept) == -(-done.ledger.rows_kept // 60)
    bounds = sorted((each["min.order_id"], each["max.order_id"]) for each in added)
    assert all(end < start for (_, end), (start, _) in pairwise(bounds))
    assert sum(each["num_records"] for each in added) == lake.read(ORDERS).num_rows == done.ledger.rows_kept
    assert len([each for each in lake.open(ORDERS).history() if each["operation"] == "WRITE"]) == 1
    assert not settling.settle(lake, store, "orders", DAY).kept.changed
