"""One day of the business, whole: its exports, its known answers, its planted defects."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from semops_data.contracts.business import SHOP_TABLES
from semops_data.synthesis.answers import truth
from semops_data.synthesis.catalogue import products
from semops_data.synthesis.defects import CUT, plant
from semops_data.synthesis.export import export
from semops_data.synthesis.people import customer_range, customers
from semops_data.synthesis.sales import draw_sales, order_items, orders
from semops_data.synthesis.web import NOBODY, draw_visits, events, sessions

if TYPE_CHECKING:
    from datetime import date

    from semops_data.synthesis.parameters import Business
    from semops_data.synthesis.sales import Sales
    from semops_data.synthesis.web import Visits


@dataclass(frozen=True)
class BusinessDay:
    """One day.

    Attributes:
        clean: typed rows of `lakehouse/<table>` by table name, as they must come out in the end.
        tables: raw rows of `landing/<table>` by table name, with defects.
        truth: rows of `synthesis/truth`.
        defects: rows of `synthesis/defects`.
    """

    clean: dict[str, pa.Table]
    tables: dict[str, pa.Table]
    truth: pa.Table
    defects: pa.Table

    def cut_rows(self, name: str) -> list[int]:
        """Numbers of the rows that are to be written as an unfinished line."""
        return [
            row["row_number"]
            for row in self.defects.select(["table_name", "row_number", "kind"]).to_pylist()
            if row["table_name"] == name and row["kind"] == CUT.kind
        ]


def _customers_seen(business: Business, day: date, sales: Sales, visits: Visits) -> pa.Table:
    """The customers who signed up, ordered or visited on the day, each once."""
    is_known = visits.customer != NOBODY
    who = np.concatenate([np.arange(*customer_range(business, day)), sales.customer, visits.customer[is_known]])
    when = np.concatenate([np.zeros(business.sign_ups_per_day, np.int64), sales.second, visits.start[is_known]])
    index, inverse = np.unique(who, return_inverse=True)
    last_seen = np.zeros(index.size, np.int64)
    np.maximum.at(last_seen, inverse, when)
    return customers(business, index, last_seen)


def clean_day(business: Business, day: date) -> dict[str, pa.Table]:
    """The day's rows without defects: rows of `lakehouse/<table>` by table name.

    Raises:
        ValueError: where the day lies before the first day of trade.
    """
    business.days_open(day)
    sales = draw_sales(business, day)
    visits = draw_visits(business, day, sales)
    return {
        "customers": _customers_seen(business, day, sales, visits),
        "products": products(business, day),
        "orders": orders(business, day, sales),
        "order_items": order_items(day, sales),
        "sessions": sessions(business, day, visits),
        "events": events(business, day, sales, visits),
    }


@lru_cache(maxsize=2)
def business_day(business: Business, day: date) -> BusinessDay:
    """The whole day; the last two are kept, because seven assets ask for the same one in turn.

    Raises:
        ValueError: where the day lies before the first day of trade.
    """
    clean = clean_day(business, day)
    planted = {name: plant(business, name, day, export(name, clean[name])) for name in SHOP_TABLES}
    return BusinessDay(
        clean=clean,
        tables={name: rows for name, (rows, _) in planted.items()},
        truth=truth(clean, day),
        defects=pa.concat_tables([manifest for _, manifest in planted.values()]),
    )
