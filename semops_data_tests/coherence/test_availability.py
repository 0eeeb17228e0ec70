"""Availability: rank of the definition for the pattern's name and uses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.coherence.availability import availability, query_score
from semops_data.coherence.usages import canonical_chunks, usages
from semops_data_tests.coherence.knowledge_base import FILLER, knowledge, pattern

DEFINITION = "A churn rate is the share of subscribers who cancel their contract within a calendar month."
HOME = ("docs/glossary.md", "churn rate", DEFINITION)


def assess(passages, registered=None):
    registered = registered or pattern("churn-rate", DEFINITION, source="docs/glossary.md#churn-rate")
    base = knowledge([registered], passages)
    canonical = canonical_chunks(registered, base)
    return availability(registered, base, canonical, usages(registered, base, canonical))


def test_a_definition_found_first_by_name_is_fully_available():
    """Rank 1 for every query is what availability 1 means."""
    result = assess([HOME, *FILLER])
    assert result.value == pytest.approx(1.0)
    assert result.evidence["name_rank"] == 1


def test_deleting_the_definition_makes_availability_zero_not_unmeasured():
    """The pattern is registered and searched for, and is not there: that was measured."""
    result = assess(FILLER)
    assert result.status == "measured_zero"
    assert result.value == 0.0


def test_a_registered_section_that_says_something_else_is_not_the_definition():
    """The heading stayed and the definition went: searching for the section would find nothing of the meaning."""
    result = assess([("docs/glossary.md", "churn rate", "This section moved to another page."), *FILLER])
    assert result.status == "measured_zero"


def test_a_corpus_of_fewer_than_twenty_chunks_leaves_availability_unmeasured():
    """A rank among a handful of chunks says nothing."""
    result = assess([HOME, *FILLER[:5]])
    assert result.value is None
    assert "6 chunks" in result.reason


def test_a_copy_under_the_same_heading_that_ranks_first_halves_availability():
    """Whoever searches finds the stale copy: the definition is there but not where it is needed."""
    copy = ("docs/old.md", "churn rate", f"Churn rate. {DEFINITION} Churn rate churn rate.")
    result = assess([HOME, copy, *FILLER])
    assert result.factor == 0.5
    assert result.evidence["outranked_by"] == "docs/old.md:1"


def test_the_sentence_that_uses_the_name_does_not_find_itself():
    """A usage query searches the other chunks: finding its own chunk first would be no merit and no fault."""
    use = ("docs/apple.md", "monthly report", "We report the churn rate to the board with every calendar month.")
    result = assess([HOME, use, *FILLER])
    assert result.evidence["usage_queries"] == 1
    assert result.value == pytest.approx(1.0)


@given(st.integers(20, 5_000))
def test_a_random_rank_scores_about_zero_on_average(size):
    """What a blind search would get is the zero of the scale, so that 0.3 means something."""
    mean = np.mean([query_score(rank, size) for rank in range(1, size + 1)])
    assert query_score(1, size) == 1.0
    assert 0.0 <= mean < 0.2


@given(st.integers(20, 2_000), st.data())
def test_a_worse_rank_never_scores_higher(size, data):
    """The score falls with the rank and stays in [0, 1]."""
    better = data.draw(st.integers(1, size - 1))
    assert 1 >= query_score(better, size) >= query_score(better + 1, size) >= 0


def test_a_definition_that_the_embedding_model_does_not_understand_is_marked():
    """Its rank is measured, by words; nobody should take it for the rank of an English definition."""
    german = "Eine Rechnung ist die Forderung, die nach dreißig Tagen nicht mehr geändert wird und die im Archiv liegt."
    registered = pattern("rechnung", german, source="docs/glossar.md#rechnung")
    found = assess([("docs/glossar.md", "rechnung", german), *FILLER], registered)
    gone = assess(FILLER, registered)
    assert [result.evidence.get("language") for result in (found, gone)] == ["de", "de"]
    assert "language" not in assess([HOME, *FILLER]).evidence
