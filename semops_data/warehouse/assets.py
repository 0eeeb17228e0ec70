"""Dimensions, facts and marts in Snowflake: each loaded in one transaction per partition."""

from typing import TYPE_CHECKING, Any

import dagster as dg

from semops_data import catalog
from semops_data.contracts import table
from semops_data.contracts.business import SHOP_TABLES, is_daily
from semops_data.lakehouse.lake import Lake
from semops_data.partitions import calendar
from semops_data.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from semops_data.warehouse.load import Load

POOL = "warehouse"
MARTS = {
    "daily_revenue": ("fct_orders", "fct_order_items"),
    "funnel": ("fct_sessions", "fct_events"),
    "customer_value": ("fct_orders", "fct_order_items"),
}


def build_load(source: str) -> dg.AssetsDefinition:
    """The asset that loads one lakehouse table: a fact day by day, a dimension whole with every day."""
    name = f"fct_{source}" if is_daily(source) else f"dim_{source}"
    contract = table(f"warehouse/{name}")

    @dg.asset(
        key=["warehouse", name],
        deps=[["lakehouse", source]],
        partitions_def=calendar,
        pool=POOL,
        kinds={"snowflake", "sql"},
        owners=catalog.OWNERS,
        code_version="1",
        metadata=catalog.definition_metadata(contract, storage_kind="snowflake"),
        description=contract.description,
    )
    def loaded(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]
    ) -> dg.MaterializeResult[None]:
        from semops_data.warehouse.load import load

        day = context.partition_key if is_daily(source) else None
        rows = lake.read(f"lakehouse/{source}", where={"day": day} if day else None)
        done = load(warehouse, contract.key, rows, day=day, run_id=context.run.run_id)
        return dg.MaterializeResult(
            metadata=_metadata(warehouse, done) | catalog.column_lineage(_same_columns(source, name)),
            data_version=dg.DataVersion(done.digest),
        )

    return loaded


def build_mart_asset(name: str, facts: tuple[str, ...]) -> dg.AssetsDefinition:
    """The asset of one mart, computed in Snowflake from `sql/<name>.sql`."""
    contract = table(f"warehouse/{name}")

    @dg.asset(
        key=["warehouse", name],
        deps=[["warehouse", fact] for fact in facts],
        partitions_def=calendar if contract.partition_by else None,
        pool=POOL,
        kinds={"snowflake", "sql"},
        owners=catalog.OWNERS,
        code_version="1",
        metadata=catalog.definition_metadata(contract, storage_kind="snowflake"),
        description=contract.description,
    )
    def mart(context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]) -> dg.MaterializeResult[None]:
        from semops_data.warehouse.marts import build_mart, column_sources, mart_sql
        from semops_data.warehouse.render import rows_table, sql_block

        day = context.partition_key if contract.partition_by else None
        done, rows = build_mart(warehouse, name, day=day, run_id=context.run.run_id)
        shown = {
            "sql": dg.MetadataValue.md(sql_block(mart_sql(name))),
            "preview": dg.MetadataValue.md(rows_table(rows)),
        }
        return dg.MaterializeResult(
            metadata=_metadata(warehouse, done, **shown) | catalog.column_lineage(column_sources(name)),
            data_version=dg.DataVersion(done.digest),
        )

    return mart


def _metadata(warehouse: Warehouse, done: "Load", **more: Any) -> dict[str, Any]:
    counts = {
        "inserted": done.counts.inserted,
        "updated": done.counts.updated,
        "deleted": done.counts.deleted,
        "is_unchanged": done.is_skipped,
        "emulated": warehouse.is_emulated,
    }
    rows: dict[str, Any] = {"partition_rows": done.rows} if done.day else {"rows": done.rows}
    return catalog.run_metadata(uri=warehouse.uri(done.key.split("/")[1]), **rows, **counts, **more)


def _same_columns(source: str, name: str) -> dict[str, list[tuple[str, str]]]:
    return {column.name: [(f"lakehouse/{source}", column.name)] for column in table(f"warehouse/{name}").columns}


LOADS = [build_load(source) for source in SHOP_TABLES]
MART_ASSETS = [build_mart_asset(name, facts) for name, facts in MARTS.items()]
