"""Thirty days with every kind of row defect planted: the marts equal the known answers on each of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from semops_data.contracts import table
from semops_data.contracts.business import SHOP_TABLES, is_daily
from semops_data.contracts.marts import HISTORIES
from semops_data.lakehouse.lake import Lake
from semops_data.lakehouse.refine import refine
from semops_data.landing.objects import read_landed
from semops_data.landing.store import ObjectStore
from semops_data.warehouse.assets import MARTS
from semops_data.warehouse.checks import DAILY_MARTS
from semops_data.warehouse.compare import mart_against_truth, prices_off, rows_of
from semops_data.warehouse.history import load_history
from semops_data.warehouse.load import load
from semops_data.warehouse.marts import build_mart
from semops_data.warehouse.versions import breaks, joins_off
from semops_data.warehouse.warehouse import Warehouse
from semops_data_tests.scenario import land_day, small_business

DAYS = [(date(2026, 1, 1) + timedelta(days=number)).isoformat() for number in range(30)]
BUSINESS = replace(small_business(), orders_per_day=40, defect_rate=0.1)
LATE = DAYS[9]
"""A day whose dimensions arrive after those of all others."""


def kept_rows(store: ObjectStore, name: str, day: str, kept: dict[str, pa.Table]) -> pa.Table:
    """A day's landed rows of one table, judged as the lakehouse judges them, without writing them there."""
    known = {
        column: kept[target.split("/")[1]][key]
        for column, target, key in table(f"lakehouse/{name}").references
    }  # fmt: skip
    return refine(name, day, read_landed(store, name, day), known).kept


@pytest.mark.slow
def test_marts_equal_truth_on_thirty_days_with_defects(tmp_path: Path, warehouse: Warehouse) -> None:
    """The claim that the business stream exists for, at length: changed prices, late orders, returns, moves."""
    store, lake = ObjectStore(str(tmp_path / "s3")), Lake(str(tmp_path / "delta"))
    kept: dict[str, pa.Table] = {}
    days: dict[str, dict[str, pa.Table]] = {}
    truths = []
    for day in DAYS:
        truths.append(land_day(store, day, BUSINESS).truth)
        for name in SHOP_TABLES:
            rows = kept_rows(store, name, day, kept)
            kept[name] = pa.concat_tables([kept[name], rows]) if name in kept else rows
            days.setdefault(day, {})[name] = rows
    lake.replace("synthesis/truth", pa.concat_tables(truths))
    for day in [day for day in DAYS if day != LATE] + [LATE]:
        for name in HISTORIES:
            load_history(warehouse, name, days[day][name], day=day)
    for name in (name for name in SHOP_TABLES if is_daily(name)):
        load(warehouse, f"warehouse/fct_{name}", kept[name], day=None)
    for name in HISTORIES:
        assert breaks(warehouse, name)[1] == [], name
    for day in DAYS:
        assert joins_off(warehouse, "orders", day) == joins_off(warehouse, "order_items", day) == [], day
    for name in MARTS:
        is_by_day = table(f"warehouse/{name}").partition_by is not None
        rows = {day: build_mart(warehouse, name, day=day)[1] for day in (DAYS if is_by_day else [None])}
        compared, differences = mart_against_truth(warehouse, lake, name, rows)
        assert differences[:3] == [], name
        assert compared >= (8 * len(DAYS) if name in DAILY_MARTS else len(DAYS) // 7), name
    assert prices_off(rows_of(warehouse, "warehouse/product_performance")) == []
    assert rows_of(warehouse, "warehouse/dim_products").num_rows > len(days[DAYS[0]]["products"])
