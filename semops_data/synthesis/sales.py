"""Orders and their items: a weekly pattern, customers who come back, discounts, refunds and cancellations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from semops_data.contracts import table
from semops_data.contracts.shop import CHANNELS, FINANCIAL_STATUSES
from semops_data.synthesis.catalogue import list_prices, product_ids
from semops_data.synthesis.chance import WEEK, generator, identifiers, midnight, moments, pick, seconds_of_day
from semops_data.synthesis.people import customer_ids, customer_range, signed_up_at

if TYPE_CHECKING:
    from datetime import date

    from semops_data.synthesis.chance import Ints
    from semops_data.synthesis.parameters import Business

FREE_SHIPPING_CENTS = 5_000
SHIPPING_CENTS = 490
TAX_PERCENT = 19
MAX_ITEMS = 8
STATUS_SHARES = (0.90, 0.04, 0.035, 0.025)
CHANNEL_SHARES = (0.40, 0.25, 0.20, 0.15)


@dataclass(frozen=True)
class Sales:
    """A day's orders in order of time, before they become tables.

    Attributes:
        customer: (orders,) customer numbers.
        second: (orders,) seconds since 1970.
        channel: (orders,) positions in `CHANNELS`.
        first_item: (orders,) position of each order's first item; the items of an order lie together.
        item_order: (items,) position of the order that an item belongs to.
        product: (items,) product numbers.
        quantity: (items,) units.
        price: (items,) list price of one unit, cents.
        discount: (items,) discount of the line, cents.
    """

    customer: Ints
    second: Ints
    channel: Ints
    first_item: Ints
    item_order: Ints
    product: Ints
    quantity: Ints
    price: Ints
    discount: Ints

    def per_order(self, values: Ints) -> Ints:
        """Sum of a value of the items, for each order."""
        sums: Ints = np.add.reduceat(values, self.first_item) if values.size else np.zeros(0, np.int64)
        return sums


def draw_sales(business: Business, day: date) -> Sales:
    """Draw the day's orders and items."""
    chance = generator(business, "orders", day)
    count = max(1, int(chance.poisson(business.orders_per_day * WEEK[day.weekday()])))
    first_new, after_new = customer_range(business, day)
    returning = (after_new * chance.random(count) ** 1.6).astype(np.int64)
    fresh = np.arange(first_new, after_new)[:count]
    customer = chance.permutation(np.concatenate([fresh, returning[: count - fresh.size]]))
    # Nobody orders before the sign-up.
    second = np.maximum(midnight(day) + seconds_of_day(chance, count), signed_up_at(business, customer) + 60)
    order = np.argsort(second, kind="stable")
    sizes = np.minimum(1 + chance.poisson(1.3, count), MAX_ITEMS)
    total = int(sizes.sum())
    product = (business.product_count * chance.random(total) ** 2).astype(np.int64)
    quantity = chance.choice(np.array([1, 2, 3, 4, 6, 12]), size=total, p=[0.72, 0.16, 0.06, 0.03, 0.02, 0.01])
    price = list_prices(business, day)[product]
    percent = np.where(chance.random(total) < 0.2, chance.choice(np.array([5, 10, 20, 30]), size=total), 0)
    return Sales(
        customer=customer[order],
        second=second[order],
        channel=chance.choice(len(CHANNELS), size=count, p=CHANNEL_SHARES),
        first_item=np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64),
        item_order=np.repeat(np.arange(count), sizes),
        product=product,
        quantity=quantity,
        price=price,
        discount=quantity * price * percent // 100,
    )


def order_ids(day: date, numbers: Ints) -> pa.Array:
    """Identifiers of the day's orders by position."""
    return identifiers(f"O{day:%Y%m%d}-", numbers, 7)


def orders(business: Business, day: date, sales: Sales) -> pa.Table:
    """Rows of `lakehouse/orders` in order of time."""
    chance = generator(business, "payments", day)
    count = sales.customer.size
    status = chance.choice(len(FINANCIAL_STATUSES), size=count, p=STATUS_SHARES)
    subtotal, discount = sales.per_order(sales.quantity * sales.price), sales.per_order(sales.discount)
    paid = subtotal - discount
    partly = np.maximum(1, paid * chance.integers(10, 60, size=count) // 100)
    refund = np.select([status == 0, status == 1], [np.zeros(count, np.int64), partly], paid)
    shipping = np.where(subtotal >= FREE_SHIPPING_CENTS, 0, SHIPPING_CENTS)
    tax = paid * TAX_PERCENT // 100
    return pa.Table.from_arrays(
        [
            order_ids(day, np.arange(count)),
            pa.repeat(day.isoformat(), count),
            customer_ids(sales.customer),
            moments(sales.second),
            pick(CHANNELS, sales.channel),
            pick(FINANCIAL_STATUSES, status),
            *(pa.array(cents) for cents in (subtotal, discount, refund, shipping, tax, paid + shipping + tax)),
        ],
        schema=table("lakehouse/orders").arrow_schema,
    )


def order_items(day: date, sales: Sales) -> pa.Table:
    """Rows of `lakehouse/order_items`, in the order of the orders."""
    count = sales.item_order.size
    return pa.Table.from_arrays(
        [
            identifiers(f"L{day:%Y%m%d}-", np.arange(count), 8),
            pa.repeat(day.isoformat(), count),
            order_ids(day, sales.item_order),
            product_ids(sales.product),
            *(pa.array(values) for values in (sales.quantity, sales.price, sales.discount)),
        ],
        schema=table("lakehouse/order_items").arrow_schema,
    )
