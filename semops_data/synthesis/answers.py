"""The known answers of a day, computed with numpy from clean rows: every later room must reproduce them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts import table
from semops_data.contracts.shop import FUNNEL_STEPS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

WHOLE_DAY = "all"
CUSTOMER_METRIC = "customer_net_revenue_cents"
UNITS = {"orders": "order", "units": "unit", "customers": "customer", "average_order_value_cents": "EUR cent"}


def _sum(data: pa.Table, column: str) -> int:
    return int(data.column(column).to_numpy().sum())


def revenue(orders: pa.Table, items: pa.Table) -> dict[str, int | float | None]:
    """The answers about the day's orders, under the names of the columns that must show them."""
    gmv = int((items.column("quantity").to_numpy() * items.column("unit_price_cents").to_numpy()).sum())
    discount, refund = _sum(items, "discount_cents"), _sum(orders, "refund_cents")
    return {
        "orders": orders.num_rows,
        "units": _sum(items, "quantity"),
        "customers": pc.count_distinct(orders.column("customer_id")).as_py(),
        "gmv_cents": gmv,
        "discount_cents": discount,
        "refund_cents": refund,
        "net_revenue_cents": gmv - discount - refund,
        "average_order_value_cents": gmv / orders.num_rows if orders.num_rows else None,
        "refund_rate": refund / (gmv - discount) if gmv > discount else None,
    }


def funnel(sessions: pa.Table, events: pa.Table) -> dict[str, int | float | None]:
    """The answers about the day's sessions, under the names of the columns that must show them."""
    reached: dict[str, set[str]] = {}
    for step in FUNNEL_STEPS:
        rows = events.filter(pc.equal(events.column("event_name"), step))
        reached[step] = set(rows.column("session_id").unique().to_pylist())
    bought = events.filter(pc.equal(events.column("event_name"), "purchase"))
    carts = len(reached["add_to_cart"])
    abandoned = len(reached["add_to_cart"] - reached["purchase"])
    return {
        "sessions": sessions.num_rows,
        **{f"{step}_sessions": len(reached[step]) for step in FUNNEL_STEPS},
        "purchase_value_cents": _sum(bought, "value_cents"),
        "conversion_rate": len(reached["purchase"]) / sessions.num_rows if sessions.num_rows else None,
        "cart_abandonment_rate": abandoned / carts if carts else None,
    }


def revenue_by_customer(orders: pa.Table) -> tuple[pa.Array, pa.Array]:
    """Net revenue of the day for each customer who ordered: identifiers, and cents."""
    net = (
        orders.column("subtotal_cents").to_numpy()
        - orders.column("discount_cents").to_numpy()
        - orders.column("refund_cents").to_numpy()
    )
    encoded = orders.column("customer_id").combine_chunks().dictionary_encode()
    totals = np.zeros(len(encoded.dictionary), np.int64)
    np.add.at(totals, encoded.indices.to_numpy(), net)
    return encoded.dictionary, pa.array(totals)


def truth(clean: Mapping[str, pa.Table], day: date) -> pa.Table:
    """All answers of a day: rows of `synthesis/truth`.

    Args:
        clean: the day's tables by name, without defects.
        day: the day.
    """
    answers = revenue(clean["orders"], clean["order_items"]) | funnel(clean["sessions"], clean["events"])
    ratios = {name for name in answers if name.endswith("_rate") or name.startswith("average_")}
    rows = [
        {
            "day": day.isoformat(),
            "metric": name,
            "subject": WHOLE_DAY,
            "value": None if name in ratios else value,
            "ratio": value if name in ratios else None,
            "unit": UNITS.get(name) or _unit(name),
        }
        for name, value in answers.items()
    ]
    schema = table("synthesis/truth").arrow_schema
    subjects, totals = revenue_by_customer(clean["orders"])
    count = len(subjects)
    columns = [
        pa.repeat(day.isoformat(), count),
        pa.repeat(CUSTOMER_METRIC, count),
        subjects,
        totals,
        pa.nulls(count, pa.float64()),
        pa.repeat("EUR cent", count),
    ]
    return pa.concat_tables([pa.Table.from_pylist(rows, schema), pa.Table.from_arrays(columns, schema=schema)])


def _unit(name: str) -> str:
    if name.endswith("_cents"):
        return "EUR cent"
    return "ratio" if name.endswith("_rate") else "session"
