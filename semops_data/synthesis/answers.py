"""The known answers of a day, computed with numpy from clean rows: every later room must reproduce them.

Rows are added batch by batch; what is kept between them is a few numbers per customer, product and answer.
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
from semops_data.synthesis.people import customer_ids, customer_range
from semops_data.synthesis.sales import days_before, draw_sales

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from semops_data.synthesis.chance import Ints
    from semops_data.synthesis.parameters import Business

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


def funnel(sessions: pa.Table, events: pa.Table) -> dict[str, int]:
    """The sums over a batch's sessions, which are whole, under the names of the columns that must show them."""
    # The events of a session lie together, so a session's number is how often the identifier has changed.
    encoded = events.column("session_id").combine_chunks().dictionary_encode()
    session, name = encoded.indices.to_numpy(), events.column("event_name")
    reached = np.zeros((len(FUNNEL_STEPS), len(encoded.dictionary)), np.bool_)
    for number, step in enumerate(FUNNEL_STEPS):
        reached[number, session[pc.equal(name, step).to_numpy()]] = True
    _, cart, _, purchase = reached
    bought = events.filter(pc.equal(name, "purchase"))
    return {
        "sessions": sessions.num_rows,
        **{f"{step}_sessions": int(reached[number].sum()) for number, step in enumerate(FUNNEL_STEPS)},
        "purchase_value_cents": _sum(bought, "value_cents"),
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


def restated(business: Business, day: date, batch: int) -> Iterator[tuple[date, dict[str, int]]]:
    """What a batch's orders were worth by the day on which they were placed, as known when `day` ends."""
    for placed in (day, *days_before(business, day, LATER_DAYS)):
        sales, known_days = draw_sales(business, placed, batch), (day - placed).days
        is_known = sales.late <= known_days
        is_back = (sales.back > 0) & (sales.back <= known_days)
        gmv, discount = sales.subtotal[is_known].sum(), sales.per_order(sales.discount)[is_known].sum()
        refund = sales.refund[is_known].sum() + sales.later_refund[is_back].sum()
        values = (is_known.sum(), gmv, discount, refund, gmv - discount - refund)
        yield placed, dict(zip(RESTATED_COLUMNS, (int(value) for value in values), strict=True))


class Answers:
    """The answers of one day, growing with each batch."""

    def __init__(self, business: Business, day: date) -> None:
        """Nothing is known yet."""
        self.business, self.day = business, day
        self.sums: Counter[str] = Counter()
        self.restated: dict[date, Counter[str]] = {}
        customers = customer_range(business, day)[1]
        self.customers = {name: np.zeros(customers, np.int64) for name in ("net_revenue_cents", "orders")}
        self.products = {
            name: np.zeros(business.product_count, np.int64)
            for name in ("gmv_cents", "discount_cents", "units", "orders")
        }

    def add(self, clean: Mapping[str, pa.Table], batch: int) -> None:
        """Count a batch, given its tables and its number."""
        self.sums.update(revenue(clean["orders"], clean["order_items"]))
        self.sums.update(after_sales(clean["payments"], clean["returns"]))
        self.sums.update(funnel(clean["sessions"], clean["events"]))
        for placed, values in restated(self.business, self.day, batch):
            self.restated.setdefault(placed, Counter()).update(values)
        self._add_customers(clean["orders"])
        self._add_products(clean["order_items"])

    def _add_customers(self, orders: pa.Table) -> None:
        who = _numbers(orders.column("customer_id"), 1)
        spent = orders.column("subtotal_cents").to_numpy() - orders.column("discount_cents").to_numpy()
        np.add.at(self.customers["net_revenue_cents"], who, spent - orders.column("refund_cents").to_numpy())
        np.add.at(self.customers["orders"], who, 1)

    def _add_products(self, items: pa.Table) -> None:
        what, quantity = _numbers(items.column("product_id"), 1), items.column("quantity").to_numpy()
        np.add.at(self.products["units"], what, quantity)
        np.add.at(self.products["gmv_cents"], what, quantity * items.column("unit_price_cents").to_numpy())
        np.add.at(self.products["discount_cents"], what, items.column("discount_cents").to_numpy())
        order = items.column("order_id").combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
        pairs = np.unique(order * self.business.product_count + what)
        np.add.at(self.products["orders"], pairs % self.business.product_count, 1)

    def none(self) -> pa.Table:
        """No answers: rows of `synthesis/truth`."""
        return table("synthesis/truth").arrow_schema.empty_table()

    def parts(self) -> Iterator[pa.Table]:
        """All answers in parts of bounded size: rows of `synthesis/truth`."""
        seen = np.flatnonzero(self.customers["orders"])
        sold = np.flatnonzero(self.products["orders"])
        sums = dict(self.sums)
        net = sums["gmv_cents"] - sums["discount_cents"] - sums["refund_cents"]
        shares = ratios(sums)
        del sums["abandoned_sessions"]
        sums |= {"customers": seen.size, "net_revenue_cents": net}
        yield self._wide(WHOLE_DAY, sums, shares)
        for placed, values in self.restated.items():
            yield self._wide(placed.isoformat(), {f"{RESTATED}{name}": n for name, n in values.items()}, {})
        for name, totals in self.products.items():
            yield self._long(f"product_{name}", product_ids(sold), totals[sold])
        for name, totals in self.customers.items():
            for first in range(0, seen.size, BLOCK):
                block = seen[first : first + BLOCK]
                yield self._long(f"customer_{name}", customer_ids(block), totals[block])

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
            pa.repeat(self.day.isoformat(), count),
            pa.repeat(metric, count),
            subjects,
            pa.array(values),
            pa.nulls(count, pa.float64()),
            pa.repeat(_unit(metric), count),
        ]
        return pa.Table.from_arrays(columns, schema=table("synthesis/truth").arrow_schema)


def _numbers(identifiers: pa.ChunkedArray, prefix: int) -> Ints:
    """The numbers in identifiers, behind a prefix of so many characters."""
    numbers: Ints = pc.utf8_slice_codeunits(identifiers, prefix).cast(pa.int64()).to_numpy()
    return numbers


def _unit(name: str) -> str:
    if name in UNITS:
        return UNITS[name]
    if name.endswith("_cents"):
        return "EUR cent"
    return "ratio" if name.endswith("_rate") else "session"
