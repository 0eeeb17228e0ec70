"""Drift: definitions edited so that they mean something else, at once or slowly, and edits that keep the meaning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.planted.results import Result, area_under, counted
from semops_data.coherence.planted.stand import limit
from semops_data.coherence.planting import FAULTS, NULLS
from semops_data.coherence.stability import Version, stability

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from semops_data.coherence.planted.concepts import Concept
    from semops_data.coherence.planted.handwritten import Pair
    from semops_data.coherence.planted.stand import Embed

    # (old sentence, new sentence) -> how much of the meaning is gone, in [0, 1]
    Lost = Callable[[Sequence[tuple[str, str]]], np.ndarray]

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


def losses(embed: Embed) -> dict[str, Lost]:
    """What stability says is lost, and what drift monitors compute: 1 - cosine."""

    def vectors(pairs: Sequence[tuple[str, str]]) -> dict[str, np.ndarray]:
        texts = sorted({text for pair in pairs for text in pair})
        return dict(zip(texts, embed(texts), strict=True))

    def ours(pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        by_text = vectors(pairs)
        return np.array([_lost((old, new), by_text) for old, new in pairs])

    def cosine(pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        by_text = vectors(pairs)
        return np.array([1.0 - float(by_text[old] @ by_text[new]) for old, new in pairs])

    return {"v1-embedding": ours, "embedding drift": cosine}


def _lost(steps: Sequence[str], by_text: dict[str, np.ndarray]) -> float:
    versions = [Version(START + timedelta(days=day), (text,)) for day, text in enumerate(steps)]
    factor = stability("p", versions, by_text, baseline=None, as_of=START + timedelta(days=90))
    return 0.0 if factor.value is None else 1.0 - factor.value


def drifts(concepts: Sequence[Concept], written: Sequence[Pair], methods: dict[str, Lost]) -> list[Result]:
    """Abrupt drift per kind, nulls per kind, gradual drift, and the edits that people made."""
    cases = edits(concepts)
    found: list[Result] = []
    kinds = np.array([kind for kind, *_ in cases])
    reported = np.array([is_reported for *_, is_reported in cases], dtype=bool)
    is_fault = np.isin(kinds, list(FAULTS))
    hand = [pair for pair in written if pair.kind in {"changed", "kept", "paraphrase"}]
    gradual = [
        (old, NULLS["typo"](new) or new) for kind, old, new, is_reported in cases if kind in FAULTS and is_reported
    ]
    for name, lost in methods.items():
        scores = lost([(old, new) for _, old, new, _ in cases]) if cases else np.zeros(0)
        threshold = limit(scores[~reported & ~is_fault], ALARMS)
        flagged = scores > threshold
        clean = float(flagged[reported & ~is_fault].mean()) if (reported & ~is_fault).any() else None
        area = area_under(scores[reported & is_fault], scores[reported & ~is_fault])
        found.append(
            counted("drift", "abrupt", name, flagged[reported & is_fault], clean=clean, threshold=threshold, area=area)
        )
        slow = lost(gradual) if gradual else np.zeros(0)
        found.append(counted("drift", "gradual", name, slow > threshold, clean=clean, threshold=threshold,
                             area=area_under(slow, scores[reported & ~is_fault])))  # fmt: skip
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
