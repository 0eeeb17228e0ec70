"""Where things stand in a corpus, looked up instead of looked for: built once for a `Knowledge`, kept with it.

Three hundred patterns that each walk ten thousand passages are three million steps of Python; an index is one walk.
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from semops_data.coherence.similarity import cosines
from semops_data.coherence.text import WORD, content
from semops_data.corpus.links import LINK, is_address, leads_to

if TYPE_CHECKING:
    from collections.abc import Iterable

    from semops_data.coherence.knowledge import Knowledge, Pattern

T = TypeVar("T")
# What stands before the words of a heading, and what ends its first part.
NUMBERED = re.compile(r"^[\W\d_]+")
CUT = re.compile(r"[:(—–]| - ")
PATTERNS = 256


class Lookup:
    """Indexes of one corpus; row numbers are those of `Knowledge.chunks` and `Knowledge.sentences`."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._stems: dict[int, frozenset[str]] = {}
        self._block: tuple[int, np.ndarray] = (-1, np.zeros((0, 0), np.float32))

    @cached_property
    def _documents(self) -> dict[str, list[int]]:
        return _grouped(chunk.document_id for chunk in self._knowledge.chunks)

    @cached_property
    def _sentences(self) -> dict[str, list[int]]:
        return _grouped(sentence.document_id for sentence in self._knowledge.sentences)

    @cached_property
    def _sentences_of_chunk(self) -> dict[int, list[int]]:
        return _grouped(sentence.chunk for sentence in self._knowledge.sentences)

    @cached_property
    def _headings(self) -> dict[str, list[int]]:
        stems: dict[str, str] = {}
        for chunk in self._knowledge.chunks:
            if chunk.heading not in stems:
                stems[chunk.heading] = " ".join(content(chunk.heading))
        return _grouped(stems[chunk.heading] for chunk in self._knowledge.chunks)

    @cached_property
    def _titles(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for row, chunk in enumerate(self._knowledge.chunks):
            for title in _titles_of(chunk.heading):
                found.setdefault(title, []).append(row)
        return found

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Words that stand in at least two chunks, case-folded: what is used twice is no slip of the pen."""
        once: set[str] = set()
        twice: set[str] = set()
        for chunk in self._knowledge.chunks:
            words = set(WORD.findall(chunk.passage.casefold()))
            twice |= words & once
            once |= words
        return frozenset(twice)

    @cached_property
    def _links(self) -> dict[str, list[tuple[int, str]]]:
        found: dict[str, list[tuple[int, str]]] = {}
        for row, chunk in enumerate(self._knowledge.chunks):
            for target in LINK.findall(chunk.passage) if "](" in chunk.passage else ():
                if not is_address(target):
                    path, anchor = leads_to(chunk.document_id, target)
                    found.setdefault(path, []).append((row, anchor))
        return found

    def chunks_of(self, document_id: str | None) -> list[int]:
        """Rows of a document's chunks."""
        return self._documents.get(document_id, []) if document_id is not None else []

    def chunks_under(self, heading: str) -> list[int]:
        """Rows of the chunks whose heading has these stems, joined by spaces."""
        return self._headings.get(heading, [])

    def titled(self, labels: Iterable[str]) -> list[int]:
        """Rows of the chunks whose heading is one of these labels: "5.6 Version", "Surface: Source in Context"."""
        return sorted({row for label in labels for row in self._titles.get(" ".join(content(label)), ())})

    def sentences_of(self, documents: Iterable[str | None]) -> np.ndarray:
        """Rows of the sentences of some documents, int64, shape (n,)."""
        rows = [row for document in documents if document is not None for row in self._sentences.get(document, ())]
        return np.array(rows, dtype=np.int64)

    def sentences_in(self, chunk: int) -> list[int]:
        """Rows of a chunk's sentences."""
        return self._sentences_of_chunk.get(chunk, [])

    def linking(self, path: str, anchor: str | None) -> set[int]:
        """Rows of the chunks that link to a document and heading; without a heading, from another document."""
        chunks = self._knowledge.chunks
        return {
            row
            for row, target in self._links.get(path, ())
            if target == anchor or (not anchor and chunks[row].document_id != path)
        }

    def cosines(self, pattern: Pattern) -> np.ndarray:
        """Cosine of every chunk to a pattern's definition, float32, shape (chunks,); of PATTERNS patterns at once."""
        place = self.place_of(pattern)
        if place is None:
            own: np.ndarray = cosines(pattern.definition.vector[None], self._knowledge.chunk_vectors)[0]
            return own
        start = place // PATTERNS * PATTERNS
        if self._block[0] != start:
            block = [p.definition.vector for p in self._knowledge.patterns[start : start + PATTERNS]]
            self._block = (start, cosines(np.stack(block), self._knowledge.chunk_vectors))
        row: np.ndarray = self._block[1][place - start]
        return row

    def place_of(self, pattern: Pattern) -> int | None:
        """Where the pattern stands among those of the knowledge; None where this very one does not."""
        return self._places.get(id(pattern))

    @cached_property
    def _places(self) -> dict[int, int]:
        return {id(p): place for place, p in enumerate(self._knowledge.patterns)}

    def stems(self, row: int) -> frozenset[str]:
        """Stems of a chunk's passage."""
        if row not in self._stems:
            self._stems[row] = frozenset(content(self._knowledge.chunks[row].passage))
        return self._stems[row]


@lru_cache(maxsize=65_536)
def _titles_of(heading: str) -> frozenset[str]:
    """Stems of a heading without its number, and of what stands before a colon, a dash or a bracket in it."""
    plain = NUMBERED.sub("", heading)
    return frozenset({" ".join(content(text)) for text in (plain, CUT.split(plain, maxsplit=1)[0])}) - {""}


def lookup(knowledge: Knowledge) -> Lookup:
    """The indexes of this corpus."""
    held: Lookup = knowledge.__dict__.setdefault("_lookup", None) or Lookup(knowledge)
    knowledge.__dict__["_lookup"] = held
    return held


def _grouped(values: Iterable[T]) -> dict[T, list[int]]:
    groups: dict[T, list[int]] = {}
    for row, value in enumerate(values):
        groups.setdefault(value, []).append(row)
    return groups
