"""What follows an order: payments with its booking, and later for some a return and a new state of the order."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from semops_data.contracts import table
from semops_data.contracts.shop import (
    CURRENCIES,
    LATER_DAYS,
    PAYMENT_METHODS,
    PAYMENT_STATUSES,
    RETURN_REASONS,
    UPDATED_STATUSES,
)
from semops_data.synthesis.catalogue import product_ids
from semops_data.synthesis.chance import DAY_SECONDS, lasting, midnight, moments
from semops_data.synthesis.sales import CANCELLED, Lot, days_before, draw_lot
from semops_data.synthesis.sold import item_ids, joined, order_ids
from semops_data.synthesis.strings import constant, identifiers, pick

if TYPE_CHECKING:
    from collections.abc import Callable

    from semops_data.synthesis.chance import Ints
    from semops_data.synthesis.parameters import Business
    from semops_data.synthesis.sold import Sales

FAILED_SHARE = 0.05
"""Share of the orders whose first attempt to pay fails."""
CAPTURED, FAILED = range(len(PAYMENT_STATUSES))


RETURN_SHARES = (1, 1, 4, 2, 4)
"""Reasons of returns, of 12."""


def of_runs(sales: Sales, value: Callable[[date], int]) -> Ints:
    """A number that belongs to the day on which an order was placed, for each order."""
    values = np.array([value(day) for day, _ in sales.placed], np.int64)
    return np.repeat(values, [count for _, count in sales.placed])


def numbered(sales: Sales) -> Ints:
    """A number for each order that no order of any other day has."""
    return of_runs(sales, date.toordinal) * 100_000_000 + sales.number


def payments(business: Business, day: date, sales: Sales) -> pa.Table:
    """Rows of `lakehouse/payments`: a failed attempt for some orders, a captured one for all but the cancelled."""
    number = numbered(sales)
    total = sales.paid + sales.shipping + sales.tax
    fails = lasting(business, "payment_fails", number) < FAILED_SHARE
    order, attempt = np.nonzero(np.stack([fails, sales.status != CANCELLED], axis=1))
    method = (lasting(business, "method", number * 2) * len(PAYMENT_METHODS)).astype(np.int64)
    wait = 5 + (lasting(business, "payment_wait", number) * 55).astype(np.int64)
    # An attempt lies within its order's day, also where the order was placed a moment before midnight.
    latest = of_runs(sales, midnight)[order] + DAY_SECONDS - 1
    moment = np.minimum(sales.second[order] + wait[order] * (attempt + 1), latest)
    sizes = np.bincount(np.repeat(np.arange(len(sales.placed)), [count for _, count in sales.placed])[order],
                        minlength=len(sales.placed))  # fmt: skip
    runs = [(f"{placed:%Y%m%d}-", int(size)) for (placed, _), size in zip(sales.placed, sizes, strict=True)]
    return pa.Table.from_arrays(
        [
            identifiers([(f"Y{text}", size) for text, size in runs], sales.number[order] * 10 + attempt, 9),
            constant(day.isoformat(), order.size),
            identifiers([(f"O{text}", size) for text, size in runs], sales.number[order], 8),
            moments(moment),
            pick(PAYMENT_METHODS, method[order]),
            pick(PAYMENT_STATUSES, np.where(attempt == 1, CAPTURED, FAILED)),
            constant(CURRENCIES[0], order.size),
            pa.array(total[order]),
        ],
        schema=table("lakehouse/payments").arrow_schema,
    )


def come_back(business: Business, day: date, batch: int = 0) -> Sales:
    """The orders whose goods come back on the day."""
    found = []
    for placed in days_before(business, day, LATER_DAYS):
        sales = draw_lot(business, placed, Lot.BACK, batch)
        found.append(sales.only(sales.back == (day - placed).days))
    if not found:
        sales = draw_lot(business, day, Lot.BACK, batch)
        found.append(sales.only(sales.back < 0))
    return joined(found)


def _moments_of(business: Business, day: date, sales: Sales) -> Ints:
    draw = lasting(business, "returned_at", numbered(sales))
    return midnight(day) + 28_800 + (draw * 36_000).astype(np.int64)


def returns(business: Business, day: date, sales: Sales) -> pa.Table:
    """Rows of `lakehouse/returns`: the first line of each order."""
    line, count = sales.first_item, sales.number.size
    reasons = np.repeat(np.arange(len(RETURN_REASONS)), RETURN_SHARES)
    reason = reasons[(lasting(business, "reason", numbered(sales)) * reasons.size).astype(np.int64)]
    return pa.Table.from_arrays(
        [
            identifiers([(f"R{placed:%Y%m%d}-", size) for placed, size in sales.placed], sales.number, 8),
            constant(day.isoformat(), count),
            order_ids(sales),
            item_ids(sales).take(pa.array(line)),
            product_ids(sales.product[line]),
            moments(_moments_of(business, day, sales)),
            pick(RETURN_REASONS, reason),
            pa.array(sales.quantity[line]),
            pa.array(sales.later_refund),
        ],
        schema=table("lakehouse/returns").arrow_schema,
    )


def order_updates(business: Business, day: date, sales: Sales) -> pa.Table:
    """Rows of `lakehouse/order_updates`: the state of each order after its goods came back."""
    count = sales.number.size
    is_whole = sales.later_refund == sales.paid
    return pa.Table.from_arrays(
        [
            order_ids(sales),
            constant(day.isoformat(), count),
            moments(_moments_of(business, day, sales) + 1),
            pick(UPDATED_STATUSES, is_whole.astype(np.int64)),
            pa.array(sales.later_refund),
        ],
        schema=table("lakehouse/order_updates").arrow_schema,
    )
