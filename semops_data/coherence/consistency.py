"""Consistency: does anything contradict the definition?

Each claim of the definition is held against the top k comparable sentences of other documents (cosine >= 0.5),
never against all pairs. C = sum over claims of w * product over its neighbours of (1 - q), over the claims that
have a comparable neighbour; q is the calibrated probability that the two contradict each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.factor import Factor, measured, unmeasured
from semops_data.coherence.lookup import lookup
from semops_data.coherence.retrieval import ranks
from semops_data.coherence.rules import raw_contradiction
from semops_data.coherence.similarity import top_k
from semops_data.corpus.language import is_foreign, language

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from semops_data.coherence.calibration import Calibration
    from semops_data.coherence.hit import Hit
    from semops_data.coherence.knowledge import Knowledge, Pattern

    Rules = Callable[[str, str, float], tuple[float, Hit | None]]

METHOD = "embedding"
NEIGHBOURS = 10
COMPARABLE = 0.5
POOL = 50


@dataclass(frozen=True)
class Pair:
    """A claim and a comparable sentence of another document, with the verdict on the two.

    Attributes:
        pattern_id: the pattern.
        claim: ordinal of the claim.
        sentence: row of the sentence.
        cosine: of the two, in [0.5, 1].
        rule: the rule that fired; None where none did.
        detail: what it saw.
        raw: raw contradiction score in [0, 1].
        method: what gave the verdict.
    """

    pattern_id: str
    claim: int
    sentence: int
    cosine: float
    rule: str | None
    detail: str | None
    raw: float
    method: str = METHOD


Near = tuple[np.ndarray, np.ndarray]


def neighbours(
    patterns: Sequence[Pattern], knowledge: Knowledge, canonical: Mapping[str, list[int]], *, device: str = "cpu"
) -> dict[str, Near]:
    """Of each pattern's claims the nearest sentences outside the documents that hold the definition.

    All claims are multiplied at once: hundreds of small products cost many times one large one.

    Args:
        patterns: whose claims.
        knowledge: the corpus.
        canonical: rows of the chunks that hold each definition.
        device: `cpu`, `cuda` or `cuda:N`.

    Returns:
        (cosines, rows) by pattern, both of shape (claims, POOL); -inf where there are fewer.
    """
    claims = [claim.vector for p in patterns for claim in p.claims]
    if not knowledge.sentences or not claims:
        return {}
    own: list[np.ndarray] = []
    for p in patterns:
        home = {knowledge.chunks[row].document_id for row in canonical[p.pattern_id]} | {p.source_path}
        own += [np.sort(lookup(knowledge).sentences_of(home))] * len(p.claims)
    cosines, rows = top_k(np.stack(claims), knowledge.sentence_vectors, POOL, device=device, without=own)
    found, start = {}, 0
    for p in patterns:
        found[p.pattern_id] = (cosines[start : start + len(p.claims)], rows[start : start + len(p.claims)])
        start += len(p.claims)
    return found


def pairs(
    pattern: Pattern,
    knowledge: Knowledge,
    canonical: list[int],
    *,
    device: str = "cpu",
    near: Near | None = None,
    rules: Rules = raw_contradiction,
) -> list[Pair]:
    """The pattern's claims with their comparable neighbours, at most 10 each, judged by the rules.

    Candidates are the best by dense and lexical rank among the sentences of documents that do not hold the
    definition; a sentence that equals the claim is a quotation and stays in: it agrees. A sentence in another language
    than English is held against nothing: neither rules nor models know it.

    Args:
        pattern: the pattern.
        knowledge: the corpus.
        canonical: rows of the chunks that hold the definition.
        device: `cpu`, `cuda` or `cuda:N`.
        near: its part of `neighbours`; looked for where None.
        rules: the verdict on (claim, sentence, cosine).
    """
    if near is None:
        near = neighbours([pattern], knowledge, {pattern.pattern_id: canonical}, device=device).get(pattern.pattern_id)
    if near is None:
        return []
    found = []
    for number, claim in enumerate(pattern.claims):
        close = {int(row): float(c) for row, c in zip(near[1][number], near[0][number], strict=True) if c >= COMPARABLE}
        for row in fused(claim.text, close, knowledge):
            sentence = knowledge.sentences[row]
            if is_foreign(sentence.text):
                continue
            raw, hit = rules(claim.text, sentence.text, close[row])
            found.append(
                Pair(pattern.pattern_id, number, row, close[row], hit.rule if hit else None,
                     hit.detail if hit else None, raw)
            )  # fmt: skip
    return found


def fused(claim: str, near: dict[int, float], knowledge: Knowledge) -> list[int]:
    """The best neighbours by reciprocal rank over cosine and words, at most `NEIGHBOURS`."""
    if len(near) <= NEIGHBOURS:
        return list(near)
    rows = np.array(list(near))
    lexical = knowledge.sentence_index.lexical(claim)[rows]
    score = 1 / (60 + ranks(np.array(list(near.values())))) + 1 / (60 + ranks(lexical))
    return [int(row) for row in rows[np.argsort(-score, kind="stable")[:NEIGHBOURS]]]


def consistency(pattern: Pattern, found: list[Pair], calibration: Calibration) -> Factor:
    """The pattern's consistency from its judged pairs; unmeasured where no claim has a comparable neighbour."""
    if not pattern.claims:
        return unmeasured(pattern.pattern_id, "the definition asserts nothing that could be checked", method=METHOD)
    foreign = {language(claim.text) for claim in pattern.claims if is_foreign(claim.text)}
    if foreign and all(is_foreign(claim.text) for claim in pattern.claims):
        told = ", ".join(sorted(map(str, foreign)))
        reason = f"the definition is in another language ({told}): rules and models know English alone"
        return unmeasured(pattern.pattern_id, reason, method=METHOD, claims=len(pattern.claims))
    if not found:
        return unmeasured(
            pattern.pattern_id,
            f"no sentence of another document comes as close as cosine {COMPARABLE} to a claim",
            method=METHOD,
            claims=len(pattern.claims),
        )
    survival: dict[int, float] = {}
    for pair in found:
        survival[pair.claim] = survival.get(pair.claim, 1.0) * (1.0 - calibration.probability(pair.raw))
    counted = counting(survival, {pair.claim for pair in found if calibration.probability(pair.raw) == 0})
    worst = max(found, key=lambda pair: pair.raw)
    return measured(
        pattern.pattern_id,
        np.array([survival[claim] for claim in counted]),
        method=found[0].method,
        evidence={
            "claims": len(pattern.claims),
            "comparable_claims": len(survival),
            "counted_claims": len(counted),
            "pairs": len(found),
            "rules_fired": sum(pair.rule is not None for pair in found),
            "worst_rule": worst.rule,
            "worst_probability": round(calibration.probability(worst.raw), 4),
        },
    )


def counting(survival: dict[int, float], undisputed: set[int]) -> list[int]:
    """The claims that the value is the mean of.

    All with a neighbour that does not contradict them; and of those that every neighbour contradicts, the ones that
    lower the mean. Otherwise a weak contradiction of a claim that nobody else speaks of would raise the value of a
    pattern that is contradicted gravely elsewhere: a contradicting sentence never raises C.

    Args:
        survival: product over its neighbours of (1 - q), by claim.
        undisputed: claims with a neighbour whose q is 0.
    """
    chosen = [claim for claim in survival if claim in undisputed]
    total = sum(survival[claim] for claim in chosen)
    for claim in sorted((claim for claim in survival if claim not in undisputed), key=lambda claim: survival[claim]):
        if not chosen or survival[claim] < total / len(chosen):
            chosen.append(claim)
            total += survival[claim]
    return sorted(chosen)
