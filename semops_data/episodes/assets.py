"""Runs and episodes as Delta tables: what was done to the domain model, by whom, with what context."""

from typing import TYPE_CHECKING

import dagster as dg

from semops_data import catalog, markdown
from semops_data.contracts import table
from semops_data.episodes.record import EpisodeLog
from semops_data.lakehouse.lake import Lake

if TYPE_CHECKING:
    from semops_data.episodes.fold import Folded


@dg.asset(
    key=["episodes", "episodes"],
    kinds={"deltalake"},
    owners=catalog.OWNERS,
    deps=[["corpus", "documents"], ["embeddings", "chunks"], ["coherence", "scores"]],
    code_version="1",
    pool="episodes",
    metadata=catalog.definition_metadata(table("episodes/episodes"), storage_kind="deltalake"),
    description="One row per operation on the domain model: ingest, embed, measure, ... with its context and outcome.",
)
def episodes_episodes(
    context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], episodes: dg.ResourceParam[EpisodeLog]
) -> dg.MaterializeResult[None]:
    """Fold what the operations recorded into the table."""
    from semops_data.episodes.fold import fold_episodes

    folded = fold_episodes(lake, episodes)
    _say_what_was_set_aside(context, folded)
    columns = ["created_at", "operation", "target_id", "agent_name", "error_message"]
    return _result("episodes/episodes", lake, folded, columns)


@dg.asset(
    key=["episodes", "runs"],
    kinds={"deltalake"},
    owners=catalog.OWNERS,
    # After the episodes: a run is recorded before its episodes, so each of those finds its run here.
    deps=[["episodes", "episodes"]],
    code_version="1",
    pool="episodes",
    metadata=catalog.definition_metadata(table("episodes/runs"), storage_kind="deltalake"),
    description="One row per bounded execution of a pipeline or an agent session; the episodes point to it.",
)
def episodes_runs(
    context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], episodes: dg.ResourceParam[EpisodeLog]
) -> dg.MaterializeResult[None]:
    """Fold the recorded runs into the table, and ask Dagster how its own ended."""
    from semops_data.episodes.fold import fold_runs

    folded = fold_runs(lake, episodes)
    _say_what_was_set_aside(context, folded)
    columns = ["started_at", "run_type", "status", "agent_name", "dagster_run_id", "error_message"]
    return _result("episodes/runs", lake, folded, columns)


def _say_what_was_set_aside(context: dg.AssetExecutionContext, folded: "Folded") -> None:
    for torn in folded.set_aside:
        context.log.warning("the spool's %s line %d was set aside: %s", torn.segment, torn.line, torn.reason)


def _result(key: str, lake: Lake, folded: "Folded", columns: list[str]) -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(
        metadata=catalog.run_metadata(
            uri=lake.uri(key),
            size_bytes=lake.size_bytes(key) if lake.exists(key) else None,
            rows=folded.rows,
            added=folded.added,
            counts=folded.counts,
            set_aside=[f"{torn.segment}:{torn.line}: {torn.reason}" for torn in folded.set_aside],
            latest=dg.MetadataValue.md(
                markdown.table(columns, [[row.get(name) for name in columns] for row in folded.latest])
            ),
        ),
        data_version=dg.DataVersion(folded.digest),
    )
