"""Which texts are embedded: chunks as they are, their sentences, and what stands for each pattern."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from semops_data.corpus.sentences import claims
from semops_data.embeddings.arrays import vector_column
from semops_data.lakehouse.carried import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from semops_data.embeddings.store import Embedded, VectorStore
    from semops_data.lakehouse.carried import Carried


def chunk_rows(chunks: pa.Table, vectors: VectorStore, progress: Callable[[int, int], None] | None = None) -> Result:
    """Rows of `embeddings/chunks` for the rows of `corpus/chunks`."""
    embedded = vectors.embed(chunks["text"].to_pylist(), progress=progress)
    return Result(pa.table({"chunk_id": chunks["chunk_id"]} | _columns(embedded)), embedded)


def sentence_rows(
    chunks: pa.Table,
    vectors: VectorStore,
    progress: Callable[[int, int], None] | None = None,
    carried: Carried = NOTHING,
) -> Result:
    """Rows of `embeddings/sentences`: the whole sentences of every prose, list, table or quote chunk.

    Args:
        chunks: rows of `corpus/chunks`.
        vectors: where they are embedded.
        progress: called with (texts encoded so far, texts to encode).
        carried: the sentences of passages that were read before.
    """
    memo = carried.memo("sentences-of-chunks")
    found = [
        {
            "sentence_id": f"{row['chunk_id'][:24]}-{number}",
            "chunk_id": row["chunk_id"],
            "document_id": row["document_id"],
            # A passage whose source has it on fewer lines ends with its last one.
            "line": min(row["start_line"] + line, row["end_line"]),
            "text": text,
        }
        for row in chunks.select(["chunk_id", "document_id", "start_line", "end_line", "markdown", "kind"]).to_pylist()
        if row["kind"] not in {"code", "metadata"}
        for number, (line, text) in enumerate(memo.told((row["markdown"],), partial(_told, row["markdown"])))
    ]
    memo.keep()
    embedded = vectors.embed([row["text"] for row in found], progress=progress)
    names = ("sentence_id", "chunk_id", "document_id", "line", "text")
    return Result(pa.table({name: [row[name] for row in found] for name in names} | _columns(embedded)), embedded)


def _told(markdown: str) -> list[tuple[int, str]]:
    return [(sentence.start_line, sentence.text) for sentence in claims(markdown, first_line=0)]


def pattern_rows(patterns: pa.Table, definitions: pa.Table, vectors: VectorStore) -> Result:
    """Rows of `embeddings/patterns`: labels, definition, claims, name queries, sentences of every version."""
    found = []
    versions: dict[str, list[str]] = {}
    for row in definitions.sort_by("valid_from").to_pylist():
        versions.setdefault(row["pattern_id"], []).extend(definition_sentences(row["text"]))
    for row in patterns.to_pylist():
        labels = [row["label"], *row["alternative_labels"]]
        texts = {
            "label": labels,
            "definition": [row["definition"]],
            "claim": definition_claims(row["definition"]),
            "query": [*labels, f"What is {row['label']}?"],
            "version": list(dict.fromkeys(versions.get(row["pattern_id"], []))),
        }
        found += [
            {"pattern_id": row["pattern_id"], "role": role, "ordinal": ordinal, "text": text}
            for role, values in texts.items()
            for ordinal, text in enumerate(values)
        ]
    embedded = vectors.embed([row["text"] for row in found], queries=[row["role"] == "query" for row in found])
    names = ("pattern_id", "role", "ordinal", "text")
    return Result(pa.table({name: [row[name] for row in found] for name in names} | _columns(embedded)), embedded)


def current(rows: pa.Table, chunks: Container[str]) -> pa.Table:
    """The rows whose `chunk_id` is one of the current chunks, in their order."""
    return rows.filter(pa.array([chunk in chunks for chunk in rows["chunk_id"].to_pylist()], pa.bool_()))


def definition_claims(text: str) -> list[str]:
    """What a definition asserts: its whole sentences."""
    return [claim.text for claim in claims(text)]


def definition_sentences(text: str) -> list[str]:
    """The sentences of one wording of a definition; the whole wording where it has no whole sentence."""
    return definition_claims(text) or ([" ".join(text.split())] if text.strip() else [])


class Result:
    """Rows for a table, how many texts had to be encoded for them, and which models were used before."""

    def __init__(self, rows: pa.Table, embedded: Embedded) -> None:
        self.rows, self.computed, self.model_id = rows, embedded.computed, embedded.model_id
        self.changed_from = embedded.changed_from


def _columns(embedded: Embedded) -> dict[str, object]:
    return {
        "model_id": [embedded.model_id] * len(embedded.digests),
        "text_sha256": embedded.digests,
        "vector": vector_column(embedded.vectors),
    }
