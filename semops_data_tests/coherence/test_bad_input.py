"""What a corpus, a registry or a model may do to the scorer: it says so, it stays bounded, it never lies."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from semops_data.coherence import assess, summing
from semops_data.coherence.alignment import compare
from semops_data.coherence.availability import availability
from semops_data.coherence.calibration import Calibration
from semops_data.coherence.consistency import consistency, neighbours, pairs
from semops_data.coherence.knowledge import MixedModelsError
from semops_data.coherence.usages import canonical_chunks, usages
from semops_data.corpus.model import Version
from semops_data.embeddings import texts
from semops_data.embeddings.store import VectorStore
from semops_data.lakehouse.lake import Lake
from semops_data.registry.load import parse
from semops_data.registry.model import RegistryError
from semops_data.registry.tables import patterns_table
from semops_data_tests.coherence.knowledge_base import FILLER, knowledge, pattern, text, vector
from semops_data_tests.coherence.test_assess import NOW, Toy, assessed

SHARP = Calibration(intercept=-2.0, slope=2.0, threshold=0.5, method="planted")
CLAIM = "Invoices must be archived for 30 days before they are deleted."
OTHER = "Invoices must not be archived for 30 days before they are deleted."


def scored(own, passages):
    base = knowledge([own], passages)
    home = canonical_chunks(own, base)
    found = usages(own, base, home)
    return availability(own, base, home, found), consistency(own, pairs(own, base, home), SHARP)


@pytest.mark.parametrize("definition", ["", "   ", "...", "§ % &"])
def test_a_definition_without_a_word_is_measured_as_nothing_and_says_why(definition):
    """The registry refuses it; a table that another tool wrote may hold it all the same."""
    own = replace(pattern("empty-thing", "x"), definition=text(definition), claims=())
    found, held = scored(own, FILLER)
    assert found.value in {None, 0.0}
    assert (held.value, held.reason) == (None, "the definition asserts nothing that could be checked")
    with pytest.raises(RegistryError, match=r"definition is missing|fewer than 5 words"):
        parse(f'patterns:\n  - {{id: empty-thing, label: Empty, definition: "{definition}"}}\n')


@pytest.mark.timeout(60)
def test_a_definition_of_a_hundred_thousand_words_costs_no_more_than_its_length():
    """Somebody registers a whole manual: slow is bad, square is a night that never ends."""
    manual = " ".join(f"The part {n} of the manual must be kept for {n % 90} days." for n in range(10_000))
    claims = tuple(text(part) for part in manual.split(". ")[:40])
    own = replace(pattern("whole-manual", manual), claims=claims)
    assert len(manual.split()) > 100_000
    found, held = scored(own, [("docs/a.md", "part", claims[7].text.replace("7 days", "9 days")), *FILLER])
    assert found.value is not None
    assert 0 <= held.value <= 1


def test_the_same_pattern_twice_is_refused_by_the_file_and_scored_alike_from_a_table():
    """One name for two entries is an error; two names for one definition get one score."""
    entry = "  - {id: one-thing, label: One, definition: This is one thing and no other thing.}\n"
    with pytest.raises(RegistryError, match="is taken by line 2"):
        parse("patterns:\n" + entry + entry)
    one, other = pattern("one-thing", CLAIM, label="invoice"), pattern("two-things", CLAIM, label="invoice")
    passages = [("docs/a.md", "archive", CLAIM), ("docs/b.md", "finance", OTHER), *FILLER]
    assert [factor.value for factor in scored(one, passages)] == [factor.value for factor in scored(other, passages)]


def test_a_pattern_that_contradicts_itself_is_not_its_own_witness():
    """Both sentences stand in its home: nobody else speaks, and what nobody says is unmeasured."""
    own = replace(pattern("torn-thing", f"{CLAIM} {OTHER}", source="docs/torn.md"), claims=(text(CLAIM), text(OTHER)))
    _, alone = scored(own, [("docs/torn.md", "torn", CLAIM), ("docs/torn.md", "torn", OTHER), *FILLER])
    assert alone.value is None
    _, heard = scored(own, [("docs/torn.md", "torn", f"{CLAIM} {OTHER}"), ("docs/b.md", "b", CLAIM), *FILLER])
    assert 0 < heard.value < 1
    assert compare((CLAIM, OTHER), (OTHER, CLAIM), {CLAIM: vector(CLAIM), OTHER: vector(OTHER)}).preserved == 1.0


@pytest.mark.parametrize("content", ["# A\n\nNet revenue is what is left of gross revenue.\n", "word", "# A\n"])
def test_a_corpus_of_one_document_leaves_what_it_cannot_tell_unmeasured(tmp_path, content):
    """A rank among three passages means nothing, and says so."""
    found = assessed(Lake(str(tmp_path)), [Version("docs/a.md", NOW, content)])
    (row,) = found["scores"]
    assert (row["sc"], row["availability"]) == (None, None)
    assert "fewer than 20" in row["reason"]


def test_vectors_that_are_no_numbers_rank_last_and_break_nothing():
    """One broken row of a table must not make every score NaN."""
    own = pattern("invoice-retention", CLAIM, source="docs/glossary.md#x")
    passages = [("docs/glossary.md", "x", CLAIM), ("docs/b.md", "b", OTHER), *FILLER]
    base = knowledge([own], passages)
    broken = replace(base, chunk_vectors=base.chunk_vectors.copy(), sentence_vectors=base.sentence_vectors.copy())
    broken.chunk_vectors[5:9], broken.sentence_vectors[5:9] = np.nan, np.inf
    home = canonical_chunks(own, broken)
    found = usages(own, broken, home)
    values = [availability(own, broken, home, found).value, consistency(own, pairs(own, broken, home), SHARP).value]
    assert np.isfinite(values).all()
    blind = replace(own, claims=(replace(own.claims[0], vector=np.full_like(own.claims[0].vector, np.nan)),))
    assert pairs(blind, broken, home) == []


def test_a_model_whose_dimension_changed_is_named_before_anything_is_compared(tmp_path):
    """384 against 256 numbers would be a crash deep in a product; it is a sentence with a remedy instead."""
    lake = Lake(str(tmp_path))
    assessed(lake, [Version("docs/a.md", NOW, "# A\n\nNet revenue is what is left of gross revenue.\n")])

    class Wider(Toy):
        model_id = "toy@wide"

        def encode(self, given):
            return np.pad(super().encode(given), ((0, 0), (0, 128)))

    wide = VectorStore(lake, Wider())
    lake.replace("embeddings/sentences", texts.sentence_rows(lake.read("corpus/chunks"), wide).rows)
    with pytest.raises(MixedModelsError, match="materialize group:embeddings again"):
        assess.pair_rows(lake)
    assert wide.embed(["x"]).vectors.shape == (1, 384)
    assert VectorStore(lake, Toy()).embed(["x"]).vectors.shape == (1, 256)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_fifty_thousand_patterns_stay_within_time_and_memory():
    """Candidates, retrieval and mentions for a registry of that size, in blocks: never patterns times passages."""
    rng, count = np.random.default_rng(3), 50_000
    vectors = rng.normal(size=(count, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    base = knowledge([], [(f"d{n}.md", f"h{n}", f"The thing number{n} is kept by house{n}.") for n in range(200)])
    chunks = vectors[:200]
    one = pattern("p", "A thing is a thing of the house.")
    patterns = [
        replace(one, pattern_id=f"p-{n}", labels=(f"number{n}",), definition=told, claims=(told,))
        for n in range(count)
        for told in [replace(one.definition, vector=vectors[n])]
    ]
    big = replace(base, patterns=patterns, chunk_vectors=chunks, sentence_vectors=chunks)
    before = peak_mb()
    near = neighbours(patterns, big, {p.pattern_id: [] for p in patterns})
    used = {p.pattern_id: usages(p, big, []) for p in patterns}
    deltas = summing.usage_deltas(big, used)
    assert len(near) == len(deltas) == count
    assert sum(map(len, used.values())) == 200
    assert peak_mb() - before < 600


def peak_mb():
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


SLOW = """
import sys, time
sys.path.insert(0, {root!r})
from semops_data.coherence.contradiction.verdicts import VerdictCache
from semops_data.coherence.entailment import EntailmentCache
from pathlib import Path
import numpy as np
class Model:
    model_id = "slow@1"
    def probabilities(self, pairs):
        time.sleep(0.15)
        with open({asked!r}, "a") as file:
            file.write("".join(f"{{a}}|{{b}}\\n" for a, b in pairs))
        return np.tile(np.array([[0.2, 0.3, 0.5]], np.float32), (len(pairs), 1))
pairs = [(f"The invoice number {{n}} is kept.", f"The invoice number {{n}} is not kept.") for n in range(3000)]
print("ready", flush=True)
EntailmentCache(Path({file!r})).told(Model(), pairs)
print("done", flush=True)
"""


@pytest.mark.parametrize("delay", [0.05, 0.5])
def test_a_scorer_that_is_killed_goes_on_where_it_was_and_judges_nothing_twice(tmp_path, delay):
    """Killed at any instant: the file opens, what was committed counts, and at most one block is asked again."""
    root, asked, file = str(Path(__file__).parents[2]), str(tmp_path / "asked"), str(tmp_path / "e.db")
    code = SLOW.format(root=root, asked=asked, file=file)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    time.sleep(delay)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.endswith("done\n")
    lines = Path(asked).read_text().splitlines()
    assert len(set(lines)) == 3_000
    assert len(lines) <= 3_000 + 256
    with sqlite3.connect(file) as database:
        assert database.execute("SELECT count(*) FROM entailments").fetchone() == (3_000,)
    again = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert again.returncode == 0
    assert len(Path(asked).read_text().splitlines()) == len(lines)


def test_a_registry_of_one_broken_table_row_names_the_pattern(tmp_path):
    """A pattern that has no vector yet is left out of the scores, and the check on the scores says which."""
    lake = Lake(str(tmp_path))
    assessed(lake, [Version("docs/a.md", NOW, "# A\n\nNet revenue is what is left of gross revenue.\n")])
    rows = lake.read("registry/patterns").to_pylist()
    more = parse(
        "patterns:\n  - {id: new-thing, label: New thing, definition: A new thing is what came after the last run.}\n"
    )
    held = patterns_table(more).to_pylist()
    import pyarrow as pa

    lake.replace("registry/patterns", pa.Table.from_pylist([*rows, *held], schema=patterns_table(more).schema))
    from semops_data.coherence import checks

    lake.replace("coherence/scores", summing.score_rows(lake)[0])
    found = checks.every_audited_pattern_has_a_score(lake=lake)
    assert not found.passed
    assert found.metadata["missing"].value == ["new-thing"]
