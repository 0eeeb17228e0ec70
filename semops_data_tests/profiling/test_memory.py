"""A partition is profiled without ever being in memory."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from semops_data.contracts import table
from semops_data.lakehouse.lake import Lake
from semops_data.profiling import source
from semops_data.profiling.daily import profile_day
from semops_data.profiling.profile import profile, profile_view

KEY, DAY = "lakehouse/sessions", "2026-01-01"
PEAK = """
import sys
from semops_data.lakehouse.lake import Lake
from semops_data.profiling.daily import profile_day
profile_day(Lake(sys.argv[1]), {"lakehouse/sessions": "2026-01-01"}, day="2026-01-01")
with open("/proc/self/status") as status:
    # Not the resource usage: that one begins with the peak of the process that started this one.
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


def rows_of(count: int, day: str = DAY) -> pa.Table:
    """Rows that fit the contract of sessions, whatever its columns are."""
    chance = np.random.default_rng(count)
    makers = {
        "string": lambda: pa.array([f"text {number:08d}" for number in chance.integers(0, count, count)]),
        "timestamp": lambda: pa.array(chance.integers(10**15, 2 * 10**15, count)).cast(pa.timestamp("us", "UTC")),
        "bool": lambda: pa.array(chance.random(count) < 0.5),
    }
    columns = {
        c.name: makers.get(c.type, lambda: pa.array(chance.integers(0, 10**6, count)))() for c in table(KEY).columns
    }
    return pa.table(columns | {"day": pa.repeat(day, count)}).cast(table(KEY).arrow_schema)


def lake_of(folder: str, *counts: int) -> Lake:
    lake = Lake(folder)
    for number, count in enumerate(counts):
        rows = rows_of(count, f"2026-01-0{number + 1}")
        write_deltalake(lake.uri(KEY), rows, mode="append", partition_by=["day"])
    return lake


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc")
def test_ten_times_the_rows_do_not_grow_the_peak_by_more_than_a_third(tmp_path):
    """The peak of a fresh process at 50,000 and at 500,000 rows of one day."""
    peaks = []
    for count in (50_000, 500_000):
        lake = lake_of(str(tmp_path / str(count)), count)
        done = subprocess.run([sys.executable, "-c", PEAK, lake.root], capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout.splitlines()[-1]))
    assert peaks[1] / peaks[0] < 1.3, [peak // 1024 for peak in peaks]


@pytest.mark.parametrize("is_local", [True, False])
def test_only_the_partition_is_profiled_and_its_figures_are_those_of_its_rows(tmp_path, monkeypatch, is_local):
    """From local files, and streamed as from an object store: the same figures, without the other days."""
    lake = lake_of(str(tmp_path / "it's"), 300, 700)
    if not is_local:
        monkeypatch.setattr(Lake, "local_path", lambda *_: None)
    with source.connect_partition(lake, KEY, {"day": DAY}) as connection:
        found = profile_view(connection, KEY)
    assert found.row_count == 300
    expected = profile(lake.read(KEY, where={"day": DAY}), KEY)
    for mine, theirs in zip(found.columns, expected.columns, strict=True):
        assert (mine.name, mine.null_count, mine.distinct_count, mine.minimum) == (
            theirs.name, theirs.null_count, theirs.distinct_count, theirs.minimum,
        )  # fmt: skip


def test_a_day_without_rows_is_a_profile_of_nothing(tmp_path):
    lake = lake_of(str(tmp_path / "delta"), 20)
    (found,) = profile_day(lake, {KEY: "2026-02-02"}, day="2026-02-02")
    assert found.profile.row_count == 0
    assert [column.name for column in found.profile.columns] == table(KEY).arrow_schema.names


def test_streaming_holds_one_batch(tmp_path, monkeypatch):
    """What comes from an object store goes to a temporary file batch by batch, and the file is gone afterwards."""
    lake = lake_of(str(tmp_path / "delta"), 1_000)
    monkeypatch.setattr(Lake, "local_path", lambda *_: None)
    monkeypatch.setattr(source, "BATCH_ROWS", 100)
    seen, spooled = [], source._spooled
    monkeypatch.setattr(source, "_spooled", lambda *given: seen.append(spooled(*given)) or seen[-1])
    with source.connect_partition(lake, KEY, {"day": DAY}) as connection:
        groups = connection.execute("SELECT max(row_group_num_rows) FROM parquet_metadata(?)", [seen[0]]).fetchone()
    assert groups[0] == 100
    assert not Path(seen[0]).exists()


def test_nothing_is_written_into_the_output_of_a_command():
    """DuckDB draws a bar where a query takes long, and a command prints JSON."""
    with source.connect() as connection:
        assert connection.execute("SELECT current_setting('enable_progress_bar')").fetchone() == (False,)
