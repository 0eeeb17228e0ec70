"""What must hold of the scores for all corpora."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semops_data.coherence.availability import availability
from semops_data.coherence.calibration import Calibration
from semops_data.coherence.consistency import Pair, consistency, pairs
from semops_data.coherence.planting import FAULTS
from semops_data.coherence.rules import raw_contradiction
from semops_data.coherence.usages import canonical_chunks, usages
from semops_data.corpus.model import Version
from semops_data.lakehouse.lake import Lake
from semops_data_tests.coherence.handbook import Platform
from semops_data_tests.coherence.knowledge_base import FILLER, THINGS, knowledge, pattern, text, vector
from semops_data_tests.coherence.test_assess import NOW, assessed

CLAIMS = (
    "Invoices must be archived for 30 days before they are deleted.",
    "Every invoice is signed by two members of the finance team.",
    "The archive accepts invoices in euro only.",
)
SHARP = Calibration(intercept=-2.0, slope=2.0, threshold=0.5, method="planted")
RETENTION = replace(
    pattern("invoice-retention", " ".join(CLAIMS), source="docs/glossary.md#invoice-retention"),
    claims=tuple(text(claim) for claim in CLAIMS),
)
HOME = ("docs/glossary.md", "invoice retention", " ".join(CLAIMS))
CONTRADICTING = [told for claim in CLAIMS for fault in FAULTS.values() if (told := fault(claim)) is not None]
judged = st.builds(
    Pair, st.just("p"), st.integers(0, 4), st.integers(0, 9), st.floats(0.5, 1), st.none(), st.none(),
    st.one_of(st.just(0.0), st.floats(0, 1)),
)  # fmt: skip


def scored(passages):
    base = knowledge([RETENTION], [HOME, *passages])
    home = canonical_chunks(RETENTION, base)
    found = usages(RETENTION, base, home)
    return availability(RETENTION, base, home, found), consistency(RETENTION, pairs(RETENTION, base, home), SHARP)


@given(st.lists(judged, min_size=1, max_size=12), judged.filter(lambda pair: SHARP.probability(pair.raw) > 0))
def test_a_contradicting_pair_never_raises_consistency(held, added):
    """Not even the first one about a claim of which nobody has spoken yet."""
    before = consistency(RETENTION, held, SHARP).value
    assert consistency(RETENTION, [*held, added], SHARP).value <= before + 1e-12


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([*CONTRADICTING, *CLAIMS]), min_size=1, max_size=5), st.sampled_from(CONTRADICTING))
def test_a_contradicting_sentence_never_raises_consistency(held, added):
    """From the documents on, with the calibration as it is: retrieval, rules and product together."""
    passages = [(f"docs/page{n}.md", "page", said) for n, said in enumerate(held)]
    before = scored([*passages, *FILLER])[1].value
    after = scored([*passages, ("docs/added.md", "added", added), *FILLER])[1].value
    fires = any(raw_contradiction(claim, added, float(vector(claim) @ vector(added)))[0] > 0 for claim in CLAIMS)
    assert before is None or not fires or after <= before + 1e-12


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1_000))
def test_an_unrelated_document_moves_scores_by_less_than_their_interval(seed):
    """A corpus grows every day: a score that jumps with what has nothing to do with it would alert every night."""
    words = THINGS.split()
    unrelated = " ".join(random.Random(seed).choices(words, k=12)).capitalize() + "."  # noqa: S311
    base = [
        ("docs/finance.md", "finance", CONTRADICTING[0]),
        ("docs/use.md", "use", "Invoice retention is audited yearly."),
    ]
    before, after = scored([*base, *FILLER]), scored([*base, *FILLER, ("docs/new.md", "new", unrelated)])
    for old, new in zip(before, after, strict=True):
        low, high = old.interval()
        assert abs(new.value - old.value) < high - low
        assert low <= new.value <= high


def versions(documents):
    return [Version(name, NOW + timedelta(days=n), content) for n, (name, content) in enumerate(documents)]


DOCUMENTS = [
    ("docs/glossary.md", "# Glossary\n\n## Net revenue\n\nNet revenue is gross revenue less discounts and refunds.\n"),
    ("docs/a.md", "# A\n\nNet revenue is gross revenue less discounts and without refunds.\n"),
    *((f"docs/{thing}.md", f"# The {thing}\n\nThe {thing} team keeps its ledger in building {n}.\n")
      for n, thing in enumerate(THINGS.split())),
]  # fmt: skip


def test_the_order_of_documents_changes_nothing(tmp_path):
    """A corpus is a set: neither a folder's order nor a clone's may decide a score."""
    first = assessed(Lake(str(tmp_path / "a")), versions(DOCUMENTS))
    shuffled = versions(DOCUMENTS)
    random.Random(5).shuffle(shuffled)  # noqa: S311
    assert assessed(Lake(str(tmp_path / "b")), shuffled) == first


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(len(FILLER) + 3)))
def test_the_order_of_passages_changes_no_value(order):
    """Within the scorer as well, where equal ranks could be broken by the row."""
    passages = [
        ("docs/x.md", "x", CONTRADICTING[0]),
        ("docs/y.md", "y", CLAIMS[1]),
        ("docs/z.md", "z", CLAIMS[1]),
        *FILLER,
    ]
    ordered, shuffled = scored(passages), scored([passages[place] for place in order])
    for old, new in zip(ordered, shuffled, strict=True):
        assert new.value == pytest.approx(old.value, abs=1e-6)


def test_identical_nights_give_identical_scores(tmp_path):
    """Two homes, the same history, the same registry: the same rows to the last digit, and the same data versions."""
    tables = []
    for name in ("one", "other"):
        platform = Platform(tmp_path / name)
        result = platform.materialize(selection="*coherence/hotspots")
        events = result.get_asset_materialization_events()
        kept = {e.asset_key.to_user_string(): e.materialization.tags["dagster/data_version"] for e in events}
        kept = {key: version for key, version in kept.items() if key.startswith("coherence/")}
        tables.append((kept, platform.rows("coherence/scores"), platform.rows("coherence/organisation")))
    assert tables[0][1:] == tables[1][1:]
    stable = {"coherence/scores", "coherence/hotspots", "coherence/consistency", "coherence/thresholds"}
    assert {k: tables[0][0][k] for k in stable} == {k: tables[1][0][k] for k in stable}
    assert np.isfinite([row["bound_high"] for row in tables[0][1]]).all()
