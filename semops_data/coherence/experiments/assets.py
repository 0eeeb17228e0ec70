"""The assets of experiments: what people say of pairs, and the methods compared on labelled pairs."""

from collections.abc import Iterator

import dagster as dg
from pydantic import Field

from semops_data import catalog
from semops_data.contracts import table
from semops_data.embeddings.store import VectorStore
from semops_data.lakehouse.lake import Lake
from semops_data.settings import load_settings

KEY = "coherence/experiments"
labels = dg.AssetSpec(
    ["coherence", "labels"],
    kinds={"deltalake"},
    owners=catalog.MEANING_OWNERS,
    metadata=catalog.definition_metadata(table("coherence/labels"), storage_kind="deltalake"),
    description="What people say of pairs of texts, kept by `dst label`; its data version is the digest of all labels.",
)


class Experiments(dg.Config):
    """Which methods to compare, and on how many planted cases.

    Attributes:
        methods: v1-embedding, rules, v2-nli, v3-judge, v4-hybrid, v5-multi-judge; by default all that need no judge,
            and those whose judges are configured.
        per_kind: planted cases of each kind.
        force: do again what is held; verdicts of judges stay held, and cost nothing.
    """

    methods: list[str] = Field(default_factory=list)
    per_kind: int = Field(12, ge=0, le=1_000)
    force: bool = False


# Judges cost money and time: nobody wants them as a part of everything.
@dg.multi_asset(
    name=KEY.replace("/", "__"),
    specs=[
        dg.AssetSpec(
            key=KEY.split("/"),
            deps=[["registry", "patterns"], ["coherence", "labels"]],
            kinds={"deltalake", "python"},
            owners=catalog.MEANING_OWNERS,
            code_version="1",
            skippable=True,
            tags={catalog.ON_DEMAND: "true"},
            metadata=catalog.definition_metadata(table(KEY), storage_kind="deltalake"),
            description="The methods v1 to v5 on the same labelled pairs: how often each is right, with intervals, and "
            "what that costs; each is an MLflow run. On demand: made only by a run that selects it alone, such as "
            "`dst experiments run`.",
        )
    ],
    pool="gpu",
)
def experiments(
    context: dg.AssetExecutionContext,
    config: Experiments,
    lake: dg.ResourceParam[Lake],
    vectors: dg.ResourceParam[VectorStore],
) -> Iterator[dg.MaterializeResult[None]]:
    """Gather the cases, run the methods, keep what they say."""
    if len({*context.job_def.asset_layer.executable_asset_keys}) != 1:
        context.log.info(f"{KEY} is made on demand: select it alone")
        return
    from semops_data.coherence.experiments import report, run

    settings = load_settings()
    found = run.compare(
        lake, vectors, settings, methods=config.methods, per_kind=config.per_kind, is_forced=config.force,
        log=context.log.info,
    )  # fmt: skip
    folder = settings.home / "coherence" / "experiments"
    records = {catalog.sub_run(row["method"]): report.record(row, folder / row["experiment_id"]) for row in found.rows}
    yield dg.MaterializeResult(
        asset_key=KEY.split("/"),
        metadata=catalog.run_metadata(
            uri=lake.uri(KEY),
            rows=lake.count(KEY),
            cases=len(found.cases),
            judged_now=len(found.fresh),
            experiments=dg.MetadataValue.md(report.page(found.rows)),
        )
        | {name: dg.MetadataValue.json(value) for name, value in records.items()},
        data_version=dg.DataVersion(run.content_digest(found)),
    )
