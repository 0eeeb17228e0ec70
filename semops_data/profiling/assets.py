"""A profile of every lakehouse table, day by day, and how far it moved since the day before."""

from collections.abc import Iterator

import dagster as dg
from pydantic import Field

from semops_data import catalog
from semops_data.contracts.business import SHOP_TABLES, is_daily
from semops_data.contracts.profiles import PROFILES
from semops_data.lakehouse.lake import Lake
from semops_data.partitions import calendar
from semops_data.settings import load_settings


def _spec(name: str) -> dg.AssetSpec:
    about = f"the day's rows of lakehouse/{name}" if is_daily(name) else f"lakehouse/{name} as it is after the day"
    return dg.AssetSpec(
        key=["profiling", name],
        deps=[["lakehouse", name]],
        kinds={"deltalake", "duckdb"},
        owners=catalog.OWNERS,
        code_version="2",
        metadata=catalog.definition_metadata(PROFILES, storage_kind="deltalake"),
        description=f"What {about} look like: fullness, variety, spread, and how far each column moved.",
    )


# One step for all tables: they share one Delta partition per day, which is then committed once.
@dg.multi_asset(
    specs=[_spec(name) for name in SHOP_TABLES],
    partitions_def=calendar,
    can_subset=True,
    pool="profiling",
)
def profiles(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> Iterator[dg.MaterializeResult[None]]:
    """Profile the selected tables, commit once, report each."""
    from semops_data.profiling.daily import profile_day

    names = [key.path[-1] for key in context.selected_asset_keys]
    days = {f"lakehouse/{name}": context.partition_key if is_daily(name) else None for name in sorted(names)}
    for found in profile_day(lake, days, day=context.partition_key):
        metadata = catalog.run_metadata(
            uri=lake.uri(PROFILES.key),
            partition_rows=len(found.profile.columns),
            profiled_rows=found.profile.row_count,
            profile=dg.MetadataValue.md(found.markdown),
            picture=dg.MetadataValue.md(found.picture) if found.picture else None,
            history=dg.MetadataValue.md(found.history) if found.history else None,
            largest_move=found.largest_move,
        )
        key = dg.AssetKey(["profiling", found.profile.source.split("/")[1]])
        yield dg.MaterializeResult(asset_key=key, metadata=metadata, data_version=dg.DataVersion(found.digest))


class Reports(dg.Config):
    """What to report on.

    Attributes:
        tables: names of lakehouse tables; all by default.
        sample_rows: rows of the sample that a report is made of.
        kinds: minimal, full, or both.
    """

    tables: list[str] = Field(list(SHOP_TABLES))
    sample_rows: int = Field(2_000, ge=1)
    kinds: list[str] = Field(["minimal", "full"])


# Minutes of work: nobody wants them as a part of everything.
@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            key=["profiling", "reports"],
            deps=[["lakehouse", name] for name in SHOP_TABLES],
            kinds={"html", "python"},
            owners=catalog.OWNERS,
            code_version="1",
            skippable=True,
            tags={catalog.ON_DEMAND: "true"},
            metadata={"semops/sample_rows": 2_000},
            description="Long reports of every lakehouse table by ydata-profiling, minimal and full, as HTML files on "
            "a sample whose size each title states. On demand: made only by a run that selects it alone.",
        )
    ],
    pool="profiling",
)
def reports(
    context: dg.AssetExecutionContext, config: Reports, lake: dg.ResourceParam[Lake]
) -> Iterator[dg.MaterializeResult[None]]:
    """Write the reports, link them, and name them as artifacts of the run."""
    if len(context.run.asset_selection or ()) > 1:
        context.log.info("profiling/reports is made on demand: select it alone")
        return
    from semops_data.profiling.pages import write_pages

    folder = load_settings().home / "profiling" / "reports"
    pages = write_pages(lake, config.tables, folder, rows=config.sample_rows, kinds=config.kinds)
    lines = [f"| {p.table} | [{p.kind}]({p.path.as_uri()}) | {p.rows:,} | {p.total_rows:,} |" for p in pages]
    table = "\n".join(["| table | report | rows of the sample | rows |", "| --- | --- | --- | --- |", *lines])
    artifacts = {catalog.artifact(page.name): dg.MetadataValue.path(page.path) for page in pages}
    yield dg.MaterializeResult(
        asset_key=["profiling", "reports"],
        metadata=catalog.run_metadata(uri=folder.as_uri(), rows=None, reports=dg.MetadataValue.md(table)) | artifacts,
        data_version=dg.DataVersion(catalog.joined_digest(f"{page.name}{page.digest}" for page in pages)),
    )
