"""What the adapter learns from, and in which order.

Labelled pairs, pairs that the project plants, and neighbours: sentences of different articles that are about the like
and contradict nothing. A tenth of the premises of SNLI and MultiNLI is held back: what is chosen or calibrated is
chosen on those pairs. Sets whose labels mean something else lean to the beginning, and have a decision of their own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.contradiction.network import LABELS
from semops_data.coherence.contradiction.pairs import Example, TrainingDataError, by_window, read_pairs
from semops_data.coherence.contradiction.planted import planted_pairs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

JUDGED = ("mnli", "snli")
HELD_BACK = 10
PLANTED, NEIGHBOUR = "planted", "neighbour"
# What the teacher alone labels: hypotheses of one premise held against each other, and pairs of the Wikipedia sets.
SIBLING, RELABELLED = "sibling", "relabelled"
# Cosine of neighbours: comparable, and not the same sentence.
NEAR, SAME = 0.5, 0.9
NEAREST = 4


@dataclass(frozen=True)
class Shown:
    """How a set is shown.

    Attributes:
        times: how often each of its pairs is shown; a broken number shows a random part once more.
        lean: exponent of the moment, uniform in [0, 1], at which a pair is shown: above 1 earlier, below 1 later.
        apart: whether a decision of its own learns the labels, because they mean something else than in the others.
    """

    times: float = 1.0
    lean: float = 1.0
    apart: bool = False


# MultiNLI is the scarcest of what is judged. The Wikipedia sets were labelled under other instructions.
MIXTURE = {
    "mnli": Shown(7, 0.75),
    "snli": Shown(4, 0.75),
    "counterfactual": Shown(2),
    "wiki_base": Shown(2, 1.6, apart=True),
    "wiki_edit_other": Shown(2, 1.6, apart=True),
    "wiki_edit_premise": Shown(2, 1.6, apart=True),
    "wiki_contrast": Shown(1, 1.6, apart=True),
    SIBLING: Shown(0),
    RELABELLED: Shown(0),
}
LESSON = {
    "mnli": Shown(1.5),
    "snli": Shown(0.8),
    "counterfactual": Shown(0.3),
    PLANTED: Shown(0.2),
    NEIGHBOUR: Shown(0.15),
    **{name: Shown(0) for name in ("wiki_base", "wiki_edit_other", "wiki_edit_premise", "wiki_contrast")},
}


@dataclass(frozen=True)
class Recipe:
    """How the adapter is trained; the defaults are those of the adapter that ships.

    Attributes:
        epochs: multiplies how often every pair is shown.
        planted: pairs that the project plants.
        neighbours: pairs of neighbouring sentences, at most.
        pairs_per_batch: pairs of a step.
        rate: highest rate of the encoder.
        head_rate: highest rate of what starts from nothing.
        warm_up: share of the steps in which the rate rises.
        decay: share of the steps in which it falls to nothing, or would if there were no fork.
        swapped: share of the pairs whose sentences change places.
        smoothing: of labels.
        drop: share of channels that are dropped.
        weight_decay: of AdamW.
        longest: tokens of a pair while training.
        layers: of the base model.
        seed: of everything random.
        branches: trainings that go on from the fork, each in its own order, and are averaged.
        fork: share of the plan's steps before the fork.
        trust: weight of the teacher's word against the label, after the fork.
        siblings: pairs of hypotheses of one premise that the teacher labels, at most.
        relabelled: pairs of the Wikipedia sets that the teacher labels, at most.
        sets: how each set is shown before the fork; one that is not named is shown once.
        lesson: how each set is shown by each branch, likewise.
    """

    epochs: float = 1.0
    planted: int = 16_000
    neighbours: int = 4_000
    pairs_per_batch: int = 32
    rate: float = 1.2e-4
    head_rate: float = 4e-4
    warm_up: float = 0.05
    decay: float = 0.95
    swapped: float = 0.15
    smoothing: float = 0.05
    drop: float = 0.1
    weight_decay: float = 0.01
    longest: int = 96
    layers: int = 6
    seed: int = 0
    branches: int = 2
    fork: float = 0.5014
    trust: float = 0.6
    siblings: int = 5_000
    relabelled: int = 10_000
    sets: Mapping[str, Shown] = field(default_factory=lambda: dict(MIXTURE))
    lesson: Mapping[str, Shown] = field(default_factory=lambda: dict(LESSON))

    def shown(self, source: str) -> Shown:
        """How a set is shown."""
        return self.sets.get(source, Shown())


@dataclass(frozen=True)
class Pairs:
    """Pairs to learn from, and those that are held back to choose and to calibrate by."""

    training: list[Example]
    validation: list[Example]


def training_pairs(folder: Path, base: Path, recipe: Recipe) -> Pairs:
    """Every pair that a recipe learns from, and the pairs that are held back.

    Args:
        folder: holds `train/*.jsonl.gz`.
        base: folder of the base model, whose vectors find the neighbours.
        recipe: how many are made.

    Raises:
        TrainingDataError: where the folder has no pairs.
    """
    files = sorted((folder / "train").glob("*.jsonl.gz"))
    labelled = [pair for file in files or [folder / "train" / "*.jsonl.gz"] for pair in read_pairs(file)]
    if not labelled:
        raise TrainingDataError(f"the files under {str(folder / 'train')!r} hold no pairs")
    kept = {pair.premise for pair in labelled if pair.source in JUDGED and held_back(pair.premise)}
    validation = [pair for pair in labelled if pair.source in JUDGED and pair.premise in kept]
    training = [pair for pair in labelled if pair.premise not in kept]
    sentences = sorted({pair.premise for pair in training if 20 < len(pair.premise) < 200})
    made = planted_pairs(sentences, recipe.planted, np.random.default_rng(recipe.seed))
    made = [Example(pair.premise, pair.hypothesis, pair.label, PLANTED) for pair in made]
    near = neighbours(training, base, recipe)
    return Pairs(training + made + near + unlabelled(training, recipe), validation)


def unlabelled(labelled: Sequence[Example], recipe: Recipe) -> list[Example]:
    """Pairs for a teacher to label: hypotheses of one premise of MultiNLI in either order, and pairs of Wikipedia.

    Those of Wikipedia were labelled under other instructions. Labels that a pair carries here mean nothing.
    """
    rng = np.random.default_rng(recipe.seed + 3)
    groups: dict[str, list[str]] = {}
    for pair in labelled:
        if pair.source == "mnli":
            groups.setdefault(pair.premise, []).append(pair.hypothesis)
    couples = [(a, b) for group in groups.values() for a, b in permutations(group, 2) if a != b]
    wiki = [(pair.premise, pair.hypothesis) for pair in labelled if pair.source.startswith("wiki")]
    found = []
    for source, texts, most in ((SIBLING, couples, recipe.siblings), (RELABELLED, wiki, recipe.relabelled)):
        found += [Example(*texts[int(row)], 0, source) for row in rng.permutation(len(texts))[:most]]
    return found


def held_back(premise: str) -> bool:
    """Whether a premise is one of the tenth that is never trained on: by its hash, so it stays the same."""
    plain = " ".join(premise.lower().split())
    return int(hashlib.sha256(plain.encode()).hexdigest()[:8], 16) % HELD_BACK == 0


def neighbours(training: Sequence[Example], base: Path, recipe: Recipe) -> list[Example]:
    """Pairs of premises that are near each other and were written of different things: neutral.

    Premises of captions are left out: two captions of unlike scenes count as a contradiction in SNLI.
    """
    from semops_data.coherence.similarity import top_k
    from semops_data.embeddings.encoder import LocalEncoder

    told = [pair.premise for pair in training if pair.source == "mnli" or pair.source.startswith("wiki")]
    sentences = sorted({premise for premise in told if 20 < len(premise) < 200})
    if not sentences or not recipe.neighbours:
        return []
    vectors = LocalEncoder(base).encode(sentences)
    cosines, rows = top_k(vectors, vectors, NEAREST)
    found = [
        (number, int(row))
        for number, (near, where) in enumerate(zip(cosines, rows, strict=True))
        for cosine, row in zip(near, where, strict=True)
        if row != number and NEAR <= cosine < SAME
    ]
    chosen = np.random.default_rng(recipe.seed + 7).permutation(len(found))[: recipe.neighbours]
    neutral = LABELS.index("neutral")
    return [Example(sentences[a], sentences[b], neutral, NEIGHBOUR) for a, b in (found[int(at)] for at in chosen)]


def steps(
    lengths: np.ndarray, sources: np.ndarray, recipe: Recipe, sets: Mapping[str, Shown], *, seed: int = 0
) -> list[np.ndarray]:
    """Rows of every step, the same for the same seed.

    Args:
        lengths: tokens of every pair, shape (pairs,).
        sources: name of the set of every pair, shape (pairs,).
        recipe: how many pairs a step has.
        sets: how often and when each set is shown.
        seed: of the order; the number of steps is the same for all.
    """
    rng = np.random.default_rng(seed)
    rows, moments = [], []
    for source in sorted(set(sources)):
        mine, shown = np.flatnonzero(sources == source), sets.get(str(source), Shown())
        if not shown.times:
            continue
        times = shown.times * recipe.epochs
        left, turn = max(1, round(times * len(mine))), 0
        while left > 0:
            part = rng.permutation(mine)[:left]
            left -= len(part)
            rows.append(part)
            moments.append(((turn + rng.random(len(part)) * min(1, times - turn)) / times) ** shown.lean)
            turn += 1
    order = np.argsort(np.concatenate(moments), kind="stable")
    return by_window(np.concatenate(rows)[order], lengths, recipe.pairs_per_batch, rng)
