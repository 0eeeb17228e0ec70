"""Every landed row is kept, counted as a duplicate, or quarantined: none is lost, none is repaired."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semops_data.contracts import table
from semops_data.contracts.business import SHOP_TABLES
from semops_data.contracts.rules import DUPLICATE
from semops_data.lakehouse.refine import refine
from semops_data.landing.landed import Landed
from semops_data.landing.lines import decode_lines
from semops_data.landing.objects import encode, read_landed
from semops_data.synthesis.business import clean_day
from semops_data.synthesis.defects import faults
from semops_data.synthesis.export import export
from semops_data_tests.scenario import DAYS, land_day, small_business, small_lake

DAY = DAYS[2]
ALL_DAYS = [clean_day(small_business(), date.fromisoformat(day)) for day in DAYS]
CLEAN = ALL_DAYS[2]
KNOWN = {
    name: {
        column: pa.concat_tables([each[target.split("/")[1]] for each in ALL_DAYS]).column(target_column)
        for column, target, target_column in table(f"lakehouse/{name}").references
    }
    for name in SHOP_TABLES
}
RAW = {name: export(name, CLEAN[name]).slice(0, 12).to_pylist() for name in SHOP_TABLES}


@pytest.mark.parametrize("name", SHOP_TABLES)
def test_each_planted_defect_is_caught_by_the_rule_that_the_manifest_names(tmp_path, name):
    """Defects in, reasons out, row by row: precision and recall are both 1."""
    _, store = small_lake(tmp_path)
    made = land_day(store, DAY, small_business(defect_rate=0.3))
    refined = refine(name, DAY, read_landed(store, name, DAY), KNOWN[name])
    planted = [row for row in made.defects.to_pylist() if row["table_name"] == name]
    expected = {row["row_number"]: row["caught_by"] for row in planted if row["caught_by"] != DUPLICATE}
    assert {row["row_number"]: row["reason"] for row in refined.quarantined.to_pylist()} == expected
    assert refined.ledger.rows_duplicate == len(planted) - len(expected)
    assert refined.kept.equals(made.clean[name])


def _landed(name: str, rows: list[dict]) -> Landed:
    data = pa.Table.from_pylist(rows, table(f"landing/{name}").arrow_schema)
    if name != "events":
        return Landed("object", data, None, np.zeros(len(rows), np.bool_))
    texts = data.set_column(5, "quantity", data["quantity"].cast(pa.string()))
    return decode_lines(name, encode(name, texts), "object")


def _raw(name: str, row: dict) -> dict:
    return {key: int(value) if key == "quantity" and isinstance(value, str) else value for key, value in row.items()}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_mixture_of_rows_is_accounted_for(data):
    """Rows in = kept + duplicate + quarantined, and what is kept is exactly the clean rows that were there."""
    name = data.draw(st.sampled_from(SHOP_TABLES))
    ways = [fault for fault in faults(name) if fault.column and fault.kind != "unreadable_value"]
    picks = data.draw(st.lists(st.tuples(st.integers(0, 11), st.sampled_from([None, None, *ways])), max_size=30))
    picks = [(number % len(RAW[name]), fault) for number, fault in picks]
    rows = []
    for number, fault in picks:
        row = _raw(name, RAW[name][number])
        if fault:
            value = fault.value
            row[fault.column] = int(value) if fault.column == "quantity" and isinstance(value, str) else value
        rows.append(row)
    refined = refine(name, DAY, _landed(name, rows), KNOWN[name])
    clean = [number for number, fault in picks if fault is None]
    assert refined.ledger.is_balanced
    assert refined.ledger.rows_in == len(picks)
    assert refined.ledger.rows_duplicate == len(clean) - len(set(clean))
    assert refined.ledger.rows_quarantined == refined.quarantined.num_rows == len(picks) - len(clean)
    assert refined.kept.to_pylist() == CLEAN[name].take(pa.array(list(dict.fromkeys(clean)), pa.int64())).to_pylist()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(
    st.sampled_from(table("landing/events").arrow_schema.names),
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just("12.50"),
              st.lists(st.integers(), max_size=2), st.just("2026-01-01T10:00:00Z"), st.just("view")),
), max_size=12))  # fmt: skip
def test_any_json_at_all_is_accounted_for(rows):
    """A shop can send anything; whatever it is, it is counted and can be looked up."""
    import json

    data = "\n".join(json.dumps(row) for row in rows).encode()
    refined = refine("events", DAY, decode_lines("events", data, "object"), KNOWN["events"])
    assert refined.ledger.is_balanced
    assert refined.ledger.rows_in == len(rows)


def test_two_rows_with_one_key_that_disagree_are_not_both_kept():
    """Which one is right cannot be known: the first stays, the other can be looked up."""
    first = RAW["orders"][0]
    refined = refine("orders", DAY, _landed("orders", [first, first | {"channel": "store"}, first]), KNOWN["orders"])
    assert refined.kept.num_rows == 1
    assert refined.ledger.rows_duplicate == 1
    assert refined.quarantined.column("reason").to_pylist() == ["conflicting:order_id"]


@pytest.mark.parametrize("text", ["1e3", "12.345", "0x10", "١٢", " 5", "1,50", "--1", "9" * 20, "NaN", "inf"])
def test_money_that_is_not_a_plain_decimal_is_not_guessed(text):
    """A cast that repairs is a cast that invents."""
    refined = refine("orders", DAY, _landed("orders", [RAW["orders"][0] | {"total": text}]), KNOWN["orders"])
    assert refined.quarantined.column("reason").to_pylist() == ["unreadable:total_cents"]


@pytest.mark.parametrize("cents", [0, 1, 10, 29, 57, 100, 114, 115, 999_999_999, 10_000_000_000])
def test_money_is_read_to_the_cent(cents):
    """0.29 times 100 is 28.999999999999996 in binary."""
    row = RAW["orders"][0] | {"total": f"{cents // 100}.{cents % 100:02d}"}
    refined = refine("orders", DAY, _landed("orders", [row]), KNOWN["orders"])
    assert refined.kept.column("total_cents").to_pylist() == [cents]
