"""One day of the business, whole or in batches: its exports, its known answers, its planted defects."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts import table
from semops_data.contracts.business import SHOP_TABLES
from semops_data.synthesis.aftersales import come_back, order_updates, payments, returns
from semops_data.synthesis.answers import Answers
from semops_data.synthesis.campaigns import campaigns
from semops_data.synthesis.catalogue import products
from semops_data.synthesis.defects import CUT, plant
from semops_data.synthesis.export import export
from semops_data.synthesis.faults import distort, scenario_defects
from semops_data.synthesis.people import changed_on, customer_range, customers
from semops_data.synthesis.sales import batch_count, booked, prompt
from semops_data.synthesis.sold import order_items, orders
from semops_data.synthesis.stock import inventory
from semops_data.synthesis.web import NOBODY, draw_visits, events, sessions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from semops_data.synthesis.parameters import Business

BLOCK = 100_000
"""Customers that are exported together."""


@dataclass(frozen=True)
class BusinessDay:
    """One day, or one batch of it.

    Attributes:
        clean: typed rows of `lakehouse/<table>` by table name, as they must come out in the end; of a batch, texts that
            repeat are coded.
        tables: raw rows of `landing/<table>` by table name, with defects; texts that repeat are coded.
        truth: rows of `synthesis/truth`; of a batch none before all rows are known.
        defects: rows of `synthesis/defects`.
    """

    clean: dict[str, pa.Table]
    tables: dict[str, pa.Table]
    truth: pa.Table
    defects: pa.Table

    def cut_rows(self, name: str) -> list[int]:
        """Numbers of the rows that are to be written as an unfinished line."""
        found = self.defects
        is_cut = pc.and_(pc.equal(found.column("table_name"), name), pc.equal(found.column("kind"), CUT.kind))
        numbers: list[int] = found.column("row_number").filter(is_cut).to_pylist()
        return numbers


class Tally:
    """What is known of a day after all its batches: who was seen, and what was sold. Bytes per customer, not rows."""

    def __init__(self, business: Business, day: date) -> None:
        """Nobody was seen yet but those whose account changed."""
        self.seen = np.zeros(customer_range(business, day)[1], np.bool_)
        self.seen[changed_on(business, day)] = True
        self.sold = np.zeros(business.product_count, np.int64)


def reuse_memory() -> None:
    """Let the allocator keep what a batch has freed for the next one, up to some 60 MB.

    glibc hands freed blocks back, and fetches cleared ones anew, beyond the size of the largest block that was ever
    freed: this one says it, and is never touched.
    """
    np.empty(31 << 20, np.uint8)


def decoded(name: str, rows: pa.Table) -> pa.Table:
    """Rows in the schema of `lakehouse/<name>`; makers leave texts that repeat as positions in a dictionary."""
    return rows.cast(table(f"lakehouse/{name}").arrow_schema)


def clean_batches(business: Business, day: date, answers: Answers | None = None) -> Iterator[dict[str, pa.Table]]:
    """The day's rows without defects: batches of orders and visits, then what needs the whole day, also in batches.

    Texts that repeat are coded.

    Args:
        business: the parameters.
        day: the day.
        answers: what is known so far, to which each batch is added.

    Raises:
        ValueError: where the day lies before the first day of trade.
    """
    business.days_open(day)
    tally = Tally(business, day)
    for batch in range(batch_count(business, day)):
        yield _batch(business, day, batch, tally, answers)
    seen = np.flatnonzero(tally.seen)
    for first in range(0, seen.size, BLOCK):
        yield {"customers": customers(business, seen[first : first + BLOCK], day)}
    yield {
        "products": products(business, day),
        "campaigns": campaigns(business, day),
        "inventory": inventory(business, day, tally.sold),
    }


def _batch(business: Business, day: date, batch: int, tally: Tally, answers: Answers | None) -> dict[str, pa.Table]:
    sales, own, back = booked(business, day, batch), prompt(business, day, batch), come_back(business, day, batch)
    visits = draw_visits(business, day, own, batch)
    tally.seen[sales.customer] = True
    tally.sold += np.bincount(sales.product, weights=sales.quantity, minlength=tally.sold.size).astype(np.int64)
    tally.seen[visits.customer[visits.customer != NOBODY]] = True
    clean = {
        "orders": orders(day, sales),
        "order_items": order_items(day, sales),
        "payments": payments(business, day, sales),
        "order_updates": order_updates(business, day, back),
        "returns": returns(business, day, back),
        "sessions": sessions(business, day, visits),
        "events": events(business, day, own, visits),
    }
    if answers is not None:
        answers.add(clean, sales, visits)
    return clean


def clean_day(business: Business, day: date) -> dict[str, pa.Table]:
    """The day's rows without defects: rows of `lakehouse/<table>` by table name.

    Raises:
        ValueError: where the day lies before the first day of trade.
    """
    found: dict[str, list[pa.Table]] = {name: [] for name in SHOP_TABLES}
    for batch in clean_batches(business, day):
        for name, rows in batch.items():
            found[name].append(rows)
    return {name: decoded(name, pa.concat_tables(rows)).combine_chunks() for name, rows in found.items()}


def stream(business: Business, day: date) -> Iterator[BusinessDay]:
    """The whole day in batches; the rows of a table in all batches are those of its object, in order.

    Raises:
        ValueError: where the day lies before the first day of trade.
    """
    answers, first_row = Answers(business, day), dict.fromkeys(SHOP_TABLES, 0)
    nothing = answers.none()
    for number, clean in enumerate(clean_batches(business, day, answers)):
        tables, manifests = {}, [scenario_defects(business, day)] if number == 0 else []
        for name, rows in clean.items():
            raw = distort(business, name, day, export(name, rows))
            planted = plant(business, name, day, raw, batch=number, first_row=first_row[name])
            tables[name] = planted.rows
            first_row[name] += planted.rows.num_rows
            manifests.append(planted.manifest)
        yield BusinessDay(clean, tables, nothing, pa.concat_tables(manifests))
    for truth in answers.parts():
        yield BusinessDay({}, {}, truth, table("synthesis/defects").arrow_schema.empty_table())


TRADE = ("orders", "order_items")


def trade(business: Business, day: date) -> Iterator[dict[str, pa.Table]]:
    """Only the orders and items of the day, in batches: raw rows of `landing/<table>`, with defects.

    They are the rows that `stream` gives, without the time that all else takes.

    Raises:
        ValueError: where the day lies before the first day of trade.
    """
    business.days_open(day)
    reuse_memory()
    makers = {"orders": orders, "order_items": order_items}
    for number in range(batch_count(business, day)):
        sales, tables = booked(business, day, number), {}
        for name in TRADE:
            raw = distort(business, name, day, export(name, makers[name](day, sales)))
            tables[name] = plant(business, name, day, raw, batch=number).rows
        yield tables


@lru_cache(maxsize=2)
def business_day(business: Business, day: date) -> BusinessDay:
    """The whole day; the last two are kept, because many assets ask for the same one in turn.

    Raises:
        ValueError: where the day lies before the first day of trade.
    """
    batches = list(stream(business, day))

    def joined(parts: list[dict[str, pa.Table]]) -> dict[str, pa.Table]:
        return {
            name: pa.concat_tables([part[name] for part in parts if name in part]).combine_chunks()
            for name in SHOP_TABLES
        }

    return BusinessDay(
        clean={name: decoded(name, rows) for name, rows in joined([batch.clean for batch in batches]).items()},
        tables=joined([batch.tables for batch in batches]),
        truth=pa.concat_tables([batch.truth for batch in batches]),
        defects=pa.concat_tables([batch.defects for batch in batches]),
    )
