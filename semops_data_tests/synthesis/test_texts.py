"""Free texts come with the business, about known topics."""

from datetime import date

import pyarrow.compute as pc

from semops_data.contracts import table
from semops_data.contracts.shop import TEXT_KINDS
from semops_data.synthesis.business import clean_day
from semops_data.synthesis.phrases import DETAILS
from semops_data.synthesis.texts import TOPIC_OF_REASON, all_texts, documents
from semops_data_tests.scenario import small_business

DAY = date(2026, 1, 5)
BUSINESS = small_business(orders_per_day=1_000)


def test_a_text_is_about_its_topic_and_its_product():
    """Whoever finds topics in these texts can be judged: the contract's topic is what the text was written about."""
    rows, titles = all_texts(BUSINESS, DAY), clean_day(BUSINESS, DAY)["products"]
    names = dict(zip(titles["product_id"].to_pylist(), titles["title"].to_pylist(), strict=True))
    assert rows.schema.equals(table("landing/texts").arrow_schema)
    assert set(rows["kind"].to_pylist()) == set(TEXT_KINDS)
    assert pc.count_distinct(rows["text_id"]).as_py() == rows.num_rows
    for row in rows.to_pylist():
        assert names[row["product_id"]] in row["body"]
        assert any(detail in row["body"] for detail in DETAILS[row["topic"]])
        assert (row["rating"] is None) == (row["kind"] != "review")
        assert row["created_at"].date() == DAY


def test_a_ticket_is_about_the_reason_of_the_return():
    """Texts that contradict the tables would teach nothing."""
    reasons = {row["order_id"]: row["reason"] for row in clean_day(BUSINESS, DAY)["returns"].to_pylist()}
    tickets = [row for row in all_texts(BUSINESS, DAY).to_pylist() if row["kind"] == "support_ticket"]
    assert {row["order_id"] for row in tickets} == set(reasons)
    assert all(row["topic"] == TOPIC_OF_REASON[reasons[row["order_id"]]] for row in tickets)


def test_texts_are_documents_that_a_corpus_can_hold():
    """One Markdown document per kind and day, with a section per text."""
    found = documents(BUSINESS, DAY, limit=5)
    assert len(found) == len(TEXT_KINDS)
    assert all(text.startswith("# ") and text.count("\n## ") == 5 for text in found.values())
    assert documents(BUSINESS, DAY, limit=5) == found
