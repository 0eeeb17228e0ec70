"""The known answers of a day, computed with numpy from clean rows: every later room must reproduce them.

Rows are added batch by batch; what is kept between them is two numbers per order, and some per product and answer.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts import table
from semops_data.contracts.shop import FUNNEL_STEPS, LATER_DAYS
from semops_data.synthesis.catalogue import product_ids
from semops_data.synthesis.people import customer_ids
from semops_data.synthesis.sales import days_before, lot_batches, worth
from semops_data.synthesis.strings import constant
from semops_data.synthesis.web import NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from semops_data.synthesis.chance import Ints
    from semops_data.synthesis.parameters import Business
    from semops_data.synthesis.sold import Sales
    from semops_data.synthesis.web import Visits

WHOLE_DAY = "all"
RESTATED = "restated_"
BLOCK = 100_000
RESTATED_COLUMNS = ("orders", "gmv_cents", "discount_cents", "refund_cents", "net_revenue_cents")
UNITS = {
    "orders": "order", "units": "unit", "returned_units": "unit", "returns": "return", "customers": "customer",
    "average_order_value_cents": "EUR cent", "payments_captured": "payment", "payments_failed": "payment",
    "restated_orders": "order", "customer_orders": "order", "product_orders": "order", "product_units": "unit",
}  # fmt: skip


def _sum(data: pa.Table, column: str) -> int:
    return int(data.column(column).to_numpy().sum())


def revenue(orders: pa.Table, items: pa.Table) -> dict[str, int]:
    """The sums over a batch's orders and their items, under the names of the columns that must show them."""
    return {
        "orders": orders.num_rows,
        "units": _sum(items, "quantity"),
        "gmv_cents": int((items.column("quantity").to_numpy() * items.column("unit_price_cents").to_numpy()).sum()),
        "discount_cents": _sum(items, "discount_cents"),
        "refund_cents": _sum(orders, "refund_cents"),
    }


def after_sales(payments: pa.Table, returns: pa.Table) -> dict[str, int]:
    """The sums over a batch's payments and returns, under the names of the columns that must show them."""
    captured = payments.filter(pc.equal(payments.column("status"), "captured"))
    return {
        "payments_captured": captured.num_rows,
        "payments_failed": payments.num_rows - captured.num_rows,
        "captured_cents": _sum(captured, "amount_cents"),
        "returns": returns.num_rows,
        "returned_units": _sum(returns, "quantity"),
        "returned_cents": _sum(returns, "refund_cents"),
    }


def funnel(sales: Sales, visits: Visits) -> dict[str, int]:
    """The sums over a batch's sessions, under the names of the columns that must show them.

    Args:
        sales: the orders, which begin with all those that were placed on the day.
        visits: the sessions, whose orders these are.
    """
    reached = visits.steps > 0
    _, cart, _, purchase = reached.T
    return {
        "sessions": visits.start.size,
        **{f"{step}_sessions": int(reached[:, number].sum()) for number, step in enumerate(FUNNEL_STEPS)},
        "purchase_value_cents": int(sales.subtotal[visits.order[visits.order != NOBODY]].sum()),
        "abandoned_sessions": int((cart & ~purchase).sum()),
    }


def ratios(sums: Mapping[str, int]) -> dict[str, float | None]:
    """The quotients of the day, from its sums; null where a denominator is 0."""

    def share(part: int, whole: int) -> float | None:
        return part / whole if whole > 0 else None

    attempts = sums["payments_captured"] + sums["payments_failed"]
    return {
        "average_order_value_cents": share(sums["gmv_cents"], sums["orders"]),
        "refund_rate": share(sums["refund_cents"], sums["gmv_cents"] - sums["discount_cents"]),
        "conversion_rate": share(sums["purchase_sessions"], sums["sessions"]),
        "cart_abandonment_rate": share(sums["abandoned_sessions"], sums["add_to_cart_sessions"]),
        "payment_failure_rate": share(sums["payments_failed"], attempts),
        "return_rate": share(sums["returned_units"], sums["units"]),
    }


def restated(business: Business, day: date) -> Iterator[tuple[date, dict[str, int]]]:
    """What the orders of each day were worth by the day on which they were placed, as known when `day` ends."""
    for placed in (day, *days_before(business, day, LATER_DAYS)):
        known: Ints = np.zeros(5, np.int64)
        for lot, batch in lot_batches(business, placed):
            found = worth(business, placed, lot, batch)
            known += np.sum([found[lag] for lag in range((day - placed).days + 1)], axis=0)
        count, gmv, discount, refund, later = (int(value) for value in known)
        values = (count, gmv, discount, refund + later, gmv - discount - refund - later)
        yield placed, dict(zip(RESTATED_COLUMNS, values, strict=True))


class Answers:
    """The answers of one day, growing with each batch."""

    def __init__(self, business: Business, day: date) -> None:
        """Nothing is known yet."""
        self.business, self.day = business, day
        self.sums: Counter[str] = Counter()
        self.buyers: list[tuple[Ints, Ints]] = []
        self.products = {
            name: np.zeros(business.product_count, np.int64)
            for name in ("gmv_cents", "discount_cents", "units", "orders")
        }

    def add(self, clean: Mapping[str, pa.Table], sales: Sales, visits: Visits) -> None:
        """Count a batch: its tables, and the orders and sessions that they were made from."""
        self.sums.update(revenue(clean["orders"], clean["order_items"]))
        self.sums.update(after_sales(clean["payments"], clean["returns"]))
        self.sums.update(funnel(sales, visits))
        self.buyers.append((sales.customer, sales.paid - sales.refund))
        size = self.business.product_count
        pairs = np.sort(sales.item_order * size + sales.product)
        bought = {
            "units": (sales.product, sales.quantity),
            "gmv_cents": (sales.product, sales.quantity * sales.price),
            "discount_cents": (sales.product, sales.discount),
            # An order counts once for a product, however many lines it has of it.
            "orders": (pairs[np.diff(pairs, prepend=-1) > 0] % size, None),
        }
        for name, (product, values) in bought.items():
            self.products[name] += np.bincount(product, weights=values, minlength=size).astype(np.int64)

    def none(self) -> pa.Table:
        """No answers: rows of `synthesis/truth`."""
        return table("synthesis/truth").arrow_schema.empty_table()

    def parts(self) -> Iterator[pa.Table]:
        """All answers in parts of bounded size: rows of `synthesis/truth`."""
        seen, spent, orders = self._customers()
        sold = np.flatnonzero(self.products["orders"])
        sums = dict(self.sums)
        net = sums["gmv_cents"] - sums["discount_cents"] - sums["refund_cents"]
        shares = ratios(sums)
        del sums["abandoned_sessions"]
        sums |= {"customers": seen.size, "net_revenue_cents": net}
        yield self._wide(WHOLE_DAY, sums, shares)
        for placed, values in restated(self.business, self.day):
            yield self._wide(placed.isoformat(), {f"{RESTATED}{name}": n for name, n in values.items()}, {})
        for name, totals in self.products.items():
            yield self._long(f"product_{name}", product_ids(sold), totals[sold])
        for name, totals in (("net_revenue_cents", spent), ("orders", orders)):
            for first in range(0, seen.size, BLOCK):
                block = slice(first, first + BLOCK)
                yield self._long(f"customer_{name}", customer_ids(seen[block]), totals[block])

    def _customers(self) -> tuple[Ints, Ints, Ints]:
        """Who ordered, in order, what each has spent less what was refunded, and how often each has ordered."""
        who = np.concatenate([customer for customer, _ in self.buyers])
        order = np.argsort(who)
        who, net = who[order], np.concatenate([spent for _, spent in self.buyers])[order]
        firsts = np.flatnonzero(np.diff(who, prepend=-1))
        return who[firsts], np.add.reduceat(net, firsts), np.diff(firsts, append=who.size)

    def _wide(self, subject: str, sums: Mapping[str, int], shares: Mapping[str, float | None]) -> pa.Table:
        """Answers about one subject."""
        rows = [
            {
                "day": self.day.isoformat(),
                "metric": name,
                "subject": subject,
                "value": sums.get(name),
                "ratio": shares.get(name),
                "unit": _unit(name),
            }
            for name in (*sums, *shares)
        ]
        return pa.Table.from_pylist(rows, table("synthesis/truth").arrow_schema)

    def _long(self, metric: str, subjects: pa.Array, values: Ints) -> pa.Table:
        """One answer about many subjects."""
        count = len(subjects)
        columns = [
            constant(self.day.isoformat(), count),
            constant(metric, count),
            subjects,
            pa.array(values),
            pa.nulls(count, pa.float64()),
            constant(_unit(metric), count),
        ]
        return pa.Table.from_arrays(columns, schema=table("synthesis/truth").arrow_schema)


def _unit(name: str) -> str:
    if name in UNITS:
        return UNITS[name]
    if name.endswith("_cents"):
        return "EUR cent"
    return "ratio" if name.endswith("_rate") else "session"
