"""The cosine from which a passage means a pattern without naming it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from semops_data.coherence.mentions import mentions
from semops_data.coherence.nearness import nearness
from semops_data.coherence.text import mention_pattern

if TYPE_CHECKING:
    from semops_data.coherence.knowledge import Knowledge

PRECISION = 0.9
FEWEST = 20


def attribution(knowledge: Knowledge) -> dict[str, Any]:
    """The lowest cosine to the definition at which nine of ten chunks at or above it name the pattern.

    Of a list in which nine of ten are named, the length is at most the number of all that are named by nine tenths:
    no pair beyond so many has to be looked at.
    """
    labelled = np.array([mention_pattern(p.labels) is not None for p in knowledge.patterns], bool)
    named = {
        place * len(knowledge.chunks) + row
        for place, p in enumerate(knowledge.patterns)
        for row in mentions(knowledge).of(p.labels)
    }
    row: dict[str, Any] = {"value": None, "method": "mentions", "positives": 0, "negatives": 0}
    if not labelled.any():
        return row | {"reason": "no pattern has a label"}
    row |= {"positives": len(named), "negatives": int(labelled.sum()) * len(knowledge.chunks) - len(named)}
    others = int((~labelled).sum()) * len(knowledge.chunks)
    pairs, cosine = nearness(knowledge).nearest(int(len(named) / PRECISION) + 1 + others if named else 0)
    own = labelled[pairs[0]]
    pairs, cosine = pairs[:, own], cosine[own]
    is_named = np.isin(pairs[0] * len(knowledge.chunks) + pairs[1], np.fromiter(named, np.int64, len(named)))
    order = np.argsort(-cosine, kind="stable")
    precision = np.cumsum(is_named[order]) / np.arange(1, len(order) + 1)
    reached = np.flatnonzero((precision >= PRECISION) & (np.arange(len(order)) + 1 >= FEWEST))
    if not len(reached):
        return row | {"reason": "no cosine separates chunks that name a pattern from those that do not"}
    return row | {"value": float(cosine[order][reached[-1]])}
