"""What only the warehouse holds: dimensions with their history, and the marts beyond the lakehouse's aggregates.

Belongs here: tables of the warehouse that no other room has. Facts and shared marts are in `business`.
"""

from __future__ import annotations

from dataclasses import replace

from semops_data.contracts import business
from semops_data.contracts.business import SHOP_TABLES, is_daily
from semops_data.contracts.metrics import count, ratio
from semops_data.contracts.shop import CATEGORIES, DAY, cents
from semops_data.contracts.types import Column, Table

HISTORIES = tuple(name for name in SHOP_TABLES if not is_daily(name))
"""The exported tables whose rows change over time, and which the warehouse keeps in all their versions."""

UNTRACKED = ("updated_at",)
"""Columns that change without anything about the thing having changed."""

_LAKEHOUSE = {table.key: table for table in business.TABLES}


def tracked(name: str) -> tuple[Column, ...]:
    """The columns of an exported table that a version of its dimension is made of, without its key."""
    return tuple(c for c in _LAKEHOUSE[f"lakehouse/{name}"].columns if not c.is_key and c.name not in UNTRACKED)


def natural_key(name: str) -> Column:
    """The column by which the source knows the thing, `customer_id`."""
    return _LAKEHOUSE[f"lakehouse/{name}"][_LAKEHOUSE[f"lakehouse/{name}"].keys[0]]


def surrogate(name: str) -> str:
    """Name of the column that identifies one version, `customer_key`."""
    return f"{natural_key(name).name.removesuffix('_id')}_key"


def changing_references(name: str) -> tuple[tuple[str, str], ...]:
    """What rows of a daily table refer to that has versions, as (column, exported table)."""
    found = [(column, target.split("/")[1]) for column, target, _ in _LAKEHOUSE[f"lakehouse/{name}"].references]
    return tuple((column, target) for column, target in found if target in HISTORIES)


def _dimension(name: str) -> Table:
    natural = natural_key(name)
    return Table(
        f"warehouse/dim_{name}",
        f"One row per version of a row of {name}, with the days on which it was valid; a fact belongs to the version "
        "that was valid on its day.",
        (
            Column(
                surrogate(name),
                "string",
                f"Identifier of the version: md5 of {natural.name} and valid_from, so that it is the same in every "
                "rebuild.",
                is_key=True,
            ),
            replace(natural, is_key=False),
            *tracked(name),
            Column(
                "valid_from",
                "string",
                "First day on which the version was seen, as an ISO date, inclusive; the first version is taken to "
                "have been valid since the creation.",
            ),
            Column(
                "valid_to",
                "string",
                "First day on which another version was seen, as an ISO date; exclusive, null for the current one.",
                nullable=True,
            ),
            Column("is_current", "bool", "Whether no later version is known."),
        ),
    )


def _observations(name: str) -> Table:
    natural = natural_key(name)
    return Table(
        f"warehouse/snap_{name}",
        f"One row per day and row of {name} that was exported on it: what the history in dim_{name} is made from.",
        (
            Column("day", "string", "Calendar day in UTC of the export, as an ISO date.", is_key=True, term="day"),
            natural,
            *tracked(name),
        ),
        partition_by="day",
    )


COHORT_RETENTION = Table(
    "warehouse/cohort_retention",
    "Retention: one row per cohort of customers and week with orders since that of their first order.",
    (
        Column("cohort_week", "string", "Monday of the week of the customers' first order, as an ISO date.",
               is_key=True, term="cohort"),
        Column("week_number", "int64", "Weeks since the week of the first order; 0 is that week itself.", unit="week",
               is_key=True, minimum=0),
        count("cohort_customers", "Customers whose first order was placed in the cohort's week.", "customer",
              term="customer"),
        count("active_customers", "Customers of the cohort who placed an order in the week.", "customer",
              term="customer"),
        ratio("retention_rate", "Retention rate: customers of the cohort with an order in the week, divided by all "
              "customers of the cohort.", term="retention-rate"),
    ),
)  # fmt: skip

PRODUCT_PERFORMANCE = Table(
    "warehouse/product_performance",
    "Product performance: one row per day and version of a product, the one that was valid when it was ordered.",
    (
        DAY,
        Column("product_key", "string", "Version of the product that was valid on the day on which it was ordered.",
               is_key=True),
        Column("product_id", "string", "Product that was ordered.", term="product"),
        Column("category", "string", "Shelf of the catalogue to which the product belonged then.",
               allowed=CATEGORIES),
        cents("list_price_cents", "List price of one unit then, before any discount.", term="unit-price"),
        count("orders", "Orders of the day that contain the product.", "order", term="order"),
        count("units", "Units of the product on the day's orders.", "unit", term="units-sold"),
        cents("gmv_cents", "Gross merchandise value of the product: quantity times unit price over the day's order "
              "lines, before discounts and refunds.", term="gross-merchandise-value"),
        cents("discount_cents", "Price reductions granted on the day's lines of the product.", term="discount"),
        ratio("revenue_share", "Product revenue share: gross merchandise value of the product divided by that of all "
              "products on the day.", term="product-revenue-share"),
    ),
    partition_by="day",
)  # fmt: skip

TABLES: tuple[Table, ...] = (
    *(_dimension(name) for name in HISTORIES),
    *(_observations(name) for name in HISTORIES),
    COHORT_RETENTION,
    PRODUCT_PERFORMANCE,
)
