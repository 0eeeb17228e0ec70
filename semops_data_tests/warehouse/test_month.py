"""Thirty days with all defects planted: generator, landed objects, Delta, the warehouse over the wire, every mart.

The verbs are called as the assets call them. What is planted in rows is quarantined on the way in; what falsifies a
whole day is refused or seen, and mends when the right export arrives.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from semops_data.contracts import table
from semops_data.contracts.business import SHOP_TABLES, is_daily
from semops_data.contracts.marts import HISTORIES
from semops_data.contracts.metrics import DEFECT_KINDS
from semops_data.lakehouse.conform import SchemaChangeError
from semops_data.lakehouse.lake import Lake
from semops_data.lakehouse.settle import settle
from semops_data.landing.store import ObjectStore
from semops_data.synthesis.faults import redefined
from semops_data.synthesis.scenario import Scenario
from semops_data.warehouse.assets import MARTS
from semops_data.warehouse.checks import DAILY_MARTS
from semops_data.warehouse.compare import Difference, days_of, mart_against_truth, prices_off, rows_of
from semops_data.warehouse.follow import follow
from semops_data.warehouse.formulas import deviations
from semops_data.warehouse.history import load_history, observe
from semops_data.warehouse.marts import bind, build_mart, mart_sql, strip_comments
from semops_data.warehouse.names import quote
from semops_data.warehouse.versions import against_lake, breaks, joins_off
from semops_data.warehouse.warehouse import Warehouse
from semops_data_tests.scenario import land_day, small_business

if TYPE_CHECKING:
    from collections.abc import Sequence

DAYS = [(date(2026, 1, 1) + timedelta(days=number)).isoformat() for number in range(30)]
BUSINESS = small_business(orders_per_day=40, defect_rate=0.3, scenario=Scenario(drift=15, new_column=20))
FALSE = {
    DAYS[12]: Scenario(cents_as_euros=12, refunds_in_revenue=12, changed_type=12),
    DAYS[13]: Scenario(dollars_as_euros=13, redefined_revenue=13),
}
"""Days whose first export is false as a whole; the right one arrives when the month is over."""
BUILT = frozenset((*DAYS[::6], *FALSE))
"""Days whose marts are stored as their assets store them; on the others their SQL is read, which is the same."""
LATE = DAYS[9]
"""A day whose dimensions arrive after those of all others."""
FACTS = [name for name in SHOP_TABLES if is_daily(name)]
MENDED = ("orders", "payments", "inventory")


def mart_rows(warehouse: Warehouse, name: str, day: str | None) -> pa.Table:
    """A mart's rows of a day: stored where the day is one of `BUILT`, else what its SQL selects."""
    if day is None or day in BUILT:
        return build_mart(warehouse, name, day=day)[1]
    select, values = bind(strip_comments(mart_sql(name)), day)
    contract = table(f"warehouse/{name}")
    columns = ", ".join(quote(column.name) for column in contract.columns)
    with warehouse.session() as session:
        return session.arrow(f"SELECT {columns} FROM (\n{select}\n)", *values, schema=contract.arrow_schema)  # noqa: S608


def compared(warehouse: Warehouse, lake: Lake, name: str, days: Sequence[str] = DAYS) -> tuple[int, list[Difference]]:
    """One mart on each of the days against its known answers."""
    is_by_day = table(f"warehouse/{name}").partition_by is not None
    rows = {day: mart_rows(warehouse, name, day) for day in (days if is_by_day else [None])}
    return mart_against_truth(warehouse, lake, name, rows)


def settled_month(store: ObjectStore, lake: Lake) -> set[str]:
    """Land and settle each day, the false ones as they first come; the kinds of defects that were planted."""
    kinds, truths = set(), []
    for day in DAYS:
        business = replace(BUSINESS, scenario=FALSE.get(day, BUSINESS.scenario))
        made = land_day(store, day, business)
        kinds |= set(made.defects["kind"].to_pylist())
        truths.append(made.truth)
        for name in SHOP_TABLES:
            if name == "inventory" and business.scenario.changed_type is not None:
                with pytest.raises(SchemaChangeError):
                    settle(lake, store, name, day)
            else:
                settle(lake, store, name, day)
    lake.replace("synthesis/truth", pa.concat_tables(truths))
    return kinds


@pytest.mark.slow
def test_truth_equals_all_marts_on_thirty_days_with_all_defects_planted(tmp_path: Path, warehouse: Warehouse) -> None:
    """The claim that the business stream exists for: late and changed orders, prices, and every kind of wrong."""
    store, lake = ObjectStore(str(tmp_path / "s3")), Lake(str(tmp_path / "delta"))
    assert settled_month(store, lake) == set(DEFECT_KINDS)
    for day in [day for day in DAYS if day != LATE] + [LATE]:
        for name in HISTORIES:
            load_history(warehouse, name, observe(lake, store, name, day), day=day)
    first = {name: follow(warehouse, lake, f"warehouse/fct_{name}", f"lakehouse/{name}", day=None) for name in FACTS}
    around = DAYS[11:15]
    wrong = {d["day"] for name in ("daily_revenue", "after_sales") for d in compared(warehouse, lake, name, around)[1]}
    assert wrong == set(FALSE), "days that are false as a whole are seen, and no others"
    for day, scenario in FALSE.items():
        mart, business = "daily_revenue", replace(BUSINESS, scenario=scenario)
        sql = redefined(business, mart, date.fromisoformat(day), mart_sql(mart))
        assert bool(deviations(mart, sql)) == (scenario.redefined_revenue is not None)
        land_day(store, day, BUSINESS)
        for name in MENDED:
            settle(lake, store, name, day)
    for name in FACTS:
        done = follow(warehouse, lake, f"warehouse/fct_{name}", f"lakehouse/{name}", day=None)
        assert done.is_skipped == (name not in MENDED), name
        assert done.sent < first[name].sent / 4, "only what changed is sent"
    for name in HISTORIES:
        assert breaks(warehouse, name)[1] == against_lake(warehouse, lake, name)[1] == [], name
    for day in DAYS[::5]:
        assert joins_off(warehouse, "orders", day) == joins_off(warehouse, "order_items", day) == [], day
    for name in MARTS:
        count, differences = compared(warehouse, lake, name)
        assert differences[:3] == [], name
        columns = len(table(f"warehouse/{name}").columns) - 1
        assert count >= (columns * len(DAYS) if name in DAILY_MARTS else len(DAYS) // 7), name
    assert days_of(warehouse, "warehouse/revenue_restated") == sorted(BUILT)
    assert prices_off(rows_of(warehouse, "warehouse/product_performance")) == []
    assert rows_of(warehouse, "warehouse/dim_products").num_rows > lake.count("lakehouse/products")
