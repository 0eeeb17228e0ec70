"""The assets of the room: each exported table, typed and unique, and the first aggregates."""

import dagster as dg

from semops_data import catalog
from semops_data.contracts import table
from semops_data.contracts.business import SHOP_TABLES
from semops_data.contracts.origins import lakehouse_origins
from semops_data.lakehouse.aggregates import READS, SOURCES
from semops_data.lakehouse.lake import Lake
from semops_data.landing.store import ObjectStore
from semops_data.partitions import calendar
from semops_data.settings import load_settings


def lakehouse_asset(name: str) -> dg.AssetsDefinition:
    """The asset that brings one exported table into the lake."""
    contract = table(f"lakehouse/{name}")
    referenced = sorted({target for _, target, _ in contract.references})

    @dg.asset(
        key=["lakehouse", name],
        kinds={"deltalake", "polars"},
        owners=catalog.OWNERS,
        deps=[["landing", name], *(target.split("/") for target in referenced)],
        partitions_def=calendar,
        code_version="2",
        metadata=catalog.definition_metadata(contract, storage_kind="deltalake"),
        description=contract.description,
    )
    def settled(
        context: dg.AssetExecutionContext,
        lake: dg.ResourceParam[Lake],
        landing_store: dg.ResourceParam[ObjectStore],
    ) -> dg.MaterializeResult[None]:
        from semops_data.lakehouse.settle import settle

        policy = load_settings().new_columns
        result = settle(lake, landing_store, name, context.partition_key, new_columns=policy)
        return dg.MaterializeResult(
            metadata=catalog.run_metadata(
                uri=lake.uri(contract.key),
                rows=lake.count(contract.key),
                partition_rows=result.ledger.rows_kept,
                rows_in=result.ledger.rows_in,
                rows_duplicate=result.ledger.rows_duplicate,
                rows_quarantined=result.ledger.rows_quarantined,
                quarantine_uri=lake.uri(f"{contract.key}_quarantine"),
                quarantine_reasons=dg.MetadataValue.json(result.reasons),
                unknown_columns=", ".join(result.unknown_columns) or None,
                delta_version=result.kept.version,
                is_changed=result.kept.changed,
            )
            | catalog.column_lineage(lakehouse_origins(name)),
            data_version=dg.DataVersion(result.kept.digest),
        )

    return settled


def aggregate_asset(name: str) -> dg.AssetsDefinition:
    """The asset of one aggregate: by day where its table is, else over all days."""
    contract = table(f"lakehouse/{name}")

    @dg.asset(
        key=["lakehouse", name],
        kinds={"deltalake", "duckdb", "sql"},
        owners=catalog.OWNERS,
        deps=[["lakehouse", source] for source in READS[name]],
        partitions_def=calendar if contract.partition_by else None,
        code_version="1",
        metadata=catalog.definition_metadata(contract, storage_kind="deltalake"),
        description=contract.description,
    )
    def aggregated(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> dg.MaterializeResult[None]:
        from semops_data.lakehouse.aggregates import aggregate

        day = context.partition_key if contract.partition_by else None
        commit = lake.replace(contract.key, aggregate(lake, name, day), where={"day": day} if day else None)
        return dg.MaterializeResult(
            metadata=catalog.run_metadata(
                uri=lake.uri(contract.key),
                rows=lake.count(contract.key),
                partition_rows=commit.rows if day else None,
                delta_version=commit.version,
                is_changed=commit.changed,
            )
            | catalog.column_lineage(SOURCES[name]),
            data_version=dg.DataVersion(commit.digest),
        )

    return aggregated


LAKEHOUSE = [lakehouse_asset(name) for name in SHOP_TABLES]
AGGREGATES = [aggregate_asset(name) for name in READS]
