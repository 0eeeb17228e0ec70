"""The tables of the business stream, from the landed exports to the marts."""

from __future__ import annotations

from dataclasses import replace

from semops_data.contracts import metrics, shop
from semops_data.contracts.types import Column, Table

SHOP_TABLES = (
    "customers", "products", "campaigns", "orders", "order_items", "payments", "order_updates", "returns", "inventory",
    "sessions", "events",
)  # fmt: skip
"""The exported tables, each after those that it refers to."""

_COLUMNS = {
    "customers": shop.CUSTOMERS,
    "products": shop.PRODUCTS,
    "campaigns": shop.CAMPAIGNS,
    "orders": shop.ORDERS,
    "order_items": shop.ORDER_ITEMS,
    "payments": shop.PAYMENTS,
    "order_updates": shop.ORDER_UPDATES,
    "returns": shop.RETURNS,
    "inventory": shop.INVENTORY,
    "sessions": shop.SESSIONS,
    "events": shop.EVENTS,
}
_ROWS = {
    "customers": "One row per customer account",
    "products": "One row per product of the catalogue",
    "campaigns": "One row per advertising campaign",
    "orders": "One row per order",
    "order_items": "One row per line of an order: a product and its quantity",
    "payments": "One row per attempt to pay for an order",
    "order_updates": "One row per order whose state changed after it was booked",
    "returns": "One row per order line whose goods came back",
    "inventory": "One row per product and day: what came into stock, what went, what was left",
    "sessions": "One row per visit to the web shop",
    "events": "One row per step that a visitor took towards a purchase in the web shop",
}
_REFERENCES = {
    "orders": (("customer_id", "customers"),),
    "order_items": (("order_id", "orders"), ("product_id", "products")),
    "payments": (("order_id", "orders"),),
    "order_updates": (("order_id", "orders"),),
    "returns": (("order_id", "orders"), ("order_item_id", "order_items"), ("product_id", "products")),
    "inventory": (("product_id", "products"),),
    "sessions": (("customer_id", "customers"), ("campaign_id", "campaigns")),
    "events": (("session_id", "sessions"), ("product_id", "products"), ("order_id", "orders")),
}
LOOK_BACK = {"order_updates": shop.LATER_DAYS, "returns": shop.LATER_DAYS}
"""Tables whose rows refer to rows of earlier days, and how many days these lie back at most."""
LATE = {"orders": shop.LATE_DAYS, "payments": shop.LATE_DAYS}
"""Tables whose rows may be exported late, and how many days at most."""
DERIVED = {"day": None, "order_day": "created_at"}
"""Columns that no export holds: the partition tells the day, and a moment tells the other days."""

_WAREHOUSE = {
    "customers": "dim_customers",
    "products": "dim_products",
    "campaigns": "dim_campaigns",
    "orders": "fct_orders",
    "order_items": "fct_order_items",
    "payments": "fct_payments",
    "order_updates": "fct_order_updates",
    "returns": "fct_returns",
    "inventory": "fct_inventory",
    "sessions": "fct_sessions",
    "events": "fct_events",
}
_MARTS = {
    "daily_revenue": (
        metrics.DAILY_REVENUE,
        "Revenue: one row per day with orders, value sold and value earned.",
    ),
    "customer_value": (metrics.CUSTOMER_VALUE, "Customer value: one row per customer with all orders placed so far."),
    "after_sales": (
        metrics.AFTER_SALES,
        "After the order: one row per day with the payments and the returns that came in.",
    ),
    "revenue_restated": (
        metrics.REVENUE_RESTATED,
        "Revenue by the day of the orders, as known after each of the next days: with late orders and later refunds.",
    ),
    "funnel": (metrics.FUNNEL, "The web shop's funnel by day: how many sessions reached each step up to the purchase."),
}


def raw_name(column: Column) -> str:
    """Name under which a column is exported: money is landed as a decimal text, `total` for `total_cents`."""
    return column.name.removesuffix("_cents")


def is_daily(name: str) -> bool:
    """Whether rows of the exported table belong to one day for ever; customers and products change instead."""
    return any(column.name == "day" for column in _COLUMNS[name])


def _landing(name: str) -> Table:
    return Table(
        f"landing/{name}",
        f"{_ROWS[name]}, exactly as exported for the day: untyped, possibly repeated or broken.",
        tuple(
            replace(
                column,
                name=raw_name(column),
                type="string" if column.type == "timestamp" or column.unit == "EUR cent" else column.type,
                unit="EUR" if column.unit == "EUR cent" else column.unit,
                is_key=False,
                nullable=True,
                allowed=(),
                minimum=None,
                maximum=None,
            )
            for column in _COLUMNS[name]
            if column.name not in DERIVED
        ),
    )


def _lakehouse(name: str) -> Table:
    return Table(
        f"lakehouse/{name}",
        f"{_ROWS[name]}, typed and unique; rows that break a rule are in {name}_quarantine.",
        _COLUMNS[name],
        partition_by="day" if is_daily(name) else None,
        references=_references(name, "lakehouse", {}),
        z_order_by=("customer_id",) if name == "customers" else (),
    )


def _quarantine(name: str) -> Table:
    return Table(
        f"lakehouse/{name}_quarantine",
        f"One row per landed row of {name} that breaks its contract, with the reason; no such row is in {name}.",
        metrics.quarantine(name),
        partition_by="day",
    )


def _warehouse(name: str) -> Table:
    return Table(
        f"warehouse/{_WAREHOUSE[name]}",
        f"{_ROWS[name]}, as analysts query it.",
        _COLUMNS[name],
        partition_by="day" if is_daily(name) else None,
        references=_references(name, "warehouse", _WAREHOUSE),
    )


def _references(name: str, room: str, names: dict[str, str]) -> tuple[tuple[str, str, str], ...]:
    # A dimension of the warehouse holds a key once per version: no foreign key leads there.
    return tuple(
        (column, f"{room}/{names.get(to, to)}", column)
        for column, to in _REFERENCES.get(name, ())
        if room != "warehouse" or is_daily(to)
    )


def _mart(room: str, name: str) -> Table:
    columns, description = _MARTS[name]
    return Table(f"{room}/{name}", description, columns, partition_by="day" if columns[0].name == "day" else None)


TABLES: tuple[Table, ...] = (
    Table(
        "synthesis/truth",
        "The known answers: one row per day and metric, computed before defects are planted.",
        metrics.TRUTH,
        partition_by="day",
    ),
    Table(
        "synthesis/defects",
        "The planted defects: one row per landed row that is broken or repeated on purpose, and what must catch it.",
        metrics.DEFECTS,
        partition_by="day",
    ),
    Table(
        "landing/texts",
        "Free texts of the shop: descriptions of products, reviews of orders and tickets of the support, in English.",
        tuple(replace(column, is_key=column.name == "text_id") for column in shop.TEXTS),
        partition_by="day",
    ),
    *(build(name) for build in (_landing, _lakehouse, _quarantine) for name in SHOP_TABLES),
    *(_warehouse(name) for name in SHOP_TABLES if is_daily(name)),
    *(_mart(room, name) for room in ("lakehouse", "warehouse") for name in _MARTS),
)
