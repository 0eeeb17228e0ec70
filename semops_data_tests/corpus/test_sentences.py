"""Markdown to claims: whole sentences, completed or left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.corpus.markdown import split_lines
from semops_data.corpus.sentences import claims, sentences, split_sentences
from semops_data_tests.corpus.test_markdown import SOUP


def said(markdown: str) -> list[str]:
    return [claim.text for claim in claims(markdown)]


@pytest.mark.parametrize(
    "text",
    [
        "See e.g. Smith et al. for more.",
        "Version 1.5.2 is older than v2.0.",
        "It is at https://example.com/a.html?b=C.D today.",
        "The U.S. office measures 0.80 and above.",
        "Ask Dr. Who about Fig. 3 at approx. 5 p.m. today.",
        "The call foo.Bar() is one name.",
    ],
)
def test_what_is_no_end_of_a_sentence_ends_none(text):
    """Abbreviations, versions, addresses, numbers."""
    assert split_sentences(text) == [text]


def test_sentences_end_where_they_end():
    """Full stops, questions, quotations."""
    text = 'One ends. "Two ends." Does three? Four! (Five ends.) 6 begins with a number.'
    assert [part.strip() for part in split_sentences(text)] == [
        "One ends.", '"Two ends."', "Does three?", "Four!", "(Five ends.)", "6 begins with a number.",
    ]  # fmt: skip


def test_soft_wrapped_lines_are_one_sentence_with_its_lines():
    """Evidence names the lines that a claim stands on."""
    found = claims("# T\n\nDrift is a change\nof meaning. It is\nnot a typo.\n", first_line=11)
    assert [(c.text, c.start_line, c.end_line) for c in found] == [
        ("Drift is a change of meaning.", 13, 14),
        ("It is not a typo.", 14, 15),
    ]


def test_headings_code_questions_and_fragments_are_no_claims():
    """Most false contradictions came from these."""
    text = (
        "# Drift is a heading.\n\n```\nDrift is code here.\n```\n\nWhat is drift? Due to missing data.\n\n"
        "- a fragment of a list\n\nThe following holds:\n"
    )
    assert said(text) == []


def test_list_items_are_completed_by_their_lead_in():
    """Neither half says anything alone."""
    assert said("The platform provides:\n\n- **A shared language** between teams,\n- clear boundaries; and\n") == [
        "The platform provides a shared language between teams.",
        "The platform provides clear boundaries.",
    ]


def test_list_items_that_say_something_stand_alone():
    """With or without a lead-in."""
    assert said("Some reasons:\n\n- Each order has one customer.\n- customer, order\n") == [
        "Each order has one customer."
    ]


@pytest.mark.parametrize(
    ("markdown", "claim"),
    [
        ("- **Drift**: a change of meaning over time.", "Drift is a change of meaning over time."),
        ("- **Gates** — The set of rules that block.", "Gates are the set of rules that block."),
        ("- **Lineage:** tracks flow through systems.", "Lineage tracks flow through systems."),
        ("**SC**: It lies between 0 and 1.", "SC: It lies between 0 and 1."),
        ("**Note:** Scores lie between 0 and 1.", "Scores lie between 0 and 1."),
    ],
)
def test_a_bold_label_becomes_the_subject(markdown, claim):
    """Glossaries are written so."""
    assert said(markdown) == [claim]


def test_rows_of_two_columns_are_claims_and_wider_ones_are_listed():
    """A glossary table defines; a matrix does not say how its columns relate."""
    two = "| term | meaning |\n|---|---|\n| drift | a change of meaning that nobody decided |\n"
    assert said(two) == ["Drift is a change of meaning that nobody decided."]
    wide = "| a | b | c |\n|---|---|---|\n| x | is 1 | is 2 |\n"
    assert said(wide) == []
    assert [s.text for s in sentences(wide)] == ["x: b is 1; c is 2."]


@given(st.one_of(SOUP, st.text(max_size=300)))
def test_any_text_has_sentences_within_its_lines(text):
    """Never a crash, never a line that is not there."""
    last = len(split_lines(text))
    for found in sentences(text):
        assert 1 <= found.start_line <= found.end_line <= last
        assert found.text.strip() == found.text != ""


@given(st.lists(st.sampled_from(["Drift is bad.", "We say so!", "It has v1.2 of it."]), min_size=1, max_size=6))
def test_plain_sentences_come_back_as_they_were(parts):
    """Splitting loses no word."""
    assert [s.text for s in sentences(" ".join(parts))] == parts
