"""Claims about the warehouse: it holds what the lakehouse holds, and its metrics are the known answers."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from semops_data.contracts import table
from semops_data.contracts.business import SHOP_TABLES, is_daily
from semops_data.contracts.formulas import FORMULAS
from semops_data.contracts.marts import HISTORIES, changing_references
from semops_data.lakehouse.lake import Lake
from semops_data.warehouse.warehouse import Warehouse

PARTITION_TAG = "dagster/partition"
SHOWN = 5
DAILY_MARTS = ("daily_revenue", "after_sales", "funnel")


def build_row_count_check(source: str) -> dg.AssetChecksDefinition:
    """Every row of the lakehouse arrived, and no other."""
    name = f"fct_{source}"

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

        days = _days(context, warehouse, f"warehouse/{name}")
        expected = {day: lake_count(lake, f"lakehouse/{source}", day=day) for day in days}
        actual = {day: count_of(warehouse, f"warehouse/{name}", day=day) for day in days}
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


def build_version_check(source: str) -> dg.AssetChecksDefinition:
    """Each row of a fact finds the one version of what it refers to that was valid on its day."""
    names = sorted({f"dim_{to}" for _, to in changing_references(source)})

    @dg.asset_check(
        asset=["warehouse", f"fct_{source}"],
        name="rows_join_one_version",
        additional_deps=[["warehouse", name] for name in names],
        blocking=True,
        description=f"Every row finds exactly one version in each of {', '.join(names)}, by the day of the order.",
    )
    def rows_join_one_version(
        context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> dg.AssetCheckResult:
        from semops_data.warehouse.versions import joins_off

        found = [
            {"day": day, **broken}
            for day in _days(context, warehouse, f"warehouse/fct_{source}")
            for broken in joins_off(warehouse, source, day)
        ]
        return dg.AssetCheckResult(
            passed=not found, metadata={"expected": 0, "actual": len(found), "differences": found[:SHOWN]}
        )

    return rows_join_one_version


def build_history_checks(source: str) -> dg.AssetChecksDefinition:
    """The history of a dimension is whole, and its current versions are what the lakehouse holds."""
    key = dg.AssetKey(["warehouse", f"dim_{source}"])
    specs = [
        dg.AssetCheckSpec(
            "history_is_whole",
            asset=key,
            blocking=True,
            description="Each thing has one current version; its versions follow each other without gap or overlap.",
        ),
        dg.AssetCheckSpec(
            "current_versions_equal_lakehouse",
            asset=key,
            blocking=True,
            additional_deps=[["lakehouse", source]],
            description=f"Current versions equal the rows of lakehouse/{source} that changed on loaded days.",
        ),
    ]

    @dg.multi_asset_check(name=f"warehouse_dim_{source}_checks", specs=specs)
    def checked(lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]) -> Iterator[dg.AssetCheckResult]:
        from semops_data.warehouse.versions import against_lake, breaks

        compared, broken = breaks(warehouse, source)
        yield _verdict(compared, broken, key=key, name="history_is_whole")
        compared, differences = against_lake(warehouse, lake, source)
        yield _verdict(compared, differences, key=key, name="current_versions_equal_lakehouse")

    return checked


def build_definition_check(name: str) -> dg.AssetChecksDefinition:
    """The SQL of a mart computes what its metrics are defined to be."""

    @dg.asset_check(
        asset=["warehouse", name],
        name="sql_computes_the_definitions",
        blocking=True,
        description="Each metric's SQL, unfolded to columns of facts, equals the formula of its definition.",
    )
    def sql_computes_the_definitions() -> dg.AssetCheckResult:
        from dataclasses import asdict

        from semops_data.contracts.formulas import formulas
        from semops_data.warehouse.formulas import deviations

        return _verdict(len(formulas(name)), [asdict(found) for found in deviations(name)])

    return sql_computes_the_definitions


@dg.asset_check(
    asset=["warehouse", "product_performance"],
    name="metrics_equal_truth",
    additional_deps=[["synthesis", "truth"]],
    blocking=True,
    description="Over all products, units, value and discounts equal the day's known answers, exactly.",
)
def products_equal_truth(
    context: dg.AssetCheckExecutionContext, lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """Compare the sums over products, and each product where its answer is known."""
    from semops_data.warehouse.compare import products_against_truth, rows_of

    compared = 0
    differences: list[dict[str, Any]] = []
    for day in _days(context, warehouse, "warehouse/product_performance"):
        mart = rows_of(warehouse, "warehouse/product_performance", day=day)
        count, found = products_against_truth(mart, lake.read("synthesis/truth", where={"day": day}), day)
        compared += count
        differences += found
    return _verdict(compared, differences)


@dg.asset_check(
    asset=["warehouse", "product_performance"],
    name="prices_are_those_of_the_order_day",
    blocking=False,
    description="Value is units times the list price of the version: lines were sold at the price of their day.",
)
def prices_are_those_of_the_order_day(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """Compare two ways to the same value: the lines' own prices, and the history of the products."""
    from semops_data.warehouse.compare import prices_off, rows_of

    compared = 0
    differences: list[dict[str, Any]] = []
    for day in _days(context, warehouse, "warehouse/product_performance"):
        mart = rows_of(warehouse, "warehouse/product_performance", day=day)
        compared += mart.num_rows
        differences += prices_off(mart)
    return _verdict(compared, differences)


@dg.asset_check(
    asset=["warehouse", "revenue_restated"],
    name="metrics_equal_truth",
    additional_deps=[["synthesis", "truth"]],
    blocking=True,
    description="Revenue by order day equals what is known of it, for all order days whose later days are loaded.",
)
def restated_equals_truth(
    context: dg.AssetCheckExecutionContext, lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """Compare the order days that were loaded from their first day on."""
    from semops_data.warehouse.compare import days_of, restated_against_truth, rows_of

    compared = 0
    differences: list[dict[str, Any]] = []
    loaded = days_of(warehouse, "warehouse/fct_orders")
    for day in _days(context, warehouse, "warehouse/revenue_restated"):
        mart = rows_of(warehouse, "warehouse/revenue_restated", day=day)
        count, found = restated_against_truth(mart, lake.read("synthesis/truth", where={"day": day}), day, loaded)
        compared += count
        differences += found
    return _verdict(compared, differences)


@dg.asset_check(
    asset=["warehouse", "cohort_retention"],
    name="metrics_equal_truth",
    additional_deps=[["synthesis", "truth"]],
    blocking=True,
    description="Every cohort equals that of the customers who are known to have ordered on the loaded days.",
)
def cohorts_equal_truth(lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]) -> dg.AssetCheckResult:
    """Compare with cohorts counted from the known answers alone."""
    from semops_data.warehouse.compare import against_rows, days_of, known_cohorts, rows_of

    mart = rows_of(warehouse, "warehouse/cohort_retention")
    known = known_cohorts(lake.read("synthesis/truth"), days_of(warehouse, "warehouse/fct_orders"))
    return _verdict(known.num_rows, against_rows(mart, known, table("warehouse/cohort_retention").keys))


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


def _verdict(
    compared: int, differences: list[dict[str, Any]], *, key: dg.AssetKey | None = None, name: str | None = None
) -> dg.AssetCheckResult:
    """Passed where something was compared and nothing differs."""
    return dg.AssetCheckResult(
        passed=compared > 0 and not differences,
        asset_key=key,
        check_name=name,
        metadata={"expected": 0, "actual": len(differences), "compared": compared, "differences": differences[:SHOWN]},
    )


ROW_COUNTS = [build_row_count_check(source) for source in SHOP_TABLES if is_daily(source)]
VERSIONS = [build_version_check(source) for source in SHOP_TABLES if is_daily(source) and changing_references(source)]
HISTORY = [build_history_checks(source) for source in HISTORIES]
DEFINITIONS = [build_definition_check(name) for name in sorted({formula.mart for formula in FORMULAS})]
TRUTH = [build_truth_check(name) for name in DAILY_MARTS]
AGREEMENT = [build_agreement_check(name) for name in (*DAILY_MARTS, "revenue_restated", "customer_value")]
