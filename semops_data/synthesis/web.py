"""Sessions and events of the web shop: a funnel from the view to the purchase, which is an order of the web channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from semops_data.contracts import table
from semops_data.contracts.shop import CHANNELS, DEVICES, FUNNEL_STEPS, TRAFFIC_SOURCES
from semops_data.synthesis.campaigns import campaign_ids, running
from semops_data.synthesis.catalogue import list_prices, product_ids
from semops_data.synthesis.chance import (
    DAY_SECONDS,
    choose,
    generator,
    identifiers,
    midnight,
    moments,
    pick,
    seconds_of_day,
)
from semops_data.synthesis.people import customer_ids, customer_range
from semops_data.synthesis.sales import BATCH, order_ids

if TYPE_CHECKING:
    from datetime import date

    from semops_data.synthesis.chance import Ints
    from semops_data.synthesis.parameters import Business
    from semops_data.synthesis.sales import Sales

BROWSING_PER_ORDER = 3.2
"""Sessions without a purchase, for each order in any channel."""
PAGES = ("/", "/sale", "/new", "/c/apparel", "/c/home", "/c/electronics", "/blog")
VIEW, CART, CHECKOUT, PURCHASE = range(len(FUNNEL_STEPS))
CAMPAIGN_SHARE = 0.6
"""Share of the visits through a channel with a campaign that the campaign brought."""
NOBODY = -1
NUMBERS = 20 * BATCH
"""More sessions, and more events, than a batch has: the next batch's numbers begin there."""


@dataclass(frozen=True)
class Visits:
    """A batch of a day's sessions in order of time, before they become tables.

    Attributes:
        batch: number of the batch.
        start: (sessions,) seconds since 1970 of the first event.
        gap: (sessions,) seconds between two events of a session.
        customer: (sessions,) customer numbers, -1 for anonymous visitors.
        order: (sessions,) position of the order that was placed, -1 where none was.
        steps: (sessions, 4) events of each funnel step.
    """

    batch: int
    start: Ints
    gap: Ints
    customer: Ints
    order: Ints
    steps: np.ndarray[tuple[int, int], np.dtype[np.int64]]


def draw_visits(business: Business, day: date, sales: Sales, batch: int = 0) -> Visits:
    """Draw sessions: one for each order of the web channel, and those that end without one."""
    chance = generator(business, "sessions", day, batch)
    bought = np.flatnonzero(sales.channel == CHANNELS.index("web"))
    browsing = int(chance.poisson(sales.number.size * BROWSING_PER_ORDER))
    known, _ = customer_range(business, day)
    visitor = np.where(chance.random(browsing) < 0.3, (known * chance.random(browsing)).astype(np.int64), NOBODY)
    cart = chance.random(browsing) < 0.12
    checkout = cart & (chance.random(browsing) < 0.4)
    idle = np.stack([(chance.random(browsing) < 0.9) + chance.poisson(0.3, browsing), cart, checkout, 0 * cart], axis=1)
    idle[:, VIEW] = np.where(cart, np.maximum(idle[:, VIEW], 1), idle[:, VIEW])
    buying = np.ones((bought.size, len(FUNNEL_STEPS)), np.int64)
    buying[:, VIEW] += chance.poisson(1.0, bought.size)
    steps = np.concatenate([buying, idle.astype(np.int64)])
    gap = chance.integers(5, 90, size=len(steps))
    length = gap * np.maximum(steps.sum(axis=1) - 1, 0)
    latest = midnight(day) + DAY_SECONDS - 1
    start = np.concatenate([sales.second[bought], midnight(day) + seconds_of_day(chance, browsing)])
    start[: bought.size] -= length[: bought.size]
    # A session lies within its day, also where it begins just after midnight or would end after the next.
    start = np.clip(start, midnight(day), np.maximum(midnight(day), latest - length))
    order = np.argsort(start, kind="stable")
    return Visits(
        batch=batch,
        start=start[order],
        gap=gap[order],
        customer=np.concatenate([sales.customer[bought], visitor])[order],
        order=np.concatenate([bought, np.full(browsing, NOBODY)])[order],
        steps=steps[order],
    )


def session_ids(day: date, visits: Visits) -> pa.Array:
    """Identifiers of the batch's sessions by position."""
    return identifiers(f"S{day:%Y%m%d}-", visits.batch * NUMBERS + np.arange(visits.start.size), 9)


def _or_null(values: pa.Array, is_known: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> pa.Array:
    import pyarrow.compute as pc

    return pc.if_else(pa.array(is_known), values, pa.scalar(None, values.type))


def sessions(business: Business, day: date, visits: Visits) -> pa.Table:
    """Rows of `lakehouse/sessions` in order of time."""
    chance = generator(business, "visitors", day, visits.batch)
    count = visits.start.size
    source = chance.integers(0, len(TRAFFIC_SOURCES), size=count)
    campaign = running(business, day)[source]
    is_brought = (campaign >= 0) & (chance.random(count) < CAMPAIGN_SHARE)
    return pa.Table.from_arrays(
        [
            session_ids(day, visits),
            pa.repeat(day.isoformat(), count),
            _or_null(customer_ids(np.maximum(visits.customer, 0)), visits.customer != NOBODY),
            moments(visits.start),
            pick(DEVICES, choose(chance, (0.38, 0.55, 0.07), count)),
            pick(TRAFFIC_SOURCES, source),
            _or_null(campaign_ids(np.maximum(campaign, 0)), is_brought),
            pick(PAGES, chance.integers(0, len(PAGES), size=count)),
        ],
        schema=table("lakehouse/sessions").arrow_schema,
    )


def events(business: Business, day: date, sales: Sales, visits: Visits) -> pa.Table:
    """Rows of `lakehouse/events`, the events of a session in the order in which they happened."""
    chance = generator(business, "events", day, visits.batch)
    counts = visits.steps.ravel()
    step = np.repeat(np.tile(np.arange(len(FUNNEL_STEPS)), len(visits.steps)), counts)
    session = np.repeat(np.arange(len(visits.steps)), visits.steps.sum(axis=1))
    first = np.concatenate([[0], np.cumsum(visits.steps.sum(axis=1))[:-1]])
    order = visits.order[session]
    looked_at = (business.product_count * chance.random(step.size) ** 2).astype(np.int64)
    bought = sales.product[sales.first_item[np.maximum(order, 0)]]
    product = np.where((step == CART) & (order != NOBODY), bought, looked_at)
    price = list_prices(business, day)[product]
    units, subtotal = sales.per_order(sales.quantity), sales.subtotal
    is_purchase, has_product = step == PURCHASE, step <= CART
    quantity = np.where(is_purchase, units[np.maximum(order, 0)], 1)
    value = np.where(is_purchase, subtotal[np.maximum(order, 0)], price)
    return pa.Table.from_arrays(
        [
            identifiers(f"E{day:%Y%m%d}-", visits.batch * NUMBERS + np.arange(step.size), 9),
            pa.repeat(day.isoformat(), step.size),
            session_ids(day, visits).take(pa.array(session)),
            moments(visits.start[session] + visits.gap[session] * (np.arange(step.size) - first[session])),
            pick(FUNNEL_STEPS, step),
            _or_null(product_ids(product), has_product),
            _or_null(pa.array(quantity), is_purchase | (step == CART)),
            _or_null(pa.array(value), is_purchase | has_product),
            _or_null(order_ids(day, sales.number).take(pa.array(np.maximum(order, 0))), is_purchase),
        ],
        schema=table("lakehouse/events").arrow_schema,
    )
