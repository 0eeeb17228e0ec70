"""Several processes write one table at once: each day ends as one of them wrote it, and none gets in another's way."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake.exceptions import CommitFailedError

from semops_data.lakehouse import writing
from semops_data.lakehouse.digest import digest
from semops_data.lakehouse.writing import ConflictError, retried
from semops_data.synthesis.business import business_day
from semops_data_tests.scenario import DAYS, small_business, small_lake

ORDERS = "lakehouse/orders"
# Children of one process that has imported everything and started nothing.
WRITERS = """
import os, sys
import pyarrow as pa, pyarrow.ipc, polars
import semops_data.lakehouse.merge
from semops_data.lakehouse.lake import Lake

def write(path, day):
    with pa.OSFile(path) as source:
        rows = pa.ipc.open_file(source).read_all()
    for _ in range(3):
        Lake(sys.argv[1]).merge("lakehouse/orders", rows, where={"day": day})

children = []
for argument in sys.argv[2:]:
    pid = os.fork()
    if not pid:
        try:
            write(*argument.split("="))
            os._exit(0)
        except BaseException as error:
            sys.stderr.write(repr(error))
            sys.stderr.flush()
            os._exit(1)
    children.append(pid)
sys.exit(sum(os.waitpid(pid, 0)[1] != 0 for pid in children))
"""


def _orders(day: str) -> pa.Table:
    return business_day(small_business(orders_per_day=30), date.fromisoformat(day)).clean["orders"]


def _write(tmp_path: Path, parts: list[tuple[str, pa.Table]]) -> None:
    arguments = []
    for number, (day, rows) in enumerate(parts):
        path = tmp_path / f"{number}.arrow"
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
            writer.write_table(rows)
        arguments.append(f"{path}={day}")
    done = subprocess.run(
        [sys.executable, "-c", WRITERS, str(tmp_path / "delta"), *arguments],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def _content(rows: pa.Table) -> str:
    return digest(rows.sort_by("order_id"))


def test_disjoint_days_all_succeed_and_the_same_day_is_one_writers(tmp_path):
    """Six processes make and fill the table at once: three days alone, one day three times with other rows."""
    lake, _ = small_lake(tmp_path)
    contested = "2026-01-04"
    whole = _orders(contested)
    variants = [whole, whole.slice(3), whole.slice(0, whole.num_rows - 5)]
    _write(tmp_path, [(day, _orders(day)) for day in DAYS] + [(contested, rows) for rows in variants])
    for day in DAYS:
        assert _content(lake.read(ORDERS, where={"day": day})) == _content(_orders(day))
    held = lake.read(ORDERS, where={"day": contested})
    assert _content(held) in {_content(rows) for rows in variants}
    assert pc.count_distinct(held.column("order_id")).as_py() == held.num_rows


def test_a_writer_that_is_never_first_says_which_partition_and_what_to_do(tmp_path, monkeypatch):
    """Real conflicts: before each attempt commits, another writer has changed the same day."""
    monkeypatch.setattr(writing, "ATTEMPTS", 3)
    monkeypatch.setattr(writing, "FIRST_PAUSE_SECONDS", 0.001)
    lake, _ = small_lake(tmp_path)
    rows, tries = _orders(DAYS[0]), []
    lake.merge(ORDERS, rows, where={"day": DAYS[0]})

    def attempt() -> None:
        stale = lake.open(ORDERS)
        tries.append(lake.merge(ORDERS, rows.slice(len(tries) + 1), where={"day": DAYS[0]}).changed)
        stale.delete(f"day = '{DAYS[0]}'")

    with pytest.raises(
        ConflictError, match=r"orders, partition day=2026-01-01 .*first 3 times .*materialize"
    ) as caught:
        retried(attempt, lake.uri(ORDERS), f"table {ORDERS}, partition day={DAYS[0]}")
    assert isinstance(caught.value.__cause__, CommitFailedError)
    assert tries == [True] * 3
    assert lake.count(ORDERS) == rows.num_rows - 3


def test_a_run_that_lost_its_event_changes_nothing_the_second_time(tmp_path):
    """A crash between the commit and Dagster's event: the log knows the content, by application and version."""
    lake, _ = small_lake(tmp_path)
    rows = _orders(DAYS[0])
    first = lake.merge(ORDERS, rows, where={"day": DAYS[0]})
    mark = writing.Transactions(ORDERS, {"day": DAYS[0]}, first.digest)
    assert lake.open(ORDERS).transaction_version("lakehouse/orders/day=2026-01-01") == mark.version
    assert mark.are_in(lake.open(ORDERS))
    second = lake.merge(ORDERS, rows, where={"day": DAYS[0]})
    assert (second.changed, second.version, second.digest) == (False, first.version, first.digest)
    lake.open(ORDERS).delete("channel = 'web'")
    third = lake.merge(ORDERS, rows, where={"day": DAYS[0]})
    assert third.changed, "rows that somebody took away come back, whatever the log says"
    assert _content(lake.read(ORDERS)) == _content(rows)
