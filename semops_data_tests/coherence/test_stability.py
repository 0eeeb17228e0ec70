"""Stability: what the current wording keeps of the baseline."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.coherence.alignment import Told, compare
from semops_data.coherence.contradiction.model import SHIPPED, AdapterModel, bundled_base
from semops_data.coherence.entailment import EntailmentCache
from semops_data.coherence.stability import Version, asked, stability
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


class Model:
    """A model that says what it was told to; everything else is neutral."""

    def __init__(self, **answers):
        self.answers = answers

    def __getitem__(self, pair):
        return self.answers.get("|".join(pair), Told(0.0, 0.0))

    def get(self, pair):
        return self[pair]


def told(*wordings, decision=None, lifecycle="active", model=None, baseline=None):
    versions = [
        Version(START + timedelta(days=30 * n), tuple(wording), decision=decision if n == 1 else None)
        for n, wording in enumerate(wordings)
    ]
    vectors = {sentence: vector(sentence) for wording in wordings for sentence in wording}
    return stability(
        "refund", versions, vectors, baseline=baseline, as_of=START + timedelta(days=365), told=model,
        method="v4-hybrid" if model else "embedding", lifecycle=lifecycle,
    )  # fmt: skip


SHORT = "A refund is money returned to a customer."
LONG = "A refund is money returned to a customer within 14 days."


def test_a_pair_keeps_what_the_new_wording_still_says():
    """The narrower wording gives the wider one: nothing that was said is gone. The wider one says less than before."""
    narrower = Model(**{f"{LONG}|{SHORT}": Told(0.9, 0.0), f"{SHORT}|{LONG}": Told(0.2, 0.0)})
    result = told((SHORT,), (LONG,), model=narrower)
    assert result.value > 0.9
    assert result.evidence["kind"] == "extension"
    assert told((LONG,), (SHORT,), model=narrower).value < result.value - 0.1
    both = Model(**{f"{LONG}|{SHORT}": Told(0.9, 0.0), f"{SHORT}|{LONG}": Told(0.8, 0.0)})
    assert told((SHORT,), (LONG,), model=both).value == 1.0, "each follows from the other: the meaning is kept"


def test_what_is_added_takes_nothing_away():
    """An extension is no drift, with a model and without one."""
    half = "Taxes and shipping have nothing to do with it."
    assert told((SHORT,), (SHORT, half), model=Model()).value == 1.0
    extended = told((SHORT,), (SHORT, half))
    assert (extended.value, extended.evidence["kind"]) == (1.0, "extension")


def test_what_is_added_counts_where_it_contradicts_what_was_said():
    """Keeping the old sentence beside its opposite keeps no meaning."""
    opposite = SHORT.replace("A refund is", "A refund is not")
    turned = told((SHORT,), (SHORT, opposite))
    assert turned.value < 0.5
    assert turned.evidence["kind"] == "reversal"
    assert turned.evidence["new"] == opposite


@pytest.mark.parametrize(
    ("typo", "is_kept"),
    [
        ("A refund is money retunred to a customer.", True),
        ("A refund is money returrned to a customer.", True),
        ("A refund is money reserved to a customer.", False),
        ("A refund is money returned to a costumer.", False),
    ],
)
def test_a_slip_of_the_pen_is_no_change_and_another_word_is_one(typo, is_kept):
    """A word of the corpus that looks like another one is that other word: a costumer is no customer."""
    words = {"refund", "money", "returned", "reserved", "customer", "costumer"}
    vectors = {text: vector(text) for text in (SHORT, typo)}
    assert (compare((SHORT,), (typo,), vectors, vocabulary=words).preserved == 1.0) is is_kept


def test_other_words_for_the_same_cost_less_than_one_word_that_turns_it():
    """Many words changed and no rule fires: a rewording. One word changed and a rule fires: another meaning."""
    reworded = "Customers who get money back receive what is called a refund."
    vectors = {text: vector(SHORT) for text in (SHORT, reworded, SHORT.replace("returned", "not returned"))}
    kept = [compare((SHORT,), (new,), vectors).preserved for new in list(vectors)[1:]]
    assert kept[0] > 0.85
    assert kept[1] < 0.4


def test_a_contradiction_that_only_the_model_sees_is_a_reversal():
    """No rule knows these words; a person must read "reversal", not "edit"."""
    model = Model(**{f"{LONG}|{SHORT}": Told(0.0, 0.8), f"{SHORT}|{LONG}": Told(0.0, 0.9)})
    result = told((SHORT,), (LONG,), model=model)
    assert result.evidence["kind"] == "reversal"
    assert result.evidence["rule"] == "model: P(contradiction) at least 0.80 in either direction"


def test_an_added_and_a_removed_sentence_have_names_of_their_own():
    """An extension says more, a reduction says less: neither is a rewrite."""
    more, less = told(OLD[:1], OLD), told(OLD, OLD[:1])
    assert (more.evidence["kind"], more.evidence["still_holds"]) == ("extension", 1.0)
    assert (less.evidence["kind"], less.evidence["still_holds"]) == ("reduction", 0.5)


def test_a_change_that_somebody_decided_does_not_lower_stability_and_is_reported_apart():
    """Governed change is what stability is for; only what drifts away from the decision counts."""
    turned = (OLD[0].replace("14", "30"), OLD[1])
    free, governed = told(OLD, turned), told(OLD, turned, decision="docs/decisions/7.md")
    assert free.value < 0.9
    assert governed.value == 1.0
    (step,) = governed.evidence["governed"]
    assert (step["decision"], step["kind"]) == ("docs/decisions/7.md", "reversal")
    assert step["preserved"] == pytest.approx(free.value, abs=1e-4)
    later = told(OLD, turned, (turned[0], OLD[1].replace("are booked", "are not booked")), decision="d.md")
    assert later.value < 0.9
    assert later.evidence["held_against"] == (START + timedelta(days=30)).isoformat()


def test_a_draft_has_no_baseline_unless_the_registry_dates_one():
    """Nobody has promised it yet; the days that it was observed are said."""
    changed = (OLD[0].replace("14", "30"), OLD[1])
    draft = told(OLD, changed, lifecycle="draft")
    assert (draft.value, "no baseline: the pattern is draft" in draft.reason) == (None, True)
    assert "observed for 365 days" in draft.reason
    assert told(OLD, changed, lifecycle="draft", baseline=START).value is not None


def test_the_trend_is_the_drift_per_quarter_and_the_state_the_whole_of_it():
    """The same drift over a year is a slower one than over a month."""
    changed = (OLD[0].replace("14", "30"), OLD[1])
    evidence = told(OLD, changed).evidence
    assert evidence["state"] == pytest.approx(1 - told(OLD, changed).value, abs=1e-4)
    assert evidence["trend_per_quarter"] == pytest.approx(evidence["state"] / (365 / (365.25 / 4)), abs=1e-3)


def test_a_language_that_the_model_does_not_know_is_estimated():
    """NaN is no answer, and no drift either."""
    blank = Told(float("nan"), float("nan"))
    model = Model(**{f"{LONG}|{SHORT}": blank, f"{SHORT}|{LONG}": blank})
    assert told((SHORT,), (LONG,), model=model).value == told((SHORT,), (LONG,)).value


@pytest.mark.slow
def test_the_shipped_model_tells_a_rewording_from_a_turned_meaning(tmp_path):
    """With the adapter; asked twice it is answered from the file."""
    model = AdapterModel(bundled_base(), SHIPPED / "adapter.safetensors", "cpu")
    old = ("A refund is money that is returned to a customer.",)
    reworded = ("A refund is the money that a customer gets back.",)
    turned = ("A refund is money that is never returned to a customer.",)
    cache, values = EntailmentCache(tmp_path / "entailments.db"), []
    for new in (reworded, turned):
        versions = [Version(START, old), Version(START + timedelta(days=30), new)]
        vectors = {sentence: vector(sentence) for sentence in (*old, *new)}
        pairs = asked(versions, vectors, None)
        answers = cache.told(model, pairs)
        again = cache.told(Silent(model.model_id), pairs)
        assert again == answers
        values.append(compare(old, new, vectors, answers).preserved)
    assert values[0] > values[1] + 0.3


class Silent:
    """A model that must not be asked."""

    def __init__(self, model_id):
        self.model_id = model_id

    def probabilities(self, pairs):
        raise AssertionError(pairs)
