"""The history of a dimension is that of the days that are known, in whatever order they arrived."""

# ruff: noqa: S608 - names of the test's own schema

import datetime as dt
import itertools
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semops_data.lakehouse.lake import Lake
from semops_data.warehouse import history as module
from semops_data.warehouse.compare import rows_of
from semops_data.warehouse.history import load_history
from semops_data.warehouse.session import Counts
from semops_data.warehouse.versions import against_lake, breaks
from semops_data.warehouse.warehouse import Warehouse
from semops_data_tests.warehouse.rows import rows

DAYS = [f"2026-01-0{day}" for day in range(2, 6)]
CREATED = "2026-01-01"
RUNS = itertools.count()

Seen = dict[str, dict[int, int]]
"""By day, the price of each product that was seen on it."""


def products(prices: dict[int, int]) -> pa.Table:
    """Rows of `lakehouse/products`, all created on the same day, alike but for the price."""
    data = pa.concat_tables([rows("lakehouse/products", 1, start=place) for place in prices] or [
        rows("lakehouse/products", 0)
    ])  # fmt: skip
    place = data.column_names.index("unit_price_cents")
    return data.set_column(place, data.schema.field(place), pa.array(list(prices.values()), pa.int64()))


def expected(seen: Seen) -> set[tuple[str, int, str, str | None, bool]]:
    """The versions by the definition, one product at a time."""
    found = set()
    for product in {product for prices in seen.values() for product in prices}:
        days = [(day, seen[day][product]) for day in sorted(seen) if product in seen[day]]
        starts = [entry for before, entry in zip([(None, None), *days], days, strict=False) if before[1] != entry[1]]
        ends = [day for day, _ in starts[1:]] + [None]
        for number, ((day, price), end) in enumerate(zip(starts, ends, strict=True)):
            since = min(day, CREATED) if number == 0 else day
            found.add((f"product_id-{product:06d}", price, since, end, end is None))
    return found


def held(warehouse: Warehouse) -> set[tuple[str, int, str, str | None, bool]]:
    """The versions in the warehouse."""
    columns = ["product_id", "unit_price_cents", "valid_from", "valid_to", "is_current"]
    return {tuple(row.values()) for row in rows_of(warehouse, "warehouse/dim_products").select(columns).to_pylist()}


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(DAYS), st.dictionaries(st.integers(0, 2), st.integers(1, 3), max_size=3)),
        min_size=2,
        max_size=6,
    )
)
def test_days_late_twice_or_corrected_end_in_the_same_history(
    warehouse: Warehouse, arrivals: list[tuple[str, dict[int, int]]]
) -> None:
    """What was said last of each day counts, and nothing else: not the order, not how often."""
    warehouse = Warehouse(warehouse.settings, schema=f"{warehouse.schema}_{next(RUNS)}")
    seen: Seen = {}
    for day, prices in arrivals:
        seen[day] = prices
        load_history(warehouse, "products", products(prices), day=day)
    assert held(warehouse) == expected(seen)
    assert breaks(warehouse, "products")[1] == []


def test_a_day_that_is_loaded_again_changes_nothing(warehouse: Warehouse) -> None:
    """The ledger knows what was seen on the day."""
    load_history(warehouse, "products", products({0: 1, 1: 2}), day=DAYS[0])
    load_history(warehouse, "products", products({0: 1, 1: 3}), day=DAYS[1])
    before = rows_of(warehouse, "warehouse/dim_products")
    again = load_history(warehouse, "products", products({0: 1, 1: 2}), day=DAYS[0])
    assert (again.is_skipped, again.counts, again.sent) == (True, Counts(), 0)
    assert rows_of(warehouse, "warehouse/dim_products").equals(before)


def test_a_customer_who_moved_keeps_both_addresses(warehouse: Warehouse) -> None:
    """A fact of the day before the move belongs to the old city; a null is a value too."""
    customer = rows("lakehouse/customers", 1)
    cities = ["Lyon", None, "Graz"]
    for day, city in zip(DAYS, cities, strict=False):
        place = customer.column_names.index("city")
        moved = customer.set_column(place, customer.schema.field(place), pa.array([city], pa.string()))
        load_history(warehouse, "customers", moved, day=day)
    versions = rows_of(warehouse, "warehouse/dim_customers").sort_by("valid_from").to_pylist()
    assert [version["city"] for version in versions] == cities
    assert [version["valid_to"] for version in versions] == [DAYS[1], DAYS[2], None]
    assert len({version["customer_key"] for version in versions}) == 3


def test_the_moment_of_an_export_is_no_change(warehouse: Warehouse) -> None:
    """A column that moves with every visit would make a version a day."""
    customer = rows("lakehouse/customers", 1)
    place = customer.column_names.index("updated_at")
    for number, day in enumerate(DAYS[:2]):
        later = pa.array([1_770_000_000_000_000 + number], customer.schema.field(place).type)
        load_history(warehouse, "customers", customer.set_column(place, customer.schema.field(place), later), day=day)
    assert rows_of(warehouse, "warehouse/dim_customers").num_rows == 1


def test_a_lakehouse_that_is_ahead_is_no_alarm_and_a_lost_row_is_one(tmp_path: Path, warehouse: Warehouse) -> None:
    """The lakehouse may have settled a week before the warehouse loads its first day."""
    lake, every = Lake(str(tmp_path / "delta")), rows("lakehouse/customers", 4)

    def updated(*moments: str) -> pa.Table:
        place = every.column_names.index("updated_at")
        field = every.schema.field(place)
        return every.set_column(place, field, pa.array(map(dt.datetime.fromisoformat, moments)).cast(field.type))

    old, first, second = "2025-12-01T00:00:00+00:00", f"{DAYS[0]}T10:00:00+00:00", f"{DAYS[1]}T10:00:00+00:00"
    # The second was made long ago and bought for the first time on the second day; the third changed on that day.
    lake.merge("lakehouse/customers", updated(old, old, second, first))
    load_history(warehouse, "customers", every.take([0, 3]), day=DAYS[0])
    assert against_lake(warehouse, lake, "customers") == (2, [])
    load_history(warehouse, "customers", every.take([2]), day=DAYS[1])
    missing = {difference["key"][0] for difference in against_lake(warehouse, lake, "customers")[1]}
    assert missing == {every["customer_id"][1].as_py()}, "nothing is ahead now: what is not there is lost"


def test_a_broken_history_is_seen(warehouse: Warehouse) -> None:
    """A check that cannot fail proves nothing."""
    for day, price in zip(DAYS, (1, 2, 1), strict=False):
        load_history(warehouse, "products", products({0: price}), day=day)
    with warehouse.session() as session:
        session.execute(f"DELETE FROM {warehouse.name('dim_products')} WHERE valid_from = '{DAYS[1]}'")
    assert breaks(warehouse, "products") == (2, [{"product_id": "product_id-000000", "valid_from": CREATED}])


@pytest.mark.parametrize("step", ["apply", "_derive"])
def test_a_process_killed_in_the_middle_leaves_the_history_as_it_was(step: str, warehouse: Warehouse) -> None:
    """What was seen and what follows from it commit together or not at all."""
    load_history(warehouse, "products", products({0: 1, 1: 2}), day=DAYS[0])
    before = held(warehouse)
    program = f"""
        import os, signal
        from pathlib import Path
        from semops_data.settings import Settings
        from semops_data.warehouse import history as module
        from semops_data.warehouse.warehouse import Warehouse
        from semops_data_tests.warehouse.test_history import products
        real = module.{step}
        def die(*args, **kwargs):
            real(*args, **kwargs)
            os.kill(os.getpid(), signal.SIGKILL)
        module.{step} = die
        settings = Settings(home=Path({str(warehouse.settings.home)!r}), snowflake_account=None)
        warehouse = Warehouse(settings, schema={warehouse.schema!r})
        module.load_history(warehouse, "products", products({{0: 9, 1: 2}}), day={DAYS[1]!r})
    """
    died = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False, env=dict(os.environ))
    assert died.returncode == -signal.SIGKILL
    assert held(warehouse) == before
    assert load_history(warehouse, "products", products({0: 9, 1: 2}), day=DAYS[1]).counts.inserted == 1
    assert held(warehouse) == expected({DAYS[0]: {0: 1, 1: 2}, DAYS[1]: {0: 9, 1: 2}})


def test_the_versions_that_are_derived_are_those_of_the_module() -> None:
    """The whole history can be derived anew by the same SELECT, without the filter on what a day touched."""
    assert "AFFECTED" not in module.versions_sql("products", '"SNAP_PRODUCTS"')
    assert "AFFECTED" in module.versions_sql("products", '"SNAP_PRODUCTS"', '"AFFECTED"')
