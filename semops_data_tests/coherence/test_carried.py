"""What is carried over from night to night: it saves time, and never changes a bit of a score."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semops_data.coherence import neighbourhood, thresholds
from semops_data.coherence.attribution import attribution
from semops_data.coherence.consistency import pairs
from semops_data.coherence.knowledge import Chunk, Knowledge, Sentence
from semops_data.coherence.neighbourhood import neighbourhoods
from semops_data.coherence.places import availabilities
from semops_data.coherence.placing import place
from semops_data.coherence.retrieval import Ranking
from semops_data.coherence.similarity import cosines, pairwise, top_k
from semops_data.coherence.usages import canonical_chunks, usages
from semops_data.coherence.words import Words
from semops_data.lakehouse.carried import NOTHING, Carried, digest, vector_digests
from semops_data.lakehouse.lake import Lake
from semops_data_tests.coherence.knowledge_base import DIMENSION, FILLER, knowledge, pattern, vector
from semops_data_tests.coherence.nights import TABLES, night

SAID = (
    "Invoices must be archived for 30 days before they are deleted.",
    "Invoices must be archived for 90 days before they are deleted.",
    "Invoices must not be archived for 30 days before they are deleted.",
    "Invoice retention is audited by two members of the finance team.",
    "The refund window is 14 days for every customer.",
    "The refund window is 30 days for every customer.",
    "Each refund window is approved by the finance team.",
    "See [the rule](glossary.md#invoice-retention) for what the archive accepts.",
    "The archive accepts invoices in euro only.",
)
DEFINITIONS = (SAID[0], SAID[1], "Invoices are archived.", "The archive keeps what it must.")
# A page, what it says (words of its own where it is beyond SAID), and what its vector is near to, and how near: the
# words and the vector need not agree, so that each of the two searches is disturbed without the other.
passages = st.tuples(
    st.integers(0, 5), st.integers(0, len(SAID) + 3), st.integers(0, 4), st.sampled_from((0.0, 0.6, 0.8, 0.9, 1.0))
)
pages = st.lists(passages, min_size=3, max_size=16, unique_by=lambda each: each[:2])
nights = st.tuples(
    pages,
    # Most nights change a few passages of the one before.
    st.lists(
        st.tuples(
            st.lists(st.integers(0, 15), max_size=4), st.lists(passages, max_size=3), st.sampled_from(DEFINITIONS[:2]),
            st.booleans(),
        ),
        min_size=1,
        max_size=3,
    ),
)  # fmt: skip


def course(first, changes):
    """The passages, the definition and whether a label was renamed, night by night."""
    held = {each[:2]: each for each in first}
    yield list(held.values()), DEFINITIONS[0], False
    for gone, come, definition, renamed in changes:
        held = {key: each for n, (key, each) in enumerate(held.items()) if n not in gone}
        held |= {each[:2]: each for each in come}
        yield list(held.values()), definition if len(gone) > 3 else DEFINITIONS[0], renamed and len(come) > 2


def mixed(near, weight, own):
    """A unit vector between what a text is near to and what nobody else says."""
    total = weight * vector(SAID[near]) + (1 - weight**2) ** 0.5 * vector(f"zebra{own}")
    return total / np.linalg.norm(total)


def corpus(written, definition, renamed, carried) -> Knowledge:
    """The knowledge of one night; a passage keeps its id while its document and its words stay."""
    own = pattern("invoice-retention", definition, source="docs/glossary.md#invoice-retention")
    other = pattern("refund-window", SAID[4], label="refund period" if renamed else "refund window")
    rows = [(d, h, s, vector(s)) for d, h, s in [("docs/glossary.md", "invoice retention", definition), *FILLER]]
    for page, said, near, weight in written:
        text = (
            SAID[said]
            if said < len(SAID)
            else f"Quagga{page}{said} okapi{page}{said} gnu{page}{said} ibex{page}{said}."
        )
        rows.append((f"docs/page{page}.md", f"part {said}", text, mixed(near, weight, (page, said))))
    rows.sort(key=lambda row: row[:3])
    ids = [hashlib.sha256("|".join(row[:3]).encode()).hexdigest() for row in rows]
    vectors = np.stack([row[3] for row in rows]).astype(np.float32)
    return Knowledge(
        [own, other],
        [Chunk(ids[n], d, "v", h.replace(" ", "-"), h, n, f"{h}\n\n{s}", s) for n, (d, h, s, _) in enumerate(rows)],
        vectors,
        [Sentence(f"{ids[n]}-0", n, d, n, s) for n, (d, _, s, _) in enumerate(rows)],
        vectors,
        "toy@1",
        carried,
    )


def found(base: Knowledge) -> list[object]:
    """Everything that is carried over, as it comes out of one night."""
    canonical = {p.pattern_id: canonical_chunks(p, base) for p in base.patterns}
    near = neighbourhoods(base, canonical)
    judged = [pairs(p, base, canonical[p.pattern_id], near=own) for p, own in zip(base.patterns, near, strict=True)]
    limit = attribution(base)
    used = {p.pattern_id: usages(p, base, canonical[p.pattern_id], attribution=0.6) for p in base.patterns}
    factors = [(str(factor.evidence), factor.unit_scores.tobytes()) for factor in availabilities(base, canonical, used)]
    planted = thresholds.plant(base, lambda texts: np.stack([vector(text) for text in texts]))
    return [judged, limit, used, factors, planted]


@settings(max_examples=20, deadline=None)
@given(nights)
def test_a_night_that_carries_over_gives_what_a_night_from_nothing_gives(tmp_path_factory, written):
    """Whatever came, went or changed, in documents, definitions and labels: the same bits, also with few spares."""
    carried = Carried(tmp_path_factory.mktemp("carried"))
    with patch.object(neighbourhood, "KEPT", 5), patch.object(neighbourhood, "POOL", 3):
        for said, definition, renamed in course(*written):
            base = corpus(said, definition, renamed, carried)
            assert found(base) == found(replace(base, carried=NOTHING))


def test_a_passage_that_was_ahead_of_the_definition_and_goes_gives_its_place_back(tmp_path):
    """Among many that hold the words no weight moves, so that the place itself has to notice."""
    carried, claim = Carried(tmp_path), "Invoice retention keeps each invoice for 30 days."
    own = pattern("invoice-retention", claim, source="docs/glossary.md#invoice-retention")
    other = [(f"docs/{n}.md", f"part {n}", f"Invoice retention is what page number{n} tells of.") for n in range(12)]
    ahead = ("docs/ahead.md", "invoice retention", "Invoice retention is invoice retention.")
    told = []
    for rows in ([ahead], []):
        base = replace(knowledge([own], [*rows, ("docs/glossary.md", "invoice retention", claim), *other, *FILLER]))
        base = replace(base, carried=carried, chunks=[c._replace(chunk_id=c.document_id) for c in base.chunks])
        canonical = {own.pattern_id: canonical_chunks(own, base)}
        (here,), (anew,) = (
            availabilities(each, canonical, {own.pattern_id: []}) for each in (base, replace(base, carried=NOTHING))
        )
        assert here.evidence == anew.evidence
        told.append(here.evidence["worst_query"]["rank"])
    assert told == [2, 1]


def test_a_claim_that_lost_most_of_its_neighbours_is_looked_at_anew(tmp_path):
    """Behind those that were kept stand others: they move up when enough have gone."""
    own = pattern("invoice-retention", SAID[0])
    near = [(f"docs/{n}.md", "part", f"Quagga{n} okapi{n}.") for n in range(9)]
    rows = [*FILLER, *near]
    vectors = np.stack([vector(s) for *_, s in FILLER] + [mixed(0, 0.95 - n / 50, n) for n in range(9)])
    for gone in (set(), {0, 1, 2}, {0, 1, 2, 4, 5}):
        kept = [n for n, row in enumerate(rows) if row not in [near[g] for g in gone]]
        base = knowledge([own], [rows[n] for n in kept])
        told = [each._replace(sentence_id=each.document_id) for each in base.sentences]
        base = replace(
            base, sentences=told, sentence_vectors=vectors[kept].astype(np.float32), carried=Carried(tmp_path)
        )
        with patch.object(neighbourhood, "KEPT", 5), patch.object(neighbourhood, "POOL", 4):
            (here,), (anew,) = (
                neighbourhoods(each, {own.pattern_id: []}) for each in (base, replace(base, carried=NOTHING))
            )
        assert [rows[kept[row]][0] for row in here[1][0]] == [near[n][0] for n in range(9) if n not in gone][:4]
        assert (here[0] == anew[0]).all()


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 100_000))
def test_a_place_is_the_rank_and_stays_it_while_nothing_enters_the_heads(seed):
    """The condition under which a place is carried over is the heart of a cheap night: it is tried to break."""
    rng = np.random.default_rng(seed)
    size, digits = int(rng.integers(5, 300)), int(rng.choice([1, 2, 6]))
    dense = np.round(rng.random(size), digits).astype(np.float32)
    lexical = np.where(rng.random(size) < rng.random(), np.round(rng.random(size), digits), 0.0)
    home = rng.choice(size, min(size, 2), replace=False)
    dense[home[0]], lexical[home[0]] = rng.choice([1.0, dense[home[0]]]), rng.choice([0.99, 0.0, lexical[home[0]]])
    known = place(Ranking(dense, lexical), home)
    assert known.rank == Ranking(dense, lexical).rank(home)
    if known.watched is None:
        return
    rest = np.setdiff1d(np.arange(size), [*known.watched, *home])
    kept = np.setdiff1d(np.arange(size), rest[rng.random(len(rest)) < 0.4])
    came = int(rng.integers(0, 50))
    new = np.nextafter(np.float32(known.cosine), np.float32(-1)) * rng.choice([1, 0.9, 0.3], came).astype(np.float32)
    words = np.nextafter(min(known.score, 2.0), 0) * rng.choice([1, 0.5, 0], came)
    after = Ranking(np.append(dense[kept], new), np.append(lexical[kept], words))
    assert after.rank(np.searchsorted(kept, home)) == known.rank


def test_a_cosine_is_the_same_in_every_company():
    """A product of matrices adds up in another order for another shape: here no sum is ever rounded."""
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(700, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    whole = cosines(vectors[:40], vectors)
    rows = np.sort(rng.choice(700, 33, replace=False))
    assert (cosines(vectors[7:8], vectors[rows])[0] == whole[7, rows]).all()
    assert (pairwise(vectors[:40], vectors[40:80]) == whole[np.arange(40), np.arange(40, 80)]).all()
    found, where = top_k(vectors[:3], vectors[rows], 5)
    assert (found == whole[np.arange(3)[:, None], rows[where]]).all()
    np.testing.assert_allclose(whole, vectors[:40] @ vectors.T, atol=1e-6)


def test_of_equal_neighbours_the_first_rows_are_kept():
    """A corpus is full of copies: which of them are among the nearest must not be an accident of the blocks."""
    corpus = np.zeros((9_000, 4), np.float32)
    corpus[:, 0] = 1
    assert top_k(corpus[:1], corpus, 3)[1].tolist() == [[0, 1, 2]]


def test_words_are_counted_alike_whoever_counted_them(tmp_path):
    """Half of the texts are new, some are gone, one is there twice."""
    carried, texts = Carried(tmp_path), [text for _, _, text in FILLER] + list(SAID)
    Words(texts[:20], carried)
    mixed = [*texts[10:], texts[12], "", "\ud800 lone"]
    for known in (Words(mixed, carried), Words(mixed, carried), Words(mixed)):
        told = [
            {word: count for word, number in known.numbers.items() for token, count in zip(
                known.tokens[start:end], known.counts[start:end], strict=True) if token == number}
            for start, end in zip(known.starts, known.starts[1:], strict=False)
        ]  # fmt: skip
        assert told == [dict(counted) for counted in map(_counted, mixed)]


def _counted(text):
    from collections import Counter

    from semops_data.coherence.text import content

    return Counter(content(text))


def test_what_another_version_kept_or_a_crash_left_is_not_read(tmp_path):
    """A cache of another scorer is no cache, and half a file is none."""
    carried = Carried(tmp_path)
    carried.write("a", {"n": np.arange(3)})
    assert carried.read("a")["n"].tolist() == [0, 1, 2]
    with patch("semops_data.lakehouse.carried.stamp", lambda: b"another"):
        assert carried.read("a") == {}
    whole = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(whole[: len(whole) // 2])
    assert carried.read("a") == {}
    assert NOTHING.read("a") == {}
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]


def test_a_memo_asks_once_and_forgets_what_nobody_asks_any_more(tmp_path):
    """Answers would pile up for ever otherwise."""
    carried, asked = Carried(tmp_path), []
    for round_ in range(3):
        memo = carried.memo("m")
        for question in ("a", "b") if round_ < 2 else ("b",):
            assert memo.told((question, np.ones(2)), lambda q=question: asked.append(q) or [q, None, 0.1]) == [
                question, None, 0.1]  # fmt: skip
        memo.keep()
    assert asked == ["a", "b"]
    assert not carried.memo("m").knows(("a", np.ones(2)))


@given(st.integers(0, DIMENSION - 1), st.integers(0, 1_000))
def test_vectors_that_differ_in_one_bit_have_another_digest(place, seed):
    """The digest stands for the vector wherever something is carried over."""
    vectors = np.random.default_rng(seed).normal(size=(2, DIMENSION)).astype(np.float32)
    vectors[1] = vectors[0]
    same, other = vector_digests(vectors)
    assert same == other
    vectors[1, place] = np.nextafter(vectors[1, place], np.float32(9))
    assert len(set(vector_digests(vectors))) == 2
    assert digest("ab", "c") != digest("a", "bc")


def test_the_tables_of_a_night_that_carries_over_are_those_of_a_night_from_nothing(tmp_path):
    """All verbs over the lake: pages come, change and go, a definition changes, a pattern comes, a threshold moves."""
    carried = Carried(tmp_path / "carried")
    for number in (0, 1, 3):
        for name, over in (("one", carried), ("other", NOTHING)):
            night(Lake(str(tmp_path / name)), number, over)
        one, other = Lake(str(tmp_path / "one")), Lake(str(tmp_path / "other"))
        for key in TABLES:
            assert one.read(key).equals(other.read(key)), (number, key)


SCORER = """
import sys
sys.path.insert(0, {root!r})
from semops_data.lakehouse.carried import Carried
from semops_data.lakehouse.lake import Lake
from semops_data_tests.coherence.nights import night
from pathlib import Path
print("ready", flush=True)
for number in (0, 2):
    night(Lake({lake!r}), number, Carried(Path({carried!r})))
    print(number, flush=True)
"""


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_run_that_is_killed_at_any_instant_is_made_good_by_the_next(tmp_path):
    """Kill -9 in the middle of tables, caches and histories: then the same scores, and no row twice."""
    undisturbed = Lake(str(tmp_path / "undisturbed"))
    for number in (0, 2):
        night(undisturbed, number, NOTHING)
    lake, rng = Lake(str(tmp_path / "lake")), random.Random(4)  # noqa: S311
    code = SCORER.format(root=str(Path(__file__).parents[2]), lake=lake.root, carried=str(tmp_path / "c"))
    for _ in range(2):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "ready\n"
        time.sleep(rng.uniform(0.02, 1.2))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=100)
    for key in TABLES:
        held, wanted = lake.read(key), undisturbed.read(key)
        assert held.equals(wanted), key
    history = lake.read("coherence/history").to_pylist()
    told = [(row["pattern_id"], row["as_of"], row["sc"], row["mean_measured"]) for row in history]
    assert len(told) == len(set(told))
    verdicts = lake.read("coherence/pairs", columns=["pattern_id", "claim", "sentence_id"]).to_pylist()
    assert len(verdicts) == len({tuple(row.values()) for row in verdicts})
