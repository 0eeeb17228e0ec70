"""What people say of pairs: asked in a useful order, kept at once, carried between homes, and learned from."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semops_data.cli.label import sitting
from semops_data.coherence import labels, thresholds
from semops_data.coherence.labelling import RANDOM_EVERY, _mixed, queue
from semops_data.coherence.labels import Label, LabelError
from semops_data.coherence.tables import from_rows
from semops_data.lakehouse.lake import Lake, MissingTableError
from semops_data_tests.coherence.knowledge_base import FILLER, knowledge, pattern, vector

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def label(left="A is 1.", right="A is 2.", said="contradicts", author="ann", at=NOW, **more):
    return Label(left, right, said, author, at, **more)


def scored(tmp_path, raws):
    """A lake with a claim, one sentence for each raw score, and thresholds that cut at 0.5."""
    lake = Lake(str(tmp_path / "lake"))
    sentence = [f"Sentence number {n} about the order." for n in range(len(raws))]
    vectors = pa.array([[1.0, 0.0]] * len(raws), pa.list_(pa.float32()))
    lake.replace("coherence/pairs", from_rows("coherence/pairs", [
        {"pattern_id": "order", "claim": 0, "sentence_id": f"s{n}", "cosine": 0.9, "rule": "number" if raw else None,
         "detail": "number: 1 against 2" if raw else None, "raw": raw, "method": "embedding"}
        for n, raw in enumerate(raws)]))  # fmt: skip
    lake.replace("coherence/thresholds", from_rows("coherence/thresholds", [
        {"name": name, "value": value, "positives": 0, "negatives": 0, "method": "planted"}
        for name, value in zip(thresholds.NAMES[:4], (0.0, 1.0, 0.5, None), strict=True)]))  # fmt: skip
    text = {"model_id": "toy@1", "text_sha256": "0"}
    lake.replace("embeddings/patterns", from_rows("embeddings/patterns", [
        {"pattern_id": "order", "role": "claim", "ordinal": 0, "text": "An order is a purchase.", "vector": [1.0, 0.0]}
        | text]))  # fmt: skip
    lake.replace("embeddings/sentences", pa.table({
        "sentence_id": [f"s{n}" for n in range(len(raws))], "model_id": ["toy@1"] * len(raws),
        "chunk_id": ["c"] * len(raws), "document_id": ["docs/orders.md"] * len(raws),
        "line": pa.array(range(1, len(raws) + 1), pa.int64()), "text": sentence,
        "text_sha256": ["0"] * len(raws), "vector": vectors}))  # fmt: skip
    return lake


def test_the_most_uncertain_pairs_come_first_and_every_fifth_is_random(tmp_path):
    """What the threshold doubts teaches it most; what it is sure of has to be looked at too."""
    lake = scored(tmp_path, [0.0] * 20 + [0.99, 0.52, 0.1, 0.45, 0.7])
    asked = queue(lake, seed="ann")
    assert [question.picked for question in asked[:10]] == (["uncertain"] * 4 + ["random"]) * 2
    assert [question.right_place for question in asked[:4]] == [f"docs/orders.md:{n}" for n in (22, 24, 25, 23)]
    assert asked[0].told == "embedding: number: 1 against 2 (score 0.52)"
    assert queue(lake, seed="ann") == asked
    assert len(queue(lake, done=[(asked[0].left_text, asked[0].right_text)])) == 24


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=4), max_size=40))
def test_every_pair_is_asked_once(chances):
    found = list(_mixed(chances))
    assert sorted(row for row, _ in found) == list(range(len(chances)))
    assert sum(picked == "random" for _, picked in found) == len(chances) // RANDOM_EVERY


def test_a_sitting_keeps_each_answer_with_author_and_time_before_the_next_question(tmp_path):
    """Whatever happens at the next key, the last answer is there."""
    lake, said = scored(tmp_path, [0.5, 0.6, 0.7, 0.0]), []
    pressed, held = iter(["x", "c", "A", "s", "q"]), []

    def key():
        held.append(len(labels.read(lake)))
        return next(pressed)

    given_labels = sitting(lake, "ann", 10, said.append, key)
    assert given_labels == Counter(contradicts=1, agrees=1)
    assert held == [0, 0, 1, 2, 2]
    kept = labels.read(lake)
    assert [(one.label, one.author, one.picked) for one in kept] == [
        ("contradicts", "ann", "uncertain"), ("agrees", "ann", "uncertain")]  # fmt: skip
    assert kept[0].labelled_at <= datetime.now(UTC)
    assert kept[0].right_place == "docs/orders.md:1"
    assert sitting(lake, "ann", 10, said.append, lambda: "q") == Counter()
    assert any(line.startswith("2 pairs without a label of yours") for line in said)
    assert any(line.startswith("4 pairs") for line in said)


def test_the_verdict_is_shown_after_the_answer_and_not_before(tmp_path):
    """Who reads what the machine thinks first, agrees with it."""
    lake, said = scored(tmp_path, [0.5]), []

    def key():
        assert not any("score 0.50" in line for line in said)
        return "u"

    sitting(lake, "ann", 1, said.append, key)
    assert "score 0.50" in said[-1]


def test_nothing_to_label_says_what_to_do(tmp_path):
    with pytest.raises(MissingTableError, match="coherence/pairs"):
        queue(Lake(str(tmp_path)))


def test_an_answer_survives_the_kill_of_its_terminal(tmp_path):
    """Kill -9 while the next question waits."""
    home = tmp_path / "home"
    lake = scored(tmp_path, [0.5, 0.6])
    environment = os.environ | {"SEMOPS_HOME": str(home), "SEMOPS_LAKE_URI": lake.root}
    code = "from semops_data.cli.label import command; command(['--author', 'ann'], standalone_mode=False)"
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)  # fmt: skip
    process.stdin.write("c\n")
    process.stdin.flush()
    for _ in range(600):
        if labels.read(lake):
            break
        time.sleep(0.05)
    process.kill()
    process.wait()
    process.stdin.close()
    assert [(one.label, one.author) for one in labels.read(lake)] == [("contradicts", "ann")]


def test_a_later_word_replaces_an_earlier_one_and_never_the_other_way_round(tmp_path):
    """An old export must not undo a change of mind."""
    lake = Lake(str(tmp_path))
    later = label(said="agrees", at=NOW + timedelta(hours=1))
    assert labels.keep(lake, [label(), label(author="bob")]) == 2
    assert labels.keep(lake, [later]) == 1
    assert labels.keep(lake, [label(), later]) == 0
    assert {(one.author, one.label) for one in labels.read(lake)} == {("ann", "agrees"), ("bob", "contradicts")}
    before = lake.read("coherence/labels", version=lake.version("coherence/labels") - 1)
    assert sorted(before["label"].to_pylist()) == ["contradicts", "contradicts"]


def test_labels_travel_as_json_lines_and_arrive_as_they_were(tmp_path):
    """Another home, the same words; importing twice changes nothing."""
    one, other, file = Lake(str(tmp_path / "a")), Lake(str(tmp_path / "b")), tmp_path / "labels.jsonl"
    said = [label(pattern_id="p", left_place="a.md:1", picked="random"), label(right='Zeile\n"ü" \u2028', author="bö")]
    labels.keep(one, said)
    assert labels.write_lines(labels.read(one), file) == 2
    assert labels.keep(other, labels.read_lines(file)) == 2
    assert labels.keep(other, labels.read_lines(file)) == 0
    assert labels.read(other) == labels.read(one)
    assert labels.version(other) == labels.version(one) != labels.version(Lake(str(tmp_path / "c"))) == "none"


def test_a_file_with_broken_lines_is_refused_with_each_of_them(tmp_path):
    """All lines are named, and nothing of the file is used."""
    file = tmp_path / "labels.jsonl"
    good = {"left_text": "a", "right_text": "b", "author": "ann", "label": "agrees", "labelled_at": NOW.isoformat()}
    lines = [good, good | {"label": "yes"}, good | {"labelled_at": "soon"}, good | {"left_text": ""}, [], good
             | {"author": 3}, good | {"pattern_id": 1}, good | {"author": "x" * 300}]  # fmt: skip
    file.write_text("\n".join(["", *map(json.dumps, lines), "{broken"]))
    with pytest.raises(LabelError) as raised:
        labels.read_lines(file)
    told = str(raised.value)
    assert [n for n in range(1, 12) if f"labels.jsonl:{n}:" in told] == [3, 4, 5, 6, 7, 8, 9, 10]
    file.write_bytes(b"\xff\xfe{}")
    with pytest.raises(LabelError, match=r"labels\.jsonl:1"):
        labels.read_lines(file)


def test_what_most_people_say_counts_and_a_draw_does_not():
    said = [label(author="a"), label(author="b", said="agrees"), label(right="x", author="a")]
    assert labels.settled(said) == {("A is 1.", "x"): "contradicts"}
    third = [*said, label(author="c", said="agrees")]
    assert labels.settled(third)["A is 1.", "A is 2."] == "agrees"


def test_labels_are_cases_of_the_thresholds_and_their_pairs_no_longer_natural(tmp_path):
    """A pair that a person called a contradiction must not teach that such pairs are harmless."""
    text = "An invoice is kept for 30 days after it was paid."
    other = "An invoice is kept for 90 days after it was paid."
    known = knowledge([pattern("invoice", text)], [*FILLER, ("finance.md", "Archive", other)])
    from semops_data.coherence.consistency import Pair

    pairs = [Pair("invoice", 0, row, 0.9, None, None, 0.0, "embedding") for row in (0, len(FILLER))]
    said = {(text, other): "contradicts", (text, "Something else."): "cannot_tell"}
    cases = thresholds.labelled(said, lambda texts: __import__("numpy").stack([vector(t) for t in texts]))
    assert [(case.kind, case.is_fault) for case in cases] == [("human", True), ("human", False)]
    assert cases[0].raw > 0.5 > cases[1].raw
    assert thresholds.unlabelled(pairs, said, known) == pairs[:1]
    assert thresholds.unlabelled(pairs, {}, known) == pairs


def test_labels_change_the_thresholds_of_a_real_home_and_make_them_stale(tmp_path):
    """From a label to the row of `coherence/thresholds`: the case is counted."""
    from semops_data.coherence.assess import threshold_rows
    from semops_data.embeddings.store import VectorStore
    from semops_data_tests.coherence.handbook import Platform

    platform = Platform(tmp_path)
    platform.materialize(selection="*coherence/thresholds")
    before = {row["name"]: row for row in platform.rows("coherence/thresholds")}
    pair = queue(platform.lake)[0]
    labels.keep(platform.lake, [label(pair.left_text, pair.right_text)])
    vectors = VectorStore(platform.lake, platform.encoder)
    after = {row["name"]: row for row in threshold_rows(platform.lake, vectors)[0].to_pylist()}
    name = thresholds.NAMES[0]
    assert after[name]["positives"] == before[name]["positives"] + 1
    assert after[name]["negatives"] == before[name]["negatives"] - 1
