"""The benchmark as an asset: minutes of work with a model, so it is made on demand."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from pydantic import Field

from semops_data import catalog
from semops_data.contracts import table
from semops_data.embeddings.store import VectorStore
from semops_data.lakehouse.lake import Lake
from semops_data.settings import load_settings

SOURCES = ("corpus/documents", "corpus/chunks", "embeddings/chunks", "embeddings/sentences", "embeddings/patterns",
           "registry/patterns")  # fmt: skip


class Planting(dg.Config):
    """How much to plant.

    Attributes:
        concepts: at how many concepts faults are planted, at most.
        with_model: whether the methods that need the contradiction model take part.
    """

    concepts: int = Field(120, ge=2, le=5_000)
    with_model: bool = True


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            key=["coherence", "benchmark"],
            deps=[source.split("/") for source in SOURCES],
            kinds={"deltalake", "python"},
            owners=catalog.MEANING_OWNERS,
            code_version="2",
            skippable=True,
            tags={catalog.ON_DEMAND: "true"},
            metadata=catalog.definition_metadata(table("coherence/benchmark"), storage_kind="deltalake"),
            description="How much the scores can see in this corpus: recall per kind of planted fault and false alarms "
            "per kind of null, with intervals, beside the seed's formulas and embedding drift. On demand: made only by "
            "a run that selects it alone, such as `dst benchmark`.",
        )
    ],
    pool="gpu",
)
def benchmark(
    context: dg.AssetExecutionContext,
    config: Planting,
    lake: dg.ResourceParam[Lake],
    vectors: dg.ResourceParam[VectorStore],
) -> Iterator[dg.MaterializeResult[None]]:
    """Plant, judge, count, draw."""
    if len({*(context.run.asset_selection or context.job_def.asset_layer.executable_asset_keys)}) > 1:
        context.log.info("coherence/benchmark is made on demand: select it alone")
        return
    from semops_data.coherence.planted import report
    from semops_data.coherence.planted.run import benchmark_rows
    from semops_data.coherence.report import inline_image

    rows, pairs, sums = benchmark_rows(
        lake, vectors, load_settings(), most=config.concepts, with_model=config.with_model
    )
    commit, listed = lake.replace("coherence/benchmark", rows), rows.to_pylist()
    lake.replace("coherence/benchmark_pairs", pairs)
    values: dict[str, Any] = {
        f"{row['method']}_{row['family']}_{row['kind']}".replace(" ", "_").replace(",", ""): row["share"]
        for row in listed
        if row["share"] is not None
    }
    yield dg.MaterializeResult(
        asset_key=["coherence", "benchmark"],
        metadata=catalog.run_metadata(
            uri=lake.uri(commit.key), rows=commit.rows, benchmark=dg.MetadataValue.md(report.pages(listed)),
            natural_pairs=dg.MetadataValue.md(report.pair_page(pairs.to_pylist())),
            plot=dg.MetadataValue.md(inline_image(report.plot(listed), "recall by kind of fault")), **sums, **values,
        ),
        data_version=dg.DataVersion(commit.digest),
    )  # fmt: skip
