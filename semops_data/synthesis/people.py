"""Customers: their names never change; now and then one moves, or changes the mind about messages."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts import table
from semops_data.contracts.shop import COUNTRIES
from semops_data.synthesis.chance import DAY_SECONDS, lasting, midnight, moments
from semops_data.synthesis.strings import identifiers, pick

if TYPE_CHECKING:
    from datetime import date

    from semops_data.synthesis.chance import Ints
    from semops_data.synthesis.parameters import Business

POOL = 300
MOVE_DAYS = 400
MIND_DAYS = 250
VERSIONS = 65_536
"""More versions of an attribute than the calendar has."""
BLOCK = 100_000
"""Customers that are looked at together."""


@lru_cache(maxsize=4)
def pools(seed: int) -> dict[str, tuple[str, ...]]:
    """Names and cities to draw from, filled by Faker once per seed."""
    from faker import Faker

    fake = Faker("en_GB")
    fake.seed_instance(seed)
    makers = {"first_name": fake.first_name, "last_name": fake.last_name, "city": fake.city, "vendor": fake.company}
    return {name: tuple(make() for _ in range(POOL)) for name, make in makers.items()}


@lru_cache(maxsize=8)
def _plain(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names as an address may hold them."""
    return tuple(re.sub(r"[^a-z0-9.]", "", name.lower()) for name in names)


def customer_ids(index: Ints) -> pa.Array:
    """Identifiers of customers by number."""
    return identifiers("C", index, 9)


def signed_up_at(business: Business, index: Ints) -> Ints:
    """Seconds since 1970 of each customer's sign-up."""
    draw = lasting(business, "signed_up_at", index)
    opening = midnight(business.start_date) - 1 - (draw * 365 * DAY_SECONDS).astype(np.int64)
    days = (index - business.opening_customers) // business.sign_ups_per_day
    later = midnight(business.start_date) + days * DAY_SECONDS + (draw * (DAY_SECONDS - 600)).astype(np.int64)
    return np.where(index < business.opening_customers, opening, later)


def customer_range(business: Business, day: date) -> tuple[int, int]:
    """Number of the day's first new customer, and the number after its last: all below are known already."""
    first = business.opening_customers + business.days_open(day) * business.sign_ups_per_day
    return first, first + business.sign_ups_per_day


def _version(business: Business, purpose: str, period_days: int, index: Ints, day: date) -> tuple[Ints, Ints]:
    """A number that changes once in a period, on a day and second of the customer's own, and when it last did.

    Returns:
        (n,) numbers, and (n,) seconds since 1970 of the last change up to the end of the day.
    """
    period = period_days * DAY_SECONDS
    offset = (lasting(business, f"{purpose}_changes", index) * period).astype(np.int64)
    now = midnight(day) + DAY_SECONDS - 1 + offset
    return now // period, (now // period) * period - offset


def changed_at(business: Business, index: Ints, day: date) -> Ints:
    """Seconds since 1970 of the last change of each account up to the end of the day, the sign-up included."""
    moved = _version(business, "city", MOVE_DAYS, index, day)[1]
    minded = _version(business, "marketing", MIND_DAYS, index, day)[1]
    latest: Ints = np.maximum(signed_up_at(business, index), np.maximum(moved, minded))
    return latest


def changed_on(business: Business, day: date) -> Ints:
    """Numbers of the customers whose account changed on the day, new ones included."""
    _, known = customer_range(business, day)
    blocks = (np.arange(first, min(first + BLOCK, known)) for first in range(0, known, BLOCK))
    return np.concatenate([block[changed_at(business, block, day) >= midnight(day)] for block in blocks])


def customers(business: Business, index: Ints, day: date) -> pa.Table:
    """Customers by number, as they are when the day ends.

    Args:
        business: the parameters.
        index: (n,) numbers of customers.
        day: the day.

    Returns:
        Rows of `lakehouse/customers`, in the order given.
    """
    pool = pools(business.seed)

    def draw(name: str, size: int, version: Ints | int = 0) -> Ints:
        return (lasting(business, name, index * VERSIONS + version) * size).astype(np.int64)

    home, _ = _version(business, "city", MOVE_DAYS, index, day)
    mind, _ = _version(business, "marketing", MIND_DAYS, index, day)
    ids = customer_ids(index)
    names = {name: draw(name, POOL) for name in ("first_name", "last_name")}
    first, last = (pick(pool[name], codes) for name, codes in names.items())
    words = [pick(_plain(pool[name]), codes) for name, codes in names.items()]
    local = identifiers("c", index, 9)
    has_city = pa.array(lasting(business, "has_city", index) < 0.97)
    return pa.Table.from_arrays(
        [
            ids,
            pc.binary_join_element_wise(*words, pc.binary_join_element_wise(local, "example.com", "@"), "."),
            first,
            last,
            pc.if_else(has_city, pick(pool["city"], draw("city", POOL, home)), pa.scalar(None, pa.string())),
            pick(COUNTRIES, draw("country", len(COUNTRIES))),
            pa.array(draw("is_marketing_accepted", 10, mind) < 6),
            moments(signed_up_at(business, index)),
            moments(changed_at(business, index, day)),
        ],
        schema=table("lakehouse/customers").arrow_schema,
    )
