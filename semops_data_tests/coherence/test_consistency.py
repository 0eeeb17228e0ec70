"""Consistency: rules, candidates, and the product over neighbours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.coherence.calibration import PACKAGED, Calibration
from semops_data.coherence.consistency import consistency, pairs
from semops_data.coherence.planting import FAULTS, NULLS
from semops_data.coherence.quantities import number_conflict, quantities
from semops_data.coherence.rules import negations, raw_contradiction
from semops_data.coherence.usages import canonical_chunks
from semops_data_tests.coherence.knowledge_base import FILLER, knowledge, pattern, vector

CLAIM = "Invoices must be archived for 30 days before they are deleted."
SHARP = Calibration(intercept=0.0, slope=3.0, threshold=0.5, method="planted")


@pytest.mark.parametrize(
    ("other", "rule"),
    [
        ("Invoices must be archived for 90 days before they are deleted.", "number"),
        ("Invoices must be archived for 30 weeks before they are deleted.", "unit"),
        ("Invoices must not be archived for 30 days before they are deleted.", "negation"),
        ("Invoices may be archived for 30 days before they are deleted.", "modality"),
        ("Invoices must be archived for 30 days after they are deleted.", "antonym"),
    ],
)
def test_a_turned_meaning_is_named_by_its_rule(other, rule):
    """Each rule carries its own evidence: what differs is said, not only that something does."""
    raw, hit = raw_contradiction(CLAIM, other, 0.95)
    assert hit is not None
    assert hit.rule == rule
    assert hit.detail
    assert raw > 0.5


@pytest.mark.parametrize(
    "other",
    [
        CLAIM,
        "Before deletion, invoices must be archived for 30 days.",
        "Invoices must not only be archived for 30 days but also be indexed.",
        "The archive of version v2.1 holds utf-8 text.",
        "Invoices must be archived for 30 days, without delay, before they are deleted.",
    ],
)
def test_a_sentence_that_agrees_or_is_about_something_else_fires_no_rule(other):
    """Names, versions and "not only" are not contradictions: nothing fires."""
    raw, _ = raw_contradiction(CLAIM, other, 0.9)
    assert raw < 0.2


@given(st.text(max_size=200), st.text(max_size=200), st.floats(-1, 1))
def test_any_two_texts_get_a_score_between_zero_and_one(left, right, cosine):
    """Documents are untrusted: no text may crash a rule."""
    raw, hit = raw_contradiction(left, right, cosine)
    assert 0 <= raw <= 1
    assert (hit is None) == (raw == 0)


@given(st.sampled_from(sorted(FAULTS | NULLS)), st.text(max_size=200))
def test_planting_returns_another_text_or_nothing(kind, value):
    """A fault that changes nothing would count as missed for ever."""
    mutated = (FAULTS | NULLS)[kind](value)
    assert mutated is None or isinstance(mutated, str)


def test_planted_nulls_score_below_planted_faults():
    """A typo keeps the meaning and a negation turns it: the raw score tells them apart."""
    faults = [f(CLAIM) for f in FAULTS.values()]
    nulls = [f(CLAIM) for f in NULLS.values()]
    lowest = min(raw_contradiction(CLAIM, text, float(vector(CLAIM) @ vector(text)))[0] for text in faults if text)
    highest = max(raw_contradiction(CLAIM, text, float(vector(CLAIM) @ vector(text)))[0] for text in nulls if text)
    assert lowest > highest


def test_the_same_quantities_in_another_order_are_no_conflict():
    """Clauses that change places take their numbers along."""
    one = "The facts take 35 s, the lake tables 22 s, and synthesis takes 15 s."
    assert number_conflict(one, "The lake tables take 22 s, synthesis 15 s, and the facts take 35 s.") is None
    assert number_conflict(one, "The facts take 35 s, the lake tables 25 s, and synthesis takes 15 s.") is not None


def test_a_bare_number_conflicts_only_in_the_same_sentence():
    """A year or a factor has no unit: in another sentence it is another number, in the same one another claim."""
    assert raw_contradiction(
        "The score is the cube root, scaled by 3.", "The score is the cube root, scaled by 4.", 0.95
    )[1]
    assert raw_contradiction("The score is scaled by 3.", "The board met in 2026 about growth.", 0.9)[1] is None


def test_negations_and_quantities_are_counted_as_people_read_them():
    """Two plain cases of each: "not only" affirms, "v1.2" is no quantity."""
    assert negations("It is not only fast, it does not and won't fail.") == (2, frozenset({"fail"}))
    assert [(q.value, q.unit) for q in quantities("up to 1,500 ms (v1.2, utf-8), 20%")] == [(1500, "ms"), (20, "%")]


def assess(passages):
    registered = pattern("invoice-retention", CLAIM, source="docs/glossary.md#invoice-retention")
    base = knowledge([registered], [("docs/glossary.md", "invoice retention", CLAIM), *passages])
    found = pairs(registered, base, canonical_chunks(registered, base))
    return consistency(registered, found, SHARP), found


def test_one_grave_contradiction_does_not_vanish_in_a_large_corpus():
    """The mean over all pairs would: adding agreeing sentences must not raise the score."""
    contradicting = ("docs/finance.md", "retention", "Invoices must be archived for 90 days before they are deleted.")
    agreeing = [(f"docs/copy{n}.md", "retention", f"{CLAIM[:-1]} (see section {'abcdef'[n]}).") for n in range(6)]
    alone, _ = assess([contradicting, *FILLER])
    crowded, _ = assess([contradicting, *agreeing, *FILLER])
    assert alone.value < 0.5
    assert crowded.value <= alone.value


def test_sentences_of_the_defining_document_are_not_held_against_it():
    """A glossary that explains its own term is not a witness against itself."""
    own = ("docs/glossary.md", "more", "Invoices must be archived for 90 days before they are deleted.")
    result, found = assess([own, *FILLER])
    assert found == []
    assert result.value is None


def test_without_a_comparable_sentence_consistency_is_unmeasured():
    """Nobody else speaks of it: that is not agreement."""
    result, _ = assess(FILLER)
    assert result.status == "unmeasurable"
    assert "no sentence of another document" in result.reason


def test_the_packaged_calibration_rises_with_the_raw_score():
    """A stronger hit is never the less likely contradiction."""
    values = [PACKAGED.probability(raw / 20) for raw in range(21)]
    assert values == sorted(values)
    assert values[0] == 0.0


@pytest.mark.timeout(20)
@pytest.mark.parametrize("hostile", ["a" * 200_000, "-" * 200_000, "word " * 20_000, "1" * 200_000, "a, " * 20_000])
def test_a_hostile_sentence_costs_no_more_than_its_length(hostile):
    """One long word in a document, such as an embedded picture, must not stop the night."""
    raw, _ = raw_contradiction(f"It must hold {hostile}.", f"It may hold {hostile}, rows, and columns.", 0.9)
    assert 0 <= raw <= 1


def test_a_definition_in_another_language_is_unmeasured_and_says_so():
    """Rules and models know English alone: their silence about a German definition is no agreement."""
    german = "Eine Rechnung ist die Forderung, die nach dreißig Tagen nicht mehr geändert wird und die im Archiv liegt."
    base = knowledge([pattern("rechnung", german)], [("a.md", "R", german), ("b.md", "R", german), *FILLER])
    found = pairs(base.patterns[0], base, [0])
    assert found == []
    factor = consistency(base.patterns[0], found, PACKAGED)
    assert factor.value is None
    assert "another language (de)" in factor.reason


@pytest.mark.parametrize(
    ("left", "right", "rule"),
    [
        ("Hotspots are ranked by area times risk.", "Hotspots are ranked by area alone.", "exclusivity"),
        ("A broken row is quarantined with its reason.", "A broken row is dropped with its reason.", "antonym"),
        ("The report is sent hourly to every owner.", "The report is sent weekly to every owner.", "antonym"),
        ("The value is the sum of both parts, and lies above 0.", "The value is the median of both parts.", "antonym"),
        ("Raw data is never changed once it has landed.", "Raw data is edited once it has landed.", "negation"),
    ],
)  # fmt: skip
def test_what_excludes_the_other_is_found_in_other_words_too(left, right, rule):
    """Opposites that nobody plants, the only thing that counts, and a first clause among others."""
    raw, hit = raw_contradiction(left, right, 0.85)
    assert hit is not None
    assert hit.rule == rule
    assert raw > 0.3


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Coherence is a measure of meaning.", "Coherence is not an aspiration but a measure of meaning."),
        ("Bugs are filed in the tracker.", "Bugs are not specific to Debian, and are filed in the tracker."),
        ("The mirror is a snapshot of the state.", "The mirror is not just a snapshot of the state."),
    ],
)
def test_a_negation_of_something_else_contradicts_nothing(left, right):
    """What is denied ends at "but", and is the word behind the "not" alone."""
    assert raw_contradiction(left, right, 0.85)[0] == 0.0
