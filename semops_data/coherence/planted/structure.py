"""Faults of whole passages: a definition that is gone, one that is copied and outranked, a broken reference.

These need no model: retrieval and the reader decide.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.availability import name_rank, outranking_copy
from semops_data.coherence.homonyms import homonyms
from semops_data.coherence.knowledge import Chunk, Knowledge, Sentence
from semops_data.coherence.lookup import lookup
from semops_data.coherence.planted.results import Result, counted
from semops_data.coherence.usages import canonical_chunks
from semops_data.corpus.findings import document_findings, links
from semops_data.corpus.model import Reading, Version
from semops_data.corpus.readers.kinds import read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semops_data.coherence.planted.concepts import Concept
    from semops_data.coherence.planted.stand import Embed

METHOD = "retrieval"
TOP = 10
MOST_DOCUMENTS = 60


def without(knowledge: Knowledge, rows: Sequence[int]) -> Knowledge:
    """The corpus without some of its chunks."""
    gone = set(rows)
    kept = [row for row in range(len(knowledge.chunks)) if row not in gone]
    return dataclasses.replace(
        knowledge,
        chunks=[knowledge.chunks[row] for row in kept],
        chunk_vectors=knowledge.chunk_vectors[kept],
        sentences=[],
        sentence_vectors=knowledge.sentence_vectors[:0],
    )


def removed_definitions(knowledge: Knowledge, concepts: Sequence[Concept]) -> list[Result]:
    """Every registered definition taken out once: is it missed, and is none missed that is there?"""
    held, missed, found = [], [], []
    for concept in concepts:
        if concept.pattern is None or not concept.is_reported:
            continue
        rows = canonical_chunks(concept.pattern, knowledge)
        held.append(not rows)
        if rows:
            missed.append(not canonical_chunks(concept.pattern, without(knowledge, _section(knowledge, rows))))
            found.append(_name_rank(concept, knowledge, rows) <= TOP)
    clean = float(np.mean(held)) if held else None
    reason = None if held else "no registered pattern has a definition in the corpus"
    return [
        counted("structure", "removed definition", METHOD, missed, clean=clean, reason=reason),
        counted("structure", "definition in the top 10 by name", METHOD, found, reason=reason),
    ]


def _section(knowledge: Knowledge, rows: Sequence[int]) -> list[int]:
    """The passages that hold the definition, and the rest of the section that they stand in."""
    sections = {(knowledge.chunks[row].document_id, knowledge.chunks[row].anchor) for row in rows}
    return [n for n, chunk in enumerate(knowledge.chunks) if (chunk.document_id, chunk.anchor) in sections]


def _name_rank(concept: Concept, knowledge: Knowledge, rows: Sequence[int]) -> int:
    assert concept.pattern is not None  # noqa: S101
    queries = [(query.text, query.vector, None) for query in concept.pattern.queries]
    titled = np.array(lookup(knowledge).titled(concept.pattern.labels), dtype=np.int64)
    home = np.array(rows)
    return min(name_rank(ranking, home, titled) for ranking in knowledge.chunk_index.rankings(queries))


def planted_homonyms(knowledge: Knowledge, concepts: Sequence[Concept]) -> list[Result]:
    """Each name put over another concept's meaning in that one's document: is it reported? And without it, is any?"""
    held = [c for c in concepts if c.pattern is not None and c.is_reported and canonical_chunks(c.pattern, knowledge)]
    found, clean = [], []
    for number, concept in enumerate(held):
        assert concept.pattern is not None  # noqa: S101
        rows = canonical_chunks(concept.pattern, knowledge)
        clean.append(bool(homonyms(concept.pattern, knowledge, rows)))
        for step in range(1, len(held)):
            other = held[(number + step) % len(held)]
            told = other.claims[0].text.partition(" is ")[2]
            if told and not other.home & concept.home:
                extended = _with_section(knowledge, concept, other, f"{concept.label} is {told}")
                found.append(bool(homonyms(concept.pattern, extended, rows)))
                break
    told_why = None if found else "no two registered definitions that could change names"
    share = float(np.mean(clean)) if clean else None
    return [
        counted("structure", "homonym", "rules", found, clean=share, reason=told_why),
        counted("structure", "homonym where there is none", "rules", clean, reason=told_why),
    ]


def _with_section(knowledge: Knowledge, concept: Concept, other: Concept, text: str) -> Knowledge:
    """The corpus with a section more, in the other concept's document; its vectors are not asked for."""
    document, row = min(other.home), len(knowledge.chunks)
    chunk = Chunk("homonym", document, "", "", concept.label, 1, f"{concept.label}\n\n{text}", text)
    sentence = Sentence("homonym", row, document, 1, text)
    return dataclasses.replace(
        knowledge,
        chunks=[*knowledge.chunks, chunk],
        sentences=[*knowledge.sentences, sentence],
    )


def stale_copies(knowledge: Knowledge, concepts: Sequence[Concept], embed: Embed) -> list[Result]:
    """An old copy of each definition under its own heading elsewhere: where it outranks the definition, is it found?"""
    chosen = [c for c in concepts if c.pattern is not None and c.is_reported and canonical_chunks(c.pattern, knowledge)]
    copies = [copied(concept, knowledge) for concept in chosen]
    if not copies:
        return [counted("structure", "stale copy that outranks", METHOD, [], reason="no definition to copy")]
    base = len(knowledge.chunks)
    extended = dataclasses.replace(
        knowledge,
        chunks=[*knowledge.chunks, *copies],
        chunk_vectors=np.concatenate([knowledge.chunk_vectors, embed([copy.text for copy in copies])]),
    )
    found = []
    for number, concept in enumerate(chosen):
        assert concept.pattern is not None  # noqa: S101
        canonical = canonical_chunks(concept.pattern, knowledge)
        query = concept.pattern.queries[0]
        ranking = next(extended.chunk_index.rankings([(query.text, query.vector, None)]))
        if ranking.fused(np.array([base + number]))[0] > ranking.fused(np.array(canonical)).max():
            found.append(outranking_copy(concept.pattern, extended, canonical, ranking) is not None)
    told = None if found else f"none of {len(copies)} planted copies outranks its definition"
    return [counted("structure", "stale copy that outranks", METHOD, found, reason=told)]


def copied(concept: Concept, knowledge: Knowledge) -> Chunk:
    """A stale copy: the definition without its last sentence, under a heading that is the label."""
    told = [claim.text for claim in concept.claims]
    text = " ".join(told[:-1] or told)
    host = next((c.document_id for c in knowledge.chunks if c.document_id not in concept.home), "copy.md")
    return Chunk(f"copy-{concept.concept_id}", host, "", "", concept.label, 1, f"{concept.label}\n\n{text}", text)


@dataclass(frozen=True)
class _Broken:
    document: Version
    line: int


def broken_references(current: Sequence[Version]) -> list[Result]:
    """In each document the first reference that leads somewhere is turned to nowhere: is it found at its line?"""
    intact = document_findings(Reading(tuple(current)))
    known = {(f.document_id, f.line) for f in intact if f.kind == "broken_reference"}
    turned = [broken for version in current if (broken := _turned(version, known, current)) is not None]
    found = []
    for broken in turned[:MOST_DOCUMENTS]:
        others = tuple(v for v in current if v.document_id != broken.document.document_id)
        told = document_findings(Reading((broken.document, *others)), only={broken.document.document_id})
        found.append(any(f.kind == "broken_reference" and f.line == broken.line for f in told))
    reason = None if found else "no Markdown document refers to another one"
    return [counted("structure", "broken reference", "reader", found, reason=reason)]


def _turned(version: Version, known: set[tuple[str, int]], current: Sequence[Version]) -> _Broken | None:
    names = {other.document_id.rsplit("/", 1)[-1] for other in current}
    lines = version.content.split("\n")
    for number, target in links(read(version.document_id, version.content)):
        path = target.partition("#")[0]
        is_whole = (
            number <= len(lines) and f"]({target})" in lines[number - 1] and (version.document_id, number) not in known
        )
        if is_whole and path.rsplit("/", 1)[-1] in names:
            wrong = re.sub(r"(\.\w+)$", r"-gone\1", path)
            lines[number - 1] = lines[number - 1].replace(f"]({target})", f"]({wrong})", 1)
            return _Broken(dataclasses.replace(version, content="\n".join(lines)), number)
    return None
