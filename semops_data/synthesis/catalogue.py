"""Products: a fixed catalogue in which each list price changes every four weeks, on a day of its own."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts import table
from semops_data.contracts.shop import CATEGORIES
from semops_data.synthesis.chance import DAY_SECONDS, lasting, midnight, moments
from semops_data.synthesis.people import POOL, pools
from semops_data.synthesis.strings import coded, identifiers, pick

if TYPE_CHECKING:
    from datetime import date

    from semops_data.synthesis.chance import Ints
    from semops_data.synthesis.parameters import Business

PRICE_DAYS = 28
VERSIONS = 65_536
"""More versions of a price than the calendar has."""
STYLES = ("Classic", "Compact", "Daily", "Eco", "Grand", "Light", "Nordic", "Prime", "Pure", "Urban")
NOUNS = {
    "apparel": ("Jacket", "Scarf", "Shirt", "Socks"),
    "beauty": ("Balm", "Cream", "Serum", "Soap"),
    "electronics": ("Charger", "Headphones", "Lamp", "Speaker"),
    "garden": ("Hose", "Planter", "Rake", "Shears"),
    "home": ("Blanket", "Candle", "Cushion", "Mirror"),
    "kitchen": ("Kettle", "Knife", "Mug", "Pan"),
    "sports": ("Ball", "Bottle", "Mat", "Rope"),
    "toys": ("Blocks", "Kite", "Puzzle", "Robot"),
}


def product_ids(index: Ints) -> pa.Array:
    """Identifiers of products by number."""
    return identifiers("P", index, 5)


def coded_product_ids(index: Ints) -> pa.DictionaryArray:
    """The same, kept as positions among all products up to the last of them."""
    count = int(index.max(initial=0)) + 1
    return coded(_catalogue(1 << count.bit_length()).slice(0, count), index)


@lru_cache(maxsize=16)
def _catalogue(size: int) -> pa.Array:
    return product_ids(np.arange(size))


def _version(business: Business, index: Ints, day: date) -> tuple[Ints, Ints]:
    """How often each product's price has changed by the day, and the ordinal of the day of the last change."""
    since = day.toordinal() + (lasting(business, "price_day", index) * PRICE_DAYS).astype(np.int64)
    return since // PRICE_DAYS, day.toordinal() - since % PRICE_DAYS


@lru_cache(maxsize=8)
def list_prices(business: Business, day: date) -> Ints:
    """List price of every product on the day, in cents: (product_count,)."""
    index = np.arange(business.product_count)
    base = np.exp(1.4 + 3.2 * lasting(business, "base_price", index))
    version, _ = _version(business, index, day)
    swing = 0.9 + 0.2 * lasting(business, "price", index * VERSIONS + version)
    # Prices end in 9 cents, as they do in shops.
    prices: Ints = (base * swing * 10).astype(np.int64) * 10 + 9
    prices.flags.writeable = False
    return prices


def products(business: Business, day: date) -> pa.Table:
    """The whole catalogue as it stands on the day: rows of `lakehouse/products`."""
    index = np.arange(business.product_count)

    def draw(name: str, size: int) -> Ints:
        return (lasting(business, name, index) * size).astype(np.int64)

    category = draw("category", len(CATEGORIES))
    nouns = [noun for name in CATEGORIES for noun in NOUNS[name]]
    per_category = len(nouns) // len(CATEGORIES)
    noun = pick(nouns, category * per_category + draw("noun", per_category))
    title = pc.binary_join_element_wise(pick(STYLES, draw("style", len(STYLES))), noun, index.astype(str), " ")
    created = midnight(business.start_date) - (30 + draw("age_days", 600)) * DAY_SECONDS
    _, changed = _version(business, index, day)
    return pa.Table.from_arrays(
        [
            product_ids(index),
            title,
            pick(CATEGORIES, category),
            pick(pools(business.seed)["vendor"], draw("vendor", POOL)),
            pa.array(list_prices(business, day)),
            moments(created),
            moments(np.maximum(created, (changed - 719_163) * DAY_SECONDS)),
        ],
        schema=table("lakehouse/products").arrow_schema,
    )
