"""Products: a fixed catalogue whose list prices move from week to week."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts import table
from semops_data.contracts.shop import CATEGORIES
from semops_data.synthesis.chance import DAY_SECONDS, identifiers, lasting, midnight, moments, pick
from semops_data.synthesis.people import POOL, pools

if TYPE_CHECKING:
    from datetime import date

    from semops_data.synthesis.chance import Ints
    from semops_data.synthesis.parameters import Business

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


def _week(day: date) -> int:
    return (day.toordinal() - 1) // 7


def list_prices(business: Business, day: date) -> Ints:
    """List price of every product on the day, in cents: (product_count,)."""
    index = np.arange(business.product_count)
    base = np.exp(1.4 + 3.2 * lasting(business, "base_price", index))
    swing = 0.9 + 0.2 * lasting(business, f"price_of_week_{_week(day)}", index)
    # Prices end in 9 cents, as they do in shops.
    return (base * swing * 10).astype(np.int64) * 10 + 9


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
    # Ordinal 1 was a Monday: prices change as the week begins.
    monday = (_week(day) * 7 + 1 - 719_163) * DAY_SECONDS
    return pa.Table.from_arrays(
        [
            product_ids(index),
            title,
            pick(CATEGORIES, category),
            pick(pools(business.seed)["vendor"], draw("vendor", POOL)),
            pa.array(list_prices(business, day)),
            moments(created),
            moments(np.full(index.size, monday)),
        ],
        schema=table("lakehouse/products").arrow_schema,
    )
