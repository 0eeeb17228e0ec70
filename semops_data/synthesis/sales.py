"""Orders and their items: when, by whom, what, how late they are booked, and whether goods come back."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from semops_data.contracts import table
from semops_data.contracts.shop import CHANNELS, FINANCIAL_STATUSES, LATE_DAYS, LATER_DAYS
from semops_data.synthesis.catalogue import list_prices, product_ids
from semops_data.synthesis.chance import (
    choose,
    demand,
    generator,
    identifiers,
    midnight,
    moments,
    pick,
    seconds_of_day,
)
from semops_data.synthesis.people import customer_ids, customer_range, signed_up_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from semops_data.synthesis.chance import Ints
    from semops_data.synthesis.parameters import Business

BATCH = 20_000
"""Orders that are drawn together: the memory of a day of any size is that of a few batches."""
FREE_SHIPPING_CENTS = 5_000
SHIPPING_CENTS = 490
TAX_PERCENT = 19
MAX_ITEMS = 8
QUANTITIES = (1, 2, 3, 4, 6, 12)
QUANTITY_SHARES = (0.72, 0.16, 0.06, 0.03, 0.02, 0.01)
DRIFTED_SHARES = (0.30, 0.20, 0.15, 0.15, 0.12, 0.08)
STATUS_SHARES = (0.90, 0.04, 0.035, 0.025)
CHANNEL_SHARES = (0.40, 0.25, 0.20, 0.15)
LATE_SHARE = 0.06
"""Share of the orders of marketplace and stores that are booked late; web and app know theirs at once."""
RETURN_SHARE = 0.06
PAID, PARTLY_REFUNDED = FINANCIAL_STATUSES.index("paid"), FINANCIAL_STATUSES.index("partially_refunded")
CANCELLED = FINANCIAL_STATUSES.index("cancelled")


@dataclass(frozen=True)
class Sales:
    """A batch of the orders that were placed on one day, in order of time, before they become tables.

    Attributes:
        number: (orders,) numbers of the orders within their day.
        customer: (orders,) customer numbers.
        second: (orders,) seconds since 1970.
        channel: (orders,) positions in `CHANNELS`.
        status: (orders,) positions in `FINANCIAL_STATUSES`, as the orders are booked.
        late: (orders,) days from placing to booking, 0-2.
        back: (orders,) days from booking until the first line's goods come back, 1-3; 0 where they do not.
        refund: (orders,) merchandise value given back by the booking, cents.
        first_item: (orders,) position of each order's first item; the items of an order lie together.
        item_order: (items,) position of the order that an item belongs to.
        product: (items,) product numbers.
        quantity: (items,) units.
        price: (items,) list price of one unit, cents.
        discount: (items,) discount of the line, cents.
    """

    number: Ints
    customer: Ints
    second: Ints
    channel: Ints
    status: Ints
    late: Ints
    back: Ints
    refund: Ints
    first_item: Ints
    item_order: Ints
    product: Ints
    quantity: Ints
    price: Ints
    discount: Ints

    def per_order(self, values: Ints) -> Ints:
        """Sum of a value of the items, for each order."""
        sums: Ints = np.add.reduceat(values, self.first_item) if self.first_item.size else np.zeros(0, np.int64)
        return sums

    @property
    def subtotal(self) -> Ints:
        """(orders,) merchandise at list price, cents."""
        return self.per_order(self.quantity * self.price)

    @property
    def paid(self) -> Ints:
        """(orders,) merchandise less discounts, cents."""
        return self.per_order(self.quantity * self.price - self.discount)

    @property
    def later_refund(self) -> Ints:
        """(orders,) what is given back for the first line where its goods come back, cents."""
        line = self.first_item
        value = self.quantity[line] * self.price[line] - self.discount[line]
        return np.where(self.back > 0, value, 0)

    def only(self, is_wanted: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Sales:
        """Some of the orders with their items."""
        if is_wanted.all():
            return self
        of_items = is_wanted[self.item_order]
        position = np.cumsum(is_wanted) - 1
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, column in values.items():
            values[name] = column[of_items if column.size == of_items.size and name in ITEM_FIELDS else is_wanted]
        values["item_order"] = position[values["item_order"]]
        values["first_item"] = np.flatnonzero(np.diff(values["item_order"], prepend=-1))
        return Sales(**values)


ITEM_FIELDS = ("item_order", "product", "quantity", "price", "discount")


def order_count(business: Business, day: date) -> int:
    """Number of orders that are placed on the day."""
    return max(1, int(generator(business, "volume", day).poisson(business.orders_per_day * demand(day))))


def batch_count(business: Business, day: date) -> int:
    """Batches of the day's export: enough for the orders of the day and for the late ones of the days before."""
    days = [day, *days_before(business, day, LATER_DAYS)]
    return max(-(-order_count(business, each) // BATCH) for each in days)


def days_before(business: Business, day: date, count: int) -> Iterator[date]:
    """The last days of trade before the day, the nearest first."""
    from datetime import timedelta

    for lag in range(1, min(count, business.days_open(day)) + 1):
        yield day - timedelta(days=lag)


@lru_cache(maxsize=6)
def draw_sales(business: Business, day: date, batch: int = 0) -> Sales:
    """Draw a batch of the orders that are placed on the day; empty where the day has fewer batches."""
    chance = generator(business, "orders", day, batch)
    all_orders = order_count(business, day)
    count = min(max(all_orders - batch * BATCH, 0), BATCH)
    first_new, after_new = customer_range(business, day)
    returning = (after_new * chance.random(count) ** 1.6).astype(np.int64)
    # Each sign-up places an order; the batches share them out.
    fresh = np.arange(first_new + batch * BATCH // 4, after_new)[: min(count, BATCH // 4)]
    customer = chance.permutation(np.concatenate([fresh, returning[: count - fresh.size]]))
    # Nobody orders before the sign-up.
    second = np.maximum(midnight(day) + seconds_of_day(chance, count), signed_up_at(business, customer) + 60)
    order = np.argsort(second, kind="stable")
    channel = choose(chance, CHANNEL_SHARES, count)
    sizes = np.minimum(1 + chance.poisson(1.3, count), MAX_ITEMS)
    total = int(sizes.sum())
    product = (business.product_count * chance.random(total) ** 2).astype(np.int64)
    shares = DRIFTED_SHARES if business.scenario.is_on("drift", business, day) else QUANTITY_SHARES
    quantity = np.array(QUANTITIES)[choose(chance, shares, total)]
    price = list_prices(business, day)[product]
    percent = np.where(chance.random(total) < 0.2, np.array([5, 10, 20, 30])[chance.integers(0, 4, total)], 0)
    item_order, first_item = np.repeat(np.arange(count), sizes), (np.cumsum(sizes) - sizes).astype(np.int64)
    discount = quantity * price * percent // 100
    paid = np.add.reduceat(quantity * price - discount, first_item) if count else np.zeros(0, np.int64)
    status = choose(chance, STATUS_SHARES, count)
    partly = np.maximum(1, paid * chance.integers(10, 60, size=count) // 100)
    is_late = (channel >= CHANNELS.index("marketplace")) & (chance.random(count) < LATE_SHARE)
    late = np.where(is_late, chance.integers(1, LATE_DAYS + 1, size=count), 0)
    is_back = (status == PAID) & ~is_late & (chance.random(count) < RETURN_SHARE)
    return Sales(
        number=batch * BATCH + np.arange(count),
        customer=customer[order],
        second=second[order],
        channel=channel,
        status=status,
        late=late,
        back=np.where(is_back, chance.integers(1, LATER_DAYS + 1, size=count), 0),
        refund=np.select([status == PAID, status == PARTLY_REFUNDED], [np.zeros(count, np.int64), partly], paid),
        first_item=first_item,
        item_order=item_order,
        product=product,
        quantity=quantity,
        price=price,
        discount=discount,
    )


def booked(business: Business, day: date, batch: int = 0) -> Iterator[tuple[date, Sales]]:
    """The orders that one batch of the day's export holds, by the day on which they were placed; the day first."""
    own = draw_sales(business, day, batch)
    yield day, own.only(own.late == 0)
    for placed in days_before(business, day, LATE_DAYS):
        sales = draw_sales(business, placed, batch)
        yield placed, sales.only(sales.late == (day - placed).days)


def order_ids(day: date, numbers: Ints) -> pa.Array:
    """Identifiers of the orders that were placed on the day, by number."""
    return identifiers(f"O{day:%Y%m%d}-", numbers, 8)


def orders(day: date, placed: date, sales: Sales) -> pa.Table:
    """Rows of `lakehouse/orders` in order of time, for orders of one day that are booked on `day`."""
    count = sales.number.size
    shipping = np.where(sales.subtotal >= FREE_SHIPPING_CENTS, 0, SHIPPING_CENTS)
    tax = sales.paid * TAX_PERCENT // 100
    discount = sales.per_order(sales.discount)
    total = sales.paid + shipping + tax
    return pa.Table.from_arrays(
        [
            order_ids(placed, sales.number),
            pa.repeat(day.isoformat(), count),
            pa.repeat(placed.isoformat(), count),
            customer_ids(sales.customer),
            moments(sales.second),
            pick(CHANNELS, sales.channel),
            pick(FINANCIAL_STATUSES, sales.status),
            *(pa.array(cents) for cents in (sales.subtotal, discount, sales.refund, shipping, tax, total)),
        ],
        schema=table("lakehouse/orders").arrow_schema,
    )


def item_ids(placed: date, sales: Sales) -> pa.Array:
    """Identifiers of the items: the order's number and the line."""
    line = np.arange(sales.item_order.size) - sales.first_item[sales.item_order]
    return identifiers(f"L{placed:%Y%m%d}-", sales.number[sales.item_order] * 10 + line, 9)


def order_items(day: date, placed: date, sales: Sales) -> pa.Table:
    """Rows of `lakehouse/order_items`, in the order of the orders."""
    count = sales.item_order.size
    ids = order_ids(placed, sales.number)
    return pa.Table.from_arrays(
        [
            item_ids(placed, sales),
            pa.repeat(day.isoformat(), count),
            ids.take(pa.array(sales.item_order)),
            product_ids(sales.product),
            *(pa.array(values) for values in (sales.quantity, sales.price, sales.discount)),
        ],
        schema=table("lakehouse/order_items").arrow_schema,
    )
