"""Retrieval and neighbours: what the scorer searches with."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semops_data.coherence.mentions import mentions
from semops_data.coherence.retrieval import BM25, Index, Ranking, ranks
from semops_data.coherence.similarity import BLOCK, top_k
from semops_data.coherence.text import content, label_beginnings, mention_pattern
from semops_data_tests.coherence.knowledge_base import knowledge, pattern, vector

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "retrieval"


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(1, 200), st.integers(1, 12), st.integers(0, 1_000))
def test_blocked_neighbours_equal_those_of_the_full_matrix(queries, size, k, seed):
    """The running top-k never loses a neighbour, whatever the sizes."""
    rng = np.random.default_rng(seed)
    left, right = rng.normal(size=(queries, 8)).astype("f4"), rng.normal(size=(size, 8)).astype("f4")
    cosines, rows = top_k(left, right, k)
    full = left @ right.T
    assert cosines.shape == rows.shape == (queries, min(k, size))
    assert np.allclose(cosines, -np.sort(-full, axis=1)[:, :k], atol=1e-5)


def test_neighbours_are_found_across_block_borders():
    """More rows than a block: the best one may lie in any of them."""
    corpus = np.zeros((BLOCK + 10, 4), np.float32)
    corpus[BLOCK + 5] = [1, 0, 0, 0]
    assert top_k(np.array([[1, 0, 0, 0]], np.float32), corpus, 1)[1][0, 0] == BLOCK + 5


def test_a_text_found_by_both_engines_comes_before_one_found_by_either():
    """Fusion by reciprocal rank rewards agreement."""
    texts = ["net revenue after refunds", "gross revenue", "shipping address", "net weight of a parcel"]
    index = Index(texts, np.stack([vector(text) for text in texts]))
    assert ranks(index.fused("net revenue", vector("net revenue")))[0] == 1


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("Our Semantic-Coherence scores", True),
        ("semantic coherences", True),
        ("unsemantic coherence", False),
        ("semantic\ncoherence", True),
        ("SC is computed", True),
        ("the sc folder", False),
    ],
)
def test_labels_are_found_as_whole_words_whatever_the_case(text, is_found):
    """Plurals, hyphens and line breaks count; parts of words and lower-case acronyms do not."""
    assert bool(mention_pattern(("semantic coherence", "SC")).search(text)) is is_found


@given(st.lists(st.text(max_size=30), max_size=4), st.text(max_size=100))
def test_any_label_and_any_text_can_be_searched(labels, text):
    """Labels come from files: none may break the expression."""
    pattern = mention_pattern(tuple(labels))
    assert pattern is None or pattern.search(text) is None or pattern.search(text).group()
    assert all(token for token in content(text))


@given(st.sampled_from(["Policy", "SC", "net revenue", "Größe", "A/B test"]), st.text(max_size=20), st.booleans())
def test_the_fast_test_for_a_mention_never_misses_one(label, around, plural):
    """The substring test is a filter: what it lets pass is decided by the expression, what it stops is lost."""
    said = label[:-1] + "ies" if plural and label.endswith("y") else label + ("s" if plural else "")
    text = f"{around} {said} {around}"
    if mention_pattern((label,)).search(text):
        assert any(beginning in text.lower() for beginning in label_beginnings((label,)))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the public test collection lies beside the checkout only")
def test_bm25_reaches_the_published_quality_on_cranfield():
    """A home-grown BM25 must rank like anybody's: nDCG@10 of 0.376 was measured for the reference."""

    def lines(name):
        with gzip.open(SHARED / f"cranfield-{name}.jsonl.gz", "rt") as file:
            return [json.loads(line) for line in file]

    documents, queries = lines("documents"), lines("queries")
    engine = BM25([f"{document['title']} {document['text']}" for document in documents])
    ids = [document["id"] for document in documents]
    relevant: dict[str, set[str]] = {}
    for row in lines("judgements"):
        if row["grade"] > 0:
            relevant.setdefault(row["query"], set()).add(row["doc"])
    values = []
    for query in queries:
        wanted = relevant.get(query["id"], set())
        top = np.argsort(-engine.scores(query["text"]), kind="stable")[:10]
        gain = sum(1 / np.log2(place + 2) for place, row in enumerate(top) if ids[row] in wanted)
        values.append(gain / sum(1 / np.log2(place + 2) for place in range(min(10, len(wanted)))) if wanted else 0.0)
    assert np.mean(values) > 0.36


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 40), st.integers(0, 10_000), st.booleans())
def test_the_rank_that_is_counted_is_the_rank_that_sorting_gives(size, seed, twins):
    """Counting who is ahead is twenty times quicker than sorting everyone, and must give the same answer."""
    rng = np.random.default_rng(seed)
    dense = rng.normal(size=size).astype(np.float32)
    lexical = np.where(rng.random(size) < 0.4, rng.random(size), 0.0)
    if twins and size > 2:
        dense[rng.integers(size)] = dense[0]
        lexical[rng.integers(size)] = lexical[0]
    wanted = rng.choice(size, min(size, 3), replace=False)
    ahead = np.array([(dense > value).sum() for value in dense]) + 1
    words = np.array([(lexical > value).sum() for value in lexical]) + 1
    fused = 1 / (60 + ahead) + np.where(lexical > 0, 1 / (60 + words), 0)
    ranking = Ranking(dense, lexical)
    assert np.allclose(ranking.fused(np.arange(size)), fused)
    assert ranking.rank(wanted) == int((fused > fused[wanted].max()).sum()) + 1


def test_a_text_that_takes_no_part_is_behind_all_others():
    """The sentence that a query was taken from would always find itself first."""
    ranking = Ranking(np.array([-np.inf, 0.2, 0.1], np.float32), np.array([0.0, 0.0, 1.0]))
    assert ranking.rank(np.array([0])) == 3
    assert ranking.rank(np.array([0, 1])) == 2


def test_rows_that_are_left_out_are_no_neighbours():
    """A definition's own document is no witness, in whichever block its sentences lie."""
    corpus = np.eye(4, dtype=np.float32)[np.arange(BLOCK + 8) % 4]
    left = np.flatnonzero(corpus[:, 0])
    cosines, rows = top_k(np.eye(4, dtype=np.float32)[:1], corpus, 3, without=[left])
    assert not set(rows[0].tolist()) & set(left.tolist())
    assert cosines[0].tolist() == [0, 0, 0]
    none, _ = top_k(np.eye(4, dtype=np.float32)[:1], corpus, 3, without=[np.arange(len(corpus))])
    assert np.isneginf(none).all()


def test_what_is_no_number_is_no_neighbour():
    """A broken vector must not win every comparison."""
    corpus = np.eye(4, dtype=np.float32)
    corpus[2] = np.nan
    cosines, rows = top_k(np.ones((1, 4), np.float32) / 2, corpus, 4)
    assert np.isneginf(cosines[0, -1])
    assert set(rows[0, :3].tolist()) == {0, 1, 3}
    assert np.isneginf(top_k(np.full((1, 4), np.nan, np.float32), corpus, 4)[0]).all()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(st.sampled_from("abcy_-’' SC."), max_size=24), min_size=1, max_size=6),
    st.text(st.sampled_from("abcy-’ SC"), min_size=1, max_size=8),
)
def test_the_index_of_words_never_misses_a_mention(passages, label):
    """What the index leaves out is never asked: it may offer too much, never too little."""
    mention = mention_pattern((label,))
    own = pattern("p", "A thing.", label=label)
    base = knowledge([own], [(f"d{n}.md", "h", passage) for n, passage in enumerate(passages)])
    wanted = {row: found.group() for row, text in enumerate(passages) if mention and (found := mention.search(text))}
    assert mentions(base).of((label,)) == wanted
