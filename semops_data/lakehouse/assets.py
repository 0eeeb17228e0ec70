"""The assets of the room: each exported table, typed and unique, and the first aggregates."""

import dagster as dg

from semops_data import catalog
from semops_data.contracts import table
from semops_data.contracts.business import LOOK_BACK, SHOP_TABLES
from semops_data.contracts.origins import lakehouse_origins, lakehouse_ways
from semops_data.lakehouse.aggregates import DAYS_BEFORE, READS, SOURCES, ways
from semops_data.lakehouse.lake import Lake
from semops_data.landing.store import ObjectStore
from semops_data.partitions import calendar, days_back
from semops_data.settings import load_settings
from semops_data.synthesis.parameters import Business

BUSINESS = Business.from_settings(load_settings())


def lakehouse_asset(name: str, business: Business = BUSINESS) -> dg.AssetsDefinition:
    """The asset that brings one exported table of that business into the lake."""
    contract = table(f"lakehouse/{name}")
    referenced = sorted({target for _, target, _ in contract.references})

    @dg.asset(
        key=["lakehouse", name],
        kinds={"deltalake", "polars"},
        owners=catalog.OWNERS,
        deps=[dg.AssetDep(["landing", name]), *(_dep(target, LOOK_BACK.get(name, 0)) for target in referenced)],
        partitions_def=calendar,
        code_version="3",
        metadata=catalog.definition_metadata(contract, storage_kind="deltalake"),
        description=contract.description,
    )
    def settled(
        context: dg.AssetExecutionContext,
        lake: dg.ResourceParam[Lake],
        landing_store: dg.ResourceParam[ObjectStore],
    ) -> dg.MaterializeResult[None]:
        from semops_data.lakehouse.settle import settle

        policy, day = load_settings().new_columns, context.partition_key
        result = settle(lake, landing_store, name, day, new_columns=policy, origin=business.digest)
        return dg.MaterializeResult(
            metadata=catalog.run_metadata(
                uri=lake.uri(contract.key),
                rows=lake.count(contract.key),
                partition_rows=result.ledger.rows_kept,
                size_bytes=lake.size_bytes(
                    contract.key, {"day": context.partition_key} if contract.partition_by else None
                ),
                rows_in=result.ledger.rows_in,
                rows_duplicate=result.ledger.rows_duplicate,
                rows_quarantined=result.ledger.rows_quarantined,
                quarantine_uri=lake.uri(f"{contract.key}_quarantine"),
                quarantine_reasons=dg.MetadataValue.json(result.reasons),
                unknown_columns=", ".join(result.unknown_columns) or None,
                delta_version=result.kept.version,
                is_changed=result.kept.changed,
            )
            | catalog.column_lineage(lakehouse_origins(name), lakehouse_ways(name)),
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
        deps=[_dep(f"lakehouse/{source}", DAYS_BEFORE.get(name, 0)) for source in READS[name]],
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
                size_bytes=lake.size_bytes(contract.key, {"day": day} if day else None),
                delta_version=commit.version,
                is_changed=commit.changed,
            )
            | catalog.column_lineage(SOURCES[name], ways(name)),
            data_version=dg.DataVersion(commit.digest),
        )

    return aggregated


def _dep(key: str, days: int) -> dg.AssetDep:
    """A dependency on the same day of a table, or on so many days before it too; on all of one that has no days."""
    is_read_back = days > 0 and table(key).partition_by is not None
    return dg.AssetDep(key.split("/"), partition_mapping=days_back(days) if is_read_back else None)


LAKEHOUSE = [lakehouse_asset(name) for name in SHOP_TABLES]
AGGREGATES = [aggregate_asset(name) for name in READS]
