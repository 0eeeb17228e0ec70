"""The contradiction model that ships: what it says, what it refuses to say, and that nothing is judged twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from semops_data.coherence import assets
from semops_data.coherence.consistency import Pair
from semops_data.coherence.contradiction.evaluation import auc, auc_interval, calibration_error, evaluate, temperature
from semops_data.coherence.contradiction.judge import Judge, open_judge
from semops_data.coherence.contradiction.model import (
    ADAPTER,
    SHIPPED,
    AdapterModel,
    ClassifierModel,
    ContradictionModelError,
    bundled_base,
    can_read,
    contradiction,
    label_columns,
    load_adapter,
    open_model,
)
from semops_data.coherence.contradiction.network import Network, Shape, base_weights, encoded, fresh
from semops_data.coherence.contradiction.packing import packed, unpacked
from semops_data.coherence.contradiction.pairs import Example, open_tokenizer, tokenize
from semops_data.coherence.contradiction.release import CARD, FIGURES, SOURCES
from semops_data.coherence.contradiction.verdicts import VerdictCache
from semops_data.coherence.thresholds import plant
from semops_data.settings import Settings
from semops_data_tests.coherence.handbook import Platform
from semops_data_tests.coherence.knowledge_base import FILLER, knowledge, pattern, vector

ENTAILMENT, NEUTRAL, CONTRADICTION = range(3)
# Written for this test and never trained on.
SAMPLE = [
    Example(premise, hypothesis, label)
    for premise, rows in {
        "Two dogs are running across a wet field.": (
            ("Animals are outside.", ENTAILMENT),
            ("The dogs are sleeping on a couch.", CONTRADICTION),
            ("The dogs are chasing a rabbit.", NEUTRAL),
        ),
        "A man in a blue shirt is playing the guitar on a stage.": (
            ("A man is playing an instrument.", ENTAILMENT),
            ("Nobody is playing music.", CONTRADICTION),
            ("The man is a famous singer.", NEUTRAL),
        ),
        "Every order must be approved by a manager before it is shipped.": (
            ("Orders are shipped without any approval.", CONTRADICTION),
            ("An order that is shipped has been approved.", ENTAILMENT),
            ("Managers earn more than clerks.", NEUTRAL),
        ),
        "The report is published every morning.": (
            ("The report is never published.", CONTRADICTION),
            ("The report is published daily.", ENTAILMENT),
            ("The report has forty pages.", NEUTRAL),
        ),
        "Revenue is counted when the invoice is paid.": (
            ("Revenue is counted before the invoice is paid.", CONTRADICTION),
            ("Revenue is not counted when the invoice is paid.", CONTRADICTION),
            ("Paid invoices count as revenue.", ENTAILMENT),
        ),
        "Customers may cancel the contract at any time.": (
            ("Customers can never cancel the contract.", CONTRADICTION),
            ("The contract can be cancelled by customers.", ENTAILMENT),
            ("Most customers are happy with the contract.", NEUTRAL),
        ),
        "The old bridge was destroyed in the war.": (
            ("The old bridge survived the war undamaged.", CONTRADICTION),
            ("The bridge no longer stood after the war.", ENTAILMENT),
            ("The bridge was built by the Romans.", NEUTRAL),
        ),
    }.items()
    for hypothesis, label in rows
]
SLOW_JUDGE = """
import sys, time, pathlib
import numpy as np
from semops_data.coherence.contradiction.verdicts import VerdictCache

class Slow:
    model_id = "slow@1"
    def probabilities(self, pairs):
        time.sleep(0.3)
        return np.array([[0, 0, len(a) / (len(a) + len(b))] for a, b in pairs])

pairs = [(f"The order {n} is open now.", "The order is shut.") for n in range(5000)]
VerdictCache(pathlib.Path(sys.argv[1])).raws(Slow(), pairs)
"""


class Counting:
    """A model by length, which remembers what it was asked."""

    def __init__(self, model_id="counting@1"):
        self.model_id, self.asked = model_id, []

    def probabilities(self, pairs):
        self.asked += pairs
        return np.array([[0, 0, len(a) / (len(a) + len(b))] for a, b in pairs]).reshape(len(pairs), 3)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Networks so small gain nothing from a second thread, which waits busily where the machine is."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return open_model(Settings(home=tmp_path_factory.mktemp("home"), device="cpu"))


def test_what_ships_is_small_safe_and_says_what_it_was_made_of():
    """A wheel stays a wheel; a pickle could run code; share-alike data oblige whoever passes the weights on."""
    files = {path.name for path in SHIPPED.iterdir()}
    assert files == {ADAPTER, CARD, FIGURES}
    assert (SHIPPED / ADAPTER).stat().st_size <= 4_000_000
    card = (SHIPPED / CARD).read_text().replace("\\_", "_")
    assert [name for name, (_, licence) in SOURCES.items() if f"| {name} |" not in card or licence not in card] == []
    told = json.loads((SHIPPED / FIGURES).read_text())
    assert told["model_id"] == open_model(Settings()).model_id, "the figures are those of another adapter"
    assert {row["name"] for row in told["figures"]} == {"snli", "mnli", "sick", "lexical", "numbers"}
    assert all(f"| {row['accuracy']:.3f} |" in card for row in told["figures"])


def test_the_shipped_model_judges_sentences_it_never_saw(model):
    """The figures of the card are of thousands of pairs; these are few, so the bar lies one interval lower."""
    found = evaluate(model, "sample", SAMPLE)
    assert found.accuracy >= 0.7
    assert found.auc >= 0.9
    assert found.symmetric_auc >= 0.9


def test_the_raw_score_is_the_smaller_one_of_both_directions(model):
    """With the larger one nearly every concept carries an alarm."""
    pairs = [(pair.premise, pair.hypothesis) for pair in SAMPLE[:6]]
    raw = contradiction(model, pairs)
    one = model.probabilities(pairs)[:, CONTRADICTION]
    other = model.probabilities([(b, a) for a, b in pairs])[:, CONTRADICTION]
    np.testing.assert_allclose(raw, np.minimum(one, other), atol=1e-6)
    np.testing.assert_allclose(raw, contradiction(model, [(b, a) for a, b in pairs]), atol=1e-6)


def test_a_score_does_not_depend_on_the_company_it_is_asked_in(model):
    """Batches are padded; padding must not be read."""
    pairs = [(pair.premise, pair.hypothesis) for pair in SAMPLE]
    alone = np.concatenate([model.probabilities([pair]) for pair in pairs[:4]])
    np.testing.assert_allclose(model.probabilities([*pairs, ("A " * 80, "B " * 80)])[:4], alone, atol=1e-5)


def test_hopeless_texts_are_marked_and_break_nothing(model):
    """Empty, endless, broken or foreign: no verdict, or one on what could be read."""
    claim = "Every invoice must be archived for the year in which it was issued."
    endless = "the invoice is archived " * 25_000
    texts = ["", "   ", "…", "\ud800 is not a letter of the text", endless,
             "Jede Rechnung muss für die Dauer von zehn Jahren aufbewahrt werden, bevor sie gelöscht wird.",
             "每张发票必须保存十年才能删除", "Каждый счет должен храниться десять лет."]  # fmt: skip
    raw = contradiction(model, [(claim, text) for text in texts])
    assert np.isnan(raw).tolist() == [True, True, True, False, False, True, True, True]
    assert contradiction(model, []).shape == (0,)
    assert np.isfinite(contradiction(model, [("1. 2. 3.", "not a b c d e f g"), (claim, claim)])).sum() >= 1


def test_english_is_told_from_other_languages():
    assert can_read("Net revenue is gross revenue minus refunds.")
    assert not can_read("El ingreso neto es el ingreso bruto menos las devoluciones.")
    assert not can_read("Le chiffre d'affaires net est le chiffre d'affaires brut moins les remboursements.")


def test_the_untrained_network_is_the_base_model():
    """That its layers are written out anew changes no answer, and a change of nothing packs to nothing."""
    from transformers import BertModel

    base = bundled_base()
    network = fresh(base_weights(base), Shape())
    pairs = [("Every order is open until it is paid.", "It is shut."), ("Yes.", "No.")]
    batch = tokenize(open_tokenizer(base), pairs).batch(np.array([0, 1]))
    at = torch.arange(batch.ids.shape[1])
    real = at < batch.total[:, None]
    with torch.inference_mode():
        theirs = (
            BertModel.from_pretrained(str(base), local_files_only=True)
            .eval()(input_ids=batch.ids, attention_mask=real.long(), token_type_ids=(at >= batch.first[:, None]).long())
            .last_hidden_state
        )
        # Biases and norms travel in half precision.
        for ours, off in ((network, 1e-4), (unpacked(packed(network, network), network), 1e-2)):
            found = encoded(ours, batch.ids, batch.first, batch.total)
            np.testing.assert_allclose(found[real].numpy(), theirs[real].numpy(), atol=off)


def test_a_text_does_not_contradict_itself():
    """Other spaces or capitals change no meaning, whatever a network makes of two texts that are so alike."""
    text = "A threshold is chosen on planted faults for a stated precision."
    model = AdapterModel(bundled_base(), SHIPPED / ADAPTER, "cpu")
    pairs = [(text, text), (text, f"  {text.upper()}"), (text, text.replace("is", "is not"))]
    assert (contradiction(model, pairs) > 0.5).tolist() == [False, False, True]


def test_a_packed_change_is_small_and_comes_back():
    """What ships is the change of each map: its largest directions in eight bits, the next ones in four."""
    base = fresh(base_weights(bundled_base()), Shape(layers=1, rank=8, coarse=4))
    torch.manual_seed(0)
    name = "layers.0.rise.weight"
    large, small = (torch.randn(1536, rank) @ torch.randn(rank, 384) * size for rank, size in ((8, 1e-3), (4, 1e-4)))
    change = large + small
    trained = Network(base.shape, base.frozen, base.learned | {name: base.learned[name] + change})
    tensors = packed(trained, base)
    assert tensors["layers.0.rise.up"].dtype == torch.int8
    assert not any(part.startswith("apart") for part in tensors), "the decision of other label styles does not ship"
    found = unpacked(tensors, base).learned
    error = (found[name] - trained.learned[name]).norm()
    assert error / change.norm() < 0.02, "eight bits lose about one part in a hundred of the change"
    assert tensors["layers.0.rise.up_coarse"].shape == (1536, 2), "two values in a byte"
    assert error / small.norm() < 0.3, "the four next directions are there, in four bits"
    np.testing.assert_allclose(found["mix.weight"].numpy(), trained.learned["mix.weight"].numpy(), atol=1e-3)
    with pytest.raises(ValueError, match=r"layers\.0\.qkv\.up\b"):
        unpacked({part: tensor for part, tensor in tensors.items() if part != "layers.0.qkv.up"}, base)


def test_the_same_pair_is_judged_once_and_once_more_by_another_model(tmp_path):
    """A night costs what changed; verdicts of two models never mix."""
    cache, first, second = VerdictCache(tmp_path / "v.db"), Counting(), Counting("counting@2")
    pairs = [("The claim is one of two.", "This is the sentence."), ("The claim is one of two.", "It is the other.")]
    raws, judged = cache.raws(first, [*pairs, pairs[0]])
    assert (judged, len(first.asked)) == (2, 4)
    again, judged = cache.raws(first, pairs)
    assert (judged, len(first.asked), again.tolist()) == (0, 4, raws[:2].tolist())
    assert cache.raws(second, pairs)[1] == 2
    assert np.isnan(cache.raws(first, [("The claim is one of two.", "")])[0]).all()
    assert cache.raws(first, [("The claim is one of two.", "")])[1] == 0, "that it cannot tell is a verdict too"


def test_a_killed_process_loses_no_verdict_that_was_kept(tmp_path):
    """Killed at any instant: what was committed is there, and judged again by nobody."""
    cache = VerdictCache(tmp_path / "v.db")
    process = subprocess.Popen([sys.executable, "-c", SLOW_JUDGE, str(cache.file)])
    try:
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up and not (cache.file.is_file() and cache.count() > 0):
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    kept = cache.count()
    assert 0 < kept < 5000
    slow = Counting("slow@1")
    raws, judged = cache.raws(slow, [(f"The order {n} is open now.", "The order is shut.") for n in range(5000)])
    assert judged == 5000 - kept
    assert np.isfinite(raws).all()
    assert cache.count() == 5000


def test_the_hybrid_weighs_both_verdicts_and_names_its_origin(model, tmp_path):
    """A reader of a finding sees whether a rule or the model found it."""
    claim = "Customers may cancel the contract at any time."
    base = knowledge(
        [pattern("contract", claim)],
        [("a.md", "Contract", "Customers can never cancel the contract."),
         ("b.md", "Contract", "Kunden können den Vertrag jederzeit kündigen, auch ohne einen Grund zu nennen.")],
    )  # fmt: skip
    pairs = [Pair("contract", 0, 0, 0.9, None, None, 0.0), Pair("contract", 0, 1, 0.9, "number", "3 against 4", 0.9)]
    by_model, foreign = Judge("v2-nli", model, VerdictCache(tmp_path / "v.db")).judged(pairs, base)
    assert (by_model.method, by_model.rule) == ("v2-nli", "model")
    assert by_model.raw > 0.5
    assert model.model_id in by_model.detail
    assert (foreign.raw, foreign.rule) == (0.0, None)
    assert "language" in foreign.detail
    by_both, by_rule = Judge("v4-hybrid", model, VerdictCache(tmp_path / "v.db")).judged(pairs, base)
    assert by_both.method == "v4-hybrid"
    assert 0 <= by_both.raw < 0.5, "the model alone is no proof, however sure it is"
    assert by_rule.rule == "number"
    assert by_rule.raw > 0.9, "where the model cannot tell, the rule decides"


def test_planted_faults_are_scored_by_the_method_in_use(model, tmp_path):
    """A calibration of one method's scores says nothing about another's."""
    base = knowledge([pattern("contract", "A contract is binding for both parties.")], FILLER)

    def embed(texts):
        return np.stack([vector(text) for text in texts])

    judge = Judge("v4-hybrid", model, VerdictCache(tmp_path / "v.db"))
    by_rules, by_both = plant(base, embed), plant(base, embed, judge)
    assert [case.kind for case in by_rules] == [case.kind for case in by_both]
    assert all(both.raw > 0.5 for rule, both in zip(by_rules, by_both, strict=True) if rule.raw > 0.5)
    negated = next(case for case in by_both if case.kind == "negation")
    assert negated.raw > max(case.raw for case in by_both if not case.is_fault)


def test_a_run_with_the_hybrid_says_so_in_scores_and_findings(tmp_path, monkeypatch):
    """From the setting to the page: nobody has to guess who judged."""
    settings = Settings(home=tmp_path / "home", contradiction_method="v4-hybrid", device="cpu")
    monkeypatch.setattr(assets, "load_settings", lambda: settings)
    platform = Platform(tmp_path)
    assert platform.materialize().success
    rows = platform.by_pattern("coherence/scores")
    assert "consistency=v4-hybrid" in rows["invoice-retention"]["method"]
    assert {row["method"] for row in platform.rows("coherence/pairs")} == {"v4-hybrid"}
    found = [row for row in platform.rows("coherence/findings") if row["kind"] == "contradiction"]
    assert {row["method"] for row in found} <= {"v4-hybrid"}
    assert VerdictCache(settings.home / "coherence" / "verdicts.db").count() > 0


def test_the_rules_judge_alone_unless_the_settings_say_otherwise(tmp_path):
    assert open_judge(Settings(home=tmp_path)) is None
    assert open_judge(Settings(home=tmp_path, contradiction_method="v4-hybrid")).method == "v4-hybrid"


def test_a_wrong_model_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(ContradictionModelError, match="SEMOPS_CONTRADICTION_MODEL"):
        open_model(Settings(home=tmp_path, contradiction_model=str(tmp_path)))
    (tmp_path / ADAPTER).write_bytes(b"not a model")
    with pytest.raises(ContradictionModelError, match="no safetensors file"):
        load_adapter(bundled_base(), tmp_path / ADAPTER)
    with pytest.raises(ContradictionModelError, match="are not entailment"):
        label_columns({0: "positive", 1: "negative"})


def test_a_bigger_classifier_from_a_folder_goes_through_the_same_seam(tmp_path):
    """Here a small one with random weights: its labels stand in another order than ours."""
    import shutil

    from transformers import BertConfig, BertForSequenceClassification

    names = {0: "CONTRADICTION", 1: "ENTAILMENT", 2: "NEUTRAL"}
    config = BertConfig(hidden_size=24, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24,
                        num_labels=3, id2label=names, label2id={name: n for n, name in names.items()})  # fmt: skip
    torch.manual_seed(0)
    BertForSequenceClassification(config).save_pretrained(tmp_path / "big", safe_serialization=True)
    for name in ("vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        shutil.copy(bundled_base() / name, tmp_path / "big" / name)
    big = open_model(Settings(home=tmp_path, contradiction_model=str(tmp_path / "big"), device="cpu"))
    assert isinstance(big, ClassifierModel)
    found = big.probabilities([("A claim.", "A sentence."), ("A " * 1000, "B")])
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    assert big.model_id.startswith("big@")
    assert label_columns(names) == [1, 2, 0]


def test_auc_counts_ties_half():
    assert auc(np.array([0.1, 0.5, 0.5, 0.9]), np.array([False, False, True, True])) == 0.875
    assert np.isnan(auc(np.array([0.1]), np.array([True])))


def test_an_interval_of_the_auc_narrows_with_cases_and_holds_it():
    few, many = auc_interval(0.9, 40, 60), auc_interval(0.9, 400, 600)
    assert few[0] < many[0] < 0.9 < many[1] < few[1]
    assert np.isnan(auc_interval(0.9, 0, 5)).all()


def test_the_temperature_undoes_a_confidence_that_is_too_high():
    """Whoever is right seven times in ten must not say 0.99; which label is likeliest stays."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 2_000)
    told = np.where(rng.random(2_000) < 0.7, labels, (labels + rng.integers(1, 3, 2_000)) % 3)
    bold = np.full((2_000, 3), 0.005)
    bold[np.arange(2_000), told] = 0.99
    heat = temperature(bold, labels)
    calm = bold ** (1 / heat)
    calm /= calm.sum(axis=1, keepdims=True)
    assert heat > 2
    assert calibration_error(calm[:, 2], labels == 2) < 0.05 < calibration_error(bold[:, 2], labels == 2)
    assert temperature(np.zeros((0, 3)), np.zeros(0, np.int64)) == 1.0
