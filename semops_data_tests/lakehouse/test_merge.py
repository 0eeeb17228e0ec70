"""A merge writes what differs, once, whoever else writes and whenever it is killed."""

import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from semops_data.contracts import table
from semops_data.contracts.business import SHOP_TABLES
from semops_data.lakehouse.digest import digest
from semops_data.lakehouse.writing import LakeError
from semops_data.synthesis.business import business_day
from semops_data_tests.scenario import DAY, DAYS, settle_day, small_business, small_lake

ORDERS = "lakehouse/orders"


def _clean(day: str, name: str = "orders") -> pa.Table:
    return business_day(small_business(), date.fromisoformat(day)).clean[name]


def _contents(lake, keys) -> dict[str, str]:
    return {key: digest(lake.read(key).sort_by([(name, "ascending") for name in table(key).keys])) for key in keys}


def _orders_with(rows: pa.Table, column: str, value: str) -> pa.Table:
    position = rows.column_names.index(column)
    return rows.set_column(position, rows.schema.field(column), pa.array([value] * rows.num_rows))


def test_the_same_rows_a_second_time_commit_nothing(tmp_path):
    """Idempotence that can be seen in the version."""
    lake, _ = small_lake(tmp_path)
    first = lake.merge(ORDERS, _clean(DAY), where={"day": DAY})
    second = lake.merge(ORDERS, _clean(DAY), where={"day": DAY})
    assert (first.changed, second.changed) == (True, False)
    assert (first.version, first.digest) == (second.version, second.digest)


def test_only_what_differs_is_written_and_what_is_gone_is_deleted(tmp_path):
    """After a correction the partition is exactly what was corrected."""
    lake, _ = small_lake(tmp_path)
    rows, other = _clean(DAY), _clean(DAYS[1])
    lake.merge(ORDERS, rows, where={"day": DAY})
    lake.merge(ORDERS, other, where={"day": DAYS[1]})
    corrected = pa.concat_tables([_orders_with(rows.slice(0, 3), "channel", "store"), rows.slice(5)])
    lake.merge(ORDERS, corrected, where={"day": DAY})
    assert digest(lake.read(ORDERS, where={"day": DAY}).sort_by("order_id")) == digest(corrected.sort_by("order_id"))
    assert digest(lake.read(ORDERS, where={"day": DAYS[1]}).sort_by("order_id")) == digest(other.sort_by("order_id"))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_days_may_arrive_in_any_order(tmp_path, order):
    """A backfill of an old day must not turn customers back into what they were."""
    lake, _ = small_lake(tmp_path)
    for number in order:
        lake.merge("lakehouse/customers", _clean(DAYS[number], "customers"), newest_by="updated_at")
    newest: dict[str, dict] = {}
    for day in DAYS:
        newest |= {row["customer_id"]: row for row in _clean(day, "customers").to_pylist()}
    held = {row["customer_id"]: row for row in lake.read("lakehouse/customers").to_pylist()}
    assert held == newest


def test_repeated_keys_and_strays_are_refused_before_anything_is_written(tmp_path):
    """Delta would fail in the middle, with a message about the source."""
    lake, _ = small_lake(tmp_path)
    rows = _clean(DAY)
    with pytest.raises(ValueError, match="repeat keys"):
        lake.merge(ORDERS, pa.concat_tables([rows, rows.slice(0, 1)]), where={"day": DAY})
    with pytest.raises(ValueError, match="outside the partition"):
        lake.merge(ORDERS, rows, where={"day": DAYS[1]})
    assert not lake.exists(ORDERS)


def test_the_table_itself_refuses_rows_outside_the_contract(tmp_path):
    """Another writer, without our code, meets the same rules: they are Delta constraints."""
    lake, _ = small_lake(tmp_path)
    rows = _clean(DAY)
    lake.merge(ORDERS, rows, where={"day": DAY})
    place = rows.schema.get_field_index("subtotal_cents")
    wrong = rows.set_column(place, rows.schema.field(place), pc.negate(rows.column(place)))
    with pytest.raises(LakeError, match=r"lakehouse/orders.*break the table's contract"):
        lake.merge(ORDERS, wrong, where={"day": DAY})
    assert lake.merge(ORDERS, rows, where={"day": DAY}).changed is False


def test_writers_of_the_same_table_wait_for_each_other(tmp_path):
    """Backfills run days side by side, and the first of them makes the table."""
    lake, _ = small_lake(tmp_path)
    parts = [_clean("2026-01-01", "customers").slice(start, 20) for start in range(0, 100, 20)]
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda part: lake.merge("lakehouse/customers", part, newest_by="updated_at"), parts))
    assert lake.count("lakehouse/customers") == 100


SETTLE = """
import sys
from pathlib import Path
from semops_data_tests.scenario import DAYS, settle_day, small_lake
lake, store = small_lake(Path(sys.argv[1]))
print("ready", flush=True)
for day in DAYS:
    settle_day(lake, store, day)
"""


@pytest.mark.slow
def test_a_run_that_is_killed_and_repeated_ends_as_an_undisturbed_one(tmp_path):
    """Power fails in the middle of a merge; what is there afterwards is what would have been there."""
    calm, calm_store = small_lake(tmp_path / "calm")
    for day in DAYS:
        settle_day(calm, calm_store, day)
    keys = [f"lakehouse/{name}{suffix}" for name in SHOP_TABLES for suffix in ("", "_quarantine")]
    dice = random.Random(7)  # noqa: S311
    for trial in range(3):
        home = tmp_path / f"killed-{trial}"
        process = subprocess.Popen([sys.executable, "-c", SETTLE, str(home)], stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(dice.uniform(0.1, 1.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        lake, store = small_lake(home)
        for day in DAYS:
            settle_day(lake, store, day)
        assert _contents(lake, keys) == _contents(calm, keys)
