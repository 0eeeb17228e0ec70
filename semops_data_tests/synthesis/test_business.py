"""The invented business can be repeated, hangs together, and knows its answers."""

import hashlib
import subprocess
import sys
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semops_data.contracts import table
from semops_data.contracts.business import LOOK_BACK, SHOP_TABLES
from semops_data.contracts.metrics import DEFECT_KINDS
from semops_data.lakehouse.digest import digest
from semops_data.landing.objects import encode
from semops_data.synthesis.business import business_day, clean_day
from semops_data.synthesis.defects import faults
from semops_data.synthesis.faults import DAY_FAULTS
from semops_data_tests.scenario import small_business

FIRST, SECOND = date(2026, 1, 1), date(2026, 1, 2)
DAY_KINDS = {fault.kind for fault in DAY_FAULTS} - {"unit_mix_up", "currency_mix_up"}
PRINT_DIGESTS = """
import hashlib
from datetime import date
from semops_data.landing.objects import encode
from semops_data.synthesis.business import business_day
from semops_data_tests.scenario import small_business
day = business_day(small_business(), date(2026, 1, 2))
for name, rows in day.tables.items():
    print(hashlib.sha256(encode(name, rows, day.cut_rows(name))).hexdigest())
"""


def _digests(day):
    return [hashlib.sha256(encode(name, rows, day.cut_rows(name))).hexdigest() for name, rows in day.tables.items()]


def test_another_process_invents_the_same_bytes():
    """A partition may be made again on another machine; what hangs on it must not look changed."""
    business_day.cache_clear()
    business_day(small_business(), FIRST)
    printed = subprocess.run([sys.executable, "-c", PRINT_DIGESTS], check=True, capture_output=True, text=True)
    assert printed.stdout.split() == _digests(business_day(small_business(), SECOND))


@settings(max_examples=8, deadline=None)
@given(st.permutations([date(2026, 1, 1), date(2026, 1, 2), date(2026, 2, 28)]))
def test_a_day_does_not_depend_on_the_days_made_before_it(order):
    """Partitions are made in any order, and some never."""
    days = {day: clean_day(small_business(), day) for day in order}
    alone = clean_day(small_business(), SECOND)
    assert {name: digest(rows) for name, rows in days[SECOND].items()} == {n: digest(r) for n, r in alone.items()}


@pytest.mark.parametrize(
    "other", [{"seed": 8}, {"orders_per_day": 201}, {"defect_rate": 0.03}, {"start_date": date(2025, 12, 31)}]
)
def test_every_parameter_changes_the_digest_and_some_bytes(other):
    """The digest is part of the code version: a changed setting must make assets stale, and for a reason."""
    here, there = small_business(), small_business(**other)
    assert here.digest != there.digest
    assert _digests(business_day(here, SECOND)) != _digests(business_day(there, SECOND))


@pytest.mark.parametrize("name", SHOP_TABLES)
def test_clean_rows_keep_their_contract_and_resolve_their_references(name):
    """The truth is only true of rows that nothing is wrong with."""
    clean = clean_day(small_business(), SECOND)
    rows, contract = clean[name], table(f"lakehouse/{name}")
    assert rows.schema.equals(contract.arrow_schema)
    assert not [column.name for column in contract.columns if not column.nullable and rows[column.name].null_count]
    assert rows.num_rows
    assert len(rows[contract.keys[0]].unique()) == rows.num_rows
    for column, target, target_column in contract.references:
        days = [clean, *(clean_day(small_business(), day) for day in (FIRST,) if LOOK_BACK.get(name))]
        keys = pa.concat_arrays([each[target.split("/")[1]][target_column].combine_chunks() for each in days])
        assert pc.all(pc.is_in(rows[column].drop_null(), value_set=keys)).as_py()


def test_every_purchase_is_an_order_of_the_web_channel():
    """Else the funnel and the revenue could not be reconciled."""
    clean = clean_day(small_business(), FIRST)
    bought = clean["events"].filter(pc.equal(clean["events"]["event_name"], "purchase"))
    web = clean["orders"].filter(pc.equal(clean["orders"]["channel"], "web"))
    joined = bought.join(web, "order_id", join_type="inner", use_threads=False)
    assert joined.num_rows == bought.num_rows == web.num_rows
    assert joined["value_cents"].to_pylist() == joined["subtotal_cents"].to_pylist()


def test_customers_come_back_on_other_days_as_the_same_people():
    """Repeat customers are what customer value is about."""
    first, second = (clean_day(small_business(), day)["customers"] for day in (FIRST, SECOND))
    changing = ["updated_at", "city", "is_marketing_accepted"]
    same = first.drop(changing).join(second.drop(changing), "customer_id", join_type="inner",
                                           right_suffix="_again", use_threads=False)  # fmt: skip
    assert same.num_rows > 20
    for column in ("email", "country", "created_at"):
        assert same[column].to_pylist() == same[f"{column}_again"].to_pylist()


def test_every_way_to_break_a_row_is_planted_somewhere():
    """A defect kind that nobody plants is a rule that nobody tests."""
    days = [business_day(small_business(defect_rate=0.3), date(2026, 1, day)) for day in range(2, 26)]
    planted = {(row["table_name"], row["caught_by"]) for day in days for row in day.defects.to_pylist()}
    possible = {(name, fault.caught_by) for name in SHOP_TABLES for fault in faults(name)}
    assert len(possible - planted) < len(possible) / 20
    assert {row["kind"] for day in days for row in day.defects.to_pylist()} == set(DEFECT_KINDS) - DAY_KINDS


def test_a_rate_of_zero_plants_nothing():
    """Clean exports are exactly the clean rows."""
    made = business_day(small_business(defect_rate=0.0), FIRST)
    assert made.defects.num_rows == 0
    assert {n: r.num_rows for n, r in made.tables.items()} == {n: r.num_rows for n, r in made.clean.items()}


def test_a_day_before_the_first_is_refused_by_name():
    """There was no business then; a wrong date must not yield an empty one."""
    with pytest.raises(ValueError, match=r"2025-12-31 lies before .* 2026-01-01"):
        business_day(small_business(), date(2025, 12, 31))


def test_the_answers_name_each_metric_once_with_a_value_or_a_ratio():
    """The marts' checks look answers up by metric."""
    truth = business_day(small_business(), FIRST).truth.to_pylist()
    assert len({(row["metric"], row["subject"]) for row in truth}) == len(truth)
    assert all((row["value"] is None) != (row["ratio"] is None) for row in truth)
