"""Landing to Delta, contract and quarantine and MERGE included, against raw `write_deltalake` of the same rows.

Run: `python benchmarks/lakehouse.py [orders_per_day=100000] [first | growth | layout]`. Prints one JSON document.
Needs about 2 GB of memory and 1 GB of disk; `growth` runs 10,000 to 1,000,000 orders, each size in a process of its
own; `layout` shows what a lookup reads from a table that is Z-ordered and from one that is not.

- `landed`: a day that the lake does not hold yet, its landed rows in memory: to a write of empty partitions.
- `first`: the same from the bytes of its objects.
- `decode`: only the reading of the object's bytes into Arrow, which `first` and `read_and_raw` include.
- `again`: the same day a second time: read, judged, compared, nothing written.
- `correction`: one row in a hundred changed: read, judged, compared, MERGE of what differs.

The peers have no contract, no quarantine, no constraints and no change feed; they write the same partitions:

- `raw_landed`: `write_deltalake` of the Arrow table that went in, as it was landed and in memory.
- `raw_typed`: `write_deltalake` of the Arrow table that came out: the kept rows, already typed and in memory.
- `read_and_raw`: the object is read, then `raw_landed`: what there is without a contract.

`landed` and `raw_landed` begin with the same Arrow tables and are taken in turns, five times each: the medians count.
Ratios are a peer's seconds by ours, of wall time and of processor time: `landed` that of `raw_landed` by `landed`, the
others those of each peer by `first`.
"""

from __future__ import annotations

import json
import math
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
from deltalake import QueryBuilder, write_deltalake

from semops_data.contracts.business import SHOP_TABLES, is_daily
from semops_data.lakehouse.lake import Lake
from semops_data.lakehouse.settle import settle, settle_landed
from semops_data.landing.files import write_day
from semops_data.landing.objects import land, read_landed
from semops_data.landing.store import ObjectStore
from semops_data.synthesis.business import business_day
from semops_data.synthesis.parameters import Business

if TYPE_CHECKING:
    from collections.abc import Callable

    from semops_data.lakehouse.settle import Settled

DAY = "2026-01-01"
ROUNDS = 5
SIZES = (10_000, 100_000, 1_000_000)
PEERS = ("raw_landed", "raw_typed", "read_and_raw")
CORRECTED = {"orders": "channel", "order_items": "quantity", "sessions": "device"}


class Seconds(NamedTuple):
    """How long something took by the clock, and how long processors worked on it."""

    wall: float
    processor: float

    def and_(self, other: Seconds) -> Seconds:
        """One after the other."""
        return Seconds(self.wall + other.wall, self.processor + other.processor)

    def by(self, other: Seconds) -> dict[str, float]:
        """As a multiple of the other."""
        return {
            name: round(mine / its, 3) for name, mine, its in zip(self._fields, self, other, strict=True) if its > 0
        }

    def rounded(self) -> dict[str, float]:
        """To tenths of a millisecond."""
        return {name: round(value, 4) for name, value in self._asdict().items()}


def timed(work: Callable[[], Any]) -> tuple[Seconds, Any]:
    """Seconds, and the result."""
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    return Seconds(time.perf_counter() - wall, time.process_time() - processor), result


def prepare(folder: Path, orders: int) -> ObjectStore:
    """Land one day of the business, in a process of its own: its memory is not the lakehouse's."""
    root = folder / "s3"
    subprocess.run([sys.executable, __file__, str(orders), "land", str(root)], check=True, stdout=subprocess.DEVNULL)
    return ObjectStore(str(root))


def correct(store: ObjectStore, name: str) -> None:
    """Change one value in a hundred of a landed object to another legal one of the same column."""
    rows = read_landed(store, name, DAY).rows
    column = CORRECTED[name]
    values = rows.column(column).to_pylist()
    legal = next(value for value in values[1:] if value is not None and value != values[0])
    values[::100] = [legal] * len(values[::100])
    place = rows.column_names.index(column)
    land(store, name, DAY, rows.set_column(place, column, pa.array(values, rows.schema.field(place).type)))


def measure(orders: int, *, is_first_only: bool = False) -> dict[str, Any]:
    """One size: seconds and rows/s of each way, by table and in all."""
    with tempfile.TemporaryDirectory() as name_:
        folder = Path(name_)
        store, lake = prepare(folder, orders), Lake(str(folder / "delta"))
        # The first use of each library reads it from disk: both sides are warm.
        write_deltalake(str(folder / "warm"), pa.table({"x": [1]}))
        settle(Lake(str(folder / "warm-lake")), store, "products", DAY)
        tables, rows = {}, {}
        for name in SHOP_TABLES:
            tables[name], settled = first_and_again(lake, store, folder, name, is_first_only=is_first_only)
            rows[name] = settled.ledger.rows_in
        # Of the process, and so of its largest table.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        if not is_first_only:
            for name, taken in in_memory(store, folder).items():
                tables[name] |= taken
                tables[name]["read_and_raw"] = tables[name]["decode"].and_(taken["raw_landed"])
    ways = [way for way in tables["products"] if way != "correction"]
    sums = {way: Seconds(*(sum(part) for part in zip(*(table[way] for table in tables.values()), strict=True)))
            for way in ways}  # fmt: skip
    return {
        "orders": orders,
        "rows": sum(rows.values()),
        "load_average": os.getloadavg()[0],
        "rows_per_second": {way: round(sum(rows.values()) / took.wall) for way, took in sums.items()},
        "seconds": {way: took.rounded() for way, took in sums.items()},
        "ratios": ratios(sums),
        "peak_mib": round(peak),
        "tables": {
            name: {"rows": rows[name], **{way: took.rounded() for way, took in table.items()}, "ratios": ratios(table)}
            for name, table in tables.items()
        },
    }


def ratios(found: dict[str, Seconds]) -> dict[str, dict[str, float]]:
    """Each peer's seconds by ours."""
    ratio = {peer: found[peer].by(found["first"]) for peer in PEERS if peer in found}
    return {"landed": found["raw_landed"].by(found["landed"])} | ratio if "landed" in found else ratio


def first_and_again(
    lake: Lake, store: ObjectStore, folder: Path, name: str, *, is_first_only: bool
) -> tuple[dict[str, Seconds], Settled]:
    """One table, each way."""
    found = {}
    found["first"], settled = timed(lambda: settle(lake, store, name, DAY))
    if is_first_only:
        return found, settled
    found["decode"], landed = timed(lambda: read_landed(store, name, DAY))
    found["raw_typed"] = raw(folder / "raw_typed" / name, lake.read(f"lakehouse/{name}"), is_parted=is_daily(name))
    found["again"], _ = timed(lambda: settle(lake, store, name, DAY))
    if name in CORRECTED and landed.rows.num_rows:
        correct(store, name)
        found["correction"], _ = timed(lambda: settle(lake, store, name, DAY))
    return found, settled


def in_memory(store: ObjectStore, folder: Path) -> dict[str, dict[str, Seconds]]:
    """Each table, settled and written raw from the same landed rows, in turns: the medians of some rounds."""
    landed = {name: read_landed(store, name, DAY) for name in SHOP_TABLES}
    taken: dict[str, dict[str, list[Seconds]]] = {name: {"landed": [], "raw_landed": []} for name in SHOP_TABLES}
    for number in range(ROUNDS):
        place = folder / f"round-{number}"
        lake = Lake(str(place / "delta"))
        for name, each in landed.items():
            ours, _ = timed(partial(settle_landed, lake, each, name, DAY))
            taken[name]["landed"].append(ours)
            taken[name]["raw_landed"].append(raw(place / "raw" / name, each.rows, is_parted=is_daily(name)))
        shutil.rmtree(place)
    return {name: {way: median(seconds) for way, seconds in ways.items()} for name, ways in taken.items()}


def median(seconds: list[Seconds]) -> Seconds:
    """Of wall time and of processor time, each for itself."""
    return Seconds(*(statistics.median(part) for part in zip(*seconds, strict=True)))


def raw(place: Path, rows: pa.Table, *, is_parted: bool) -> Seconds:
    """Seconds to write rows into a new table with the partitions of the lake's."""
    if is_parted and "day" not in rows.column_names:
        rows = rows.append_column("day", pa.repeat(DAY, rows.num_rows))
    return timed(lambda: write_deltalake(str(place), rows, partition_by=["day"] if is_parted else None))[0]


def layout(orders: int) -> dict[str, Any]:
    """What a lookup of one customer reads, by how the files of `lakehouse/customers` lie: a table of eight files.

    A real table has eight files of 100 MB; here a file is as large as an eighth of the table.
    """
    from semops_data.lakehouse.maintain import live_files

    with tempfile.TemporaryDirectory() as name:
        store, lake, key = ObjectStore(f"{name}/s3"), Lake(f"{name}/delta"), "lakehouse/customers"
        start = date.fromisoformat(DAY)
        for number in range(8):
            day = start + timedelta(days=number)
            business = Business(seed=7, orders_per_day=orders, defect_rate=0.01, start_date=start)
            made = business_day(business, day)
            land(store, "customers", day.isoformat(), made.tables["customers"], made.cut_rows("customers"))
            settle(lake, store, "customers", day.isoformat())
        target = live_files(lake.open(key))[1] // 8
        ids = lake.read(key, columns=["customer_id"]).column(0).to_pylist()
        wanted = random.Random(7).sample(ids, 40)  # noqa: S311 - a sample, no secret
        found: dict[str, Any] = {"rows": len(ids), "one file, as merged": lookups(lake, key, wanted)}
        ways: dict[str, Callable[[], Any]] = {
            "one file, z-ordered": lambda: lake.open(key).optimize.z_order(["customer_id"]),
            # In the order of the last change, as days bring them.
            "eight files, as they came": lambda: write_deltalake(
                lake.open(key), lake.read(key).sort_by("updated_at"), mode="overwrite", target_file_size=target
            ),
            "eight files, z-ordered": lambda: lake.open(key).optimize.z_order(["customer_id"], target_size=target),
        }
        for way, work in ways.items():
            took, _ = timed(work)
            found[way] = {"seconds_to_order": round(took.wall, 3)} | lookups(lake, key, wanted)
    return found


def lookups(lake: Lake, key: str, wanted: list[str]) -> dict[str, float]:
    """Files of a table, and files and seconds that each of some customers costs on average."""
    delta = lake.open(key)
    bounds = [(row["min.customer_id"], row["max.customer_id"])
              for row in pa.table(delta.get_add_actions(flatten=True)).to_pylist()]  # fmt: skip
    read = sum(low <= each <= high for each in wanted for low, high in bounds)
    engine = QueryBuilder().register("customers", delta)
    queries = [f"SELECT email FROM customers WHERE customer_id = '{each}'" for each in wanted]  # noqa: S608
    took, found = timed(lambda: [pa.table(engine.execute(query).read_all()).num_rows for query in queries])
    assert found == [1] * len(wanted)  # noqa: S101
    return {
        "files": len(bounds),
        "files_read": round(read / len(wanted), 2),
        "milliseconds": round(took.wall / len(wanted) * 1000, 2),
    }


def growth() -> dict[str, Any]:
    """Exponents of time and peak memory over the sizes, landing included in the first."""
    found = []
    for orders in SIZES:
        command = [sys.executable, __file__, str(orders), "first"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found.append(json.loads(done.stdout))
    decades = math.log(found[-1]["rows"] / found[0]["rows"])
    return {
        "sizes": [{name: value for name, value in each.items() if name != "tables"} for each in found],
        **{
            f"exponent_of_{kind}_time": round(
                math.log(found[-1]["seconds"]["first"][kind] / found[0]["seconds"]["first"][kind]) / decades, 3
            )
            for kind in ("wall", "processor")
        },
        "exponent_of_peak_memory": round(math.log(found[-1]["peak_mib"] / found[0]["peak_mib"]) / decades, 3),
    }


def main() -> None:
    """Print the figures."""
    orders = next((int(argument) for argument in sys.argv[1:] if argument.isdigit()), 100_000)
    way = next((argument for argument in sys.argv[1:] if argument in ("land", "layout", "growth", "first")), "measure")
    if way == "land":
        business = Business(seed=7, orders_per_day=orders, defect_rate=0.01, start_date=date.fromisoformat(DAY))
        write_day(business, date.fromisoformat(DAY), Path(sys.argv[-1]))
        return
    ways: dict[str, Callable[[], Any]] = {
        "layout": lambda: layout(orders),
        "growth": growth,
        "first": lambda: measure(orders, is_first_only=True),
        "measure": lambda: measure(orders),
    }
    print(json.dumps(ways[way](), indent=2))


if __name__ == "__main__":
    main()
