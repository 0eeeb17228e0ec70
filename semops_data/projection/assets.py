"""Measurements and gaps as Delta tables. Materializing them measures nothing: `dst project run` does."""

import dagster as dg

from semops_data import catalog, markdown
from semops_data.contracts import table
from semops_data.lakehouse.lake import Lake
from semops_data.settings import load_settings

NOTHING_MEASURED = "nothing was measured on this home yet: run `dst project run --factors 1,2,4 --select KEYS`"


@dg.asset(
    key=["projection", "measurements"],
    kinds={"deltalake"},
    owners=catalog.OWNERS,
    code_version="1",
    pool="projection",
    metadata=catalog.definition_metadata(table("projection/measurements"), storage_kind="deltalake"),
    description="What `dst project run` measured: time and peak memory of each asset alone, at several sizes.",
)
def projection_measurements(
    context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]
) -> dg.MaterializeResult[None]:
    """Fold the measurements that were left into the table."""
    from semops_data.projection.project import spool_of
    from semops_data.projection.tables import fold_measurements

    commit, set_aside = fold_measurements(lake, spool_of(load_settings()))
    for line in set_aside:
        context.log.warning("a measurement was set aside: %s", line)
    reason = None if commit.rows else NOTHING_MEASURED
    metadata = catalog.run_metadata(
        uri=lake.uri(commit.key),
        rows=commit.rows,
        size_bytes=lake.size_bytes(commit.key),
        set_aside=set_aside,
        reason=reason,
    )
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(commit.digest))


@dg.asset(
    key=["projection", "gaps"],
    kinds={"deltalake"},
    owners=catalog.OWNERS,
    deps=[["projection", "measurements"]],
    code_version="1",
    metadata=catalog.definition_metadata(table("projection/gaps"), storage_kind="deltalake"),
    description="What each measured asset would cost at a hundred times the size: clean, concerning or blocking.",
)
def projection_gaps(lake: dg.ResourceParam[Lake]) -> dg.MaterializeResult[None]:
    """Class every asset from its measurements."""
    from semops_data.projection.tables import fold_gaps

    commit, latest = fold_gaps(lake)
    columns = ["asset_key", "class", "reason"]
    metadata = catalog.run_metadata(
        uri=lake.uri(commit.key),
        size_bytes=lake.size_bytes(commit.key),
        rows=commit.rows,
        latest=dg.MetadataValue.md(markdown.table(columns, [[row.get(name) for name in columns] for row in latest])),
        reason=None if commit.rows else NOTHING_MEASURED,
    )
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(commit.digest))
