"""Claims about the warehouse: it holds what the lakehouse holds, and its metrics are the known answers.

All claims about one table are tested in one step: a step costs more than a claim.
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import dagster as dg

from semops_data.contracts import table
from semops_data.contracts.business import SHOP_TABLES, is_daily
from semops_data.contracts.marts import HISTORIES, changing_references
from semops_data.lakehouse.lake import Lake
from semops_data.warehouse.warehouse import Warehouse

PARTITION_TAG = "dagster/partition"
SHOWN = 5
DAILY_MARTS = ("daily_revenue", "after_sales", "funnel")
MARTS = (*DAILY_MARTS, "revenue_restated", "customer_value", "cohort_retention", "product_performance")
SHARED = (*DAILY_MARTS, "revenue_restated", "customer_value")
"""The marts that the lakehouse computes too."""

ROW_COUNT, ONE_VERSION = "row_count_equals_lakehouse", "rows_join_one_version"
WHOLE, CURRENT = "history_is_whole", "current_versions_equal_lakehouse"
DEFINITIONS, TRUTH, AGREES, PRICES = (
    "sql_computes_the_definitions",
    "metrics_equal_truth",
    "agrees_with_lakehouse",
    "prices_are_those_of_the_order_day",
)
CLAIMS = {
    ROW_COUNT: "As many rows as the table of the lakehouse, in the run's partition or in each one.",
    ONE_VERSION: "Every row finds exactly one version of each thing it refers to, by the day of the order.",
    WHOLE: "Each thing has one current version; its versions follow each other without gap or overlap.",
    CURRENT: "Current versions equal the rows of the lakehouse that changed on loaded days.",
    DEFINITIONS: "Each metric's SQL, unfolded to columns of facts, equals the formula of its definition.",
    TRUTH: "Every metric equals its known answer: sums and counts exactly, ratios to 1e-9.",
    AGREES: "Every cell equals that of the lakehouse's table of the same name, numbers to 1e-9.",
    PRICES: "Value is units times the list price of the version: lines were sold at the price of their day.",
}
"""The claims; those of `NOT_BLOCKING` warn, the others stop what comes after."""
NOT_BLOCKING = (AGREES, PRICES)


def build_fact_checks(source: str) -> dg.AssetChecksDefinition:
    """Every row of the lakehouse arrived, and finds the version of what it refers to."""
    key = dg.AssetKey(["warehouse", f"fct_{source}"])
    dimensions = [["warehouse", f"dim_{to}"] for to in sorted({to for _, to in changing_references(source)})]
    specs = [_spec(ROW_COUNT, key, ["lakehouse", source])] + ([_spec(ONE_VERSION, key, *dimensions)] * bool(dimensions))

    @dg.multi_asset_check(name=f"warehouse_fct_{source}_checks", specs=specs)
    def checked(
        context: dg.AssetCheckExecutionContext, lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterator[dg.AssetCheckResult]:
        from semops_data.warehouse.compare import count_of, lake_count
        from semops_data.warehouse.versions import joins_off

        name = f"warehouse/fct_{source}"
        days = _days(context, warehouse, name)
        expected = {day: lake_count(lake, f"lakehouse/{source}", day=day) for day in days}
        actual = {day: count_of(warehouse, name, day=day) for day in days}
        metadata = {"expected": expected, "actual": actual}
        yield dg.AssetCheckResult(passed=expected == actual, asset_key=key, check_name=ROW_COUNT, metadata=metadata)
        if dimensions:
            found = [{"day": day, **off} for day in days for off in joins_off(warehouse, source, day)]
            yield _verdict(ONE_VERSION, key, len(days), found)

    return checked


def build_history_checks(source: str) -> dg.AssetChecksDefinition:
    """The history of a dimension is whole, and its current versions are what the lakehouse holds."""
    key = dg.AssetKey(["warehouse", f"dim_{source}"])
    specs = [_spec(WHOLE, key), _spec(CURRENT, key, ["lakehouse", source])]

    @dg.multi_asset_check(name=f"warehouse_dim_{source}_checks", specs=specs)
    def checked(lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]) -> Iterator[dg.AssetCheckResult]:
        from semops_data.warehouse.versions import against_lake, breaks

        yield _verdict(WHOLE, key, *breaks(warehouse, source))
        yield _verdict(CURRENT, key, *against_lake(warehouse, lake, source))

    return checked


def build_mart_checks(name: str) -> dg.AssetChecksDefinition:
    """A mart computes what its metrics are defined to be, and shows the known answers."""
    key = dg.AssetKey(["warehouse", name])
    specs = [_spec(DEFINITIONS, key), _spec(TRUTH, key, ["synthesis", "truth"])]
    specs += [_spec(AGREES, key, ["lakehouse", name])] if name in SHARED else []
    specs += [_spec(PRICES, key)] if name == "product_performance" else []

    @dg.multi_asset_check(name=f"warehouse_{name}_checks", specs=specs)
    def checked(
        context: dg.AssetCheckExecutionContext, lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterator[dg.AssetCheckResult]:
        from semops_data.contracts.formulas import formulas
        from semops_data.warehouse import compare
        from semops_data.warehouse.formulas import deviations
        from semops_data.warehouse.marts import mart_sql

        contract = table(f"warehouse/{name}")
        days: list[str] | list[None] = _days(context, warehouse, contract.key) if contract.partition_by else [None]
        rows = {day: compare.rows_of(warehouse, contract.key, day=day) for day in days}
        sql = mart_sql(name, days[-1] if days else None)
        yield _verdict(DEFINITIONS, key, len(formulas(name)), [asdict(found) for found in deviations(name, sql)])
        yield _verdict(TRUTH, key, *compare.mart_against_truth(warehouse, lake, name, rows))
        if name in SHARED:
            yield _verdict(AGREES, key, *compare.mart_against_lake(lake, name, rows))
        if name == "product_performance":
            off = [found for mart in rows.values() for found in compare.prices_off(mart)]
            yield _verdict(PRICES, key, sum(mart.num_rows for mart in rows.values()), off)

    return checked


def _spec(claim: str, key: dg.AssetKey, *reads: list[str]) -> dg.AssetCheckSpec:
    is_blocking = claim not in NOT_BLOCKING
    return dg.AssetCheckSpec(
        claim, asset=key, blocking=is_blocking, description=CLAIMS[claim], additional_deps=list(reads) or None
    )


def _days(context: dg.AssetCheckExecutionContext, warehouse: Warehouse, key: str) -> list[str]:
    """The run's day; every day of the table where the run has none."""
    from semops_data.warehouse.compare import days_of

    day = context.run.tags.get(PARTITION_TAG)
    return [day] if day else days_of(warehouse, key)


def _verdict(claim: str, key: dg.AssetKey, compared: int, differences: list[dict[str, Any]]) -> dg.AssetCheckResult:
    """Passed where something was compared and nothing differs."""
    return dg.AssetCheckResult(
        passed=compared > 0 and not differences,
        asset_key=key,
        check_name=claim,
        severity=dg.AssetCheckSeverity.WARN if claim in NOT_BLOCKING else dg.AssetCheckSeverity.ERROR,
        metadata={"expected": 0, "actual": len(differences), "compared": compared, "differences": differences[:SHOWN]},
    )


FACTS = [build_fact_checks(source) for source in SHOP_TABLES if is_daily(source)]
HISTORY = [build_history_checks(source) for source in HISTORIES]
MART_CHECKS = [build_mart_checks(name) for name in MARTS]
