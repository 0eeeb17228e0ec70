"""Claims about the warehouse: it holds what the lakehouse holds, and its metrics are the known answers."""

from typing import Any

import dagster as dg

from semops_data.contracts import table
from semops_data.contracts.business import SHOP_TABLES, is_daily
from semops_data.lakehouse.lake import Lake
from semops_data.warehouse.warehouse import Warehouse

PARTITION_TAG = "dagster/partition"
SHOWN = 5
DAILY_MARTS = ("daily_revenue", "funnel")


def build_row_count_check(source: str) -> dg.AssetChecksDefinition:
    """Every row of the lakehouse arrived, and no other."""
    name = f"fct_{source}" if is_daily(source) else f"dim_{source}"

    @dg.asset_check(
        asset=["warehouse", name],
        name="row_count_equals_lakehouse",
        additional_deps=[["lakehouse", source]],
        blocking=True,
        description=f"As many rows as lakehouse/{source}, in the run's partition or in each one.",
    )
    def row_count_equals_lakehouse(
        context: dg.AssetCheckExecutionContext,
        lake: dg.ResourceParam[Lake],
        warehouse: dg.ResourceParam[Warehouse],
    ) -> dg.AssetCheckResult:
        from semops_data.warehouse.compare import count_of, lake_count

        days = _days(context, warehouse, f"warehouse/{name}") if is_daily(source) else [None]
        expected = {str(day or "all"): lake_count(lake, f"lakehouse/{source}", day=day) for day in days}
        actual = {str(day or "all"): count_of(warehouse, f"warehouse/{name}", day=day) for day in days}
        return dg.AssetCheckResult(passed=expected == actual, metadata={"expected": expected, "actual": actual})

    return row_count_equals_lakehouse


def build_truth_check(name: str) -> dg.AssetChecksDefinition:
    """A daily mart shows the known answers."""

    @dg.asset_check(
        asset=["warehouse", name],
        name="metrics_equal_truth",
        additional_deps=[["synthesis", "truth"]],
        blocking=True,
        description="Every metric equals its known answer: sums and counts exactly, ratios to 1e-9.",
    )
    def metrics_equal_truth(
        context: dg.AssetCheckExecutionContext,
        lake: dg.ResourceParam[Lake],
        warehouse: dg.ResourceParam[Warehouse],
    ) -> dg.AssetCheckResult:
        from semops_data.warehouse.compare import against_truth, rows_of

        compared = 0
        differences: list[dict[str, Any]] = []
        for day in _days(context, warehouse, f"warehouse/{name}"):
            mart = rows_of(warehouse, f"warehouse/{name}", day=day)
            count, found = against_truth(mart, lake.read("synthesis/truth", where={"day": day}), day)
            compared += count
            differences += found
        return _verdict(compared, differences)

    return metrics_equal_truth


def build_agreement_check(name: str) -> dg.AssetChecksDefinition:
    """Two engines, one answer: the mart equals the lakehouse's table of the same name."""
    contract = table(f"warehouse/{name}")

    @dg.asset_check(
        asset=["warehouse", name],
        name="agrees_with_lakehouse",
        additional_deps=[["lakehouse", name]],
        blocking=False,
        description=f"Every cell equals that of lakehouse/{name}, numbers to 1e-9.",
    )
    def agrees_with_lakehouse(
        context: dg.AssetCheckExecutionContext,
        lake: dg.ResourceParam[Lake],
        warehouse: dg.ResourceParam[Warehouse],
    ) -> dg.AssetCheckResult:
        from semops_data.warehouse.compare import against_rows, rows_of

        compared = 0
        differences: list[dict[str, Any]] = []
        for day in _days(context, warehouse, contract.key) if contract.partition_by else [None]:
            mart = rows_of(warehouse, contract.key, day=day)
            other = lake.read(f"lakehouse/{name}", where={"day": day} if day else None)
            compared += mart.num_rows * mart.num_columns
            differences += against_rows(mart, other, contract.keys)
        return _verdict(compared, differences)

    return agrees_with_lakehouse


@dg.asset_check(
    asset=["warehouse", "customer_value"],
    name="net_revenue_equals_truth",
    additional_deps=[["synthesis", "truth"]],
    blocking=True,
    description="Each customer's net revenue equals the sum of its known daily answers, exactly.",
)
def customer_net_revenue_equals_truth(
    lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """Compare over all days that the facts hold."""
    from semops_data.warehouse.compare import customers_against_truth, days_of, rows_of

    mart = rows_of(warehouse, "warehouse/customer_value")
    days = days_of(warehouse, "warehouse/fct_orders")
    return _verdict(*customers_against_truth(mart, lake.read("synthesis/truth"), days))


def _days(context: dg.AssetCheckExecutionContext, warehouse: Warehouse, key: str) -> list[str]:
    """The run's day; every day of the table where the run has none."""
    from semops_data.warehouse.compare import days_of

    day = context.run.tags.get(PARTITION_TAG)
    return [day] if day else days_of(warehouse, key)


def _verdict(compared: int, differences: list[dict[str, Any]]) -> dg.AssetCheckResult:
    """Passed where something was compared and nothing differs."""
    return dg.AssetCheckResult(
        passed=compared > 0 and not differences,
        metadata={"expected": 0, "actual": len(differences), "compared": compared, "differences": differences[:SHOWN]},
    )


ROW_COUNTS = [build_row_count_check(source) for source in SHOP_TABLES]
TRUTH = [build_truth_check(name) for name in DAILY_MARTS]
AGREEMENT = [build_agreement_check(name) for name in (*DAILY_MARTS, "customer_value")]
