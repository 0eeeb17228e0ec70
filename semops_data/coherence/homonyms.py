"""Homonyms: one name, two meanings. A section of another document that is headed by the name and defines it otherwise.

The name stands in both definitions, so their vectors are close whatever they say (0.63 to 0.85 where another concept's
meaning is put under a name); what tells is that beside the name they share no words. A sentence that states something
more of a concept is no homonym, so its section must be headed by the name and begin with a definition of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from semops_data.coherence.frames import same_word
from semops_data.coherence.lookup import lookup
from semops_data.coherence.text import WORD, content

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semops_data.coherence.knowledge import Knowledge, Pattern

# Of the words beside the name, at most this share may stand in the definition too.
SHARED = 0.2
# A definition with fewer words beside the name may share none by chance.
FEWEST_WORDS = 3
_VERBS = r"(?:is|are|means?|refers? to|denotes?)"


@dataclass(frozen=True)
class Homonym:
    """A sentence that defines a pattern's name in another sense.

    Attributes:
        sentence: its row.
        shared: share of its words beside the name that the definition has, in [0, SHARED].
    """

    sentence: int
    shared: float


def homonyms(pattern: Pattern, knowledge: Knowledge, canonical: Sequence[int]) -> list[Homonym]:
    """Other meanings under the pattern's name, one a section.

    Args:
        pattern: the pattern.
        knowledge: the corpus.
        canonical: rows of the chunks that hold the definition; without one there is nothing to differ from.
    """
    defines = _defining(pattern.labels)
    if not canonical or defines is None:
        return []
    index = lookup(knowledge)
    home = {knowledge.chunks[row].document_id for row in canonical} | {pattern.source_path}
    names = {word for label in pattern.labels for word in content(label)}
    told = {word for text in (pattern.definition, *pattern.claims) for word in content(text.text)} - names
    found = []
    for row in index.titled(pattern.labels):
        if knowledge.chunks[row].document_id in home:
            continue
        first = next((n for n in index.sentences_in(row) if defines.match(knowledge.sentences[n].text)), None)
        if first is None:
            continue
        other = set(content(knowledge.sentences[first].text)) - names
        if min(len(other), len(told)) < FEWEST_WORDS:
            continue
        shared = sum(any(same_word(word, own) for own in told) for word in other) / len(other)
        if shared <= SHARED:
            found.append(Homonym(first, shared))
    return found


@lru_cache(maxsize=4_096)
def _defining(labels: tuple[str, ...]) -> re.Pattern[str] | None:
    """What a sentence begins with that defines one of the labels."""
    names = [r"[\s\-_]+".join(re.escape(word) for word in WORD.findall(label)) for label in labels]
    told = "|".join(sorted(filter(None, names), key=len, reverse=True))
    if not told:
        return None
    return re.compile(rf"(?:an? |the )?(?:{told})(?:e?s)?(?: \([^)]{{0,80}}\))? {_VERBS} (?!not\b)", re.IGNORECASE)
