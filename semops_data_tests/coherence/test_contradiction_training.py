"""Training anew: by the asset, on data that the user brings, from where it was stopped."""

from __future__ import annotations

import gzip
import json
import shutil
from collections import Counter
from dataclasses import replace

import dagster as dg
import numpy as np
import pytest
import torch
from transformers import MPNetConfig, MPNetModel

from semops_data.coherence.contradiction import assets, teacher, training
from semops_data.coherence.contradiction.mixture import Recipe, Shown, held_back, neighbours, steps, training_pairs
from semops_data.coherence.contradiction.model import ADAPTER, AdapterModel, bundled_base
from semops_data.coherence.contradiction.network import LABELS
from semops_data.coherence.contradiction.pairs import Example, TrainingDataError, read_pairs
from semops_data.coherence.contradiction.planted import CONTRADICTION, ENTAILMENT, planted_pairs
from semops_data.coherence.contradiction.teacher import taught
from semops_data.coherence.contradiction.training import rate_at, target, train
from semops_data.coherence.quantities import quantities

ROWS = [
    ("The dogs are running in the park.", "The dogs are asleep.", "contradiction"),
    ("The dogs are running in the park.", "The dogs are outside.", "entailment"),
    ("The dogs are running in the park.", "The dogs are brown.", "neutral"),
    ("Every order is shipped within 3 days.", "No order is ever shipped.", "contradiction"),
]
TINY = Recipe(planted=0, neighbours=0, pairs_per_batch=4, layers=1, lesson={"": Shown(0.2)})


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Networks so small gain nothing from a second thread, which waits busily where the machine is."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def write(file, rows):
    file.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(file, "wt") as lines:
        lines.writelines(
            json.dumps(dict(zip(("premise", "hypothesis", "label"), row, strict=True))) + "\n" for row in rows
        )


@pytest.fixture
def data(tmp_path):
    write(tmp_path / "nli" / "train" / "small.jsonl.gz", ROWS * 4)
    write(tmp_path / "nli" / "test" / "small.jsonl.gz", ROWS)
    return tmp_path / "nli"


def run(config, home, monkeypatch):
    monkeypatch.setattr(assets, "load_settings", lambda: assets_settings(home))
    return dg.materialize(
        [assets.contradiction_model],
        run_config={"ops": {"contradiction_model": {"config": config}}},
        raise_on_error=False,
    )


def assets_settings(home):
    from semops_data.settings import Settings

    return Settings(home=home, device="cpu")


def test_the_asset_trains_judges_and_describes(data, tmp_path, monkeypatch):
    """The same way as the adapter that ships, on fewer pairs and one layer."""
    result = run({"data": str(data), "epochs": 2, "planted": 16, "layers": 1}, tmp_path, monkeypatch)
    assert result.success
    folder = tmp_path / "coherence" / "contradiction_model"
    model = AdapterModel(bundled_base(), folder / ADAPTER, "cpu")
    metadata = result.asset_materializations_for_node("contradiction_model")[0].metadata
    assert metadata["semops/bytes"].value == (folder / ADAPTER).stat().st_size <= 4_000_000
    assert 0 <= metadata["semops/small_accuracy"].value <= 1
    assert model.probabilities([("It is open.", "It is shut.")]).shape == (1, 3)
    assert model.model_id in (folder / "MODEL_CARD.md").read_text()


def test_missing_data_are_named_with_the_setting_that_points_to_them(tmp_path, monkeypatch):
    result = run({"data": str(tmp_path / "nowhere")}, tmp_path, monkeypatch)
    assert not result.success
    failure = next(event for event in result.all_events if event.is_step_failure)
    assert "SEMOPS_NLI_DATA" in str(failure.step_failure_data.error)
    with pytest.raises(TrainingDataError, match=r"set SEMOPS_NLI_DATA"):
        training_pairs(tmp_path, bundled_base(), Recipe())


def test_a_line_that_is_no_pair_is_named(tmp_path):
    write(tmp_path / "bad.jsonl.gz", [*ROWS[:2], ("a", "b", "maybe")])
    with pytest.raises(TrainingDataError, match="line 3"):
        read_pairs(tmp_path / "bad.jsonl.gz")


def test_a_run_of_many_assets_does_not_train(tmp_path):
    """An hour of work is no part of everything."""

    @dg.asset
    def other() -> None: ...

    result = dg.materialize([assets.contradiction_model, other])
    assert result.success
    assert result.asset_materializations_for_node("contradiction_model") == []


def test_a_stopped_training_goes_on_where_it_was(tmp_path, monkeypatch):
    """The same weights as without the stop, in either branch: nothing is shown twice, nothing left out."""
    examples = [Example(a, b, LABELS.index(label)) for a, b, label in ROWS * 10]
    monkeypatch.setattr(training, "REPORT_EVERY", 6)

    class StoppedError(Exception): ...

    def stop(line):
        raise StoppedError

    whole = train(bundled_base(), examples, TINY)
    for branch in ("1", "2"):
        with pytest.raises(StoppedError):
            train(bundled_base(), examples, TINY, folder=tmp_path, save_seconds=0, log=stop)
        assert (tmp_path / "branch-1.safetensors").is_file() == (branch == "2")
    lines = []
    resumed = train(bundled_base(), examples, TINY, folder=tmp_path, log=lines.append)
    assert lines == [], "the six steps before the stop are done again"
    for name, tensor in whole.learned.items():
        np.testing.assert_array_equal(resumed.learned[name].numpy(), tensor.numpy(), err_msg=name)
    with pytest.raises(TrainingDataError, match="another recipe or other pairs"):
        train(bundled_base(), examples, replace(TINY, rate=1e-3), folder=tmp_path)
    with pytest.raises(TrainingDataError, match="another recipe or other pairs"):
        train(bundled_base(), examples[1:], TINY, folder=tmp_path)
    training.forget(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_training_learns(tmp_path):
    """Four pairs by heart: a loop that does not learn would not."""
    examples = [Example(a, b, LABELS.index(label)) for a, b, label in ROWS * 60]
    losses = []
    recipe = replace(TINY, epochs=2, rate=3e-4, head_rate=1e-3, branches=1, fork=0.5, lesson={"": Shown(0.5)})
    train(bundled_base(), examples, recipe, log=lambda line: losses.append(float(line.split("loss ")[1].split(",")[0])))
    assert losses[-1] < 0.9, losses


def test_a_teacher_labels_the_pairs_that_have_no_label_of_their_own(tmp_path, monkeypatch):
    """The same word twice, probabilities, and of nothing else; what it is asked about is held back from nothing."""
    config = MPNetConfig(
        vocab_size=30_600, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    MPNetModel(config).save_pretrained(tmp_path / "teacher")
    shutil.copy(bundled_base() / "tokenizer.json", tmp_path / "teacher" / "tokenizer.json")
    rows = [(premise.replace("dogs", "cats"), *rest) for premise, *rest in ROWS]
    write(tmp_path / "train" / "mnli.jsonl.gz", rows)
    write(tmp_path / "train" / "wiki_base.jsonl.gz", rows)
    pairs = training_pairs(tmp_path, bundled_base(), TINY)
    assert Counter(pair.source for pair in pairs.training) >= Counter({"sibling": 6, "relabelled": 4})
    one, two = (taught(pairs, tmp_path / "teacher", tmp_path / kept).training for kept in "ab")
    assert one == two
    told = {pair.source for pair in one if pair.taught is not None}
    assert told == {"mnli", "sibling", "relabelled"}
    assert {round(sum(pair.taught), 4) for pair in one if pair.taught} == {1.0}
    with pytest.raises(TrainingDataError, match=r"no model\.safetensors"):
        taught(pairs, tmp_path, tmp_path)
    monkeypatch.setattr(teacher, "_opinions", None)
    assert taught(pairs, tmp_path / "teacher", tmp_path / "a").training == one, "a stopped training does not ask again"
    training.forget(tmp_path / "a")
    assert list((tmp_path / "a").iterdir()) == []


def test_the_teacher_is_believed_where_there_is_no_label_and_by_the_recipe_where_there_is_one():
    """What only the teacher has labelled carries a label that means nothing."""
    word = (0.5, 0.25, 0.25)
    recipe = Recipe(trust=0.6)
    np.testing.assert_allclose(target(Example("a", "b", 2, "mnli"), recipe), [0, 0, 1])
    np.testing.assert_allclose(target(Example("a", "b", 2, "mnli", word), recipe), [0.3, 0.15, 0.55])
    np.testing.assert_allclose(target(Example("a", "b", 2, "sibling", word), recipe), word)


def test_the_rate_rises_stays_and_falls_to_nothing():
    rates = [rate_at(done / 100, Recipe(warm_up=0.1, decay=0.4)) for done in range(101)]
    assert rates[0] < 0.01
    assert rates[20:60] == [1.0] * 40
    assert rates[-1] == 0.0
    assert sorted(rates[60:], reverse=True) == rates[60:]


def test_each_set_is_shown_as_often_and_as_early_as_the_recipe_says():
    """Sets of another label style come first; the scarce ones that are judged come often, and to the end."""
    sources = np.repeat(["early", "late", "other"], [600, 200, 400])
    sets = {"early": Shown(1.5, 3.0), "late": Shown(4, 0.5)}
    plan = steps(np.full(1200, 20), sources, Recipe(pairs_per_batch=8), sets)
    shown = np.concatenate(plan)
    counts = np.bincount(shown, minlength=1200)
    assert {*counts[600:800]} == {4}
    assert {*counts[800:]} == {1}
    assert {*counts[:600]} == {1, 2}
    assert counts[:600].sum() == 900
    place = np.arange(len(shown)) / len(shown)
    assert place[shown < 600].mean() < 0.4 < 0.55 < place[(shown >= 600) & (shown < 800)].mean()
    again = steps(np.full(1200, 20), sources, Recipe(pairs_per_batch=8), sets)
    assert all(np.array_equal(a, b) for a, b in zip(plan, again, strict=True))
    left = np.concatenate(steps(np.full(1200, 20), sources, Recipe(pairs_per_batch=8), {"late": Shown(0)}))
    assert not ({*left} & {*range(600, 800)})


def test_what_is_held_back_is_in_no_training_pair(tmp_path):
    """A choice made on pairs that were learned says nothing: neither premises nor what is made of them."""
    names = [f"{first}{second}o" for first in "bdfglmnprt" for second in "aeiouyrlshnm"]
    rows = [(f"The dog {name} is running in the park.", f"{name} runs.", "entailment") for name in names]
    write(tmp_path / "train" / "snli.jsonl.gz", rows)
    write(tmp_path / "train" / "counterfactual.jsonl.gz", rows)
    pairs = training_pairs(tmp_path, bundled_base(), replace(TINY, planted=40))
    kept = {pair.premise for pair in pairs.validation}
    assert 0 < len(kept) < 40
    assert all(held_back(premise) for premise in kept)
    learned = {text for pair in pairs.training for text in (pair.premise, pair.hypothesis)}
    assert not kept & learned
    assert {pair.source for pair in pairs.training} == {"snli", "counterfactual", "planted"}


def test_neighbours_are_near_but_not_the_same_and_no_captions():
    """Two things said of the like subject contradict nothing; two captions of unlike scenes do in SNLI."""
    premises = ["The invoice is sent to the customer at the end of the month.",
                "Customers receive an invoice for every month by post.",
                "The volcano erupted and covered the town with ashes."]  # fmt: skip
    told = [Example(premise, "x", 0, source) for source in ("mnli", "snli") for premise in premises]
    found = neighbours(told, bundled_base(), Recipe())
    assert {frozenset((pair.premise, pair.hypothesis)) for pair in found} == {frozenset(premises[:2])}
    assert {LABELS[pair.label] for pair in found} == {"neutral"}
    assert neighbours(told[3:], bundled_base(), Recipe()) == []


def test_planted_pairs_are_the_same_for_the_same_seed_and_turn_numbers_and_units():
    """Anyone who trains anew trains on the same pairs."""
    sentences = ["The board must meet within 30 days.", "The king defeated the army.", "It is a river in France."]
    one, two = (planted_pairs(sentences, 300, np.random.default_rng(3)) for _ in range(2))
    assert one == two
    assert {pair.label for pair in one} == {0, 1, 2}
    for pair in one:
        ours, theirs = ({(q.value, q.unit) for q in quantities(text)} for text in (pair.premise, pair.hypothesis))
        if pair.label == ENTAILMENT and "kept for" in pair.premise and len(ours) == len(theirs) == 1:
            assert ours != theirs, "the same span in another unit"
    swapped = {"The king defeated the army.", "The army defeated the king."}
    kings = planted_pairs(sentences[1:2] * 50, 60, np.random.default_rng(0))
    assert {pair.label for pair in kings if {pair.premise, pair.hypothesis} == swapped} == {CONTRADICTION}
