"""Orders and their items: when, by whom, what, how late they are booked, and whether goods come back.

The orders of a day are drawn in three lots, so that a later day can repeat only those that it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from semops_data.contracts.shop import CHANNELS, FINANCIAL_STATUSES, LATE_DAYS, LATER_DAYS
from semops_data.synthesis.catalogue import list_prices
from semops_data.synthesis.chance import choose, demand, generator, in_order, midnight, seconds_of_day
from semops_data.synthesis.people import customer_range, signed_up_at
from semops_data.synthesis.sold import Sales, joined, lines_of, per_order

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from semops_data.synthesis.chance import Ints
    from semops_data.synthesis.parameters import Business

BATCH = 64_000
"""Orders that are drawn together: the memory of a day of any size is that of a few batches."""
SIZE_SHARES = (0.2725, 0.3543, 0.2303, 0.0998, 0.0324, 0.0084, 0.0018, 0.0005)
"""Orders with one to eight items."""
QUANTITIES = (1, 2, 3, 4, 6, 12)
QUANTITY_SHARES = (0.72, 0.16, 0.06, 0.03, 0.02, 0.01)
DRIFTED_SHARES = (0.30, 0.20, 0.15, 0.15, 0.12, 0.08)
DISCOUNT_PERCENTS = (0, 5, 10, 20, 30)
DISCOUNT_SHARES = (0.80, 0.05, 0.05, 0.05, 0.05)
STATUS_SHARES = (0.90, 0.04, 0.035, 0.025)
CHANNEL_SHARES = (0.40, 0.25, 0.20, 0.15)
LATE_SHARE = 0.06
"""Share of the orders of marketplace and stores that are booked late; web and app know theirs at once."""
RETURN_SHARE = 0.06
"""Share of the paid orders, booked at once, whose goods come back."""
PAID, PARTLY_REFUNDED = FINANCIAL_STATUSES.index("paid"), FINANCIAL_STATUSES.index("partially_refunded")
CANCELLED = FINANCIAL_STATUSES.index("cancelled")
MARKETPLACE = CHANNELS.index("marketplace")


class Lot(IntEnum):
    """What becomes of an order: nothing more, its goods come back, or it is booked late."""

    KEPT = 0
    BACK = 1
    LATE = 2


LATE_PART = LATE_SHARE * sum(CHANNEL_SHARES[MARKETPLACE:])
BACK_PART = (1 - LATE_PART) * STATUS_SHARES[PAID] * RETURN_SHARE
LOT_SHARES = (1 - BACK_PART - LATE_PART, BACK_PART, LATE_PART)
LOT_SIZES = (1.0, 0.08, 0.032)
"""Orders of a batch by lot, as shares of `BATCH`: the small lots never need more batches than the large one."""
PROMPT_CHANNELS = (*CHANNEL_SHARES[:MARKETPLACE], *(share * (1 - LATE_SHARE) for share in CHANNEL_SHARES[MARKETPLACE:]))
LATE_CHANNELS = (*(0.0 for _ in CHANNEL_SHARES[:MARKETPLACE]), *CHANNEL_SHARES[MARKETPLACE:])
KEPT_STATUSES = (STATUS_SHARES[PAID] * (1 - RETURN_SHARE), *STATUS_SHARES[PAID + 1 :])


@lru_cache(maxsize=1_000)
def order_count(business: Business, day: date) -> int:
    """Number of orders that are placed on the day."""
    return max(1, int(generator(business, "volume", day).poisson(business.orders_per_day * demand(day))))


@lru_cache(maxsize=1_000)
def lot_counts(business: Business, day: date) -> tuple[int, ...]:
    """Orders that are placed on the day, by lot."""
    drawn = generator(business, "lots", day).multinomial(order_count(business, day), LOT_SHARES)
    return tuple(int(count) for count in drawn)


def _lot_size(lot: Lot) -> int:
    return int(BATCH * LOT_SIZES[lot]) + 1


def batch_count(business: Business, day: date) -> int:
    """Batches of the day's export: enough for the orders of the day and for the late ones of the days before."""
    days = [day, *days_before(business, day, LATER_DAYS)]
    return max(1, *(-(-lot_counts(business, each)[lot] // _lot_size(lot)) for each in days for lot in Lot))


def lot_batches(business: Business, day: date) -> Iterator[tuple[Lot, int]]:
    """Every batch of every lot of the orders that are placed on the day."""
    counts = lot_counts(business, day)
    for lot in Lot:
        for batch in range(-(-counts[lot] // _lot_size(lot))):
            yield lot, batch


def days_before(business: Business, day: date, count: int) -> Iterator[date]:
    """The last days of trade before the day, the nearest first."""
    for lag in range(1, min(count, business.days_open(day)) + 1):
        yield day - timedelta(days=lag)


@dataclass(frozen=True)
class Drawn:
    """What the orders of one batch of a lot hold, and their state, without who placed them and when.

    Attributes:
        first: number of the first order within its day.
        values: columns of `Sales`.
    """

    first: int
    values: dict[str, Ints]


def _draw_items(business: Business, day: date, lot: Lot, batch: int) -> Drawn:
    counts, size = lot_counts(business, day), _lot_size(lot)
    count = min(max(counts[lot] - batch * size, 0), size)
    chance = generator(business, f"items {lot.name}", day, batch)
    lines = lines_of(1 + choose(chance, SIZE_SHARES, count))
    total = lines["item_order"].size
    product = (business.product_count * chance.random(total) ** 2).astype(np.int64)
    shares = DRIFTED_SHARES if business.scenario.is_on("drift", business, day) else QUANTITY_SHARES
    quantity = choose(chance, shares, total, QUANTITIES)
    price = list_prices(business, day).take(product)
    gross = quantity * price
    discount = gross * choose(chance, DISCOUNT_SHARES, total, DISCOUNT_PERCENTS) // 100
    subtotal, reduction = (per_order(values, lines["first_item"]) for values in (gross, discount))
    paid = subtotal - reduction
    status = choose(chance, STATUS_SHARES if lot is Lot.LATE else KEPT_STATUSES, count)
    if lot is Lot.BACK:
        status = np.full(count, PAID)
    partly = np.maximum(1, paid * chance.integers(10, 60, size=count) // 100)
    refund = np.where(status == PAID, 0, np.where(status == PARTLY_REFUNDED, partly, paid))
    none = np.zeros(count, np.int64)
    values = {"status": status, "refund": refund, "subtotal": subtotal, "reduction": reduction, **lines,
              "product": product, "quantity": quantity, "price": price, "discount": discount,
              "late": chance.integers(1, LATE_DAYS + 1, size=count) if lot is Lot.LATE else none,
              "back": chance.integers(1, LATER_DAYS + 1, size=count) if lot is Lot.BACK else none}  # fmt: skip
    return Drawn(sum(counts[:lot]) + batch * size, values)


@lru_cache(maxsize=10)
def draw_lot(business: Business, day: date, lot: Lot, batch: int = 0) -> Sales:
    """Draw a batch of one lot of the orders that are placed on the day; empty where the lot has fewer batches."""
    drawn = _draw_items(business, day, lot, batch)
    count = drawn.values["status"].size
    chance = generator(business, f"orders {lot.name}", day, batch)
    first_new, after_new = customer_range(business, day)
    # Old customers order more often than new ones; a root is the same on every machine, a power may not be.
    ease = chance.random(count)
    customer = (after_new * ease * np.sqrt(ease)).astype(np.int64)
    if lot is Lot.KEPT:
        # Each sign-up places an order; the batches share them out.
        fresh = np.arange(first_new + batch * BATCH // 4, after_new)[: min(count, BATCH // 4)]
        customer[: fresh.size] = fresh
    second = midnight(day) + seconds_of_day(chance, count)
    # Nobody orders before the sign-up.
    new = np.flatnonzero(customer >= first_new)
    second[new] = np.maximum(second[new], signed_up_at(business, customer[new]) + 60)
    order = in_order(second - midnight(day))
    channel = choose(chance, LATE_CHANNELS if lot is Lot.LATE else PROMPT_CHANNELS, count)
    return Sales(
        placed=((day, count),),
        number=drawn.first + np.arange(count),
        customer=customer[order],
        second=second[order],
        channel=channel,
        **drawn.values,
    )


@lru_cache(maxsize=10_000)
def worth(business: Business, day: date, lot: Lot, batch: int) -> dict[int, tuple[int, ...]]:
    """What a batch of one lot is worth, by the days after the day of the orders on which it becomes known.

    Returns:
        For each lag in days: orders, list price, discounts and refunds of the orders booked then, and what is given
        back then for goods that came back; in cents but the first.
    """
    values = _draw_items(business, day, lot, batch).values
    line = values["first_item"]
    first = values["quantity"][line] * values["price"][line] - values["discount"][line]
    found = {}
    for lag in range(LATER_DAYS + 1):
        booked_then, back_then = values["late"] == lag, (values["back"] == lag) & (values["back"] > 0)
        sums = (values[name][booked_then].sum() for name in ("subtotal", "reduction", "refund"))
        found[lag] = tuple(int(value) for value in (booked_then.sum(), *sums, first[back_then].sum()))
    return found


def draw_sales(business: Business, day: date, batch: int = 0) -> Sales:
    """A batch of the orders that are placed on the day, whatever becomes of them."""
    return joined(draw_lot(business, day, lot, batch) for lot in Lot)


def prompt(business: Business, day: date, batch: int = 0) -> Sales:
    """A batch of the orders that are placed on the day and booked at once."""
    return joined(draw_lot(business, day, lot, batch) for lot in (Lot.KEPT, Lot.BACK))


def booked(business: Business, day: date, batch: int = 0) -> Sales:
    """The orders that one batch of the day's export holds: those of the day first, then the late ones."""
    late = []
    for placed in days_before(business, day, LATE_DAYS):
        sales = draw_lot(business, placed, Lot.LATE, batch)
        late.append(sales.only(sales.late == (day - placed).days))
    return joined([*(draw_lot(business, day, lot, batch) for lot in (Lot.KEPT, Lot.BACK)), *late])
