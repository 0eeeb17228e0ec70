"""Rows a second of the generator into Parquet, against loops of a row at a time with Faker and Mimesis, and SDV.

    python benchmarks/synthesis.py [--orders 1000000] [--peer-orders 5000]

A row is an order or one of its items, with the columns that the shop exports. `orders_and_items` writes only these,
as the peers do, on all cores; `everything` writes one huge day with all eleven exports, the known answers, the defects
and the free texts in one process, at a tenth, at the size and at three times it, and five days at a tenth, so
that the peaks of memory can be compared. The peers are one process each, as people write them: a call for each column
of each row. `faker_everything` is the loop for all eleven exports, as many rows of each for an order as `everything`
has. Peers and `orders_and_items` run twice, and the faster run counts. A peer that is not installed is left out with a
note.
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
EXPORTS = ("customers", "products", "campaigns", "orders", "order_items", "payments", "order_updates", "returns",
           "inventory", "sessions", "events")  # fmt: skip

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
    business = sum(count for name, count in rows.items() if name in EXPORTS)
    return {
        "orders": rows["orders"],
        "items": rows["order_items"],
        "rows_per_order": {name: count / rows["orders"] for name, count in rows.items() if name in EXPORTS},
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


def faker_makers():  # noqa: C901 - a maker for each export
    """Functions that make a row of each export with Faker, a call for each column, in the shapes of ours."""
    from faker import Faker

    fake = Faker("en_GB")
    fake.seed_instance(7)
    begin, end = datetime(2026, 4, 7, tzinfo=UTC), datetime(2026, 4, 8, tzinfo=UTC)

    def money(digits):
        return str(fake.pydecimal(left_digits=digits, right_digits=2, positive=True))

    def moment():
        return fake.date_time_between(begin, end, tzinfo=UTC).isoformat()

    def order():
        return {
            "order_id": fake.numerify("O20260407-########"),
            "customer_id": fake.numerify("C#########"),
            "created_at": moment(),
            "channel": fake.random_element(CHANNELS),
            "financial_status": fake.random_element(STATUSES),
            **{name: money(3) for name in ("subtotal", "discount", "refund", "shipping", "tax", "total")},
        }

    def item():
        return {
            "order_item_id": fake.numerify("L20260407-#########"),
            "order_id": fake.numerify("O20260407-########"),
            "product_id": fake.numerify("P#####"),
            "quantity": fake.random_int(1, 12),
            **{name: money(2) for name in ("unit_price", "discount")},
        }

    def customer():
        return {
            "customer_id": fake.numerify("C#########"),
            "email": fake.email(),
            "first_name": fake.first_name(),
            "last_name": fake.last_name(),
            "city": fake.city(),
            "country": fake.country_code(),
            "is_marketing_accepted": fake.boolean(),
            "created_at": moment(),
            "updated_at": moment(),
        }

    def product():
        return {
            "product_id": fake.numerify("P#####"),
            "title": fake.catch_phrase(),
            "category": fake.random_element(("apparel", "beauty", "electronics", "garden", "home", "kitchen", "toys")),
            "vendor": fake.company(),
            "unit_price": money(2),
            "created_at": moment(),
            "updated_at": moment(),
        }

    def campaign():
        return {
            "campaign_id": fake.numerify("K####"),
            "name": fake.catch_phrase(),
            "traffic_source": fake.random_element(("email", "paid", "social")),
            "status": fake.random_element(("planned", "running", "ended")),
            "daily_budget": money(4),
            **{name: moment() for name in ("starts_at", "ends_at", "updated_at")},
        }

    def payment():
        return {
            "payment_id": fake.numerify("Y20260407-#########"),
            "order_id": fake.numerify("O20260407-########"),
            "created_at": moment(),
            "method": fake.random_element(("card", "wallet", "invoice", "transfer")),
            "status": fake.random_element(("captured", "failed")),
            "currency": fake.random_element(("EUR",)),
            "amount": money(3),
        }

    def update():
        return {
            "order_id": fake.numerify("O20260407-########"),
            "updated_at": moment(),
            "financial_status": fake.random_element(STATUSES[1:3]),
            "refund": money(3),
        }

    def returned():
        return {
            "return_id": fake.numerify("R20260407-########"),
            "order_id": fake.numerify("O20260407-########"),
            "order_item_id": fake.numerify("L20260407-#########"),
            "product_id": fake.numerify("P#####"),
            "created_at": moment(),
            "reason": fake.random_element(("damaged", "wrong_item", "does_not_fit", "changed_mind")),
            "quantity": fake.random_int(1, 12),
            "refund": money(3),
        }

    def stock():
        counts = ("opening", "received", "sold", "written_off", "closing")
        return {
            "product_id": fake.numerify("P#####"),
            "counted_at": moment(),
            **{f"{name}_quantity": fake.random_int(0, 1_000) for name in counts},
        }

    def session():
        return {
            "session_id": fake.numerify("S20260407-#########"),
            "customer_id": fake.numerify("C#########"),
            "started_at": moment(),
            "device": fake.random_element(("desktop", "mobile", "tablet")),
            "traffic_source": fake.random_element(("direct", "email", "organic", "paid", "referral", "social")),
            "campaign_id": fake.numerify("K####"),
            "landing_page": fake.random_element(("/", "/sale", "/new", "/c/apparel", "/c/home", "/blog")),
        }

    def event():
        return {
            "event_id": fake.numerify("E20260407-#########"),
            "session_id": fake.numerify("S20260407-#########"),
            "event_at": moment(),
            "event_name": fake.random_element(("view", "add_to_cart", "begin_checkout", "purchase")),
            "product_id": fake.numerify("P#####"),
            "quantity": fake.random_int(1, 12),
            "value": money(3),
            "order_id": fake.numerify("O20260407-########"),
        }

    makers = (customer, product, campaign, order, item, payment, update, returned, stock, session, event)
    return dict(zip(EXPORTS, makers, strict=True))


def faker_loop(orders):
    """A row at a time with Faker, a call for each column of what `orders_and_items` writes, in the same shapes."""
    makers = faker_makers()

    def order(_):
        return makers["orders"]()

    def item(_, __):
        return makers["order_items"]()

    by_row(20, order, item)
    return by_row(orders, order, item)


def faker_everything(orders, rows_per_order):
    """A row at a time with Faker for all eleven exports, in the shares of ours; events as JSON Lines, else Parquet."""
    import pandas as pd

    makers, begun, rows = faker_makers(), time.perf_counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        for name, make in makers.items():
            made = pd.DataFrame([make() for _ in range(round(orders * rows_per_order[name]))])
            rows += len(made)
            if name == "events":
                made.to_json(Path(folder) / "events.jsonl", orient="records", lines=True)
            else:
                made.to_parquet(Path(folder) / f"{name}.parquet")
    seconds = time.perf_counter() - begun
    return {"rows": rows, "seconds": round(seconds, 2), "all_rows_per_second": round(rows / seconds)}


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


def faster(runs):
    """The run that made the same rows in less time."""
    return min(runs, key=lambda each: each["seconds"] / each["rows"])


def main():
    """Print the comparison as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--peer-orders", type=int, default=5_000)
    chosen = parser.parse_args()
    peers = {"faker_loop": faker_loop, "mimesis_loop": mimesis_loop}
    found = {
        "measured_on": date.today().isoformat(),  # noqa: DTZ011
        "cpu_count": len(os.sched_getaffinity(0)),
        **{name: loop(chosen.peer_orders) for name, loop in peers.items()},
        "orders_and_items": faster([trade(chosen.orders) for _ in range(2)]),
        "sdv_sample": sdv_sample(4 * chosen.peer_orders),
        "everything": ours(chosen.orders),
        "everything_at_a_tenth": ours(chosen.orders // 10),
        "everything_at_three_times": ours(chosen.orders * 3),
        "everything_over_five_days": ours(chosen.orders // 10, days=5),
    }
    for name, loop in peers.items():
        if "skipped" not in found[name]:
            found[name] = faster([found[name], loop(chosen.peer_orders)])
    mix = found["everything"]["rows_per_order"]
    found["faker_everything"] = faster([faker_everything(chosen.peer_orders // 5, mix) for _ in range(2)])
    for name in (*peers, "sdv_sample"):
        if rate := found[name].get("trade_rows_per_second"):
            found[f"times_{name}"] = round(found["orders_and_items"]["trade_rows_per_second"] / rate, 1)
    rate = found["faker_everything"]["all_rows_per_second"]
    found["times_faker_everything"] = round(found["everything"]["all_rows_per_second"] / rate, 1)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
