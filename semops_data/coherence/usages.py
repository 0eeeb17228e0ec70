"""Where a pattern's definition lives (canonical chunks) and where the pattern is used (usages).

A usage is a chunk outside the definition that mentions a label, links to the definition, or lies closer to it
than the calibrated attribution threshold; each keeps which of the three made it one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.lookup import lookup
from semops_data.coherence.mentions import mentions
from semops_data.coherence.nearness import nearness
from semops_data.coherence.similarity import cosines
from semops_data.coherence.text import content

if TYPE_CHECKING:
    from semops_data.coherence.knowledge import Knowledge, Pattern

# Share of the definition's content words that a chunk must hold to be where the definition lives.
CONTAINED = 0.8
# Share of them from which the registered section still counts as a wording of the definition.
REWORDED = 0.4


@dataclass(frozen=True)
class Usage:
    """One use of a pattern: the row of the chunk, what made it a usage, its highest cosine to the definition."""

    chunk: int
    kind: str
    label: str | None
    cosine: float


def canonical_chunks(pattern: Pattern, knowledge: Knowledge) -> list[int]:
    """Rows of the chunks in which the definition lives; empty where the corpus does not hold it.

    The registered source comes first; a pattern without one, or whose source is not in the corpus, is looked for
    by the definition's own words.
    """
    held_rows = knowledge.__dict__.setdefault("_canonical", {})
    key = (pattern.pattern_id, pattern.definition.text, pattern.source_path, pattern.source_anchor)
    if key not in held_rows:
        held_rows[key] = _canonical(pattern, knowledge)
    found: list[int] = held_rows[key]
    return found


def _canonical(pattern: Pattern, knowledge: Knowledge) -> list[int]:
    index = lookup(knowledge)
    rows = [
        row
        for row in index.chunks_of(pattern.source_path)
        if not pattern.source_anchor or knowledge.chunks[row].anchor == pattern.source_anchor
    ]
    wanted = frozenset(content(pattern.definition.text))
    if not wanted:
        return []

    def held(row: int) -> float:
        return len(wanted & index.stems(row)) / len(wanted)

    holding = [row for row in rows if held(row) >= CONTAINED]
    if holding:
        return holding
    nearest = max(rows, key=held, default=None)
    if nearest is not None and held(nearest) >= REWORDED:
        # The section is registered as the definition's home, and says it in other words than the registry.
        return [nearest]
    # Without a source, the passage must be the definition, not just talk about the same things.
    near = np.flatnonzero(lookup(knowledge).cosines(pattern) >= 0.6)
    return [int(row) for row in near if held(int(row)) >= 0.95]


def usages(
    pattern: Pattern, knowledge: Knowledge, canonical: list[int], *, attribution: float | None = None
) -> list[Usage]:
    """The usages of a pattern, by row of the chunk.

    Args:
        pattern: the pattern.
        knowledge: what is searched.
        canonical: rows that hold the definition; they are no usages.
        attribution: cosine from which a chunk without mention or link counts; None where it is not calibrated.
    """
    index, home = lookup(knowledge), set(canonical)
    named = mentions(knowledge).of(pattern.labels)
    links = index.linking(pattern.source_path, pattern.source_anchor) if pattern.source_path else set()
    near = _near(pattern, knowledge, attribution) if attribution is not None else set()
    rows = sorted((named.keys() | links | near) - home)
    close = np.clip(cosines(pattern.definition.vector[None], knowledge.chunk_vectors[rows])[0], -1, 1) if rows else ()
    return [
        Usage(row, "mention", named[row], float(cosine))
        if row in named
        else Usage(row, "link" if row in links else "meaning", None, float(cosine))
        for row, cosine in zip(rows, close, strict=True)
    ]


def _near(pattern: Pattern, knowledge: Knowledge, limit: float) -> set[int]:
    place = lookup(knowledge).place_of(pattern)
    if place is None:
        return {int(row) for row in np.flatnonzero(lookup(knowledge).cosines(pattern) >= limit)}
    return {int(row) for row in nearness(knowledge).above(place, limit)}
