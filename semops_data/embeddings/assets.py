"""Assets of the room: vectors of chunks, sentences and patterns, and the index for people and agents."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from semops_data import catalog
from semops_data.contracts import table
from semops_data.embeddings.index import VectorIndex
from semops_data.embeddings.store import VectorStore
from semops_data.episodes.record import EpisodeLog
from semops_data.lakehouse.lake import Lake
from semops_data.settings import load_settings

if TYPE_CHECKING:
    import pyarrow as pa

    from semops_data.embeddings.texts import Result

SOURCES = {"chunks": ["corpus/chunks"], "sentences": ["corpus/chunks"],
           "patterns": ["registry/patterns", "corpus/definitions"]}  # fmt: skip
embedding_model = dg.AssetSpec(
    ["embeddings", "model"],
    kinds={"huggingface"},
    owners=catalog.MEANING_OWNERS,
    description="The embedding model that is configured; its data version is the model's name and revision.",
)
DESCRIPTIONS = {
    "chunks": "A vector for every passage of the current corpus; a passage whose text was ever embedded costs nothing.",
    "sentences": "Every whole sentence of the current corpus with its line and vector: what claims are held against.",
    "patterns": "Vectors of what stands for a pattern: labels, definition, claims, queries and past wordings.",
}


def _embed(name: str, lake: Lake, vectors: VectorStore, log: dg.DagsterLogManager) -> "tuple[pa.Table, Result]":
    from semops_data.embeddings import texts
    from semops_data.lakehouse.carried import carried_of

    def progress(done: int, total: int) -> None:
        log.info(f"{done} of {total} new texts encoded")

    if name == "patterns":
        result = texts.pattern_rows(lake.read("registry/patterns"), lake.read("corpus/definitions"), vectors)
    elif name == "chunks":
        result = texts.chunk_rows(lake.read("corpus/chunks"), vectors, progress)
    else:
        result = texts.sentence_rows(
            lake.read("corpus/chunks"), vectors, progress, carried_of(load_settings().home, lake.root)
        )
    if result.changed_from:
        log.warning(f"the model is {result.model_id}, before it was {', '.join(result.changed_from)}: all texts anew")
    return result.rows, result


def vectors_of(name: str) -> dg.AssetsDefinition:
    """The asset that embeds one kind of text."""
    key = f"embeddings/{name}"

    @dg.asset(
        key=key.split("/"),
        deps=[embedding_model, *(source.split("/") for source in SOURCES[name])],
        kinds={"deltalake", "pytorch"},
        owners=catalog.MEANING_OWNERS,
        code_version="2",
        pool="gpu",
        metadata=catalog.definition_metadata(table(key), storage_kind="deltalake"),
        description=DESCRIPTIONS[name],
    )
    def asset(
        context: dg.AssetExecutionContext,
        lake: dg.ResourceParam[Lake],
        vectors: dg.ResourceParam[VectorStore],
        episodes: dg.ResourceParam[EpisodeLog],
    ) -> dg.MaterializeResult:
        run_id = context.run.run_id
        with episodes.episode(
            operation="embed", target_type="corpus", target_id=key, agent_name=key, asset_key=key, dagster_run_id=run_id
        ) as episode:
            rows, result = _embed(name, lake, vectors, context.log)
            commit = lake.replace(key, rows)
            episode.model_name = result.model_id
            episode.metadata = {"rows": commit.rows, "encoded": result.computed}
        return dg.MaterializeResult(
            metadata=catalog.run_metadata(
                uri=lake.uri(key),
                rows=commit.rows,
                size_bytes=lake.size_bytes(key),
                delta_version=commit.version,
                model=result.model_id,
                texts_encoded=result.computed,
                model_before=", ".join(result.changed_from) or None,
            ),
            data_version=dg.DataVersion(commit.digest),
        )

    return asset


chunks, sentences, patterns = (vectors_of(name) for name in SOURCES)


@dg.asset(
    key=["embeddings", "index"],
    deps=[["embeddings", "chunks"], ["corpus", "chunks"]],
    kinds={"qdrant"},
    owners=catalog.MEANING_OWNERS,
    code_version="1",
    output_required=False,
    pool="qdrant",
    metadata={"semops/distance": "cosine"},
    description="The passages in Qdrant, for search by people and agents; the scorer itself searches exactly.",
)
def index(
    context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], vector_index: dg.ResourceParam[VectorIndex]
) -> Iterator[dg.MaterializeResult]:
    """Fill the collection with the current chunks; a server that is away leaves the asset stale and fails nothing."""
    from semops_data.embeddings.arrays import matrix
    from semops_data.embeddings.texts import current
    from semops_data.lakehouse.digest import digest

    where = lake.read("corpus/chunks", columns=["chunk_id", "document_id", "heading_path", "start_line", "text"])
    rows = {row["chunk_id"]: row for row in where.to_pylist()}
    kept = current(lake.read("embeddings/chunks"), rows)
    ids = kept["chunk_id"].to_pylist()
    try:
        count = vector_index.replace(ids, matrix(kept["vector"]), [rows[chunk] for chunk in ids])
    except ConnectionError as error:
        context.log.warning(f"{error}; the index stays as it was and is filled by the next run")
        return
    yield dg.MaterializeResult(
        metadata=catalog.run_metadata(uri=vector_index.uri, rows=count), data_version=dg.DataVersion(digest(kept))
    )
