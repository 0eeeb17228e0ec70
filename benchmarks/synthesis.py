"""Rows a second of the generator into Parquet, against loops of a row at a time with Faker and Mimesis, and SDV.

    python benchmarks/synthesis.py [--orders 1000000] [--peer-orders 5000]

A row is an order or one of its items, with the columns that the shop exports. `orders_and_items` writes only these,
as the peers do, on all cores; `everything` writes one huge day with all eleven exports, the known answers, the defects
and the free texts in one process, at a tenth, at the size and at three times it, and five days at a tenth, so
that the peaks of memory can be compared. The peers are one process each, as people write them: a call for each column
of each row. Each peer runs before and after, and the faster run counts. A peer that is not installed is left out with
a note.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

CHANNELS = ("web", "app", "marketplace", "store")
STATUSES = ("paid", "partially_refunded", "refunded", "cancelled")

OURS = """
import json, resource, sys, time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from semops_data.landing.files import write_day
from semops_data.synthesis.parameters import Business
orders, folder = int(sys.argv[1]), Path(sys.argv[2])
days, rows = int(sys.argv[3]), Counter()
begun = time.perf_counter()
for day in range(days):
    rows.update(write_day(Business(orders_per_day=orders), date(2026, 4, 7) + timedelta(days=day), folder))
seconds = time.perf_counter() - begun
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": seconds, "rows": rows, "peak_memory_bytes": peak}))
"""

TRADE = """
import json, os, sys, time
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from semops_data.landing.files import write_trade
from semops_data.synthesis.parameters import Business
orders, days, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
chosen = [date(2026, 4, 7) + timedelta(days=number) for number in range(days)]
with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
    list(pool.map(write_trade, [Business(orders_per_day=200)] * 4, chosen, [folder / "warm"] * 4))
    begun = time.perf_counter()
    made = list(pool.map(write_trade, [Business(orders_per_day=orders)] * days, chosen, [folder] * days))
    seconds = time.perf_counter() - begun
rows = sum(sum(each.values()) for each in made)
print(json.dumps({"rows": rows, "seconds": round(seconds, 2), "trade_rows_per_second": round(rows / seconds)}))
"""


def ours(orders, days=1):
    """Everything, of one huge day or of several, in a process of its own so that its peak memory is its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", OURS, str(orders), folder, str(days)]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    found = json.loads(text.splitlines()[-1])
    rows, seconds = found["rows"], found["seconds"]
    business = sum(count for name, count in rows.items() if name not in {"truth", "defects"})
    return {
        "orders": rows["orders"],
        "items": rows["order_items"],
        "all_rows": business,
        "seconds": round(seconds, 2),
        "orders_per_minute": round(60 * rows["orders"] / seconds),
        "trade_rows_per_second": round((rows["orders"] + rows["order_items"]) / seconds),
        "all_rows_per_second": round(business / seconds),
        "peak_memory_bytes": found["peak_memory_bytes"],
        "written_bytes": size,
    }


def trade(orders, days=4):
    """Orders and items alone, what the peers make: some days side by side, a process for each core."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", TRADE, str(orders // days), str(days), folder]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def by_row(orders, make_order, make_item):
    """Orders with one to four items, a dictionary at a time, into two Parquet files."""
    import pandas as pd

    begun, chance = time.perf_counter(), random.Random(7)  # noqa: S311
    headers, lines = [], []
    for number in range(orders):
        headers.append(make_order(number))
        lines.extend(make_item(number, line) for line in range(chance.randint(1, 4)))
    with tempfile.TemporaryDirectory() as folder:
        pd.DataFrame(headers).to_parquet(Path(folder) / "orders.parquet")
        pd.DataFrame(lines).to_parquet(Path(folder) / "items.parquet")
    seconds, rows = time.perf_counter() - begun, len(headers) + len(lines)
    return {"rows": rows, "seconds": round(seconds, 2), "trade_rows_per_second": round(rows / seconds)}


def faker_loop(orders):
    """A row at a time with Faker, a call for each column of what `orders_and_items` writes, in the same shapes."""
    from faker import Faker

    fake = Faker("en_GB")
    fake.seed_instance(7)
    begin, end = datetime(2026, 4, 7, tzinfo=UTC), datetime(2026, 4, 8, tzinfo=UTC)

    def money(digits):
        return str(fake.pydecimal(left_digits=digits, right_digits=2, positive=True))

    def order(_):
        return {
            "order_id": fake.numerify("O20260407-########"),
            "customer_id": fake.numerify("C#########"),
            "created_at": fake.date_time_between(begin, end, tzinfo=UTC).isoformat(),
            "channel": fake.random_element(CHANNELS),
            "financial_status": fake.random_element(STATUSES),
            **{name: money(3) for name in ("subtotal", "discount", "refund", "shipping", "tax", "total")},
        }

    def item(_, __):
        return {
            "order_item_id": fake.numerify("L20260407-#########"),
            "order_id": fake.numerify("O20260407-########"),
            "product_id": fake.numerify("P#####"),
            "quantity": fake.random_int(1, 12),
            **{name: money(2) for name in ("unit_price", "discount")},
        }

    by_row(20, order, item)
    return by_row(orders, order, item)


def mimesis_loop(orders):
    """The same with Mimesis."""
    try:
        from mimesis import Generic, Locale
    except ImportError:
        return {"skipped": "mimesis is not installed: pip install mimesis"}
    fake = Generic(Locale.EN_GB, seed=7)

    def text(mask):
        return fake.random.generate_string_by_mask(mask, digit="#")

    def money(most):
        return str(fake.finance.price(minimum=1, maximum=most))

    def order(_):
        return {
            "order_id": text("O20260407-########"),
            "customer_id": text("C#########"),
            "created_at": fake.datetime.datetime(start=2026, end=2026).isoformat(),
            "channel": fake.random.choice(CHANNELS),
            "financial_status": fake.random.choice(STATUSES),
            **{name: money(999) for name in ("subtotal", "discount", "refund", "shipping", "tax", "total")},
        }

    def item(_, __):
        return {
            "order_item_id": text("L20260407-#########"),
            "order_id": text("O20260407-########"),
            "product_id": text("P#####"),
            "quantity": fake.random.randint(1, 12),
            **{name: money(99) for name in ("unit_price", "discount")},
        }

    by_row(20, order, item)
    return by_row(orders, order, item)


def sdv_sample(rows):
    """Rows that SDV samples from a Gaussian copula of a day's orders, into Parquet; fitting is not counted."""
    from semops_data.synthesis.business import business_day
    from semops_data.synthesis.fit.extra import FitError
    from semops_data.synthesis.fit.metadata import detect
    from semops_data.synthesis.fit.model import fit, sample
    from semops_data.synthesis.parameters import Business

    made = business_day(Business(orders_per_day=5_000), date(2026, 4, 7))
    tables = {"orders": made.clean["orders"].drop_columns(["day", "order_day"]).to_pandas()}
    try:
        begun = time.perf_counter()
        fitted = fit(tables, detect(tables))
        fitting = time.perf_counter() - begun
        sample(fitted, 10)
        begun = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            sample(fitted, rows)["orders"].to_parquet(Path(folder) / "orders.parquet")
    except FitError as error:
        return {"skipped": str(error)}
    seconds = time.perf_counter() - begun
    return {"rows": rows, "seconds": round(seconds, 2), "fitting_seconds": round(fitting, 2),
            "trade_rows_per_second": round(rows / seconds)}  # fmt: skip


def main():
    """Print the comparison as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--peer-orders", type=int, default=5_000)
    chosen = parser.parse_args()
    found = {
        "measured_on": date.today().isoformat(),  # noqa: DTZ011
        "cpu_count": len(os.sched_getaffinity(0)),
        "faker_loop": faker_loop(chosen.peer_orders),
        "mimesis_loop": mimesis_loop(chosen.peer_orders),
        "orders_and_items": trade(chosen.orders),
        "orders_and_items_again": trade(chosen.orders),
        "sdv_sample": sdv_sample(4 * chosen.peer_orders),
        "everything": ours(chosen.orders),
        "everything_at_a_tenth": ours(chosen.orders // 10),
        "everything_at_three_times": ours(chosen.orders * 3),
        "everything_over_five_days": ours(chosen.orders // 10, days=5),
    }
    for peer, loop in (("faker_loop", faker_loop), ("mimesis_loop", mimesis_loop)):
        if "skipped" not in found[peer]:
            found[peer] = max(found[peer], loop(chosen.peer_orders), key=lambda each: each["trade_rows_per_second"])
    for peer in ("faker_loop", "mimesis_loop", "sdv_sample"):
        if rate := found[peer].get("trade_rows_per_second"):
            found[f"times_{peer}"] = round(found["orders_and_items"]["trade_rows_per_second"] / rate, 1)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
