"""The tables of the business stream, from the landed exports to the marts."""

from __future__ import annotations

from dataclasses import replace

from semops_data.contracts import metrics, shop
from semops_data.contracts.types import Column, Table

SHOP_TABLES = ("customers", "products", "orders", "order_items", "sessions", "events")
"""The exported tables, each after those that it refers to."""

_COLUMNS = {
    "customers": shop.CUSTOMERS,
    "products": shop.PRODUCTS,
    "orders": shop.ORDERS,
    "order_items": shop.ORDER_ITEMS,
    "sessions": shop.SESSIONS,
    "events": shop.EVENTS,
}
_ROWS = {
    "customers": "One row per customer account",
    "products": "One row per product of the catalogue",
    "orders": "One row per order",
    "order_items": "One row per line of an order: a product and its quantity",
    "sessions": "One row per visit to the web shop",
    "events": "One row per step that a visitor took towards a purchase in the web shop",
}
_REFERENCES = {
    "orders": (("customer_id", "customers"),),
    "order_items": (("order_id", "orders"), ("product_id", "products")),
    "sessions": (("customer_id", "customers"),),
    "events": (("session_id", "sessions"), ("product_id", "products"), ("order_id", "orders")),
}
_WAREHOUSE = {
    "customers": "dim_customers",
    "products": "dim_products",
    "orders": "fct_orders",
    "order_items": "fct_order_items",
    "sessions": "fct_sessions",
    "events": "fct_events",
}
_MARTS = {
    "daily_revenue": (
        metrics.DAILY_REVENUE,
        "Revenue: one row per day with orders, value sold and value earned.",
    ),
    "customer_value": (metrics.CUSTOMER_VALUE, "Customer value: one row per customer with all orders placed so far."),
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
            if column.name != "day"
        ),
    )


def _lakehouse(name: str) -> Table:
    return Table(
        f"lakehouse/{name}",
        f"{_ROWS[name]}, typed and unique; rows that break a rule are in {name}_quarantine.",
        _COLUMNS[name],
        partition_by="day" if is_daily(name) else None,
        references=_references(name, "lakehouse", {}),
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
    return tuple((column, f"{room}/{names.get(to, to)}", column) for column, to in _REFERENCES.get(name, ()))


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
    *(build(name) for build in (_landing, _lakehouse, _quarantine, _warehouse) for name in SHOP_TABLES),
    *(_mart(room, name) for room in ("lakehouse", "warehouse") for name in _MARTS),
)
