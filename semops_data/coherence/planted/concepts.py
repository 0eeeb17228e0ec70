"""Concepts to plant at: registered patterns, and where they are few the sections of the corpus that state something.

Each belongs to one half by its document: thresholds are fitted on one half and reported on the other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.knowledge import Text
from semops_data.coherence.usages import canonical_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from semops_data.coherence.knowledge import Knowledge, Pattern

CLAIMS = 3


@dataclass(frozen=True)
class Concept:
    """Something that a corpus states.

    Attributes:
        concept_id: the pattern's id, or document and anchor of a section.
        label: its name.
        claims: what is stated.
        home: documents that hold the statement; nothing in them speaks against it.
        pattern: the registered pattern; None for a section.
        is_reported: whether its document belongs to the half that is reported.
        place: document and line of the statement.
    """

    concept_id: str
    label: str
    claims: tuple[Text, ...]
    home: frozenset[str]
    pattern: Pattern | None
    is_reported: bool
    place: str


def concepts(knowledge: Knowledge, most: int) -> list[Concept]:
    """At most `most` concepts, registered ones first, the rest chosen by hash: the same ones every time."""
    found = [concept for p in knowledge.patterns if (concept := _registered(p, knowledge)) is not None]
    found = sorted(found, key=lambda c: _hash(c.concept_id))[:most]
    taken = {" ".join(claim.text.split()) for concept in found for claim in concept.claims}
    sections = sorted(_sections(knowledge), key=lambda c: _hash(c.concept_id))
    for section in sections:
        if len(found) >= most:
            break
        # Manuals say many a sentence twice; each statement is one concept.
        if not taken & {claim.text for claim in section.claims}:
            taken |= {claim.text for claim in section.claims}
            found.append(section)
    return found


def more_clean(knowledge: Knowledge, chosen: Sequence[Concept]) -> list[Concept]:
    """Further concepts of the half that is not reported: nothing is planted at them, the threshold rests on them too.

    A quantile of some thirty concepts is mostly chance. At most as many as were chosen.
    """
    taken, own = {concept.concept_id for concept in chosen}, len(chosen)
    others = [c for c in concepts(knowledge, 4 * own) if c.concept_id not in taken and not c.is_reported]
    return others[:own]


def single_sentences(knowledge: Knowledge, wanted: Callable[[str], bool], most: int) -> list[Concept]:
    """Sentences of the reported half, each a concept of its own, chosen by hash: for kinds that few concepts have."""
    found: list[Concept] = []
    for number in sorted(range(len(knowledge.sentences)), key=lambda n: _hash(knowledge.sentences[n].sentence_id)):
        sentence = knowledge.sentences[number]
        if len(found) >= most:
            break
        if _is_reported(sentence.document_id) and wanted(sentence.text):
            told = (Text(sentence.text, knowledge.sentence_vectors[number]),)
            place = f"{sentence.document_id}:{sentence.line}"
            home = frozenset({sentence.document_id})
            found.append(
                Concept(sentence.sentence_id, knowledge.chunks[sentence.chunk].heading, told, home, None, True, place)
            )
    return found


def _registered(pattern: Pattern, knowledge: Knowledge) -> Concept | None:
    rows = canonical_chunks(pattern, knowledge)
    home = {knowledge.chunks[row].document_id for row in rows} | (
        {pattern.source_path} if pattern.source_path else set()
    )
    if not pattern.claims:
        return None
    first = knowledge.chunks[rows[0]] if rows else None
    document = first.document_id if first else pattern.source_path or pattern.pattern_id
    place = f"{document}:{first.start_line}" if first else f"{pattern.registered_file}:{pattern.registered_line}"
    return Concept(
        pattern.pattern_id, pattern.label, pattern.claims, frozenset(home), pattern, _is_reported(document), place
    )


def _sections(knowledge: Knowledge) -> list[Concept]:
    by_chunk: dict[int, list[int]] = {}
    for number, sentence in enumerate(knowledge.sentences):
        by_chunk.setdefault(sentence.chunk, []).append(number)
    found = {}
    for row, numbers in sorted(by_chunk.items()):
        chunk = knowledge.chunks[row]
        name = f"{chunk.document_id}#{chunk.anchor}"
        # The first passage of a section states what the section is about.
        if chunk.heading and name not in found:
            told = tuple(Text(knowledge.sentences[n].text, knowledge.sentence_vectors[n]) for n in numbers[:CLAIMS])
            found[name] = Concept(
                name, chunk.heading, told, frozenset({chunk.document_id}), None, _is_reported(chunk.document_id),
                f"{chunk.document_id}:{knowledge.sentences[numbers[0]].line}",
            )  # fmt: skip
    return list(found.values())


def _is_reported(document_id: str) -> bool:
    return _hash(document_id)[0] % 2 == 0


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def matrix_of(claims: tuple[Text, ...]) -> np.ndarray:
    """Vectors of claims, float32, shape (claims, dimension)."""
    return np.stack([claim.vector for claim in claims])
