"""`Knowledge`: what the scorer looks at, read once from the lake: patterns, chunks, sentences and their vectors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from semops_data.coherence.retrieval import Index
from semops_data.coherence.words import Words
from semops_data.embeddings.arrays import matrix, stream
from semops_data.lakehouse.carried import NOTHING, digest, encoded, vector_digests

if TYPE_CHECKING:
    from datetime import datetime

    from semops_data.lakehouse.carried import Carried
    from semops_data.lakehouse.lake import Lake

# A field's weight as in BM25F (Robertson, Zaragoza, Taylor 2004): a heading names what its passage is about.
HEADING_WEIGHT = 3
# Planned and retired patterns are not audited; concepts are lineage only but still have a meaning to keep.
SKIPPED = frozenset({"planned", "retired"})


class MixedModelsError(ValueError):
    """The tables of vectors were made by different embedding models."""


@dataclass(frozen=True)
class Text:
    """A text that stands for a pattern, and its vector of shape (dimension,)."""

    text: str
    vector: np.ndarray


@dataclass(frozen=True)
class Pattern:
    """One registered pattern as the scorer sees it."""

    pattern_id: str
    label: str
    labels: tuple[str, ...]
    definition: Text
    claims: tuple[Text, ...]
    queries: tuple[Text, ...]
    pattern_type: str
    surface_area: int
    source_path: str | None
    source_anchor: str | None
    registered_file: str
    registered_line: int
    baseline: datetime | None


class Chunk(NamedTuple):
    """One current passage of the corpus."""

    chunk_id: str
    document_id: str
    version_id: str
    anchor: str
    heading: str
    start_line: int
    text: str
    passage: str


class Sentence(NamedTuple):
    """One sentence of a current passage; `chunk` is the row of its chunk."""

    sentence_id: str
    chunk: int
    document_id: str
    line: int
    text: str


@dataclass(frozen=True)
class Knowledge:
    """Everything one scoring looks at; row i of a vector matrix belongs to entry i of the list."""

    patterns: list[Pattern]
    chunks: list[Chunk]
    chunk_vectors: np.ndarray
    sentences: list[Sentence]
    sentence_vectors: np.ndarray
    model_id: str
    carried: Carried = NOTHING

    @cached_property
    def folded(self) -> list[str]:
        """The passages in lower case."""
        return [chunk.passage.lower() for chunk in self.chunks]

    @cached_property
    def chunk_keys(self) -> list[bytes]:
        """Of each chunk a digest of what the searches see of it."""
        return [
            digest(b"\0".join([chunk.chunk_id.encode(), encoded(chunk.heading), encoded(chunk.text), vector]))
            for chunk, vector in zip(self.chunks, vector_digests(self.chunk_vectors), strict=True)
        ]

    @cached_property
    def sentence_keys(self) -> list[bytes]:
        """Of each sentence a digest of what it is compared by."""
        return [
            digest(b"\0".join([told.sentence_id.encode(), encoded(told.document_id), encoded(told.text), vector]))
            for told, vector in zip(self.sentences, vector_digests(self.sentence_vectors), strict=True)
        ]

    @cached_property
    def chunk_index(self) -> Index:
        """The chunks, searchable; the words of a chunk's own heading count four times, as a title's do."""
        texts = [f"{chunk.heading}\n" * HEADING_WEIGHT + chunk.text for chunk in self.chunks]
        return Index(texts, self.chunk_vectors, Words(texts, self.carried, "words-of-chunks"))

    @cached_property
    def sentence_index(self) -> Index:
        """The sentences, searchable."""
        texts = [sentence.text for sentence in self.sentences]
        return Index(texts, self.sentence_vectors, Words(texts, self.carried, "words-of-sentences"))


def load(lake: Lake, carried: Carried = NOTHING) -> Knowledge:
    """Read the registry, the corpus and their vectors at their latest versions.

    Args:
        lake: holds them.
        carried: what was found about them before.

    Raises:
        MissingTableError: where one of the tables was never written.
        MixedModelsError: where the vectors are not all of one model.
    """
    names = ["chunk_id", "document_id", "version_id", "anchor", "heading", "start_line", "text", "markdown"]
    chunks = lake.read("corpus/chunks", columns=[*names, "ordinal"])
    chunks = chunks.sort_by([("document_id", "ascending"), ("ordinal", "ascending")])
    patterns, model_id = _patterns(lake), _only_model(lake)
    # A corpus without text still has vectors of the patterns' length: none.
    none = np.zeros((0, len(patterns[0].definition.vector) if patterns else 0), np.float32)
    chunks, vectors = _embedded(lake, chunks, none)
    sentences, sentence_vectors = _sentences(lake, chunks["chunk_id"], none)
    return Knowledge(
        patterns=patterns,
        chunks=[Chunk(*row) for row in zip(*(chunks[name].to_pylist() for name in names), strict=True)],
        chunk_vectors=vectors,
        sentences=sentences,
        sentence_vectors=sentence_vectors,
        model_id=model_id,
        carried=carried,
    )


def _embedded(lake: Lake, chunks: pa.Table, none: np.ndarray) -> tuple[pa.Table, np.ndarray]:
    """Those of the chunks that have a vector, and their vectors, float32, shape (n, dimension)."""
    ids, found, held = chunks["chunk_id"].combine_chunks(), none, np.zeros(len(chunks), bool)
    for rows in stream(lake, "embeddings/chunks", ["chunk_id", "vector"]):
        place = pc.index_in(rows["chunk_id"].combine_chunks(), value_set=ids)
        own, place = matrix(rows["vector"])[place.is_valid().to_numpy(False)], place.drop_null().to_numpy()
        found = found if len(found) else np.zeros((len(chunks), own.shape[1]), np.float32)
        found[place], held[place] = own, True
    return (chunks, found) if held.all() else (chunks.filter(pa.array(held)), found[held] if len(found) else none)


def _sentences(lake: Lake, ids: pa.ChunkedArray, none: np.ndarray) -> tuple[list[Sentence], np.ndarray]:
    """The sentences of these chunks and their vectors, float32, shape (n, dimension)."""
    names, chunks = ("sentence_id", "document_id", "line", "text"), ids.combine_chunks()
    told: list[Sentence] = []
    found, size = none, lake.count("embeddings/sentences")
    for batch in stream(lake, "embeddings/sentences", [*names, "chunk_id", "vector"]):
        owner = pc.index_in(batch["chunk_id"].combine_chunks(), value_set=chunks)
        rows, owner = batch.filter(owner.is_valid()), owner.drop_null()
        if not len(rows):
            continue
        own = matrix(rows["vector"])
        found = found if len(found) else np.zeros((size, own.shape[1]), np.float32)
        found[len(told) : len(told) + len(own)] = own
        columns = zip(owner.to_pylist(), *(rows[name].to_pylist() for name in names), strict=True)
        told += [Sentence(name, place, document, line, text) for place, name, document, line, text in columns]
    return told, found[: len(told)]


def _only_model(lake: Lake) -> str:
    """The model of all vectors; empty where there are none."""
    found = {
        key: set(pc.unique(lake.read(key, columns=["model_id"])["model_id"]).to_pylist())
        for key in ("embeddings/chunks", "embeddings/sentences", "embeddings/patterns")
    }
    models = sorted(set().union(*found.values()))
    if len(models) > 1:
        held = "; ".join(f"{key} {', '.join(sorted(ids))}" for key, ids in found.items() if ids)
        raise MixedModelsError(
            f"vectors of different models cannot be compared ({held}): materialize group:embeddings again"
        )
    return models[0] if models else ""


def _patterns(lake: Lake) -> list[Pattern]:
    texts = lake.read("embeddings/patterns").sort_by([("pattern_id", "ascending"), ("ordinal", "ascending")])
    by_role: dict[tuple[str, str], list[Text]] = {}
    pairs = zip(texts.drop_columns(["vector"]).to_pylist(), matrix(texts["vector"]), strict=True)
    for row, vector in pairs:
        by_role.setdefault((row["pattern_id"], row["role"]), []).append(Text(row["text"], vector))
    patterns = []
    for row in lake.read("registry/patterns").to_pylist():
        definition = by_role.get((row["pattern_id"], "definition"))
        if row["lifecycle"] in SKIPPED or not definition:
            continue
        patterns.append(
            Pattern(
                pattern_id=row["pattern_id"],
                label=row["label"],
                labels=(row["label"], *row["alternative_labels"]),
                definition=definition[0],
                claims=tuple(by_role.get((row["pattern_id"], "claim"), [])),
                queries=tuple(by_role.get((row["pattern_id"], "query"), [])),
                pattern_type=row["pattern_type"],
                surface_area=row["surface_area"],
                source_path=row["source_path"],
                source_anchor=row["source_anchor"],
                registered_file=row["registered_file"],
                registered_line=row["registered_line"],
                baseline=row["valid_from"],
            )
        )
    return patterns
