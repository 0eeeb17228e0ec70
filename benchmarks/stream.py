"""The whole business stream: wall time by stage, peak memory, and how both grow with the orders.

    python benchmarks/stream.py [--sizes 10000 100000 1000000] [--days 4]

Each size runs in a process and a platform home of its own, with its orders spread over the same number of days. A day
is invented, landed, settled, aggregated, loaded into the warehouse (the embedded emulator) with its dimensions, and
its marts are built; then each mart is compared with the known answers. The verbs are those that the assets call, in
their order. `exponent` is the slope of the logarithms from the smallest to the largest size: 1 is linear growth.
Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = (10_000, 100_000, 1_000_000)
START = date(2026, 1, 5)


class Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - begun


def run(orders: int, days: int, home: Path) -> dict[str, Any]:
    """One size: what it took, and whether every mart equals the known answers."""
    from semops_data.lakehouse.lake import Lake
    from semops_data.landing.store import ObjectStore
    from semops_data.settings import Settings
    from semops_data.synthesis.chance import demand
    from semops_data.synthesis.parameters import Business
    from semops_data.warehouse import emulator
    from semops_data.warehouse.warehouse import Warehouse

    settings, clock = Settings(home=home), Clock()
    # The mean order day of a year is a busier one than some days of January.
    trade = sum(demand(START + timedelta(days=number)) for number in range(days))
    business = Business(orders_per_day=math.ceil(1.01 * orders / trade), start_date=START)
    store, lake, warehouse = ObjectStore(str(home / "s3")), Lake(str(home / "delta")), Warehouse(settings)
    warehouse.ping()
    begun = time.perf_counter()
    try:
        rows: Counter[str] = Counter()
        loaded: dict[str, dict[str | None, Any]] = {}
        for number in range(days):
            rows.update(one_day(business, START + timedelta(days=number), (store, lake, warehouse), clock, loaded))
        compared, differences = judged(lake, warehouse, clock, loaded)
        seconds = time.perf_counter() - begun
        served = emulator.running(settings)
        return {
            "orders": rows["orders"],
            "rows": sum(rows.values()),
            "seconds": round(seconds, 2),
            "orders_per_minute": round(60 * rows["orders"] / seconds),
            "seconds_by_stage": {name: round(value, 2) for name, value in clock.seconds.items()},
            "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "emulator_peak_mib": peak_mib(served.pid) if served else None,
            "answers_compared": compared,
            "answers_that_differ": differences,
        }
    finally:
        emulator.stop(settings)


def one_day(
    business: Any, day: date, systems: tuple[Any, Any, Any], clock: Clock, loaded: dict[str, dict[str | None, Any]]
) -> dict[str, int]:
    """One day through all rooms; the landed rows by table."""
    from semops_data.contracts.business import SHOP_TABLES, is_daily
    from semops_data.contracts.marts import HISTORIES
    from semops_data.lakehouse.aggregates import READS, aggregate
    from semops_data.lakehouse.settle import settle
    from semops_data.landing.objects import land
    from semops_data.synthesis.business import business_day
    from semops_data.synthesis.texts import all_texts
    from semops_data.warehouse.assets import MARTS
    from semops_data.warehouse.follow import follow
    from semops_data.warehouse.history import load_history, observe
    from semops_data.warehouse.marts import build_mart

    (store, lake, warehouse), key = systems, day.isoformat()
    with clock.stage("synthesis"):
        made = business_day(business, day)
        lake.replace("synthesis/truth", made.truth, where={"day": key})
        lake.replace("synthesis/defects", made.defects, where={"day": key})
    with clock.stage("landing"):
        for name in SHOP_TABLES:
            land(store, name, key, made.tables[name], made.cut_rows(name))
        land(store, "texts", key, all_texts(business, day))
    counts = {name: table.num_rows for name, table in made.tables.items()}
    # What is landed is needed no more: a real run would settle it in another process.
    del made
    business_day.cache_clear()
    for name in SHOP_TABLES:
        with clock.stage(f"lakehouse {name}" if name == "events" else "lakehouse other tables"):
            settle(lake, store, name, key)
    with clock.stage("aggregates"):
        for name in (name for name in READS if is_by_day(f"lakehouse/{name}")):
            lake.replace(f"lakehouse/{name}", aggregate(lake, name, key), where={"day": key})
    with clock.stage("dimensions"):
        for name in HISTORIES:
            load_history(warehouse, name, observe(lake, store, name, key), day=key)
    with clock.stage("facts"):
        for name in (name for name in SHOP_TABLES if is_daily(name)):
            follow(warehouse, lake, f"warehouse/fct_{name}", f"lakehouse/{name}", day=key)
    with clock.stage("marts"):
        for name in (name for name in MARTS if is_by_day(f"warehouse/{name}")):
            loaded.setdefault(name, {})[key] = build_mart(warehouse, name, day=key)[1]
    return counts


def judged(lake: Any, warehouse: Any, clock: Clock, loaded: dict[str, dict[str | None, Any]]) -> tuple[int, int]:
    """Build what is about all days, and compare every mart with the known answers: how many, and how many differ."""
    from semops_data.lakehouse.aggregates import READS, aggregate
    from semops_data.warehouse.assets import MARTS
    from semops_data.warehouse.compare import mart_against_truth
    from semops_data.warehouse.marts import build_mart

    with clock.stage("aggregates"):
        for name in (name for name in READS if not is_by_day(f"lakehouse/{name}")):
            lake.replace(f"lakehouse/{name}", aggregate(lake, name))
    with clock.stage("marts"):
        for name in (name for name in MARTS if not is_by_day(f"warehouse/{name}")):
            loaded[name] = {None: build_mart(warehouse, name)[1]}
    found = []
    for name, rows in loaded.items():
        with clock.stage("truth compared"):
            found.append(mart_against_truth(warehouse, lake, name, rows))
    return sum(compared for compared, _ in found), sum(len(differences) for _, differences in found)


def is_by_day(key: str) -> bool:
    from semops_data.contracts import table

    return table(key).partition_by is not None


def peak_mib(pid: int) -> int | None:
    """The most memory that a process has had resident."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:")), None)


def exponent(found: list[dict[str, Any]], name: str) -> float:
    """Slope of the logarithms of a figure over those of the orders."""
    first, last = found[0], found[-1]
    return round(math.log(last[name] / first[name]) / math.log(last["orders"] / first["orders"]), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--days", type=int, default=4)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.home:
        print(json.dumps(run(chosen.sizes[0], chosen.days, chosen.home)))
        return
    found = []
    for size in chosen.sizes:
        with tempfile.TemporaryDirectory(prefix="semops-stream-") as home:
            command = [sys.executable, __file__, "--sizes", str(size), "--days", str(chosen.days), "--home", home]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    figures = ("seconds", "peak_mib", "emulator_peak_mib")
    result = {
        "cpu_count": len(os.sched_getaffinity(0)),
        "load_average": [round(value, 2) for value in os.getloadavg()],
        "days": chosen.days,
        "sizes": found,
        "exponents": {name: exponent(found, name) for name in figures} if len(found) > 1 else None,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
