"""Landing to Delta, contract and quarantine and MERGE included, against raw `write_deltalake` of the same rows.

Run: `python benchmarks/lakehouse.py [orders_per_day=100000] [first | growth | layout]`. Prints one JSON document.
Needs about 2 GB of memory and 1 GB of disk; `growth` runs 10,000 to 1,000,000 orders, each size in a process of its
own; `layout` shows what a lookup reads from a table that is Z-ordered and from one that is not.

- `first`: a day that the lake does not hold yet: from the bytes of its objects to a write of empty partitions.
- `decode`: only the reading of the object's bytes into Arrow, which `first` includes and `raw` does not.
- `again`: the same day a second time: read, judged, compared, nothing written.
- `correction`: one row in a hundred changed: read, judged, compared, MERGE of what differs.
- `raw`: `write_deltalake` of the kept rows, already typed and in memory, into an empty table, no constraints, no feed.
"""

from __future__ import annotations

import json
import math
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import QueryBuilder, write_deltalake

from semops_data.contracts.business import SHOP_TABLES
from semops_data.lakehouse.lake import Lake
from semops_data.lakehouse.settle import settle
from semops_data.landing.files import write_day
from semops_data.landing.objects import land, read_landed
from semops_data.landing.store import ObjectStore
from semops_data.synthesis.business import business_day
from semops_data.synthesis.parameters import Business

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = "2026-01-01"
SIZES = (10_000, 100_000, 1_000_000)
CORRECTED = {"orders": "channel", "order_items": "quantity", "sessions": "device"}


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of wall time, and the result."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


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
        tables = {name: one_table(lake, store, folder, name, is_first_only=is_first_only) for name in SHOP_TABLES}
    ways = ("first", "raw") if is_first_only else ("first", "decode", "again", "raw")
    sums = {way: sum(table[f"{way}_seconds"] for table in tables.values()) for way in ways}
    rows = sum(table["rows"] for table in tables.values())
    parquet = [table for name, table in tables.items() if name != "events"]
    return {
        "orders": orders,
        "rows": rows,
        **{f"{way}_rows_per_second": round(rows / sums[way]) for way in ways},
        "ratio_first_to_raw": round(sums["raw"] / sums["first"], 3),
        "ratio_first_to_decode_and_raw": round((sums["raw"] + sums.get("decode", math.nan)) / sums["first"], 3),
        "ratio_first_to_raw_without_json_events": round(
            sum(t["raw_seconds"] for t in parquet) / sum(t["first_seconds"] for t in parquet), 3
        ),
        "seconds_first": round(sums["first"], 3),
        "peak_mib": round(max(table["peak_mib_so_far"] for table in tables.values())),
        "tables": tables,
    }


def one_table(lake: Lake, store: ObjectStore, folder: Path, name: str, *, is_first_only: bool) -> dict[str, Any]:
    """One table, each way."""
    first, settled = timed(lambda: settle(lake, store, name, DAY))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = lake.read(f"lakehouse/{name}")
    raw, _ = timed(lambda: write_deltalake(
        str(folder / "raw" / name), rows, partition_by=["day"] if "day" in rows.column_names else None
    ))  # fmt: skip
    found = {"rows": settled.ledger.rows_in, "first_seconds": first, "raw_seconds": raw, "peak_mib_so_far": peak / 1024}
    if not is_first_only:
        found["decode_seconds"], _ = timed(lambda: read_landed(store, name, DAY))
        found["again_seconds"], _ = timed(lambda: settle(lake, store, name, DAY))
        if name in CORRECTED and rows.num_rows:
            correct(store, name)
            found["correction_seconds"], _ = timed(lambda: settle(lake, store, name, DAY))
    return {name: round(value, 4) for name, value in found.items()} | {"ratio": round(raw / first, 3)}


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
            seconds, _ = timed(work)
            found[way] = {"seconds_to_order": round(seconds, 3)} | lookups(lake, key, wanted)
    return found


def lookups(lake: Lake, key: str, wanted: list[str]) -> dict[str, float]:
    """Files of a table, and files and seconds that each of some customers costs on average."""
    delta = lake.open(key)
    bounds = [(row["min.customer_id"], row["max.customer_id"])
              for row in pa.table(delta.get_add_actions(flatten=True)).to_pylist()]  # fmt: skip
    read = sum(low <= each <= high for each in wanted for low, high in bounds)
    engine = QueryBuilder().register("customers", delta)
    queries = [f"SELECT email FROM customers WHERE customer_id = '{each}'" for each in wanted]  # noqa: S608
    seconds, found = timed(lambda: [pa.table(engine.execute(query).read_all()).num_rows for query in queries])
    assert found == [1] * len(wanted)  # noqa: S101
    return {
        "files": len(bounds),
        "files_read": round(read / len(wanted), 2),
        "milliseconds": round(seconds / len(wanted) * 1000, 2),
    }


def growth() -> dict[str, Any]:
    """Exponents of time and peak memory over the sizes, landing included in the first."""
    found = []
    for orders in SIZES:
        command = [sys.executable, __file__, str(orders), "first"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout))
    decades = math.log(found[-1]["rows"] / found[0]["rows"])
    return {
        "sizes": [{name: value for name, value in each.items() if name != "tables"} for each in found],
        "exponent_of_time": round(math.log(found[-1]["seconds_first"] / found[0]["seconds_first"]) / decades, 3),
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
    ways = {
        "layout": lambda: layout(orders),
        "growth": growth,
        "first": lambda: measure(orders, is_first_only=True),
        "measure": lambda: measure(orders),
    }
    print(json.dumps(ways[way](), indent=2))


if __name__ == "__main__":
    main()
