"""Dimensions, facts and marts in Snowflake: each loaded in one transaction per partition."""

from typing import TYPE_CHECKING, Any

import dagster as dg

from semops_data import catalog
from semops_data.contracts import table
from semops_data.contracts.business import SHOP_TABLES, is_daily
from semops_data.contracts.marts import HISTORIES
from semops_data.contracts.origins import dimension_origins, dimension_ways, fact_origins, fact_ways
from semops_data.contracts.shop import LATER_DAYS
from semops_data.lakehouse.lake import Lake
from semops_data.landing.store import ObjectStore
from semops_data.partitions import calendar, days_back
from semops_data.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from semops_data.warehouse.load import Load

POOL = "warehouse"
MARTS = {
    "daily_revenue": ("fct_orders", "fct_order_items"),
    "after_sales": ("fct_payments", "fct_returns", "fct_order_items"),
    "revenue_restated": ("fct_orders", "fct_order_updates"),
    "funnel": ("fct_sessions", "fct_events"),
    "customer_value": ("fct_orders", "fct_order_items"),
    "cohort_retention": ("fct_orders",),
    "product_performance": ("fct_order_items", "fct_orders", "dim_products"),
}
"""The marts, each with the tables of the warehouse that its SQL reads."""
EARLIER_DAYS = (
    "Its history is made from all days that were loaded: the graph shows the same day only, so load earlier days "
    "first, or this day again after they changed."
)
"""What the graph does not show: a dependency on every day before would be one on hundreds of partitions."""
LOOKS_BACK = ("revenue_restated",)
"""The marts whose day is computed from days before it too."""


def build_fact(source: str) -> dg.AssetsDefinition:
    """The asset that brings one lakehouse table into its fact, day by day."""
    name = f"fct_{source}"
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
    def fact(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]
    ) -> dg.MaterializeResult[None]:
        from semops_data.warehouse.follow import follow

        run_id = context.run.run_id
        done = follow(warehouse, lake, contract.key, f"lakehouse/{source}", day=context.partition_key, run_id=run_id)
        return dg.MaterializeResult(
            metadata=_metadata(warehouse, done, rows_sent=done.sent)
            | catalog.column_lineage(fact_origins(source), fact_ways(source)),
            data_version=dg.DataVersion(done.digest),
        )

    return fact


def build_dimension(source: str) -> dg.AssetsDefinition:
    """The asset that brings what was seen of one lakehouse table on a day into its history."""
    contract = table(f"warehouse/dim_{source}")

    @dg.asset(
        key=["warehouse", contract.name],
        # The lakehouse holds the newest state of each row; what it was on the day stands in the landed object.
        deps=[["lakehouse", source], ["landing", source]],
        partitions_def=calendar,
        pool=POOL,
        kinds={"snowflake", "sql"},
        owners=catalog.OWNERS,
        code_version="2",
        metadata=catalog.definition_metadata(contract, storage_kind="snowflake"),
        description=f"{contract.description} {EARLIER_DAYS}",
    )
    def dimension(
        context: dg.AssetExecutionContext,
        lake: dg.ResourceParam[Lake],
        landing_store: dg.ResourceParam[ObjectStore],
        warehouse: dg.ResourceParam[Warehouse],
    ) -> dg.MaterializeResult[None]:
        from semops_data.warehouse.history import load_history, observe

        day = context.partition_key
        rows = observe(lake, landing_store, source, day)
        done = load_history(warehouse, source, rows, day=day, run_id=context.run.run_id)
        return dg.MaterializeResult(
            metadata=_metadata(warehouse, done, rows_sent=done.sent)
            | catalog.column_lineage(dimension_origins(source), dimension_ways(source)),
            data_version=dg.DataVersion(done.digest),
        )

    return dimension


def build_mart_asset(name: str, facts: tuple[str, ...]) -> dg.AssetsDefinition:
    """The asset of one mart, computed in Snowflake from `sql/<name>.sql`."""
    contract = table(f"warehouse/{name}")

    @dg.asset(
        key=["warehouse", name],
        deps=[_dep(name, fact) for fact in facts],
        partitions_def=calendar if contract.partition_by else None,
        pool=POOL,
        kinds={"snowflake", "sql"},
        owners=catalog.OWNERS,
        code_version="2",
        metadata=catalog.definition_metadata(contract, storage_kind="snowflake"),
        description=contract.description,
    )
    def mart(context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]) -> dg.MaterializeResult[None]:
        from semops_data.warehouse.columns import column_sources, column_ways
        from semops_data.warehouse.marts import build_mart, mart_sql
        from semops_data.warehouse.render import formulas_table, rows_table, sql_block

        day = context.partition_key if contract.partition_by else None
        done, rows = build_mart(warehouse, name, day=day, run_id=context.run.run_id)
        shown = {
            "formulas": dg.MetadataValue.md(formulas_table(name)),
            "sql": dg.MetadataValue.md(sql_block(mart_sql(name, day))),
            "preview": dg.MetadataValue.md(rows_table(rows)),
        }
        return dg.MaterializeResult(
            metadata=_metadata(warehouse, done, **shown)
            | catalog.column_lineage(column_sources(name), column_ways(name)),
            data_version=dg.DataVersion(done.digest),
        )

    return mart


def _dep(mart: str, fact: str) -> dg.AssetDep:
    """A mart's dependency on a fact: on the same day of it, or on those that its SQL looks back to."""
    return dg.AssetDep(["warehouse", fact], partition_mapping=days_back(LATER_DAYS) if mart in LOOKS_BACK else None)


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


FACTS = [build_fact(source) for source in SHOP_TABLES if is_daily(source)]
DIMENSIONS = [build_dimension(source) for source in HISTORIES]
MART_ASSETS = [build_mart_asset(name, facts) for name, facts in MARTS.items()]
