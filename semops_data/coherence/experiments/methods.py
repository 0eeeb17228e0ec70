"""The methods, each from cases to what it says of them.

`v1-embedding`: the cosine alone, cut where that fits other cases best. `rules`: embedding and rules, the default of the
scores. `v2-nli`: the contradiction model. `v3-judge`: the first language model that is configured. `v4-hybrid`:
embedding, rules and the contradiction model. `v5-multi-judge`: all language models, by majority.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from semops_data.coherence.combination import SHIPPED
from semops_data.coherence.experiments.cases import AGREES, CANNOT_TELL, CONTRADICTS
from semops_data.coherence.experiments.cuts import folds, is_above, thirds
from semops_data.coherence.judges.agreement import majority
from semops_data.coherence.judges.verdict import GIVEN, INVALID, UNASKED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from semops_data.coherence.contradiction.model import ContradictionModel
    from semops_data.coherence.experiments.cases import Case
    from semops_data.coherence.judges.judge import LanguageJudge
    from semops_data.coherence.judges.verdict import Judgement
    from semops_data.embeddings.store import VectorStore

LOCAL = ("v1-embedding", "rules", "v2-nli", "v4-hybrid")
JUDGED = ("v3-judge", "v5-multi-judge")
METHODS = ("v1-embedding", "rules", "v2-nli", "v3-judge", "v4-hybrid", "v5-multi-judge")
FEWEST_JUDGES = 2
SCORES = {CONTRADICTS: 1.0, CANNOT_TELL: 0.5, AGREES: 0.0}
VERSION = "2"


class NotConfiguredError(LookupError):
    """A method needs something that is not configured."""


@dataclass(frozen=True)
class Tools:
    """What methods work with; models are opened when a method needs them."""

    vectors: VectorStore
    open_model: Callable[[], ContradictionModel]
    judges: Sequence[LanguageJudge]


@dataclass(frozen=True)
class Said:
    """What a method or a judge says of one case; `score` ranks cases by how surely they contradict."""

    label: str
    score: float | None = None
    status: str = GIVEN
    reason: str = ""
    quote_left: str = ""
    quote_right: str = ""


@dataclass(frozen=True)
class Trial:
    """A method on all cases.

    Attributes:
        said: of each case.
        by_judge: of each case, by judge, where several were asked.
        seconds: that it took; of judges, when they were asked.
        input_tokens: sent to judges, when they were asked.
        output_tokens: that came back.
        money: None where a judge that was asked has no prices.
        request_count: requests to judges now; verdicts that were held cost none.
    """

    said: list[Said]
    by_judge: dict[str, list[Said]] = field(default_factory=dict)
    seconds: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    money: float | None = 0.0
    request_count: int = 0


def model_of(method: str, tools: Tools) -> str:
    """The models that a method uses, with their revisions and the version of their prompt.

    Raises:
        NotConfiguredError: where it needs judges that nobody has configured.
    """
    if method in JUDGED:
        return ", ".join(judge.judge_id for judge in _asked(method, tools))
    own = [] if method == "v2-nli" else [tools.vectors.model_id]
    return ", ".join([*own, *([tools.open_model().model_id] if method in ("v2-nli", "v4-hybrid") else [])])


def attempt(method: str, cases: Sequence[Case], tools: Tools) -> Trial:
    """What a method says of the cases, and what that cost.

    Raises:
        NotConfiguredError: where it needs judges that nobody has configured.
        EndpointError: where the embedding endpoint does not do its part.
    """
    if method in JUDGED:
        return _judged(cases, _asked(method, tools))
    if method in ("v2-nli", "v4-hybrid"):
        # Loading the model is no part of judging; it stays loaded for the next method.
        tools.open_model().probabilities([("One pair.", "Another one.")])
    started = time.perf_counter()
    said = _local(method, cases, tools)
    return Trial(said, seconds=time.perf_counter() - started)


def _asked(method: str, tools: Tools) -> list[LanguageJudge]:
    fewest = 1 if method == "v3-judge" else FEWEST_JUDGES
    if len(tools.judges) < fewest:
        raise NotConfiguredError(
            f"{method} needs {'a judge' if fewest == 1 else f'at least {fewest} judges'}, {len(tools.judges)} are "
            "configured: set SEMOPS_JUDGES"
        )
    return list(tools.judges[:1] if method == "v3-judge" else tools.judges)


def _local(method: str, cases: Sequence[Case], tools: Tools) -> list[Said]:
    fold = folds([case.family for case in cases])
    labels = np.array([case.label for case in cases])
    cosines = _cosines(cases, tools) if method != "v2-nli" else np.zeros(len(cases))
    if method == "v1-embedding":
        given = thirds(cosines, labels, fold)
        return [Said(str(label), float(np.clip((1 - cosine) / 2, 0, 1)), reason=f"cosine {cosine:.2f}")
                for label, cosine in zip(given, cosines, strict=True)]  # fmt: skip
    scores, why = np.zeros(len(cases)), [""] * len(cases)
    is_agreed = is_above(cosines, labels == AGREES, fold)
    if method in ("rules", "v4-hybrid"):
        scores, why = _by_rules(cases, cosines)
    if method in ("v2-nli", "v4-hybrid"):
        told, is_agreed, names = _by_model(cases, tools.open_model())
        why = [rule or name for name, rule in zip(names, why, strict=True)]
        pairs = [(case.left_text, case.right_text) for case in cases]
        scores = SHIPPED.scores(pairs, scores, told) if method == "v4-hybrid" else told
    is_turned = is_above(scores, labels == CONTRADICTS, fold)
    return [
        Said(CONTRADICTS if turned else AGREES if agreed else CANNOT_TELL, float(score), reason=reason)
        for turned, agreed, score, reason in zip(is_turned, is_agreed, scores, why, strict=True)
    ]


def _cosines(cases: Sequence[Case], tools: Tools) -> np.ndarray:
    texts = [text for case in cases for text in (case.left_text, case.right_text)]
    vectors = tools.vectors.embed(texts).vectors.reshape(len(cases), 2, -1)
    found: np.ndarray = np.einsum("nd,nd->n", vectors[:, 0], vectors[:, 1])
    return found


def _by_rules(cases: Sequence[Case], cosines: np.ndarray) -> tuple[np.ndarray, list[str]]:
    from semops_data.coherence.rules import raw_contradiction

    hits = [raw_contradiction(case.left_text, case.right_text, float(cosine))
            for case, cosine in zip(cases, cosines, strict=True)]  # fmt: skip
    return np.array([raw for raw, _ in hits], np.float64), [
        f"{hit.rule}: {hit.detail}" if hit else "" for _, hit in hits
    ]


def _by_model(cases: Sequence[Case], model: ContradictionModel) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Smaller P(contradiction) of both directions, whether entailment is likelier than neither, and both in words."""
    from semops_data.coherence.contradiction.model import can_read

    pairs = [(case.left_text, case.right_text) for case in cases]
    both = model.probabilities([*pairs, *((right, left) for left, right in pairs)])
    forth, back = both[: len(pairs)].astype(np.float64), both[len(pairs) :].astype(np.float64)
    is_read = np.array([can_read(left) and can_read(right) for left, right in pairs], bool)
    scores = np.where(is_read, np.minimum(forth[:, 2], back[:, 2]), 0.0)
    agrees = np.maximum(forth[:, 0], back[:, 0])
    told = [f"P(contradiction) {score:.2f}, P(entailment) {agreed:.2f}" if read else "a language that it does not know"
            for score, agreed, read in zip(scores, agrees, is_read, strict=True)]  # fmt: skip
    return scores, is_read & (agrees > 0.5), told


def _judged(cases: Sequence[Case], judges: Sequence[LanguageJudge]) -> Trial:
    pairs = [(case.left_text, case.right_text) for case in cases]
    # Each judge waits for its own endpoint; the ledger and its budget are shared.
    with ThreadPoolExecutor(len(judges)) as pool:
        found = dict(
            zip([judge.name for judge in judges], pool.map(lambda judge: judge.judge(pairs), judges), strict=True)
        )
    by_judge = {name: [_said(one) for one in judged] for name, judged in found.items()}
    everything = [one for judged in found.values() for one in judged]
    sums: dict[str, Any] = {
        name: sum(getattr(one, name) for one in everything)
        for name in ("seconds", "input_tokens", "output_tokens", "request_count")
    }
    is_priced = all(judge.prices is not None for judge in judges)
    money = sum(one.money or 0.0 for one in everything) if is_priced else None
    said = [_together(votes) for votes in zip(*by_judge.values(), strict=True)]
    return Trial(said, by_judge if len(judges) > 1 else {}, money=money, **sums)


def _said(one: Judgement) -> Said:
    told = one.verdict
    score = SCORES[told.label] if told.status == GIVEN else None
    return Said(told.label, score, told.status, told.reason, told.quote_first, told.quote_second)


def _together(votes: Sequence[Said]) -> Said:
    """The majority of the judges that gave a verdict; cannot tell where there is none."""
    if len(votes) == 1:
        return votes[0]
    given = [vote for vote in votes if vote.status == GIVEN]
    if not given:
        status = INVALID if any(vote.status == INVALID for vote in votes) else UNASKED
        return Said(CANNOT_TELL, None, status, "; ".join(sorted({vote.reason for vote in votes}))[:400])
    label = majority([vote.label for vote in given])
    score = float(np.mean([SCORES[vote.label] for vote in given]))
    if label is None:
        return Said(CANNOT_TELL, score, GIVEN, f"{len(given)} judges, and no majority")
    spoke = next(vote for vote in given if vote.label == label)
    count = sum(vote.label == label for vote in given)
    return Said(label, score, GIVEN, f"{count} of {len(given)}: {spoke.reason}", spoke.quote_left, spoke.quote_right)
