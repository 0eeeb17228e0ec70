"""Stability: what the current wording keeps of the baseline."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.coherence.stability import Version, compare, stability
from semops_data_tests.coherence.knowledge_base import vector

START = datetime(2026, 1, 1, tzinfo=UTC)
OLD = ("A refund is money returned to a customer within 14 days.", "Refunds are booked on the day they are paid.")


def assess(*wordings, baseline=None):
    versions = [Version(START + timedelta(days=30 * n), tuple(wording)) for n, wording in enumerate(wordings)]
    vectors = {sentence: vector(sentence) for wording in wordings for sentence in wording}
    return stability("refund", versions, vectors, baseline=baseline, as_of=START + timedelta(days=365))


def test_an_unchanged_definition_with_one_version_is_unmeasured_with_the_days_observed():
    """Never having changed in a week is not the same as never changing."""
    result = assess(OLD)
    assert result.value is None
    assert "observed for 365 days" in result.reason


def test_reordered_sentences_keep_all_of_the_meaning():
    """The order of sentences is form, not meaning."""
    assert assess(OLD, OLD[::-1]).value == pytest.approx(1.0)


def test_an_inserted_negation_costs_more_than_another_word():
    """A cosine sees both as small; only one of them turns the meaning."""
    negated = (OLD[0].replace("is money", "is not money"), OLD[1])
    reworded = (OLD[0].replace("returned", "given back"), OLD[1])
    turned, edited = assess(OLD, negated), assess(OLD, reworded)
    assert turned.value < edited.value
    assert turned.evidence["kind"] == "reversal"
    assert "negation" in turned.evidence["rule"]


def test_a_changed_number_is_a_reversal_and_new_words_are_a_rewrite():
    """Both are drift; they are reported under their own names."""
    number = assess(OLD, (OLD[0].replace("14", "30"), OLD[1]))
    rewrite = assess(OLD, ("Chargebacks follow the rules of the card scheme, whichever bank issued the card.",))
    assert number.evidence["kind"] == "reversal"
    assert rewrite.evidence["kind"] == "rewrite"
    assert rewrite.value < 0.3


def test_only_changes_after_the_baseline_count():
    """A draft may change as it likes: drift is measured from the moment the definition was declared."""
    drafted = ("Something else entirely about warehouses and shelves.",)
    result = assess(drafted, OLD, OLD[::-1], baseline=START + timedelta(days=45))
    assert result.value == pytest.approx(1.0)
    assert result.evidence["baseline_from"] == "registry"


sentences = st.lists(st.sampled_from([*OLD, "Fees are kept.", "Taxes are not kept.", "Fees are not kept."]), min_size=1)


@given(sentences, sentences)
def test_what_is_preserved_is_a_share_and_all_of_it_where_nothing_changed(old, new):
    """Any two wordings give a share; the same wording gives 1."""
    vectors = {sentence: vector(sentence) for sentence in (*old, *new)}
    change = compare(tuple(old), tuple(new), vectors)
    assert all(0 <= unit <= 1 for unit in change.kept)
    assert compare(tuple(old), tuple(old), vectors).preserved == 1.0
