"""Mutation testing for meaning: what is planted is found, what keeps its meaning is not, and halves stay apart."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import numpy as np
import pytest

from semops_data.coherence.frames import role_conflict, same_word, substitution_conflict
from semops_data.coherence.knowledge import Chunk, Knowledge, Pattern, Sentence, Text
from semops_data.coherence.planted import report
from semops_data.coherence.planted.benchmark import measure, planted
from semops_data.coherence.planted.concepts import concepts
from semops_data.coherence.planted.handwritten import handwritten
from semops_data.coherence.planted.results import area_under, counted
from semops_data.coherence.planted.stand import limit
from semops_data.coherence.planting import FAULTS, NULLS
from semops_data.coherence.rules import raw_contradiction
from semops_data.coherence.text import content
from semops_data.corpus.model import Version

DAY = datetime(2026, 1, 1, tzinfo=UTC)
SIZE = 96
NOUNS = ("invoice", "refund", "session", "order", "parcel", "contract", "ticket", "payment", "cart", "shipment",
         "warranty", "voucher", "profile", "account", "receipt", "delivery")  # fmt: skip


def vector(text):
    """Words hashed into a fixed space: near texts share words, which is all that these tests need."""
    total = np.full(SIZE, 0.05)
    for word in content(text):
        total += np.random.default_rng(int(hashlib.sha256(word.encode()).hexdigest()[:8], 16)).normal(size=SIZE)
    return (total / np.linalg.norm(total)).astype(np.float32)


def embed(texts):
    return np.stack([vector(text) for text in texts])


def told(noun):
    return (
        f"The {noun} record is the list of every {noun} that must be kept for 30 days before the archive is closed.",
        f"The {noun} record contains the {noun} number.",
    )


@pytest.fixture(scope="module")
def knowledge():
    """Sixteen concepts, each defined in a document of its own and spoken of in another one."""
    chunks, sentences, patterns = [], [], []
    for noun in NOUNS:
        first, second = told(noun)
        for document, lines in (
            (f"{noun}.md", (first, second)),
            (f"about-{noun}.md", (f"Clerks look at a {noun} daily.",)),
        ):
            body = " ".join(lines)
            chunks.append(Chunk(document, document, "v", noun, f"{noun} record", 3, f"{noun} record\n\n{body}", body))
            sentences += [Sentence(f"{document}-{n}", len(chunks) - 1, document, 3 + n, s) for n, s in enumerate(lines)]
        texts = [Text(text, vector(text)) for text in (f"{first} {second}", first, second, f"{noun} record")]
        patterns.append(
            Pattern(
                noun,
                f"{noun} record",
                (f"{noun} record",),
                texts[0],
                (texts[1], texts[2]),
                (texts[3],),
                "domain",
                1,
                f"{noun}.md",
                noun,
                "r.yaml",
                1,
                None,
            )
        )
    return Knowledge(
        patterns, chunks, embed([c.text for c in chunks]), sentences, embed([s.text for s in sentences]), "m"
    )


@pytest.fixture(scope="module")
def outcome(knowledge):
    documents = [Version("a.md", DAY, "# A\n\nSee [b](b.md) and [c](c.md).\n"), Version("b.md", DAY, "# B\n"),
                 Version("c.md", DAY, "# C\n")]  # fmt: skip
    return measure(knowledge, documents, embed, {"v1-embedding": lambda _, raws: raws})


def row(outcome, family, kind, method="v1-embedding"):
    return next(r for r in outcome.results if (r.family, r.kind, r.method) == (family, kind, method))


@pytest.mark.parametrize("kind", ["negation", "number", "unit", "modality", "quantifier", "temporal"])
def test_a_planted_contradiction_is_found_and_the_clean_corpus_is_quiet(outcome, kind):
    """The mechanical kinds are within reach of rules alone."""
    assert row(outcome, "contradiction", kind).share >= 0.9
    assert row(outcome, "clean", "clean concepts").share <= 0.1


@pytest.mark.parametrize("kind", ["typo", "formatting", "reordering"])
def test_a_planted_null_is_not_flagged(outcome, kind):
    result = row(outcome, "null", kind)
    assert result.share is None or result.share <= 0.1


def test_the_seed_and_the_cosine_stand_beside_ours(outcome):
    """A benchmark without its peers says nothing."""
    assert row(outcome, "contradiction", "negation", "seed").share < row(outcome, "contradiction", "negation").share
    ours, cosine = row(outcome, "drift", "abrupt"), row(outcome, "drift", "abrupt", "embedding drift")
    assert ours.auc > cosine.auc


def test_structure_needs_no_model(outcome):
    """A definition that is taken out is missed, one that is there is found, and a broken reference is seen."""
    assert row(outcome, "structure", "removed definition", "retrieval").share == 1
    assert row(outcome, "structure", "definition in the top 10 by name", "retrieval").share >= 0.9
    assert row(outcome, "structure", "broken reference", "reader").share == 1
    copies = row(outcome, "structure", "stale copy that outranks", "retrieval")
    assert copies.share == 1 or "none of" in copies.reason


def test_what_has_no_case_is_unmeasured_with_the_reason(outcome):
    result = row(outcome, "null", "unit_translation")
    assert result.share is not None or result.reason
    assert counted("null", "x", "m", []).reason == "no case"


def test_calibration_and_report_share_no_document(knowledge):
    """A threshold that was fitted to what it is reported on is no figure."""
    halves = {True: set(), False: set()}
    for concept in concepts(knowledge, 100):
        halves[concept.is_reported] |= set(concept.home)
    assert halves[True]
    assert halves[False]
    assert not halves[True] & halves[False]


def test_sections_stand_in_where_few_patterns_are_registered(knowledge):
    few = Knowledge(knowledge.patterns[:1], knowledge.chunks, knowledge.chunk_vectors, knowledge.sentences,
                    knowledge.sentence_vectors, "m")  # fmt: skip
    chosen = concepts(few, 10)
    assert len(chosen) == 10
    assert sum(concept.pattern is not None for concept in chosen) == 1
    assert [c.concept_id for c in concepts(few, 10)] == [c.concept_id for c in chosen]


def test_a_plant_says_from_which_claim_it_was_made(knowledge):
    chosen = concepts(knowledge, 4)
    for plant in planted(chosen):
        assert plant.claim in {claim.text for concept in chosen for claim in concept.claims}
        assert plant.text != plant.claim


def test_people_wrote_enough_cases_and_half_are_kept_unseen():
    """Contradictions, half of them of paraphrases, paraphrases that must not be flagged, edits of either sort."""
    cases = handwritten()
    count = {kind: sum(case.kind == kind for case in cases) for kind in {case.kind for case in cases}}
    assert count["contradiction"] + count["contradiction of a paraphrase"] >= 60
    assert count["contradiction of a paraphrase"] >= 30
    assert count["paraphrase"] >= 50
    assert min(count["changed"], count["kept"]) >= 40
    unseen = sum(case.is_unseen for case in cases)
    assert 0.4 <= unseen / len(cases) <= 0.6
    assert not {c.claim for c in cases if c.is_unseen} & {c.claim for c in cases if not c.is_unseen}


def test_the_page_escapes_what_it_quotes_and_names_every_kind(outcome):
    rows = [result.row() for result in outcome.results]
    text = report.pages(rows)
    assert all(kind.replace("_", "\\_") in text for kind in FAULTS)
    quoted = [{"method": "m", "rank": 1, "score": 0.5, "claim_place": "a.md:1", "claim": "<script>x</script>",
               "evidence_place": "b.md:2", "evidence": "a | b", "why": None, "others": 0}]  # fmt: skip
    assert "<script>" not in report.pair_page(quoted)
    assert report.plot(rows).startswith(b"\x89PNG")


def test_the_limit_lets_no_more_than_the_stated_share_through():
    rng = np.random.default_rng(0)
    scores = rng.random(200)
    assert (scores > limit(scores, 0.05)).mean() <= 0.05
    assert limit(np.zeros(0), 0.05) == 0
    assert area_under(np.ones(3), np.zeros(0)) is None


@pytest.mark.parametrize(
    ("left", "right", "fires"),
    [
        ("Average value is gross value divided by the order count.",
         "Average value is the order count divided by gross value.", True),
        ("The service writes the log to the disk.", "The disk writes the log to the service.", True),
        ("The order holds parcels, invoices and refunds.", "The order holds refunds, invoices and parcels.", False),
        ("If it is late, the clerk calls the customer.", "The clerk calls the customer if it is late.", False),
        ("It is fast and it is small.", "It is small and it is fast.", False),
    ],
)  # fmt: skip
def test_roles_that_change_places_are_told_from_words_that_move(left, right, fires):
    assert (role_conflict(left, right) is not None) is fires


@pytest.mark.parametrize(
    ("left", "right", "fires"),
    [
        ("Stability is the share of meaning that was kept.", "Stability is the share of words that was kept.", True),
        ("Stability is the share of meaning that was kept.", "Stability is the part of meaning that was kept.", False),
        ("Stability is the share of meaning that was kept.", "Stability is the share of maening that was kept.", False),
        ("A row is put into quarantine with the reason.", "Profiles are made of every table once a day.", False),
    ],
)
def test_another_word_in_an_equal_sentence_is_no_slip_of_the_pen(left, right, fires):
    assert (substitution_conflict(left, right) is not None) is fires


@pytest.mark.parametrize(
    ("left", "right", "rule"),
    [
        ("A day without orders has no order value.", "A day without orders has an order value of 0.", "absence"),
        ("A pattern has one definition at a time.", "A pattern has several definitions at a time.", "count"),
        ("The same seed gives the same bytes.", "The same seed gives different bytes.", "antonym"),
        ("Only members may read the archive.", "Not only members may read the archive.", "quantifier"),
        ("The record is not valid.", "The record is invalid.", None),
        ("The record is kept for 24 hours.", "The record is kept for 1 day.", None),
        ("No pattern has two definitions.", "A pattern has one definition.", None),
    ],
)
def test_a_rule_says_what_differs_and_two_reversals_cancel(left, right, rule):
    raw, hit = raw_contradiction(left, right, 0.95)
    assert (hit.rule if hit else None) == rule
    assert (raw > 0.3) is (rule is not None)


def test_a_case_that_one_sentence_is_limited_to_lowers_the_score():
    """What holds "where nothing was sold" does not speak against what holds otherwise."""
    whole, _ = raw_contradiction("The rate is published.", "The rate is not published.", 0.95)
    limited, _ = raw_contradiction("The rate is published.", "Where nothing was sold, the rate is not published.", 0.95)
    assert limited < whole


def test_words_are_one_where_a_letter_slipped_and_two_where_they_mean_another_thing():
    assert same_word("consistency", "consistnecy")
    assert not same_word("consistency", "coherence")
    assert not same_word("read", "bread")


def test_every_mutation_leaves_odd_texts_alone():
    for mutate in (FAULTS | NULLS).values():
        for text in ("", " ", "…", "x" * 50_000, "- ", "1", "\ud800"):
            planted = mutate(text)
            assert planted is None or isinstance(planted, str)
