"""Kill materializations at random instants, and look at what is left; a program, run by `test_kill`.

One process imports everything and forks: a writer that is killed, and a reader that judges, repeats the work and
cleans up. The process itself starts no thread, so that a fork is a whole process: what computes runs in children.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import deltalake  # noqa: F401
import polars as pl  # noqa: F401
import pyarrow as pa
import pyarrow.dataset

import semops_data.lakehouse.maintain
import semops_data.lakehouse.merge
from semops_data.lakehouse.digest import digest
from semops_data.lakehouse.lake import Lake
from semops_data.lakehouse.settle import settle
from semops_data.landing.objects import land
from semops_data.landing.store import ObjectStore
from semops_data_tests.scenario import land_day, small_business

if TYPE_CHECKING:
    from collections.abc import Callable

ORDERS, TABLES = "lakehouse/orders", ("lakehouse/orders", "lakehouse/orders_quarantine")
TRIALS_OF_A_DAY = 10
CLEAN_EVERY = 13


class Killing:
    """A lake whose orders are settled again and again, in two variants of each day's export."""

    def __init__(self, folder: Path, root: str, options: dict[str, str]) -> None:
        self.lake, self.options = Lake(root, options), options
        self.calm = Lake(str(folder / "calm"))
        self.stores = [ObjectStore(str(folder / name)) for name in ("first", "second")]
        self.notes = folder / "expected.json"

    def day(self, trial: int) -> str:
        return (date(2026, 1, 1) + timedelta(days=trial // TRIALS_OF_A_DAY)).isoformat()

    def set_up(self, trials: int) -> None:
        """Land both variants of each day, and note what undisturbed runs make of them."""
        expected = {}
        for day in sorted({self.day(trial) for trial in range(trials)}):
            for number, store in enumerate(self.stores):
                made = land_day(store, day, small_business(orders_per_day=40))
                rows = made.tables["orders"]
                if number:
                    channel = pa.array(["store"] * 9 + rows.column("channel").to_pylist()[9:])
                    rows = rows.set_column(rows.column_names.index("channel"), "channel", channel).slice(4)
                    land(store, "orders", day, rows)
                settle(self.calm, store, "customers", day)
                settle(self.calm, store, "orders", day)
                expected[f"{day}/{number}"] = [self.content(self.calm, key, day) for key in TABLES]
            settle(self.lake, self.stores[0], "customers", day)
        self.notes.write_text(json.dumps(expected), encoding="utf-8")

    def content(self, lake: Lake, key: str, day: str) -> str:
        rows = lake.read(key, where={"day": day})
        return digest(lake.conform(key, rows))

    def write(self, trial: int) -> None:
        settle(self.lake, self.stores[trial % 2], "orders", self.day(trial))

    def judge(self, trial: int) -> None:
        """The table is one of the two states, a repeated run makes it the new one, and nothing is left over."""
        expected, day = json.loads(self.notes.read_text(encoding="utf-8")), self.day(trial)
        new, old = expected[f"{day}/{trial % 2}"], expected[f"{day}/{1 - trial % 2}"]
        for key, wanted, held in zip(TABLES, new, old, strict=True):
            if trial % TRIALS_OF_A_DAY:
                found = self.content(self.lake, key, day)
                assert found in (wanted, held), f"{key} is in neither state"
            elif self.lake.exists(key):
                found = self.content(self.lake, key, day)
                nothing = self.lake.read(key, where={"day": day}).slice(0, 0)
                assert found in (wanted, digest(nothing)), f"{key} is in neither state"
        self.write(trial)
        assert [self.content(self.lake, key, day) for key in TABLES] == new
        if trial % CLEAN_EVERY == CLEAN_EVERY - 1:
            self.clean()
            assert [self.content(self.lake, key, day) for key in TABLES] == new

    def clean(self) -> None:
        """Vacuum: afterwards storage holds the files of the latest version and no other."""
        for key in TABLES:
            upkeep = semops_data.lakehouse.maintain.maintain(
                self.lake, [key], retention_hours=0, is_short_retention_allowed=True
            )
            assert upkeep[0].files_after == self.count_files(key)

    def count_files(self, key: str) -> int:
        """Data files in storage, those included that no version names."""
        paths = ObjectStore(self.lake.root, self.options).list(key + "/")
        return sum(path.endswith(".parquet") and "_delta_log" not in path for path in paths)

    def files(self) -> int:
        """Data files in a folder: quick enough to wait for one."""
        return sum(name.endswith(".parquet") for _, _, names in os.walk(self.lake.uri(ORDERS)) for name in names)


def child(work: Callable[[], None]) -> int:
    """Fork; the child works and ends without clean-up."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
        os._exit(0)
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def finished(work: Callable[[], None]) -> float:
    """Run in a child and wait; how many seconds it took."""
    started = time.perf_counter()
    _, status = os.waitpid(child(work), 0)
    if status:
        raise SystemExit(f"a child failed with status {status}")
    return time.perf_counter() - started


def kill(killing: Killing, trial: int, delay: float, *, at_write: bool) -> str:
    """One materialization, killed after a delay, or as soon as a data file of it appears."""
    before, started = killing.files() if at_write else 0, time.perf_counter()
    pid = child(lambda: killing.write(trial))
    while time.perf_counter() - started < delay:
        if at_write and killing.files() > before:
            break
        if not at_write:
            time.sleep(delay)
    os.kill(pid, signal.SIGKILL)
    return "killed" if os.WIFSIGNALED(os.waitpid(pid, 0)[1]) else "finished"


def main() -> None:
    """Arguments: a folder, the lake's root, its options as JSON, the number of trials."""
    folder, root, options, trials = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]), int(sys.argv[4])
    killing, dice, ends = Killing(folder, root, options), random.Random(7), Counter()  # noqa: S311
    finished(lambda: killing.set_up(trials))
    seconds = 0.0
    for trial in range(trials):
        # The first runs are undisturbed: they say how long one takes.
        if trial < 2:
            seconds = finished(lambda: killing.write(trial))  # noqa: B023
        else:
            at_write = "://" not in root and trial % 4 == 0
            ends[kill(killing, trial, dice.uniform(0, seconds) if not at_write else 5.0, at_write=at_write)] += 1
        finished(lambda: killing.judge(trial))  # noqa: B023
    sys.stdout.write(json.dumps(ends | {"seconds": seconds}))


if __name__ == "__main__":
    main()
