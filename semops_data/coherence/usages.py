"""Where a pattern's definition lives (canonical chunks) and where the pattern is used (usages).

A usage is a chunk outside the definition that mentions a label, links to the definition, or lies closer to it
than the calibrated attribution threshold; each keeps which of the three made it one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.text import content, label_beginnings, mention_pattern
from semops_data.corpus.links import LINK, is_address, leads_to

if TYPE_CHECKING:
    from semops_data.coherence.knowledge import Chunk, Knowledge, Pattern

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
    rows = [
        row
        for row, chunk in enumerate(knowledge.chunks)
        if pattern.source_path is not None
        and chunk.document_id == pattern.source_path
        and (not pattern.source_anchor or chunk.anchor == pattern.source_anchor)
    ]
    wanted = set(content(pattern.definition.text))
    if not wanted:
        return []

    def held(row: int) -> float:
        return len(wanted & set(content(knowledge.chunks[row].passage))) / len(wanted)

    holding = [row for row in rows if held(row) >= CONTAINED]
    if holding:
        return holding
    nearest = max(rows, key=held, default=None)
    if nearest is not None and held(nearest) >= REWORDED:
        # The section is registered as the definition's home, and says it in other words than the registry.
        return [nearest]
    # Without a source, the passage must be the definition, not just talk about the same things.
    near = np.flatnonzero(knowledge.chunk_vectors @ pattern.definition.vector >= 0.6)
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
    cosines = np.clip(knowledge.chunk_vectors @ pattern.definition.vector, -1, 1).tolist()
    mention, beginnings = mention_pattern(pattern.labels), label_beginnings(pattern.labels)
    home = set(canonical)
    found = []
    for row, chunk in enumerate(knowledge.chunks):
        if row in home:
            continue
        cosine = cosines[row]
        # A plain substring test is forty times faster than the expression, and nearly always says no.
        may_mention = any(beginning in knowledge.folded[row] for beginning in beginnings)
        match = mention.search(chunk.passage) if mention and may_mention else None
        if match:
            found.append(Usage(row, "mention", match.group(), cosine))
        elif pattern.source_path and _links(pattern, chunk):
            found.append(Usage(row, "link", None, cosine))
        elif attribution is not None and cosine >= attribution:
            found.append(Usage(row, "meaning", None, cosine))
    return found


def _links(pattern: Pattern, chunk: Chunk) -> bool:
    """Whether the chunk links to where the pattern is defined: its document, and its heading where one is named."""
    for target in LINK.findall(chunk.passage):
        path, anchor = leads_to(chunk.document_id, target)
        if is_address(target) or path != pattern.source_path:
            continue
        if anchor == pattern.source_anchor or (not pattern.source_anchor and chunk.document_id != path):
            return True
    return False
