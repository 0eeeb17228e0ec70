"""What follows an order: payments with its booking, and later for some a return and a new state of the order."""

from __future__ import annotations

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
from semops_data.synthesis.chance import DAY_SECONDS, choose, generator, identifiers, lasting, midnight, moments, pick
from semops_data.synthesis.sales import (
    CANCELLED,
    FREE_SHIPPING_CENTS,
    SHIPPING_CENTS,
    TAX_PERCENT,
    days_before,
    draw_sales,
    item_ids,
    order_ids,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from semops_data.synthesis.chance import Ints
    from semops_data.synthesis.parameters import Business
    from semops_data.synthesis.sales import Sales

FAILED_SHARE = 0.05
"""Share of the orders whose first attempt to pay fails."""
CAPTURED, FAILED = range(len(PAYMENT_STATUSES))


def numbered(day: date, sales: Sales) -> Ints:
    """A number for each order that no order of any other day has."""
    return day.toordinal() * 100_000_000 + sales.number


def payments(business: Business, day: date, placed: date, sales: Sales) -> pa.Table:
    """Rows of `lakehouse/payments`: a failed attempt for some orders, a captured one for all but the cancelled."""
    number = numbered(placed, sales)
    shipping = np.where(sales.subtotal >= FREE_SHIPPING_CENTS, 0, SHIPPING_CENTS)
    total = sales.paid + shipping + sales.paid * TAX_PERCENT // 100
    fails = lasting(business, "payment_fails", number) < FAILED_SHARE
    attempts = np.stack([fails, sales.status != CANCELLED], axis=1)
    order, attempt = np.nonzero(attempts)
    method = (lasting(business, "method", number * 2)[order] * len(PAYMENT_METHODS)).astype(np.int64)
    wait = 5 + (lasting(business, "payment_wait", number)[order] * 55).astype(np.int64)
    # An attempt lies within its order's day, also where the order was placed a moment before midnight.
    moment = np.minimum(sales.second[order] + wait * (attempt + 1), midnight(placed) + DAY_SECONDS - 1)
    return pa.Table.from_arrays(
        [
            identifiers(f"Y{placed:%Y%m%d}-", sales.number[order] * 10 + attempt, 9),
            pa.repeat(day.isoformat(), order.size),
            order_ids(placed, sales.number).take(pa.array(order)),
            moments(moment),
            pick(PAYMENT_METHODS, method),
            pick(PAYMENT_STATUSES, np.where(attempt == 1, CAPTURED, FAILED)),
            pa.repeat(CURRENCIES[0], order.size),
            pa.array(total[order]),
        ],
        schema=table("lakehouse/payments").arrow_schema,
    )


def come_back(business: Business, day: date, batch: int = 0) -> Iterator[tuple[date, Sales]]:
    """The orders whose goods come back on the day, by the day on which they were placed."""
    for placed in days_before(business, day, LATER_DAYS):
        sales = draw_sales(business, placed, batch)
        yield placed, sales.only(sales.back == (day - placed).days)


def _moments_of(business: Business, day: date, placed: date, sales: Sales) -> Ints:
    draw = lasting(business, "returned_at", numbered(placed, sales))
    return midnight(day) + 28_800 + (draw * 36_000).astype(np.int64)


def returns(business: Business, day: date, placed: date, sales: Sales) -> pa.Table:
    """Rows of `lakehouse/returns`: the first line of each order."""
    line, count = sales.first_item, sales.number.size
    chance = generator(business, f"returns of {placed}", day, int(sales.number[0]) if count else 0)
    return pa.Table.from_arrays(
        [
            identifiers(f"R{placed:%Y%m%d}-", sales.number, 8),
            pa.repeat(day.isoformat(), count),
            order_ids(placed, sales.number),
            item_ids(placed, sales).take(pa.array(line)),
            product_ids(sales.product[line]),
            moments(_moments_of(business, day, placed, sales)),
            pick(RETURN_REASONS, choose(chance, (1, 1, 4, 2, 4), count)),
            pa.array(sales.quantity[line]),
            pa.array(sales.later_refund),
        ],
        schema=table("lakehouse/returns").arrow_schema,
    )


def order_updates(business: Business, day: date, placed: date, sales: Sales) -> pa.Table:
    """Rows of `lakehouse/order_updates`: the state of each order after its goods came back."""
    count = sales.number.size
    is_whole = sales.later_refund == sales.paid
    return pa.Table.from_arrays(
        [
            order_ids(placed, sales.number),
            pa.repeat(day.isoformat(), count),
            moments(_moments_of(business, day, placed, sales) + 1),
            pick(UPDATED_STATUSES, is_whole.astype(np.int64)),
            pa.array(sales.later_refund),
        ],
        schema=table("lakehouse/order_updates").arrow_schema,
    )
