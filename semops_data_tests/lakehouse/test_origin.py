"""A home in which the business is changed holds the new one only: nobody of the old one stays behind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from semops_data.lakehouse.digest import digest
from semops_data.lakehouse.lake import Lake
from semops_data.lakehouse.settle import settle
from semops_data.landing.store import ObjectStore
from semops_data_tests.scenario import DAYS, land_day, small_business, small_lake

OLD = small_business()
NEW = replace(OLD, seed=OLD.seed + 1, orders_per_day=OLD.orders_per_day // 2)
LASTING = ("customers", "products", "campaigns")


def _settled(lake: Lake, store: ObjectStore, business, days) -> None:
    for day in days:
        land_day(store, day, business)
        for name in LASTING:
            settle(lake, store, name, day, origin=business.digest)


@pytest.mark.parametrize("days", [DAYS[:2], DAYS[1::-1]])
def test_tables_without_days_forget_the_business_that_was(tmp_path, days):
    """Half as many customers are half as many, whichever day comes first; and the old ones can be looked up."""
    fresh, again = (small_lake(tmp_path / name) for name in ("fresh", "again"))
    _settled(*fresh, NEW, days)
    _settled(*again, OLD, DAYS[:2])
    version = again[0].version("lakehouse/customers")
    before = again[0].count("lakehouse/customers")
    _settled(*again, NEW, days)
    for name in LASTING:
        key = f"lakehouse/{name}"
        assert digest(again[0].read(key).sort_by(f"{name[:-1]}_id")) == digest(
            fresh[0].read(key).sort_by(f"{name[:-1]}_id")
        )
    assert again[0].read("lakehouse/customers", version=version).num_rows == before
    latest = [again[0].version(f"lakehouse/{name}") for name in LASTING]
    _settled(*again, NEW, days)
    assert [again[0].version(f"lakehouse/{name}") for name in LASTING] == latest


def test_rows_that_nobody_invented_are_never_forgotten(tmp_path):
    """A table that was filled without an origin takes the first that comes, and keeps its rows."""
    lake, store = small_lake(tmp_path)
    land_day(store, DAYS[0], OLD)
    settle(lake, store, "customers", DAYS[0])
    before = set(lake.read("lakehouse/customers").column("customer_id").to_pylist())
    land_day(store, DAYS[0], NEW)
    settle(lake, store, "customers", DAYS[0], origin=NEW.digest)
    settle(lake, store, "customers", DAYS[0])
    assert before <= set(lake.read("lakehouse/customers").column("customer_id").to_pylist())
