"""The business behaves like one: seasons, repeat customers, changing prices and people, late and returned orders."""

import subprocess
import sys
from datetime import date, timedelta

import numpy as np
import pyarrow.compute as pc
import pytest

from semops_data.contracts.business import SHOP_TABLES
from semops_data.contracts.shop import LATE_DAYS, LATER_DAYS
from semops_data.lakehouse.digest import digest
from semops_data.synthesis import sales as sales_module
from semops_data.synthesis.business import business_day, clean_day
from semops_data.synthesis.chance import demand
from semops_data.synthesis.sales import draw_lot, draw_sales, order_count, worth
from semops_data_tests.scenario import small_business

START = date(2026, 1, 1)


def _days(count):
    return [START + timedelta(days=number) for number in range(count)]


def _orders_per_customer(orders_per_day, days=40):
    business = small_business(orders_per_day=orders_per_day)
    who = np.concatenate([draw_sales(business, day).customer for day in _days(days)])
    counts = np.bincount(who)
    return counts[counts > 0]


def test_ten_times_the_orders_keep_the_distribution_of_orders_per_customer():
    """`scale` makes the business larger, not its customers more loyal: Kolmogorov-Smirnov distance at most 0.02."""
    small, large = (np.sort(_orders_per_customer(size)) for size in (800, 8_000))
    values = np.arange(1, max(small[-1], large[-1]) + 1)
    shares = [np.searchsorted(counts, values, side="right") / counts.size for counts in (small, large)]
    assert large.size > 9 * small.size
    assert np.abs(shares[0] - shares[1]).max() <= 0.02
    assert np.mean(small > 1) > 0.3


def test_trade_follows_the_week_and_the_year():
    """A week has its busy days and a year its busy months; over a year the mean day is the configured one."""
    year = [demand(day) for day in _days(365)]
    assert np.mean(year) == pytest.approx(1, abs=0.01)
    business = small_business(orders_per_day=5_000)
    counts = {day: order_count(business, day) for day in _days(365)}
    saturdays = np.mean([counts[day] for day in counts if day.weekday() == 5])
    tuesdays = np.mean([counts[day] for day in counts if day.weekday() == 1])
    assert saturdays / tuesdays == pytest.approx(1.12 / 0.92, rel=0.03)
    december, february = (np.mean([counts[day] for day in counts if day.month == month]) for month in (12, 2))
    assert december > 1.2 * february


def test_an_order_is_paid_the_price_of_the_day_on_which_it_was_placed():
    """A dimension of products that keeps its versions must find each order's price in one of them."""
    business = small_business()
    prices = {
        day.isoformat(): dict(zip(*(clean_day(business, day)["products"][name].to_pylist()
                                    for name in ("product_id", "unit_price_cents")), strict=True))
        for day in _days(4)
    }  # fmt: skip
    exported = clean_day(business, _days(4)[3])
    placed = dict(zip(*(exported["orders"][name].to_pylist() for name in ("order_id", "order_day")), strict=True))
    items = exported["order_items"].to_pylist()
    assert all(row["unit_price_cents"] == prices[placed[row["order_id"]]][row["product_id"]] for row in items)
    assert len(set(placed.values())) > 1


def test_prices_and_people_change_now_and_then_and_say_when():
    """Slowly changing: a few each day, each with its moment, and nothing else changes."""
    business = small_business(orders_per_day=2_000)
    before, after = (clean_day(business, day) for day in (date(2026, 3, 2), date(2026, 3, 3)))
    for name, key, attributes, most in (
        ("products", "product_id", ("unit_price_cents",), 0.08),
        ("customers", "customer_id", ("city", "is_marketing_accepted"), 0.10),
    ):
        old, new = ({row[key]: row for row in each[name].to_pylist()} for each in (before, after))
        both = old.keys() & new.keys()
        changed = {one for one in both if any(old[one][field] != new[one][field] for field in attributes)}
        stamped = {one for one in both if new[one]["updated_at"].date() == date(2026, 3, 3)}
        assert 0 < len(changed) < most * len(both)
        assert changed <= stamped
        assert all(old[one] == new[one] for one in both - stamped)


def test_late_orders_land_whole_and_once():
    """An order of day d lands on d, d+1 or d+2, with its items and its payments, and never twice."""
    business = small_business(orders_per_day=1_000)
    days = [clean_day(business, day) for day in _days(6)]
    orders = [row for day in days for row in day["orders"].to_pylist()]
    lags = np.array([(date.fromisoformat(row["day"]) - date.fromisoformat(row["order_day"])).days for row in orders])
    assert len({row["order_id"] for row in orders}) == len(orders)
    assert set(lags) == set(range(LATE_DAYS + 1))
    assert 0.01 < np.mean(lags > 0) < 0.05
    placed = [draw_sales(business, day) for day in _days(6)]
    expected = sum(int((sales.late <= 5 - number).sum()) for number, sales in enumerate(placed))
    assert len(orders) == expected
    for day in days:
        ids = day["orders"]["order_id"].combine_chunks()
        for name in ("order_items", "payments"):
            assert pc.all(pc.is_in(day[name]["order_id"], value_set=ids)).as_py()


def test_a_return_follows_its_order_and_changes_its_state():
    """Returns are what later refunds come from: a line of a paid order, within three days, at what was paid."""
    business = small_business(orders_per_day=1_000)
    days = [clean_day(business, day) for day in _days(6)]
    lines = {row["order_item_id"]: row for day in days for row in day["order_items"].to_pylist()}
    booked = {row["order_id"]: row for day in days for row in day["orders"].to_pylist()}
    for day in days:
        updates = {row["order_id"]: row for row in day["order_updates"].to_pylist()}
        for row in day["returns"].to_pylist():
            line, order = lines[row["order_item_id"]], booked[row["order_id"]]
            assert 1 <= (date.fromisoformat(row["day"]) - date.fromisoformat(order["day"])).days <= LATER_DAYS
            assert row["refund_cents"] == line["quantity"] * line["unit_price_cents"] - line["discount_cents"]
            assert updates[row["order_id"]]["refund_cents"] == row["refund_cents"]
            assert (order["financial_status"], order["refund_cents"]) == ("paid", 0)
        assert len(updates) == day["returns"].num_rows
    assert days[5]["returns"].num_rows > 20


def test_what_a_day_is_worth_grows_with_late_orders_and_shrinks_with_refunds():
    """The truth about an order day changes for three days, and says so under the day on which it was known."""
    business = small_business(orders_per_day=2_000)
    known = [business_day(business, day).truth.to_pylist() for day in _days(5)]
    story = [
        {row["metric"]: row["value"] for row in rows if row["subject"] == "2026-01-02" and "restated" in row["metric"]}
        for rows in known
    ]
    assert story[0] == {}
    orders = [each["restated_orders"] for each in story[1:]]
    refunds = [each["restated_refund_cents"] for each in story[1:]]
    assert orders[0] < orders[1] < orders[2] == orders[3]
    assert refunds == sorted(refunds)
    assert refunds[0] < refunds[3]


def test_each_day_of_stock_begins_where_the_day_before_ended():
    """Stock that jumps overnight would be a defect."""
    first, second = (clean_day(small_business(), day)["inventory"] for day in _days(2))
    assert first["closing_quantity"].to_pylist() == second["opening_quantity"].to_pylist()


def test_a_day_in_batches_is_a_day(monkeypatch):
    """A huge day is drawn batch by batch: identifiers stay unique, references hold, and the truth is of all of it."""
    monkeypatch.setattr(sales_module, "BATCH", 300)
    draw_lot.cache_clear()
    worth.cache_clear()
    business_day.cache_clear()
    try:
        business = small_business(orders_per_day=1_000, defect_rate=0)
        made = business_day(business, START + timedelta(days=3))
        clean = made.clean
        for name, key in (("orders", "order_id"), ("order_items", "order_item_id"), ("payments", "payment_id"),
                          ("customers", "customer_id")):  # fmt: skip
            assert pc.count_distinct(clean[name][key]).as_py() == clean[name].num_rows
        assert pc.all(pc.is_in(clean["orders"]["customer_id"], value_set=clean["customers"]["customer_id"])).as_py()
        truth = {row["metric"]: row["value"] for row in made.truth.to_pylist() if row["subject"] == "all"}
        assert truth["orders"] == clean["orders"].num_rows > 600
        assert truth["gmv_cents"] == pc.sum(clean["orders"]["subtotal_cents"]).as_py()
        assert truth["customers"] == pc.count_distinct(clean["orders"]["customer_id"]).as_py()
        again = {name: digest(rows) for name, rows in clean_day(business, START + timedelta(days=3)).items()}
        assert again == {name: digest(rows) for name, rows in clean.items()}
    finally:
        draw_lot.cache_clear()
        worth.cache_clear()
        business_day.cache_clear()


PEAK = """
import sys
from datetime import date
from pathlib import Path
import pyarrow as pa
from semops_data.landing.files import write_day
from semops_data.synthesis import answers, business, people, sales, strings
from semops_data.synthesis.parameters import Business
sales.BATCH, business.BLOCK, answers.BLOCK, people.BLOCK = 1_000, 2_500, 2_500, 2_500
# The table of amounts, which is of one size, would hide what grows; the catalogue grows only up to 5,000 products.
strings.KNOWN_CENTS = 1_000
Business.product_count = property(lambda self: 500)
write_day(Business(orders_per_day=int(sys.argv[1])), date(2026, 1, 1), Path(sys.argv[2]))
print(pa.default_memory_pool().max_memory())
"""


@pytest.mark.slow
def test_memory_is_that_of_a_batch_and_not_of_the_day(tmp_path):
    """With smaller batches: five times the orders of one day need at most 1.3 times the memory of Arrow."""
    peaks = [
        int(subprocess.run([sys.executable, "-c", PEAK, str(size), str(tmp_path)], check=True, capture_output=True,
                           text=True).stdout)
        for size in (6_000, 30_000)
    ]  # fmt: skip
    assert peaks[1] < 1.3 * peaks[0]


def test_files_hold_what_would_be_landed(tmp_path):
    """`dst generate` and the landing assets make the same bytes."""
    from semops_data.landing.files import write_day
    from semops_data.landing.objects import encode, object_path

    business, day = small_business(), START + timedelta(days=4)
    rows = write_day(business, day, tmp_path)
    made = business_day(business, day)
    for name in SHOP_TABLES:
        expected = encode(name, made.tables[name], made.cut_rows(name))
        assert (tmp_path / object_path(name, day.isoformat())).read_bytes() == expected
    assert rows["truth"] == made.truth.num_rows


def test_orders_and_items_alone_are_the_same_files(tmp_path):
    """Whoever needs only them gets the same rows, sooner."""
    from semops_data.landing.files import write_day, write_trade
    from semops_data.landing.objects import object_path

    business, day = small_business(), START + timedelta(days=4)
    write_day(business, day, tmp_path / "all")
    assert set(write_trade(business, day, tmp_path / "trade")) == {"orders", "order_items"}
    for name in ("orders", "order_items"):
        path = object_path(name, day.isoformat())
        assert (tmp_path / "trade" / path).read_bytes() == (tmp_path / "all" / path).read_bytes()
