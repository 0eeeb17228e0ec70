"""Customers: who they are never changes; on which day they were last seen does."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts import table
from semops_data.contracts.shop import COUNTRIES
from semops_data.synthesis.chance import DAY_SECONDS, identifiers, lasting, midnight, moments, pick

if TYPE_CHECKING:
    from datetime import date

    from semops_data.synthesis.chance import Ints
    from semops_data.synthesis.parameters import Business

POOL = 300


@lru_cache(maxsize=4)
def pools(seed: int) -> dict[str, tuple[str, ...]]:
    """Names and cities to draw from, filled by Faker once per seed."""
    from faker import Faker

    fake = Faker("en_GB")
    fake.seed_instance(seed)
    makers = {"first_name": fake.first_name, "last_name": fake.last_name, "city": fake.city, "vendor": fake.company}
    return {name: tuple(make() for _ in range(POOL)) for name, make in makers.items()}


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


def customers(business: Business, index: Ints, last_seen: Ints) -> pa.Table:
    """Customers by number.

    Args:
        business: the parameters.
        index: (n,) numbers of customers.
        last_seen: (n,) seconds since 1970 of each one's last order or session in the export.

    Returns:
        Rows of `lakehouse/customers`, in the order given.
    """
    pool = pools(business.seed)

    def draw(name: str, size: int) -> Ints:
        return (lasting(business, name, index) * size).astype(np.int64)

    ids = customer_ids(index)
    first, last = pick(pool["first_name"], draw("first_name", POOL)), pick(pool["last_name"], draw("last_name", POOL))
    local = pc.binary_join_element_wise(pc.utf8_lower(first), pc.utf8_lower(last), pc.utf8_lower(ids), ".")
    email = pc.replace_substring_regex(local, pattern="[^a-z0-9.]", replacement="")
    has_city = pa.array(lasting(business, "has_city", index) < 0.97)
    joined = signed_up_at(business, index)
    return pa.Table.from_arrays(
        [
            ids,
            pc.binary_join_element_wise(email, pa.scalar("example.com"), "@"),
            first,
            last,
            pc.if_else(has_city, pick(pool["city"], draw("city", POOL)), pa.scalar(None, pa.string())),
            pick(COUNTRIES, draw("country", len(COUNTRIES))),
            pa.array(lasting(business, "is_marketing_accepted", index) < 0.6),
            moments(joined),
            moments(np.maximum(joined, last_seen)),
        ],
        schema=table("lakehouse/customers").arrow_schema,
    )
