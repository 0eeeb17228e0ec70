"""`measure`: plant, judge by every method, count; and the natural pairs that score highest, for a person to read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.calibration import FAINT
from semops_data.coherence.consistency import COMPARABLE
from semops_data.coherence.exclusion import groups, innocent
from semops_data.coherence.lookup import lookup
from semops_data.coherence.planted.concepts import Concept, concepts, more_clean, single_sentences
from semops_data.coherence.planted.drift import drifts, intended_changes, losses
from semops_data.coherence.planted.handwritten import Pair, handwritten
from semops_data.coherence.planted.results import Result, area_under, counted
from semops_data.coherence.planted.stand import Judged, Plant, Scored, judged, limit, scored
from semops_data.coherence.planted.structure import (
    broken_references,
    planted_homonyms,
    removed_definitions,
    stale_copies,
)
from semops_data.coherence.planting import FAULTS, NULLS, typo
from semops_data.coherence.rules import raw_contradiction
from semops_data.corpus.facts.extract import corpus_conflicts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from semops_data.coherence.knowledge import Knowledge
    from semops_data.coherence.planted.drift import Tell
    from semops_data.coherence.planted.stand import Embed, Method
    from semops_data.coherence.planting import Mutation
    from semops_data.corpus.model import Version

FLAGGED = 0.05
FEWEST_CASES = 20
CONCEPTS = 120
NATURAL = 25
SAMPLE = 150
DUPLICATE = "duplicate with changes"


@dataclass(frozen=True)
class Natural:
    """A pair of the corpus as it is: what a person reads to see whether the scores are right.

    Attributes:
        method: what judged.
        score: its raw score.
        concept: label of the concept.
        claim: what it states, and where.
        claim_place: document and line of the concept.
        evidence: the other sentence.
        evidence_place: document and line.
        why: the rule that fired; None where a model alone judged.
        others: how many more pairs say the same contradiction.
    """

    method: str
    score: float
    concept: str
    claim: str
    claim_place: str
    evidence: str
    evidence_place: str
    why: str | None
    others: int = 0


@dataclass(frozen=True)
class Benchmark:
    """What came out."""

    results: list[Result]
    natural: list[Natural]
    concepts: int
    registered: int


def measure(
    knowledge: Knowledge,
    current: Sequence[Version],
    embed: Embed,
    methods: Mapping[str, Method],
    *,
    tell: Tell | None = None,
    most: int = CONCEPTS,
) -> Benchmark:
    """Measure how much each method sees of faults planted into a corpus.

    Args:
        knowledge: the corpus and its registry.
        current: its documents.
        embed: unit vectors of texts.
        methods: raw contradiction scores by name of the method.
        tell: a contradiction model's answers, by which more methods judge drift.
        most: concepts at most.
    """
    chosen, written = concepts(knowledge, most), handwritten()
    plants = planted(chosen)
    found, more = judged(knowledge, chosen, plants, embed), more_clean(knowledge, chosen)
    beside = judged(knowledge, more, [], embed)
    rare, rare_plants = _rare(knowledge, chosen, plants, embed)
    rare_kinds = np.array([plant.kind for plant in rare_plants])
    results: list[Result] = []
    natural: list[Natural] = []
    kinds = np.array([plant.kind for plant in plants])
    reported = np.array([concept.is_reported for concept in chosen], dtype=bool)
    of_reported = np.array([chosen[plant.concept].is_reported for plant in plants], dtype=bool)
    for name, method in methods.items():
        outcome = scored(name, method, found, len(chosen), len(plants))
        others = scored(name, method, beside, len(more), 0).natural
        threshold = max(limit(np.concatenate([outcome.natural[~reported], others]), FLAGGED), FAINT)
        own = scored(name, method, rare, len(rare_plants), len(rare_plants)).planted
        few = {kind: own[rare_kinds == kind] for kind in FAULTS}
        results += _contradictions(outcome, kinds, reported, of_reported, threshold, few)
        results += _written(name, method, written, embed, threshold)
        natural += _highest(name, outcome, found, chosen)
    natural += _stated(current)
    seed = _seed(knowledge, chosen, plants)
    results += _contradictions(seed, kinds, reported, of_reported, limit(seed.natural[~reported], FLAGGED), {})
    results += drifts(chosen, written, losses(embed, lookup(knowledge).vocabulary, tell))
    results += intended_changes(chosen, embed)
    results += removed_definitions(knowledge, chosen)
    results += planted_homonyms(knowledge, chosen)
    results += stale_copies(knowledge, chosen, embed)
    results += broken_references(current)
    registered = sum(concept.pattern is not None for concept in chosen)
    return Benchmark(results, natural, len(chosen), registered)


def planted(chosen: Sequence[Concept]) -> list[Plant]:
    """One sentence a concept and kind, made from the first claim to which the kind applies."""
    found = []
    for number, concept in enumerate(chosen):
        for kind, mutate in (FAULTS | NULLS).items():
            for claim in concept.claims:
                text = mutate(claim.text)
                if text is not None and text != claim.text:
                    found.append(Plant(number, kind, text, claim.text))
                    break
        found += _copied(number, concept)
    return found


def _rare(
    knowledge: Knowledge, chosen: Sequence[Concept], plants: Sequence[Plant], embed: Embed
) -> tuple[list[Judged], list[Plant]]:
    """More cases of the faults that few of the reported concepts have a place for: a share of three says nothing."""
    singles: list[Concept] = []
    found: list[Plant] = []
    for kind, mutate in FAULTS.items():
        have = sum(plant.kind == kind and chosen[plant.concept].is_reported for plant in plants)
        for single in single_sentences(knowledge, partial(_turns, mutate), max(FEWEST_CASES - have, 0)):
            claim = single.claims[0].text
            found.append(Plant(len(singles), kind, str(mutate(claim)), claim))
            singles.append(single)
    return [pair for pair in judged(knowledge, singles, found, embed) if pair.plant >= 0], found


def _turns(mutate: Mutation, text: str) -> bool:
    return mutate(text) not in {None, text}


def _copied(number: int, concept: Concept) -> list[Plant]:
    """A copy with a fault and a typo."""
    found = []
    for kind in ("number", "antonym", "modality", "negation"):
        claim, turned = next(((c, t) for c in concept.claims if (t := FAULTS[kind](c.text))), (None, None))
        if claim is not None and turned is not None:
            found.append(Plant(number, DUPLICATE, typo(turned) or turned, claim.text))
            break
    return found


def _contradictions(
    outcome: Scored,
    kinds: np.ndarray,
    reported: np.ndarray,
    of_reported: np.ndarray,
    threshold: float,
    few: Mapping[str, np.ndarray],
) -> list[Result]:
    """Clean concepts, faults by kind, and nulls; `few` are scores of more cases of the kinds that few concepts have."""
    name, flagged, none = outcome.name, outcome.planted > threshold, np.zeros(0)
    clean = outcome.natural[reported] > threshold
    share = float(clean.mean()) if len(clean) else None
    found = [counted("clean", "clean concepts", name, clean, threshold=threshold)]
    for kind in (*FAULTS, DUPLICATE):
        chosen = of_reported & (kinds == kind)
        scores = np.concatenate([outcome.planted[chosen], few.get(kind, none)])
        area = area_under(scores, outcome.natural[reported])
        found.append(
            counted("contradiction", kind, name, scores > threshold, clean=share, threshold=threshold, area=area)
        )
    nulls = {kind: flagged[of_reported & (kinds == kind)] for kind in NULLS}
    return found + [counted("null", kind, name, held, threshold=threshold) for kind, held in nulls.items()]


def _written(name: str, method: Method, written: Sequence[Pair], embed: Embed, threshold: float) -> list[Result]:
    """Contradictions and paraphrases that people wrote, at the threshold of this corpus."""
    chosen = [pair for pair in written if pair.kind not in {"changed", "kept"}]
    left, right = embed([pair.claim for pair in chosen]), embed([pair.text for pair in chosen])
    cosines = (left * right).sum(axis=1)
    raws = np.array([raw_contradiction(p.claim, p.text, float(c))[0] for p, c in zip(chosen, cosines, strict=True)])
    scores = np.where(cosines >= COMPARABLE, method([(p.claim, p.text) for p in chosen], raws), 0.0)
    kinds = np.array([pair.kind for pair in chosen])
    unseen = np.array([pair.is_unseen for pair in chosen], dtype=bool)
    found = []
    for label, part in (("all", np.ones(len(chosen), dtype=bool)), ("unseen", unseen)):
        for kind in ("contradiction", "contradiction of a paraphrase", "paraphrase"):
            own = part & (kinds == kind)
            area = None if kind == "paraphrase" else area_under(scores[own], scores[part & (kinds == "paraphrase")])
            found.append(counted("handwritten", f"{kind}, {label}", name, scores[own] > threshold,
                                 threshold=threshold, area=area))  # fmt: skip
        both = part & (kinds != "paraphrase")
        found.append(counted("handwritten", f"every contradiction, {label}", name, scores[both] > threshold,
                             threshold=threshold))  # fmt: skip
    return found


def _highest(name: str, outcome: Scored, found: Sequence[Judged], chosen: Sequence[Concept]) -> list[Natural]:
    """The natural pairs with the highest scores that exclude each other, one of each contradiction."""
    kept = []
    for place in np.argsort(-outcome.pairs, kind="stable"):
        pair = found[int(place)]
        if outcome.pairs[place] <= 0:
            break
        if pair.plant >= 0:
            continue
        concept, rule = chosen[pair.concept], pair.why.split(":")[0] if pair.why else None
        documents = (concept.place.rpartition(":")[0], pair.place.rpartition(":")[0])
        if innocent(pair.claim, pair.sentence, rule, documents=documents, names=(concept.label,)) is None:
            kept.append((float(outcome.pairs[place]), pair, concept))
    told = groups([(pair.claim, pair.sentence, pair.why) for _, pair, _ in kept])
    best = [(*kept[group[0]], len(group) - 1) for group in told[:NATURAL]]
    return [
        Natural(name, score, concept.label, pair.claim, concept.place, pair.sentence, pair.place, pair.why, others)
        for score, pair, concept, others in best
    ]


def _stated(current: Sequence[Version]) -> list[Natural]:
    """What two places say differently of one value: nothing is estimated, so nothing is ranked."""
    return [
        Natural("statements", 1.0, conflict.said.subject, conflict.said.quote, conflict.said.place,
                conflict.against.quote, conflict.against.place, f"statement: {conflict.said.aspect}", 0)
        for conflict in corpus_conflicts(current)[:NATURAL]
    ]  # fmt: skip


def _seed(knowledge: Knowledge, chosen: Sequence[Concept], plants: Sequence[Plant]) -> Scored:
    """The seed's formula: the mean contradiction over all pairs of claims and sentences, the rules' verdicts as ours.

    The mean over the corpus is estimated from a sample, chosen by hash; what a plant adds to it is exact.
    """
    order = sorted(
        range(len(knowledge.sentences)),
        key=lambda n: hashlib.sha256(knowledge.sentences[n].sentence_id.encode()).digest(),
    )[:SAMPLE]
    size = max(len(knowledge.sentences), 1)
    natural = np.zeros(len(chosen))
    for number, concept in enumerate(chosen):
        scores = [
            raw_contradiction(
                claim.text, knowledge.sentences[n].text, float(claim.vector @ knowledge.sentence_vectors[n])
            )[0]
            for claim in concept.claims
            for n in order
        ]
        natural[number] = float(np.mean(scores)) if scores else 0.0
    added = np.array([raw_contradiction(plant.claim, plant.text, 1.0)[0] for plant in plants])
    base = np.array([natural[plant.concept] for plant in plants]) if plants else np.zeros(0)
    return Scored("seed", natural, (base * size + added) / (size + 1), np.zeros(0))
