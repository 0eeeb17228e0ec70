"""A profile of every lakehouse table, day by day, and how far it moved since the day before."""

from collections.abc import Iterator

import dagster as dg

from semops_data import catalog
from semops_data.contracts.business import SHOP_TABLES, is_daily
from semops_data.contracts.profiles import PROFILES
from semops_data.lakehouse.lake import Lake
from semops_data.partitions import calendar


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
