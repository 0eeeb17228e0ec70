"""A reading as Arrow tables in their contracts' types, and back."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from semops_data.contracts import table
from semops_data.corpus.chunks import chunks_of
from semops_data.corpus.language import language
from semops_data.corpus.model import Finding, Reading, Version
from semops_data.corpus.readers.kinds import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from semops_data.corpus.definitions import Definition

    Known = Mapping[tuple[object, ...], tuple[str | None, str | None]]


def documents_table(reading: Reading, known: Known | None = None) -> pa.Table:
    """One row per version of a document, as `corpus/documents` declares it.

    Args:
        reading: the versions.
        known: title and language of versions that were read before, by document, version id and moment.
    """
    known = known or {}
    rows = [
        _document_row(version, known.get((version.document_id, version.version_id, version.valid_from)))
        for version in reading.versions
    ]
    return _table("corpus/documents", rows)


def _told(version: Version) -> tuple[str | None, str | None]:
    """Title and language that a document states."""
    document = read(version.document_id, version.content)
    return document.title, document.front_matter.get("language") or document.front_matter.get("lang") or None


def _document_row(version: Version, known: tuple[str | None, str | None] | None) -> dict[str, Any]:
    title, language = known or _told(version)
    return {
        "document_id": version.document_id,
        "valid_from": version.valid_from,
        "version_id": version.version_id,
        "valid_to": version.valid_to,
        "commit": version.commit,
        "previous_document_id": version.previous_document_id,
        "title": title,
        "content": version.content,
        "size_bytes": len(version.content.encode()),
        "is_current": version.is_current,
        "language": language,
    }


def reading_of(documents: pa.Table) -> Reading:
    """The reading that a `corpus/documents` table holds; its findings and origin are not in it."""
    names = ("document_id", "valid_from", "content", "valid_to", "commit", "previous_document_id")
    versions = (Version(**row) for row in documents.select(names).to_pylist())
    return Reading(tuple(sorted(versions, key=lambda v: (v.document_id, v.valid_from))))


def chunks_table(current: Iterable[Version]) -> pa.Table:
    """One row per chunk of the given versions, as `corpus/chunks` declares it."""
    rows = []
    for version in current:
        for chunk in chunks_of(read(version.document_id, version.content)):
            innermost = chunk.path[-1] if chunk.path else None
            text = chunk.text
            rows.append(
                {
                    "chunk_id": chunk.chunk_id(version.document_id),
                    "document_id": version.document_id,
                    "version_id": version.version_id,
                    "valid_from": version.valid_from,
                    "ordinal": chunk.ordinal,
                    "heading_path": chunk.heading_path,
                    "heading": innermost.text if innermost else "",
                    "anchor": innermost.anchor if innermost else "",
                    "start_line": chunk.start_line,
                    "end_line": chunk.end_line,
                    "kind": chunk.kind,
                    "text": text,
                    "markdown": chunk.markdown,
                    "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
                    "word_count": chunk.word_count,
                    "language": None if chunk.kind == "code" else language(chunk.body),
                }
            )
    return _table("corpus/chunks", rows)


def definitions_table(definitions: Iterable[Definition]) -> pa.Table:
    """One row per version of a definition, as `corpus/definitions` declares it."""
    return _table("corpus/definitions", [vars(d) | {"version_id": d.version_id} for d in definitions])


def findings_table(findings: Iterable[Finding]) -> pa.Table:
    """One row per finding, as `corpus/findings` declares it."""
    return _table("corpus/findings", [vars(finding) for finding in sorted(set(findings))])


def _table(key: str, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=table(key).arrow_schema)
