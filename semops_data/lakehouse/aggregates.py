"""The first aggregates over the lake, as SQL over the rows that were kept."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from semops_data.contracts import table
from semops_data.contracts.origins import IDENTITY, transformed
from semops_data.contracts.shop import LATER_DAYS

if TYPE_CHECKING:
    import pyarrow as pa

    from semops_data.contracts.origins import Sources, Ways
    from semops_data.lakehouse.lake import Lake

DAILY_REVENUE = """
WITH placed AS (
    SELECT count(*) AS orders, count(DISTINCT customer_id) AS customers,
           coalesce(sum(subtotal_cents), 0) AS gmv_cents, coalesce(sum(discount_cents), 0) AS discount_cents,
           coalesce(sum(refund_cents), 0) AS refund_cents
    FROM orders
), sold AS (
    SELECT coalesce(sum(quantity), 0) AS units FROM order_items
)
SELECT $day AS day, orders, units, customers, gmv_cents, discount_cents, refund_cents,
       gmv_cents - discount_cents - refund_cents AS net_revenue_cents,
       gmv_cents::DOUBLE / nullif(orders, 0) AS average_order_value_cents,
       refund_cents::DOUBLE / nullif(gmv_cents - discount_cents, 0) AS refund_rate
FROM placed, sold
"""

AFTER_SALES = """
WITH paid AS (
    SELECT count_if(status = 'captured') AS payments_captured, count_if(status = 'failed') AS payments_failed,
           coalesce(sum(amount_cents) FILTER (status = 'captured'), 0) AS captured_cents, count(*) AS attempts
    FROM payments
), came_back AS (
    SELECT count(*) AS returns, coalesce(sum(quantity), 0) AS returned_units,
           coalesce(sum(refund_cents), 0) AS returned_cents
    FROM returns
), sold AS (
    SELECT coalesce(sum(quantity), 0) AS units FROM order_items
)
SELECT $day AS day, payments_captured, payments_failed, captured_cents,
       payments_failed::DOUBLE / nullif(attempts, 0) AS payment_failure_rate,
       returns, returned_units, returned_cents, returned_units::DOUBLE / nullif(units, 0) AS return_rate
FROM paid, came_back, sold
"""

REVENUE_RESTATED = """
SELECT $day AS day, order_day, date_diff('day', order_day::DATE, $day::DATE) AS days_later, count(*) AS orders,
       sum(subtotal_cents) AS gmv_cents, sum(discount_cents) AS discount_cents,
       sum(coalesce(u.refund_cents, o.refund_cents)) AS refund_cents,
       sum(subtotal_cents - discount_cents - coalesce(u.refund_cents, o.refund_cents)) AS net_revenue_cents
FROM orders AS o LEFT JOIN order_updates AS u USING (order_id)
WHERE order_day::DATE >= $day::DATE - LATER_DAYS
GROUP BY order_day
ORDER BY order_day
"""

FUNNEL = """
WITH reached AS (
    SELECT session_id, bool_or(event_name = 'view') AS has_view, bool_or(event_name = 'add_to_cart') AS has_cart,
           bool_or(event_name = 'begin_checkout') AS has_checkout, bool_or(event_name = 'purchase') AS has_purchase,
           sum(value_cents) FILTER (event_name = 'purchase') AS value_cents
    FROM events GROUP BY session_id
), counted AS (
    SELECT count(*) AS sessions, count_if(has_view) AS view_sessions, count_if(has_cart) AS add_to_cart_sessions,
           count_if(has_checkout) AS begin_checkout_sessions, count_if(has_purchase) AS purchase_sessions,
           count_if(has_cart AND NOT has_purchase) AS abandoned_sessions,
           coalesce(sum(value_cents), 0) AS purchase_value_cents
    FROM sessions LEFT JOIN reached USING (session_id)
)
SELECT $day AS day, sessions, view_sessions, add_to_cart_sessions, begin_checkout_sessions, purchase_sessions,
       purchase_value_cents, purchase_sessions::DOUBLE / nullif(sessions, 0) AS conversion_rate,
       abandoned_sessions::DOUBLE / nullif(add_to_cart_sessions, 0) AS cart_abandonment_rate
FROM counted
"""

CUSTOMER_VALUE = """
WITH sold AS (
    SELECT order_id, sum(quantity) AS units FROM order_items GROUP BY order_id
)
SELECT customer_id, count(*) AS orders, coalesce(sum(units), 0) AS units, sum(subtotal_cents) AS gmv_cents,
       sum(subtotal_cents - discount_cents - refund_cents) AS net_revenue_cents,
       sum(subtotal_cents)::DOUBLE / count(*) AS average_order_value_cents,
       min(day) AS first_order_day, max(day) AS last_order_day, count(*) > 1 AS is_repeat_customer
FROM orders LEFT JOIN sold USING (order_id)
GROUP BY customer_id
ORDER BY customer_id
"""

READS = {
    "after_sales": {
        "payments": ("status", "amount_cents"),
        "returns": ("quantity", "refund_cents"),
        "order_items": ("quantity",),
    },
    "revenue_restated": {
        "orders": ("order_id", "order_day", "subtotal_cents", "discount_cents", "refund_cents"),
        "order_updates": ("order_id", "refund_cents"),
    },
    "daily_revenue": {
        "orders": ("customer_id", "subtotal_cents", "discount_cents", "refund_cents"),
        "order_items": ("quantity",),
    },
    "funnel": {"sessions": ("session_id",), "events": ("session_id", "event_name", "value_cents")},
    "customer_value": {
        "orders": ("order_id", "customer_id", "day", "subtotal_cents", "discount_cents", "refund_cents"),
        "order_items": ("order_id", "quantity"),
    },
}
"""For each aggregate, the tables of the lakehouse and the columns that it reads."""

DAYS_BEFORE = {"revenue_restated": LATER_DAYS}
"""Aggregates of a day that also read some days before it."""

_QUERIES = {
    "daily_revenue": DAILY_REVENUE,
    "after_sales": AFTER_SALES,
    "revenue_restated": REVENUE_RESTATED.replace("LATER_DAYS", str(LATER_DAYS)),
    "funnel": FUNNEL,
    "customer_value": CUSTOMER_VALUE,
}
_NET = [("lakehouse/orders", name) for name in ("subtotal_cents", "discount_cents", "refund_cents")]
_REFUND = [("lakehouse/orders", "refund_cents"), ("lakehouse/order_updates", "refund_cents")]
_ATTEMPT = [("lakehouse/payments", "status")]
_STEP = [("lakehouse/events", "session_id"), ("lakehouse/events", "event_name")]
_SESSIONS = [("lakehouse/sessions", "session_id")]

SOURCES: dict[str, Sources] = {
    "daily_revenue": {
        "orders": [("lakehouse/orders", "order_id")],
        "units": [("lakehouse/order_items", "quantity")],
        "customers": [("lakehouse/orders", "customer_id")],
        "gmv_cents": _NET[:1],
        "discount_cents": _NET[1:2],
        "refund_cents": _NET[2:],
        "net_revenue_cents": _NET,
        "average_order_value_cents": [*_NET[:1], ("lakehouse/orders", "order_id")],
        "refund_rate": _NET,
    },
    "after_sales": {
        "payments_captured": _ATTEMPT,
        "payments_failed": _ATTEMPT,
        "captured_cents": [("lakehouse/payments", "amount_cents"), *_ATTEMPT],
        "payment_failure_rate": _ATTEMPT,
        "returns": [("lakehouse/returns", "return_id")],
        "returned_units": [("lakehouse/returns", "quantity")],
        "returned_cents": [("lakehouse/returns", "refund_cents")],
        "return_rate": [("lakehouse/returns", "quantity"), ("lakehouse/order_items", "quantity")],
    },
    "revenue_restated": {
        "order_day": [("lakehouse/orders", "order_day")],
        "days_later": [("lakehouse/orders", "order_day")],
        "orders": [("lakehouse/orders", "order_id")],
        "gmv_cents": _NET[:1],
        "discount_cents": _NET[1:2],
        "refund_cents": _REFUND,
        "net_revenue_cents": [*_NET[:2], *_REFUND],
    },
    "funnel": {
        "sessions": _SESSIONS,
        "view_sessions": _STEP,
        "add_to_cart_sessions": _STEP,
        "begin_checkout_sessions": _STEP,
        "purchase_sessions": _STEP,
        "purchase_value_cents": [("lakehouse/events", "value_cents"), ("lakehouse/events", "event_name")],
        "conversion_rate": [*_STEP, *_SESSIONS],
        "cart_abandonment_rate": _STEP,
    },
    "customer_value": {
        "customer_id": [("lakehouse/orders", "customer_id")],
        "orders": [("lakehouse/orders", "order_id")],
        "units": [("lakehouse/order_items", "quantity"), ("lakehouse/order_items", "order_id")],
        "gmv_cents": _NET[:1],
        "net_revenue_cents": _NET,
        "average_order_value_cents": [*_NET[:1], ("lakehouse/orders", "order_id")],
        "first_order_day": [("lakehouse/orders", "day")],
        "last_order_day": [("lakehouse/orders", "day")],
        "is_repeat_customer": [("lakehouse/orders", "order_id")],
    },
}
"""Column lineage of each aggregate; the `day` of a daily one is a constant."""

_COPIED = {"customer_value": ("customer_id",), "revenue_restated": ("order_day",)}
_BY_ROW = {"revenue_restated": {"days_later": "days from the order's day to the day of the partition"}}
_SUMMED = {"type": "DIRECT", "subtype": "AGGREGATION"}


def ways(name: str) -> Ways:
    """How each column of an aggregate is made of those in `SOURCES`: a key of its groups is copied, the rest summed."""
    by_row = {column: transformed(how) for column, how in _BY_ROW.get(name, {}).items()}
    return dict.fromkeys(SOURCES[name], _SUMMED) | dict.fromkeys(_COPIED.get(name, ()), IDENTITY) | by_row


DAY_CONSTANT = "the day for which the aggregate is computed, bound to $day"


def aggregate(lake: Lake, name: str, day: str | None = None) -> pa.Table:
    """Compute an aggregate from the kept rows.

    Args:
        lake: holds the tables of `READS[name]`.
        name: a key of `READS`.
        day: an ISO date; none for `customer_value`, which reads all days.

    Returns:
        Rows of `lakehouse/<name>`.

    Raises:
        MissingTableError: where a table that it reads was never written.
    """
    import pyarrow as pa

    days = last_days(day, DAYS_BEFORE.get(name, 0)) if day else []
    places: list[dict[str, str] | None] = [{"day": each} for each in days] or [None]
    rows = {
        source: pa.concat_tables([lake.read(f"lakehouse/{source}", columns=columns, where=where) for where in places])
        for source, columns in READS[name].items()
    }
    return query(name, rows, day)


def last_days(day: str, before: int) -> list[str]:
    """A day and so many days before it, as ISO dates."""
    return [(date.fromisoformat(day) - timedelta(days=lag)).isoformat() for lag in range(before + 1)]


def query(name: str, rows: dict[str, pa.Table], day: str | None = None) -> pa.Table:
    """Compute an aggregate from rows in memory, by the names of their tables."""
    import duckdb

    with duckdb.connect(":memory:", config={"threads": 2}) as connection:
        for source, data in rows.items():
            connection.register(source, data)
        result = connection.sql(_QUERIES[name], params={"day": day} if day else None).to_arrow_table()
    return result.cast(table(f"lakehouse/{name}").arrow_schema)
