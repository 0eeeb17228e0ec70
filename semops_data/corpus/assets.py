"""The corpus as tables: documents with their history, chunks, definitions, and what could not be used."""

from contextlib import AbstractContextManager

import dagster as dg

from semops_data import catalog
from semops_data.contracts import table
from semops_data.corpus.source import CorpusPlace
from semops_data.episodes.record import Episode, EpisodeLog
from semops_data.lakehouse.lake import Lake
from semops_data.registry.source import RegistryFile
from semops_data.settings import load_settings

corpus_source = dg.AssetSpec(
    ["corpus", "source"],
    kinds={"git", "markdown"},
    owners=catalog.MEANING_OWNERS,
    description="The documents that people edit; their data version is the digest of content and history.",
)


@dg.asset(
    key=["corpus", "documents"],
    kinds={"deltalake"},
    owners=catalog.MEANING_OWNERS,
    deps=[corpus_source],
    code_version="3",
    metadata=catalog.definition_metadata(table("corpus/documents"), storage_kind="deltalake"),
    description=table("corpus/documents").description,
)
def corpus_documents(
    context: dg.AssetExecutionContext,
    lake: dg.ResourceParam[Lake],
    corpus: dg.ResourceParam[CorpusPlace],
    episodes: dg.ResourceParam[EpisodeLog],
) -> dg.MaterializeResult[None]:
    """Read every version of every document."""
    from semops_data.corpus import carrying, report
    from semops_data.lakehouse.carried import carried_of

    with _ingest(context, episodes, "corpus/documents") as episode:
        source = corpus.open()
        reading = source.read()
        over = carried_of(load_settings().home, lake.root)
        commit = lake.replace("corpus/documents", carrying.documents(lake, reading, over))
        carrying.keep(over, commit)
        sums = report.summary(reading)
        episode.input_hash = commit.digest
        episode.metadata = {"corpus": source.name, **sums}
    return dg.MaterializeResult(
        metadata=catalog.run_metadata(
            uri=lake.uri(commit.key),
            rows=commit.rows,
            size_bytes=lake.size_bytes(commit.key),
            corpus=source.name,
            **sums,
        ),
        data_version=dg.DataVersion(commit.digest),
    )


@dg.asset(
    key=["corpus", "findings"],
    kinds={"deltalake"},
    owners=catalog.MEANING_OWNERS,
    deps=[corpus_source, ["corpus", "documents"], ["registry", "patterns"]],
    code_version="4",
    metadata=catalog.definition_metadata(table("corpus/findings"), storage_kind="deltalake"),
    description=table("corpus/findings").description,
)
def corpus_findings(
    lake: dg.ResourceParam[Lake],
    corpus: dg.ResourceParam[CorpusPlace],
    registry_source: dg.ResourceParam[RegistryFile],
) -> dg.MaterializeResult[None]:
    """Look for what is wrong with the documents."""
    from semops_data.corpus import report, tables
    from semops_data.corpus.definitions import missing_definitions
    from semops_data.corpus.findings import contradicting_statements, document_findings

    source = corpus.open()
    reading = source.read()
    found = [
        *reading.findings,
        *document_findings(reading, source.selects),
        *contradicting_statements(reading),
        *missing_definitions(registry_source.load(), reading),
    ]
    commit = lake.replace("corpus/findings", tables.findings_table(found))
    worst = dg.MetadataValue.md(report.findings_markdown(found))
    return dg.MaterializeResult(
        metadata=catalog.run_metadata(
            uri=lake.uri(commit.key), rows=commit.rows, size_bytes=lake.size_bytes(commit.key), findings=worst
        ),
        data_version=dg.DataVersion(commit.digest),
    )


@dg.asset(
    key=["corpus", "chunks"],
    kinds={"deltalake"},
    owners=catalog.MEANING_OWNERS,
    deps=[["corpus", "documents"]],
    code_version="4",
    metadata=catalog.definition_metadata(table("corpus/chunks"), storage_kind="deltalake"),
    description=table("corpus/chunks").description,
)
def corpus_chunks(
    context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], episodes: dg.ResourceParam[EpisodeLog]
) -> dg.MaterializeResult[None]:
    """Cut the current documents into passages."""
    from semops_data.corpus import carrying, tables
    from semops_data.lakehouse.carried import carried_of

    with _ingest(context, episodes, "corpus/chunks") as episode:
        reading = tables.reading_of(lake.read("corpus/documents"))
        over = carried_of(load_settings().home, lake.root)
        commit = lake.replace("corpus/chunks", carrying.passages(lake, reading.current, over))
        carrying.keep(over, commit)
        episode.input_hash = commit.digest
        episode.metadata = {"documents": len(reading.current), "chunks": commit.rows}
    return dg.MaterializeResult(
        metadata=catalog.run_metadata(
            uri=lake.uri(commit.key),
            rows=commit.rows,
            size_bytes=lake.size_bytes(commit.key),
            documents=len(reading.current),
        ),
        data_version=dg.DataVersion(commit.digest),
    )


@dg.asset(
    key=["corpus", "definitions"],
    kinds={"deltalake"},
    owners=catalog.MEANING_OWNERS,
    deps=[["corpus", "documents"], ["registry", "patterns"]],
    code_version="3",
    metadata=catalog.definition_metadata(table("corpus/definitions"), storage_kind="deltalake"),
    description=table("corpus/definitions").description,
)
def corpus_definitions(
    context: dg.AssetExecutionContext,
    lake: dg.ResourceParam[Lake],
    registry_source: dg.ResourceParam[RegistryFile],
    episodes: dg.ResourceParam[EpisodeLog],
) -> dg.MaterializeResult[None]:
    """Follow each pattern's definition through its history."""
    from semops_data.corpus import tables
    from semops_data.corpus.definitions import definitions, registry_history

    with _ingest(context, episodes, "corpus/definitions") as episode:
        registry = registry_source.load()
        reading = tables.reading_of(lake.read("corpus/documents"))
        found = definitions(registry, reading, registry_history(registry_source.path))
        commit = lake.replace("corpus/definitions", tables.definitions_table(found))
        episode.input_hash = commit.digest
        episode.context_pattern_ids = [pattern.pattern_id for pattern in registry.patterns]
    changed = len(found) - len({definition.pattern_id for definition in found})
    return dg.MaterializeResult(
        metadata=catalog.run_metadata(
            uri=lake.uri(commit.key), rows=commit.rows, size_bytes=lake.size_bytes(commit.key), changes=changed
        ),
        data_version=dg.DataVersion(commit.digest),
    )


def _ingest(context: dg.AssetExecutionContext, episodes: EpisodeLog, key: str) -> AbstractContextManager[Episode]:
    return episodes.episode(
        operation="ingest",
        target_type="corpus",
        target_id=key,
        agent_name=key,
        dagster_run_id=context.run.run_id,
        asset_key=key,
    )
