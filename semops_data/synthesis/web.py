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
from semops_data.synthesis.chance import DAY_SECONDS, choose, generator, in_order, midnight, moments, seconds_of_day
from semops_data.synthesis.people import customer_ids, customer_range
from semops_data.synthesis.sales import BATCH
from semops_data.synthesis.sold import per_order
from semops_data.synthesis.strings import constant, identifiers, pick, sparse

if TYPE_CHECKING:
    from datetime import date

    from semops_data.synthesis.chance import Ints
    from semops_data.synthesis.parameters import Business
    from semops_data.synthesis.sold import Sales

BROWSING_PER_ORDER = 3.2
"""Sessions without a purchase, for each order in any channel."""
PAGES = ("/", "/sale", "/new", "/c/apparel", "/c/home", "/c/electronics", "/blog")
VIEW, CART, CHECKOUT, PURCHASE = range(len(FUNNEL_STEPS))
CAMPAIGN_SHARE = 0.6
"""Share of the visits through a channel with a campaign that the campaign brought."""
MORE_VIEWS = (0.741, 0.222, 0.033, 0.004)
"""Views beyond the first of a session without a purchase: none, one, ..."""
BUYERS_VIEWS = (0.368, 0.368, 0.184, 0.061, 0.015, 0.004)
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
    views = (chance.random(browsing) < 0.9) + choose(chance, MORE_VIEWS, browsing)
    idle = np.stack([np.maximum(views, cart), cart, checkout, np.zeros(browsing, np.int64)], axis=1)
    buying = np.ones((bought.size, len(FUNNEL_STEPS)), np.int64)
    buying[:, VIEW] += choose(chance, BUYERS_VIEWS, bought.size)
    steps = np.concatenate([buying, idle])
    gap = chance.integers(5, 90, size=len(steps))
    length = gap * np.maximum(steps.sum(axis=1) - 1, 0)
    latest = midnight(day) + DAY_SECONDS - 1
    start = np.concatenate([sales.second[bought], midnight(day) + seconds_of_day(chance, browsing)])
    start[: bought.size] -= length[: bought.size]
    # A session lies within its day, also where it begins just after midnight or would end after the next.
    start = np.clip(start, midnight(day), np.maximum(midnight(day), latest - length))
    order = in_order(start - midnight(day))
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
    return _session_ids(day, visits, np.arange(visits.start.size))


def _session_ids(day: date, visits: Visits, positions: Ints) -> pa.Array:
    return identifiers(f"S{day:%Y%m%d}-", visits.batch * NUMBERS + positions, 9)


def sessions(business: Business, day: date, visits: Visits) -> pa.Table:
    """Rows of `lakehouse/sessions` in order of time."""
    chance = generator(business, "visitors", day, visits.batch)
    count = visits.start.size
    source = chance.integers(0, len(TRAFFIC_SOURCES), size=count)
    campaign = running(business, day)[source]
    is_brought = (campaign >= 0) & (chance.random(count) < CAMPAIGN_SHARE)
    is_customer = visits.customer != NOBODY
    return pa.Table.from_arrays(
        [
            session_ids(day, visits),
            constant(day.isoformat(), count),
            sparse(customer_ids(visits.customer[is_customer]), is_customer),
            moments(visits.start),
            pick(DEVICES, choose(chance, (0.38, 0.55, 0.07), count)),
            pick(TRAFFIC_SOURCES, source),
            sparse(campaign_ids(campaign[is_brought]), is_brought),
            pick(PAGES, chance.integers(0, len(PAGES), size=count)),
        ],
        schema=table("lakehouse/sessions").arrow_schema,
    )


def events(business: Business, day: date, sales: Sales, visits: Visits) -> pa.Table:
    """Rows of `lakehouse/events`, the events of a session in the order in which they happened."""
    chance = generator(business, "events", day, visits.batch)
    sizes = visits.steps.sum(axis=1)
    step = np.repeat(np.tile(np.arange(len(FUNNEL_STEPS)), len(visits.steps)), visits.steps.ravel())
    session = np.repeat(np.arange(len(visits.steps)), sizes)
    nth = np.arange(step.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    is_purchase, has_product, in_cart = step == PURCHASE, step <= CART, step == CART
    # One purchase for each session that has an order, in the order of the sessions.
    placed = visits.order[visits.order != NOBODY]
    product = (business.product_count * chance.random(step.size) ** 2).astype(np.int64)
    product[in_cart & (visits.order != NOBODY)[session]] = sales.product[sales.first_item[placed]]
    quantity, value = np.ones(step.size, np.int64), list_prices(business, day)[product]
    quantity[is_purchase] = per_order(sales.quantity, sales.first_item)[placed]
    value[is_purchase] = sales.subtotal[placed]
    return pa.Table.from_arrays(
        [
            identifiers(f"E{day:%Y%m%d}-", visits.batch * NUMBERS + np.arange(step.size), 9),
            constant(day.isoformat(), step.size),
            _session_ids(day, visits, session),
            moments(visits.start[session] + visits.gap[session] * nth),
            pick(FUNNEL_STEPS, step),
            sparse(product_ids(product[has_product]), has_product),
            pa.array(quantity, mask=~(is_purchase | in_cart)),
            pa.array(value, mask=~(is_purchase | has_product)),
            sparse(identifiers(f"O{day:%Y%m%d}-", sales.number[placed], 8), is_purchase),
        ],
        schema=table("lakehouse/events").arrow_schema,
    )
