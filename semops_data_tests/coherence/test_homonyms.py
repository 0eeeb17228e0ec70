import pytest

from semops_data.coherence.homonyms import homonyms
from semops_data.coherence.usages import canonical_chunks
from semops_data_tests.coherence.knowledge_base import FILLER, knowledge, pattern

DEFINITION = "A churn rate is the share of subscribers who cancel their contract within a calendar month."
HOME = ("docs/glossary.md", "churn rate", DEFINITION)


def found(heading, text, document="dairy/butter.md"):
    registered = pattern("churn-rate", DEFINITION, source="docs/glossary.md#churn-rate")
    base = knowledge([registered], [HOME, (document, heading, text), *FILLER])
    return [base.sentences[one.sentence].text for one in homonyms(registered, base, canonical_chunks(registered, base))]


@pytest.mark.parametrize("heading", ["Churn rate", "4.2 Churn rates", "Churn rate: a term of dairies"])
def test_another_meaning_under_the_name_is_a_homonym(heading):
    """The name is the same, and beside it the two share no word."""
    told = "The churn rate is how fast the paddle of a butter machine turns."
    assert found(heading, told) == [told]


@pytest.mark.parametrize(
    ("heading", "text"),
    [
        ("Churn rate", "Churn rate is the share of subscribers that cancel in one month."),
        ("Churn rate", "The churn rate is high."),
        ("Reports", "The churn rate is how fast the paddle of a butter machine turns."),
        ("Churn rate", "We look at churn rate whenever the board meets in the spring."),
        ("Churn rate", "The churn rate is not how fast the paddle of a butter machine turns."),
    ],
)
def test_the_same_meaning_a_remark_and_a_use_are_no_homonyms(heading, text):
    """A restatement, a sentence too short to tell, one in passing, one that defines nothing, one that denies."""
    assert found(heading, text) == []


def test_the_definitions_own_document_and_a_missing_definition_give_none():
    """Where the meaning is not in the corpus there is nothing to differ from."""
    told = "The churn rate is how fast the paddle of a butter machine turns."
    assert found("Churn rate", told, document="docs/glossary.md") == []
    registered = pattern("churn-rate", DEFINITION)
    assert homonyms(registered, knowledge([registered], FILLER), []) == []
