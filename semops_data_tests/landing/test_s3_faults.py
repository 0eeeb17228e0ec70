"""Over the S3 protocol, with an endpoint that throttles, fails, dawdles, hangs up: right, or a clear error in time."""

import time

import pyarrow as pa
import pytest

from semops_data.contracts.business import SHOP_TABLES
from semops_data.lakehouse.digest import digest
from semops_data.lakehouse.lake import Lake
from semops_data.lakehouse.settle import settle
from semops_data.lakehouse.writing import LakeError
from semops_data.landing.store import ObjectStore, StoreError
from semops_data_tests.fakes.flaky_proxy import FAULTS, flaky
from semops_data_tests.lakehouse.test_kill import killed
from semops_data_tests.lakehouse.test_writers import content, orders_of, writers
from semops_data_tests.landing.test_s3 import free_port, options, s3_options  # noqa: F401
from semops_data_tests.scenario import DAY, DAYS, land_day, small_business, small_lake

TABLES = ("products", "customers", "orders")


def _port(given: dict[str, str]) -> int:
    return int(given["AWS_ENDPOINT_URL"].rpartition(":")[2])


def _settled(lake: Lake, store: ObjectStore) -> dict[str, str]:
    """Land a day and bring three tables into the lake, twice; the digest of what each holds."""
    land_day(store, DAY, small_business(orders_per_day=40))
    for _ in range(2):
        for name in TABLES:
            settle(lake, store, name, DAY)
    return _contents(lake)


def _contents(lake: Lake) -> dict[str, str]:
    keys = [f"lakehouse/{name}{suffix}" for name in TABLES for suffix in ("", "_quarantine")]
    return {key: digest(lake.conform(key, lake.read(key))) for key in keys}


@pytest.mark.slow
def test_a_faulty_endpoint_costs_time_and_nothing_else(options, tmp_path):  # noqa: F811
    """One request in eight fails in one of seven ways; what is there in the end is what a folder holds."""
    calm = _settled(*small_lake(tmp_path))
    with flaky(_port(options), list(FAULTS), 0.12) as (port, done):
        flawed = s3_options(port)
        contents = _settled(Lake("s3://semops/flaky/delta", flawed), ObjectStore("s3://semops/flaky/landed", flawed))
    assert contents == calm
    assert _contents(Lake("s3://semops/flaky/delta", options)) == calm
    assert set(done) >= set(FAULTS)


@pytest.mark.parametrize("fault", ["drop_after", "internal"])
def test_a_commit_whose_answer_is_lost_is_neither_lost_nor_doubled(options, fault):  # noqa: F811
    """The client cannot know whether it was carried out; the application transaction does."""
    root = f"s3://semops/{fault}/delta"
    rows = pa.table({"day": [DAY], "row_number": [1], "reason": ["null:x"], "raw_row": ["{}"], "source": ["x"]})
    key, calm = "lakehouse/orders_quarantine", Lake(root, options)
    calm.merge(key, rows.slice(0, 0), where={"day": DAY})
    with flaky(_port(options), [fault], 1.0, method="PUT", path="_delta_log", most=2) as (port, done):
        lake = Lake(root, s3_options(port))
        first = lake.merge(key, rows, where={"day": DAY})
        second = lake.merge(key, rows, where={"day": DAY})
    assert done[fault] >= 1
    assert (first.changed, second.changed) == (True, False)
    assert calm.count(key) == 1
    assert calm.version(key) == first.version


@pytest.mark.parametrize("fault", ["slow_down", "drop_before"])
def test_an_endpoint_that_never_recovers_ends_in_a_clear_error(options, fault):  # noqa: F811
    """Within our own timeouts, with what to do; what was there stays readable."""
    store, lake = ObjectStore("s3://semops/lost/landed", options), Lake("s3://semops/lost/delta", options)
    land_day(store, DAY, small_business(orders_per_day=20))
    settle(lake, store, "products", DAY)
    held = lake.count("lakehouse/products")
    with flaky(_port(options), [fault], 1.0) as (port, _):
        started = time.monotonic()
        with pytest.raises(LakeError, match=r"cannot read s3://semops/lost/delta.*SEMOPS_S3_ENDPOINT_URL"):
            Lake("s3://semops/lost/delta", s3_options(port)).count("lakehouse/products")
        with pytest.raises(StoreError, match=r"cannot (read|write) s3://semops/lost/landed.*SEMOPS_S3_ENDPOINT_URL"):
            ObjectStore("s3://semops/lost/landed", s3_options(port)).put("x", b"1")
        # A bound that only a missing timeout of ours would break: the libraries' own are three minutes.
        assert time.monotonic() - started < 90
    assert lake.count("lakehouse/products") == held


@pytest.mark.slow
def test_kills_over_s3_leave_readable_tables(options, tmp_path):  # noqa: F811
    """The same trials as in a folder, fewer: each request takes longer."""
    ends = killed(tmp_path, "s3://semops/killed/delta", options, trials=8)
    assert sum(ends[name] for name in ("killed", "finished") if name in ends) == 6


@pytest.mark.slow
def test_writers_and_readers_of_a_faulty_endpoint_see_whole_days(options, tmp_path):  # noqa: F811
    """Two days alone, one day twice with other rows, while somebody reads: a day is as one wrote it, or absent."""
    whole = {day: orders_of(day) for day in DAYS}
    parts = [*whole.items(), (DAYS[2], whole[DAYS[2]].slice(5))]
    allowed = {day: {content(rows) for name, rows in parts if name == day} | {content(whole[day].slice(0, 0))}
               for day in DAYS}  # fmt: skip
    calm, key, reads = Lake("s3://semops/writers/delta", options), "lakehouse/orders", 0
    calm.merge(key, whole[DAYS[0]].slice(0, 0), where={"day": DAYS[0]})
    with flaky(_port(options), list(FAULTS), 0.05) as (port, done):
        flawed = s3_options(port)
        with writers(tmp_path, calm.root, flawed, parts) as process:
            while process.poll() is None:
                for day in DAYS:
                    assert content(calm.read(key, where={"day": day})) in allowed[day]
                reads += 1
    assert done
    assert reads > 1
    for day in DAYS:
        held = calm.read(key, where={"day": day})
        assert held.num_rows
        assert content(held) in allowed[day]


def test_all_shop_tables_are_referred_to_by_name():
    """The tables of these tests are exported ones."""
    assert set(TABLES) <= set(SHOP_TABLES)
