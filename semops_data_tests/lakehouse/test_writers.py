"""Several processes write one table at once: each day ends as one of them wrote it, and none gets in another's way."""

import json
import subprocess
import sys
from contextlib import contextmanager
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
import json, os, sys
import pyarrow as pa, pyarrow.ipc, polars
import semops_data.lakehouse.merge
from semops_data.lakehouse.lake import Lake

def write(path, day):
    with pa.OSFile(path) as source:
        rows = pa.ipc.open_file(source).read_all()
    for _ in range(3):
        Lake(sys.argv[1], json.loads(sys.argv[2])).merge("lakehouse/orders", rows, where={"day": day})

children = []
for argument in sys.argv[3:]:
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


def orders_of(day: str) -> pa.Table:
    return business_day(small_business(orders_per_day=30), date.fromisoformat(day)).clean["orders"]


@contextmanager
def writers(folder: Path, root: str, options: dict[str, str], parts: list[tuple[str, pa.Table]]):
    """Each part is written three times, by a process of its own; at the end all must have succeeded."""
    arguments = []
    for number, (day, rows) in enumerate(parts):
        path = folder / f"{number}.arrow"
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
            writer.write_table(rows)
        arguments.append(f"{path}={day}")
    with subprocess.Popen(
        [sys.executable, "-c", WRITERS, root, json.dumps(options), *arguments],
        cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        yield process
        _, told = process.communicate(timeout=60)
        assert process.returncode == 0, told


def content(rows: pa.Table) -> str:
    return digest(rows.sort_by("order_id"))


def test_disjoint_days_all_succeed_and_the_same_day_is_one_writers(tmp_path):
    """Six processes make and fill the table at once: three days alone, one day three times with other rows."""
    lake, _ = small_lake(tmp_path)
    contested = "2026-01-04"
    whole = orders_of(contested)
    variants = [whole, whole.slice(3), whole.slice(0, whole.num_rows - 5)]
    parts = [(day, orders_of(day)) for day in DAYS] + [(contested, rows) for rows in variants]
    with writers(tmp_path, lake.root, {}, parts):
        pass
    for day in DAYS:
        assert content(lake.read(ORDERS, where={"day": day})) == content(orders_of(day))
    held = lake.read(ORDERS, where={"day": contested})
    assert content(held) in {content(rows) for rows in variants}
    assert pc.count_distinct(held.column("order_id")).as_py() == held.num_rows


def test_a_writer_that_is_never_first_says_which_partition_and_what_to_do(tmp_path, monkeypatch):
    """Real conflicts: before each attempt commits, another writer has changed the same day."""
    monkeypatch.setattr(writing, "ATTEMPTS", 3)
    monkeypatch.setattr(writing, "FIRST_PAUSE_SECONDS", 0.001)
    lake, _ = small_lake(tmp_path)
    rows, tries = orders_of(DAYS[0]), []
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
    rows = orders_of(DAYS[0])
    first = lake.merge(ORDERS, rows, where={"day": DAYS[0]})
    mark = writing.Transactions(ORDERS, {"day": DAYS[0]}, first.digest)
    assert lake.open(ORDERS).transaction_version("lakehouse/orders/day=2026-01-01") == mark.version
    assert mark.are_in(lake.open(ORDERS))
    second = lake.merge(ORDERS, rows, where={"day": DAYS[0]})
    assert (second.changed, second.version, second.digest) == (False, first.version, first.digest)
    lake.open(ORDERS).delete("channel = 'web'")
    third = lake.merge(ORDERS, rows, where={"day": DAYS[0]})
    assert third.changed, "rows that somebody took away come back, whatever the log says"
    assert content(lake.read(ORDERS)) == content(rows)
