"""Inventory: what was in stock as a day began, what came, what went, what was left; each day begins where one ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from semops_data.contracts import table
from semops_data.synthesis.catalogue import VERSIONS, product_ids
from semops_data.synthesis.chance import DAY_SECONDS, lasting, midnight, moments
from semops_data.synthesis.strings import constant

if TYPE_CHECKING:
    from datetime import date

    from semops_data.synthesis.chance import Ints
    from semops_data.synthesis.parameters import Business


def opening(business: Business, ordinal: int) -> Ints:
    """Units of each product in stock as a day begins."""
    index = np.arange(business.product_count)
    return 50 + (lasting(business, "stock", index * VERSIONS + ordinal % VERSIONS) * 950).astype(np.int64)


def inventory(business: Business, day: date, sold: Ints) -> pa.Table:
    """Rows of `lakehouse/inventory`.

    Args:
        business: the parameters.
        day: the day.
        sold: (product_count,) units on the order lines that were booked on the day.
    """
    before, after = opening(business, day.toordinal()), opening(business, day.toordinal() + 1)
    missing = after + sold - before
    counts = [before, np.maximum(missing, 0), sold, np.maximum(-missing, 0), after]
    size = business.product_count
    return pa.Table.from_arrays(
        [
            product_ids(np.arange(size)),
            constant(day.isoformat(), size),
            moments(np.full(size, midnight(day) + DAY_SECONDS - 1)),
            *(pa.array(values) for values in counts),
        ],
        schema=table("lakehouse/inventory").arrow_schema,
    )
