"""`Stand`: a corpus with planted sentences beside it, and what each method scores of every pair that it looks at.

A planted sentence counts only where the search brings it up among the neighbours of a claim, as in a real scoring.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.consistency import COMPARABLE, POOL, fused
from semops_data.coherence.knowledge import Knowledge, Sentence
from semops_data.coherence.planted.concepts import Concept, matrix_of
from semops_data.coherence.rules import raw_contradiction
from semops_data.coherence.similarity import top_k

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Embed = Callable[[Sequence[str]], np.ndarray]
    # (pairs, raw scores of the rules) -> raw scores of the method
    Method = Callable[[Sequence[tuple[str, str]], np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Plant:
    """A sentence that is planted against a concept.

    Attributes:
        concept: position of the concept.
        kind: the fault or null.
        text: the sentence.
        claim: the claim that it was made from.
    """

    concept: int
    kind: str
    text: str
    claim: str


@dataclass(frozen=True)
class Judged:
    """A pair that the search brought up: concept, claim, sentence, where it stands, and the rules' verdict.

    Attributes:
        concept: position of the concept.
        claim: the claim.
        sentence: the sentence.
        place: document and line; empty for a planted one.
        plant: position of the plant; -1 for a sentence of the corpus.
        raw: the rules' score.
        why: the rule that fired, in words.
    """

    concept: int
    claim: str
    sentence: str
    place: str
    plant: int
    raw: float
    why: str | None


def judged(knowledge: Knowledge, concepts: Sequence[Concept], plants: Sequence[Plant], embed: Embed) -> list[Judged]:
    """Every pair that a scoring would look at, natural ones first, then planted ones."""
    size = len(knowledge.sentences)
    extended = _extended(knowledge, plants, embed)
    by_concept: dict[int, list[int]] = {}
    for number, plant in enumerate(plants):
        by_concept.setdefault(plant.concept, []).append(number)
    documents = np.array([sentence.document_id for sentence in knowledge.sentences])
    found: list[Judged] = []
    for number, concept in enumerate(concepts):
        elsewhere = np.flatnonzero(~np.isin(documents, list(concept.home)))
        cosines, rows = top_k(matrix_of(concept.claims), knowledge.sentence_vectors[elsewhere], POOL)
        for place, claim in enumerate(concept.claims):
            near = {int(elsewhere[r]): float(c) for r, c in zip(rows[place], cosines[place], strict=True)}
            near = {row: cosine for row, cosine in near.items() if cosine >= COMPARABLE}
            chosen = fused(claim.text, near, extended)
            found += [_pair(number, claim.text, extended, row, near[row], size) for row in chosen]
            for own in by_concept.get(number, ()):
                row, cosine = size + own, float(extended.sentence_vectors[size + own] @ claim.vector)
                if cosine >= COMPARABLE and row in fused(claim.text, near | {row: cosine}, extended):
                    found.append(_pair(number, claim.text, extended, row, cosine, size))
    return found


def _extended(knowledge: Knowledge, plants: Sequence[Plant], embed: Embed) -> Knowledge:
    own = [Sentence(f"planted-{n}", 0, "", 1, plant.text) for n, plant in enumerate(plants)]
    vectors = embed([plant.text for plant in plants]) if plants else knowledge.sentence_vectors[:0]
    return dataclasses.replace(
        knowledge,
        sentences=[*knowledge.sentences, *own],
        sentence_vectors=np.concatenate([knowledge.sentence_vectors, vectors]),
    )


def _pair(concept: int, claim: str, extended: Knowledge, row: int, cosine: float, size: int) -> Judged:
    sentence = extended.sentences[row]
    raw, hit = raw_contradiction(claim, sentence.text, cosine)
    place = "" if row >= size else f"{sentence.document_id}:{sentence.line}"
    return Judged(concept, claim, sentence.text, place, row - size if row >= size else -1, raw,
                  f"{hit.rule}: {hit.detail}" if hit else None)  # fmt: skip


@dataclass(frozen=True)
class Scored:
    """What one method makes of the pairs.

    Attributes:
        name: of the method.
        natural: alarm of each concept without a plant: its highest pair, shape (concepts,).
        planted: highest score of each plant, 0 where the search did not bring it up, shape (plants,).
        pairs: score of every pair, shape (pairs,).
    """

    name: str
    natural: np.ndarray
    planted: np.ndarray
    pairs: np.ndarray


def scored(name: str, method: Method, found: Sequence[Judged], concepts: int, plants: int) -> Scored:
    """Score the pairs by one method."""
    raws = method([(pair.claim, pair.sentence) for pair in found], np.array([pair.raw for pair in found]))
    natural, planted = np.zeros(concepts), np.zeros(plants)
    for pair, raw in zip(found, raws, strict=True):
        if pair.plant < 0:
            natural[pair.concept] = max(natural[pair.concept], raw)
        else:
            planted[pair.plant] = max(planted[pair.plant], raw)
    return Scored(name, natural, planted, np.asarray(raws, dtype=np.float64))


def limit(natural: np.ndarray, share: float) -> float:
    """The lowest score that at most a share of further clean cases is expected to exceed; the highest where too few.

    The case at place ceil((n + 1) (1 - share)), as in split conformal prediction (Vovk 2005): a plain quantile of
    thirty cases promises too much.
    """
    if not len(natural):
        return 0.0
    place = min(ceil((len(natural) + 1) * (1 - share) - 1e-9), len(natural))
    return float(np.sort(natural)[place - 1])
