"""Drift: definitions edited so that they mean something else, at once or slowly, and edits that keep the meaning."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.planted.results import Result, area_under, counted
from semops_data.coherence.planted.stand import limit
from semops_data.coherence.planting import FAULTS, NULLS
from semops_data.coherence.stability import HYBRID, METHOD, Version, asked, stability

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from semops_data.coherence.alignment import Told
    from semops_data.coherence.planted.concepts import Concept
    from semops_data.coherence.planted.handwritten import Pair
    from semops_data.coherence.planted.stand import Embed

    # wordings, oldest first, of each definition -> how much of the first one's meaning is gone in the last, in [0, 1]
    Lost = Callable[[Sequence[Sequence[str]]], np.ndarray]
    # (premise, hypothesis) -> what a model says of each
    Tell = Callable[[Sequence[tuple[str, str]]], Mapping[tuple[str, str], Told]]

START = datetime(2026, 1, 1, tzinfo=UTC)
ALARMS = 0.05
DETECTION = 0.85


def edits(concepts: Sequence[Concept]) -> list[tuple[str, str, str, bool]]:
    """(kind, old, new, whether reported) of every edit of every claim; one edit a claim and kind."""
    found = []
    for concept in concepts:
        for claim in concept.claims[:1]:
            for kind, mutate in (FAULTS | NULLS).items():
                new = mutate(claim.text)
                if (new is not None and " ".join(new.split()) != " ".join(claim.text.split())) or (
                    new is not None and kind in NULLS and new != claim.text
                ):
                    found.append((kind, claim.text, new, concept.is_reported))
    return found


def losses(embed: Embed, vocabulary: Collection[str] = (), tell: Tell | None = None) -> dict[str, Lost]:
    """What stability says is lost, by method, and what drift monitors compute: 1 - cosine.

    Args:
        embed: unit vectors of texts.
        vocabulary: words that the corpus uses in several places.
        tell: a contradiction model's answers to (premise, hypothesis); the methods that need one are left out without.
    """

    def vectors(courses: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
        texts = sorted({text for course in courses for text in course})
        return dict(zip(texts, embed(texts), strict=True))

    def ours(courses: Sequence[Sequence[str]]) -> np.ndarray:
        by_text = vectors(courses)
        return np.array([_lost(course, by_text, vocabulary) for course in courses])

    def cosine(courses: Sequence[Sequence[str]]) -> np.ndarray:
        by_text = vectors(courses)
        return np.array([1.0 - float(by_text[course[0]] @ by_text[course[-1]]) for course in courses])

    def by_model(method: str) -> Lost:
        def lost(courses: Sequence[Sequence[str]]) -> np.ndarray:
            by_text = vectors(courses)
            pairs = [pair for course in courses for pair in asked(_versions(course), by_text, None)]
            told = tell(pairs) if tell else None
            return np.array([_lost(course, by_text, vocabulary, told, method) for course in courses])

        return lost

    return {
        "v1-embedding": ours,
        "embedding drift": cosine,
        **({name: by_model(name) for name in ("v2-nli", HYBRID)} if tell else {}),
    }


def _versions(course: Sequence[str]) -> list[Version]:
    return [Version(START + timedelta(days=day), (text,)) for day, text in enumerate(course)]


def _lost(
    course: Sequence[str],
    by_text: dict[str, np.ndarray],
    vocabulary: Collection[str] = (),
    told: Mapping[tuple[str, str], Told] | None = None,
    method: str = METHOD,
) -> float:
    factor = stability(
        "p", _versions(course), by_text, baseline=None, as_of=START + timedelta(days=90), told=told, method=method,
        vocabulary=vocabulary,
    )  # fmt: skip
    return 0.0 if factor.value is None else 1.0 - factor.value


def intended_changes(concepts: Sequence[Concept], embed: Embed) -> list[Result]:
    """Definitions that somebody changed by a decision, or with a new date from which they hold: never drift."""
    cases = [(old, new) for kind, old, new, is_reported in edits(concepts) if kind in FAULTS and is_reported]
    texts = sorted({text for case in cases for text in case})
    by_text = dict(zip(texts, embed(texts), strict=True)) if texts else {}
    found = []
    for old, new in cases:
        before, after = _versions((old, new))
        decided = replace(after, decision="decided.md")
        ways = (((before, decided), None), ((before, after), after.valid_from))
        factors = [
            stability("p", versions, by_text, baseline=baseline, as_of=START + timedelta(days=90))
            for versions, baseline in ways
        ]
        found.append(any(factor.value is not None and factor.value < 1.0 for factor in factors))
    return [counted("drift", "intended change", "v1-embedding", found)]


def slowly(old: str, new: str) -> tuple[str, ...]:
    """The way from one wording to another in steps that look like nothing: a slip, the fault, another slip.

    Who compares with the last version alone sees a slip corrected; what was meant is three versions away.
    """
    first, last = NULLS["typo"](old) or old, NULLS["typo"](new) or new
    return (old, first, last, new, last)


def drifts(concepts: Sequence[Concept], written: Sequence[Pair], methods: dict[str, Lost]) -> list[Result]:
    """Abrupt drift per kind, nulls per kind, gradual drift, and the edits that people made."""
    cases = edits(concepts)
    found: list[Result] = []
    kinds = np.array([kind for kind, *_ in cases])
    reported = np.array([is_reported for *_, is_reported in cases], dtype=bool)
    is_fault = np.isin(kinds, list(FAULTS))
    hand = [pair for pair in written if pair.kind in {"changed", "kept", "paraphrase"}]
    gradual = [slowly(old, new) for kind, old, new, is_reported in cases if kind in FAULTS and is_reported]
    rewordings = [(p.claim, p.text) for p in hand if p.kind != "changed" and not p.is_unseen]
    for name, lost in methods.items():
        scores = lost([(old, new) for _, old, new, _ in cases]) if cases else np.zeros(0)
        # People reword more freely than a generator: either kind of null has a say of its own.
        threshold = max(limit(scores[~reported & ~is_fault], ALARMS), limit(lost(rewordings), ALARMS))
        flagged = scores > threshold
        clean = float(flagged[reported & ~is_fault].mean()) if (reported & ~is_fault).any() else None
        area = area_under(scores[reported & is_fault], scores[reported & ~is_fault])
        found.append(
            counted("drift", "abrupt", name, flagged[reported & is_fault], clean=clean, threshold=threshold, area=area)
        )
        slow, last = (lost(steps) if gradual else np.zeros(0) for steps in (gradual, [way[-2:] for way in gradual]))
        found.append(counted("drift", "gradual", name, slow > threshold, clean=clean, threshold=threshold,
                             area=area_under(slow, scores[reported & ~is_fault])))  # fmt: skip
        found.append(counted("drift", "gradual, last step alone", name, last > threshold, threshold=threshold))
        for kind in (*FAULTS, *NULLS):
            chosen = reported & (kinds == kind)
            found.append(counted("drift", kind, name, flagged[chosen], threshold=threshold,
                                 clean=clean if kind in FAULTS else None))  # fmt: skip
        found += _written(name, hand, lost)
    return found


def _written(name: str, hand: Sequence[Pair], lost: Lost) -> list[Result]:
    scores = lost([(pair.claim, pair.text) for pair in hand])
    kinds = np.array([pair.kind for pair in hand])
    unseen = np.array([pair.is_unseen for pair in hand], dtype=bool)
    changed, kept, same = (kinds == kind for kind in ("changed", "kept", "paraphrase"))
    found = []
    for label, chosen in (("all", np.ones(len(hand), dtype=bool)), ("unseen", unseen)):
        # The threshold that finds 85% of the meaning-changing edits of the seen half: what do paraphrases pay for it?
        fitted = changed & ~unseen
        threshold = float(np.quantile(scores[fitted], 1 - DETECTION, method="lower")) if fitted.any() else 0.0
        area = area_under(scores[changed & chosen], scores[kept & chosen])
        found.append(counted("handwritten", f"changed edits, {label}", name, scores[changed & chosen] >= threshold,
                             threshold=threshold, area=area))  # fmt: skip
        found.append(counted("handwritten", f"kept edits, {label}", name, scores[kept & chosen] >= threshold,
                             threshold=threshold))  # fmt: skip
        found.append(counted("handwritten", f"paraphrases as edits, {label}", name, scores[same & chosen] >= threshold,
                             threshold=threshold))  # fmt: skip
    return found
