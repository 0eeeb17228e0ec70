"""Orders that were sold, as columns of numbers; and as the tables of orders and of their items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from semops_data.contracts.shop import CHANNELS, FINANCIAL_STATUSES
from semops_data.synthesis.catalogue import coded_product_ids
from semops_data.synthesis.chance import moments
from semops_data.synthesis.people import customer_ids
from semops_data.synthesis.strings import coded, coded_runs, fixed, numbered

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from semops_data.synthesis.chance import Ints
    from semops_data.synthesis.strings import Rows

ID_SIZE = len("O20260101-00000001")
FREE_SHIPPING_CENTS = 5_000
SHIPPING_CENTS = 490
TAX_PERCENT = 19


@dataclass(frozen=True)
class Sales:
    """Some orders, in runs of those that were placed on one day, before they become tables.

    Attributes:
        placed: the runs: the day, and how many orders were placed on it.
        number: (orders,) numbers of the orders within their day.
        customer: (orders,) customer numbers.
        second: (orders,) seconds since 1970.
        channel: (orders,) positions in `CHANNELS`.
        status: (orders,) positions in `FINANCIAL_STATUSES`, as the orders are booked.
        late: (orders,) days from placing to booking, 0-2.
        back: (orders,) days from booking until the first line's goods come back, 1-3; 0 where they do not.
        refund: (orders,) merchandise value given back by the booking, cents.
        subtotal: (orders,) merchandise at list price, cents.
        reduction: (orders,) discounts of the order's items, cents.
        first_item: (orders,) position of each order's first item; the items of an order lie together.
        item_order: (items,) position of the order that an item belongs to.
        product: (items,) product numbers.
        quantity: (items,) units.
        price: (items,) list price of one unit, cents.
        discount: (items,) discount of the line, cents.
    """

    placed: tuple[tuple[date, int], ...]
    number: Ints
    customer: Ints
    second: Ints
    channel: Ints
    status: Ints
    late: Ints
    back: Ints
    refund: Ints
    subtotal: Ints
    reduction: Ints
    first_item: Ints
    item_order: Ints
    product: Ints
    quantity: Ints
    price: Ints
    discount: Ints

    @property
    def paid(self) -> Ints:
        """(orders,) merchandise less discounts, cents."""
        return self.subtotal - self.reduction

    @property
    def shipping(self) -> Ints:
        """(orders,) what is charged for shipping, cents."""
        return SHIPPING_CENTS * (self.subtotal < FREE_SHIPPING_CENTS)

    @property
    def tax(self) -> Ints:
        """(orders,) sales tax, cents."""
        return self.paid * TAX_PERCENT // 100

    @property
    def later_refund(self) -> Ints:
        """(orders,) what is given back for the first line where its goods come back, cents."""
        line = self.first_item
        value = self.quantity[line] * self.price[line] - self.discount[line]
        return np.where(self.back > 0, value, 0)

    def items_placed(self) -> tuple[tuple[date, int], ...]:
        """The runs by items instead of orders."""
        ends = np.append(self.first_item, self.item_order.size)[np.cumsum([count for _, count in self.placed])]
        return tuple(zip((day for day, _ in self.placed), np.diff(ends, prepend=0).tolist(), strict=True))

    def only(self, is_wanted: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Sales:
        """Some of the orders with their items."""
        of_items = is_wanted[self.item_order]
        values = {name: getattr(self, name)[is_wanted] for name in ORDER_FIELDS}
        values |= {name: getattr(self, name)[of_items] for name in ITEM_FIELDS}
        sizes = np.diff(self.first_item, append=self.item_order.size)[is_wanted]
        counts = [part.sum() for part in np.split(is_wanted, np.cumsum([count for _, count in self.placed])[:-1])]
        runs = tuple((day, int(count)) for (day, _), count in zip(self.placed, counts, strict=True))
        return Sales(placed=runs, **lines_of(sizes), **values)


ORDER_FIELDS = ("number", "customer", "second", "channel", "status", "late", "back", "refund", "subtotal", "reduction")
ITEM_FIELDS = ("product", "quantity", "price", "discount")


def lines_of(sizes: Ints) -> dict[str, Ints]:
    """Where the items of orders of such sizes, each at least 1, lie."""
    ends = np.cumsum(sizes)
    first = ends - sizes
    # Counting the first items up is faster than repeating numbers; each order has an item, so none is skipped.
    is_next = np.zeros(ends[-1] if sizes.size else 0, np.int8)
    is_next[first[1:]] = 1
    return {"first_item": first, "item_order": np.cumsum(is_next, dtype=np.int64)}


def per_order(values: Ints, first_item: Ints) -> Ints:
    """Sum of a value of the items, for each order."""
    ends = np.concatenate([first_item[1:], [values.size]]) if first_item.size else first_item
    # Differences of running sums are faster than sums of pieces.
    return np.diff(np.cumsum(values, dtype=np.int64).take(ends - 1), prepend=0)


def joined(parts: Iterable[Sales]) -> Sales:
    """The orders of all parts, one part after the other."""
    found = list(parts)
    values = {name: np.concatenate([getattr(part, name) for part in found]) for name in (*ORDER_FIELDS, *ITEM_FIELDS)}
    for name, of in (("first_item", "item_order"), ("item_order", "number")):
        before = np.cumsum([0, *(getattr(part, of).size for part in found)]).tolist()
        values[name] = np.concatenate(
            [getattr(part, name) + add for part, add in zip(found, before, strict=False)], dtype=np.int64
        )
    return Sales(placed=tuple(run for part in found for run in part.placed), **values)


def _order_rows(sales: Sales) -> Rows:
    """(orders,) The bytes of the orders' identifiers."""
    return numbered([(f"O{day:%Y%m%d}-", count) for day, count in sales.placed], sales.number, 8).view(f"V{ID_SIZE}")


def order_ids(sales: Sales) -> pa.Array:
    """Identifiers of the orders: the day on which they were placed, and the number."""
    return fixed(_order_rows(sales))


def orders(day: date, sales: Sales) -> pa.Table:
    """Orders that are booked on `day`, each run in order of time.

    Returns:
        Rows of `lakehouse/orders`; texts that repeat are coded, see `business.decoded`.
    """
    count, tax, shipping = sales.number.size, sales.tax, sales.shipping
    total = sales.paid + shipping + tax
    columns = {
        "order_id": order_ids(sales),
        "day": coded_runs([(day.isoformat(), count)]),
        "order_day": coded_runs([(placed.isoformat(), size) for placed, size in sales.placed]),
        "customer_id": customer_ids(sales.customer),
        "created_at": moments(sales.second),
        "channel": coded(CHANNELS, sales.channel),
        "financial_status": coded(FINANCIAL_STATUSES, sales.status),
        "subtotal_cents": sales.subtotal,
        "discount_cents": sales.reduction,
        "refund_cents": sales.refund,
        "shipping_cents": shipping,
        "tax_cents": tax,
        "total_cents": total,
    }
    return pa.table(columns)


def item_ids(sales: Sales) -> pa.Array:
    """Identifiers of the items: the order's day and number, and the line."""
    return _item_ids(sales, _order_rows(sales).take(sales.item_order))


def _item_ids(sales: Sales, order_rows: Rows) -> pa.Array:
    """The same from the bytes of the identifier of each item's order, which differ in the letter and lack the line."""
    rest = f"V{ID_SIZE - 1}"
    rows = np.empty(sales.item_order.size, [("letter", "S1"), ("order", rest), ("line", "u1")])
    rows["letter"] = b"L"
    rows["order"] = order_rows.view([("letter", "S1"), ("order", rest)])["order"]
    rows["line"] = ord("0") + np.arange(rows.size) - sales.first_item.take(sales.item_order)
    return fixed(rows)


def order_items(day: date, sales: Sales) -> pa.Table:
    """The items of orders that are booked on `day`, in the order of the orders.

    Returns:
        Rows of `lakehouse/order_items`; texts that repeat are coded, see `business.decoded`.
    """
    order_rows = _order_rows(sales).take(sales.item_order)
    columns = {
        "order_item_id": _item_ids(sales, order_rows),
        "day": coded_runs([(day.isoformat(), sales.item_order.size)]),
        "order_id": fixed(order_rows),
        "product_id": coded_product_ids(sales.product),
        "quantity": sales.quantity,
        "unit_price_cents": sales.price,
        "discount_cents": sales.discount,
    }
    return pa.table(columns)
