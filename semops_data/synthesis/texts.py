"""Free texts with the business: descriptions, reviews and tickets from templates, so that each one's topic is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts import table
from semops_data.contracts.shop import RETURN_REASONS, TEXT_TOPICS
from semops_data.synthesis.aftersales import come_back, numbered, returns
from semops_data.synthesis.catalogue import product_ids, products
from semops_data.synthesis.chance import DAY_SECONDS, lasting, midnight, moments
from semops_data.synthesis.phrases import CLOSINGS, DETAILS, OPENINGS, RATINGS, TITLES
from semops_data.synthesis.sales import batch_count, days_before, prompt
from semops_data.synthesis.sold import order_ids
from semops_data.synthesis.strings import constant, identifiers, pick

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from semops_data.synthesis.chance import Ints
    from semops_data.synthesis.parameters import Business
    from semops_data.synthesis.sold import Sales

REVIEW_SHARE = 0.05
REVIEW_DAYS = 2
"""A review follows its order after so many days."""
DESCRIPTION_TOPICS = ("material", "care", "warranty")
REVIEW_TOPICS = ("material", "delivery", "fit", "price", "damage")
TOPIC_OF_REASON = {
    "damaged": "damage", "wrong_item": "delivery", "does_not_fit": "fit", "not_as_described": "material",
    "changed_mind": "refund",
}  # fmt: skip


def texts(business: Business, day: date, batch: int = 0) -> pa.Table:
    """The texts of a batch of the day: rows of `landing/texts`.

    Descriptions come with the first batch: of every product on the first day, later of those whose price changed.
    A review follows an order after two days; a ticket comes with each return, about the reason for it.
    """
    parts = [] if batch else [_descriptions(business, day)]
    for placed in list(days_before(business, day, REVIEW_DAYS))[REVIEW_DAYS - 1 :]:
        sales = prompt(business, placed, batch)
        writes = lasting(business, "writes_a_review", numbered(sales)) < REVIEW_SHARE
        parts.append(_reviews(business, day, sales.only(writes)))
    parts.append(_tickets(business, day, come_back(business, day, batch)))
    empty = table("landing/texts").arrow_schema.empty_table()
    return pa.concat_tables([empty, *parts]).combine_chunks()


def all_texts(business: Business, day: date) -> pa.Table:
    """All texts of the day: rows of `landing/texts`."""
    return pa.concat_tables([texts(business, day, batch) for batch in range(batch_count(business, day))])


def _descriptions(business: Business, day: date) -> pa.Table:
    rows = products(business, day)
    changed = pc.greater_equal(rows.column("updated_at").cast(pa.int64()), midnight(day) * 1_000_000)
    index = np.arange(business.product_count)
    if business.days_open(day):
        index = index[changed.to_numpy()]
    number = index * DAY_SECONDS + day.toordinal()
    topic = _drawn(business, "description", number, DESCRIPTION_TOPICS)
    moment = midnight(day) + 21_600 + index % 3_600
    return _table(business, day, "product_description", f"D{day:%Y%m%d}-", index, number, topic, index, None, moment)


def _reviews(business: Business, day: date, sales: Sales) -> pa.Table:
    number = numbered(sales)
    topic = _drawn(business, "review", number, REVIEW_TOPICS)
    moment = midnight(day) + (lasting(business, "reviewed_at", number) * (DAY_SECONDS - 1)).astype(np.int64)
    about = sales.product[sales.first_item]
    ids = order_ids(sales)
    return _table(business, day, "review", _prefixes("W", sales), sales.number, number, topic, about, ids, moment)


def _tickets(business: Business, day: date, sales: Sales) -> pa.Table:
    rows = returns(business, day, sales)
    reasons = rows.column("reason").combine_chunks()
    topic_of = np.array([TEXT_TOPICS.index(TOPIC_OF_REASON[reason]) for reason in RETURN_REASONS])
    topic = topic_of[pc.index_in(reasons, value_set=pa.array(RETURN_REASONS)).to_numpy()]
    # The customer writes an hour before the goods are back.
    moment = rows.column("created_at").cast(pa.int64()).to_numpy() // 1_000_000 - 3_600
    number, about = numbered(sales), sales.product[sales.first_item]
    ids = order_ids(sales)
    prefixes = _prefixes("T", sales)
    return _table(business, day, "support_ticket", prefixes, sales.number, number, topic, about, ids, moment)


def _prefixes(letter: str, sales: Sales) -> list[tuple[str, int]]:
    return [(f"{letter}{placed:%Y%m%d}-", count) for placed, count in sales.placed]


def _drawn(business: Business, kind: str, number: Ints, topics: tuple[str, ...]) -> Ints:
    """Positions in `TEXT_TOPICS`."""
    codes = np.array([TEXT_TOPICS.index(name) for name in topics])
    chosen: Ints = codes[(lasting(business, f"topic of {kind}", number) * len(topics)).astype(np.int64)]
    return chosen


def _table(
    business: Business,
    day: date,
    kind: str,
    prefix: str | list[tuple[str, int]],
    ids: Ints,
    number: Ints,
    topic: Ints,
    product: Ints,
    orders: pa.Array | None,
    moment: Ints,
) -> pa.Table:
    def phrase(name: str, pools: Mapping[str, tuple[str, ...]]) -> pa.Array:
        """One phrase per text: of its topic, or of its kind where the pools are by kind."""
        is_by_kind = kind in pools
        width = len(next(iter(pools.values())))
        flat = pools[kind] if is_by_kind else [text for key in TEXT_TOPICS for text in pools[key]]
        draw = (lasting(business, f"{name} of {kind}", number) * width).astype(np.int64)
        return pick(flat, draw if is_by_kind else topic * width + draw)

    names = products(business, day).column("title").take(pa.array(product)).combine_chunks()
    opening = pc.binary_join_element_wise(phrase("opening", OPENINGS), names, " ")
    body = pc.binary_join_element_wise(opening, phrase("detail", DETAILS), phrase("closing", CLOSINGS), ". ")
    title = pc.binary_join_element_wise(names, phrase("title", TITLES), ": ")
    count, stars = ids.size, np.array(RATINGS)[topic]
    rating = pa.array(stars) if kind == "review" else pa.nulls(count, pa.int64())
    return pa.Table.from_arrays(
        [
            identifiers(prefix, ids, 8),
            constant(day.isoformat(), count),
            constant(kind, count),
            pick(TEXT_TOPICS, topic),
            product_ids(product),
            orders if orders is not None else pa.nulls(count, pa.string()),
            moments(moment),
            rating,
            title,
            body,
        ],
        schema=table("landing/texts").arrow_schema,
    )


def documents(business: Business, day: date, limit: int = 200) -> dict[str, str]:
    """The day's texts as Markdown documents by their paths; at most `limit` texts of each kind."""
    rows = texts(business, day)
    found = {}
    for kind, heading in (
        ("product_description", "Product descriptions"),
        ("review", "Reviews"),
        ("support_ticket", "Support tickets"),
    ):
        chosen = rows.filter(pc.equal(rows.column("kind"), kind)).slice(0, limit).to_pylist()
        if chosen:
            sections = [f"## {row['title']}\n\n{row['body']}\n\nTopic: {row['topic']}." for row in chosen]
            text = "\n\n".join([f"# {heading} of {day.isoformat()}", *sections]) + "\n"
            found[f"documents/{kind}s/{day.isoformat()}.md"] = text
    return found
