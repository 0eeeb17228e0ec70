"""The checks of the room: claims about each table's day, recounted from storage."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import dagster as dg

from semops_data.contracts.business import SHOP_TABLES
from semops_data.lakehouse.lake import Lake
from semops_data.landing.store import ObjectStore

if TYPE_CHECKING:
    from semops_data.lakehouse.audit import Finding

MAX_QUARANTINE_SHARE = 0.05
ACCOUNTED, UNIQUE, RESOLVE, HOLDS, KNOWN, SMALL = (
    "rows_in_are_all_accounted_for",
    "keys_are_unique",
    "references_resolve",
    "contract_holds",
    "columns_are_known",
    "quarantine_share_is_small",
)
CLAIMS = {
    ACCOUNTED: "Landed rows = kept + duplicate + quarantined rows, each counted again in storage.",
    UNIQUE: "No key is held twice.",
    RESOLVE: "Every foreign key is the key of a row of the table that it refers to.",
    HOLDS: "Every value is one that the contract allows.",
    KNOWN: "No column was landed that the contract does not know.",
    SMALL: f"At most {MAX_QUARANTINE_SHARE:.0%} of the landed rows are quarantined.",
}
"""The claims about each exported table; the last two do not block."""


def _day(context: dg.AssetCheckExecutionContext, key: dg.AssetKey) -> str:
    """The partition of the run, or the one that was materialized last."""
    if context.op_execution_context.has_partition_key:
        return str(context.op_execution_context.partition_key)
    latest = context.instance.get_latest_materialization_event(key)
    partition = latest.dagster_event.partition if latest and latest.dagster_event else None
    if partition is None:
        raise dg.Failure(f"no day of {key.to_user_string()} was materialized yet: materialize one first")
    return str(partition)


def _reported(context: dg.AssetCheckExecutionContext, key: dg.AssetKey, day: str) -> dict[str, int]:
    """The row counts that the latest materialization of the day reported, by name."""
    records = context.instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=key, asset_partitions=[day]), limit=1
    ).records
    materialization = records[0].asset_materialization if records else None
    metadata = materialization.metadata if materialization else {}
    names = {"rows_in", "rows_duplicate", "rows_quarantined"}
    found = {name: metadata[f"semops/{name}"].value for name in names if f"semops/{name}" in metadata}
    kept = metadata.get("dagster/partition_row_count")
    return found | ({"rows_kept": kept.value} if kept else {})


def _claim(name: str, key: dg.AssetKey, finding: "Finding | None", *, is_blocking: bool = True) -> dg.AssetCheckResult:
    """A claim's result; one that nothing is known about does not hold, and does not block."""
    is_error = is_blocking and finding is not None
    return dg.AssetCheckResult(
        passed=bool(finding and finding.is_true),
        asset_key=key,
        check_name=name,
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        metadata={"expected": finding.expected, "actual": finding.actual}
        if finding
        else {"expected": "known answers in synthesis/truth", "actual": "unmeasured: no answers for these days"},
    )


def table_checks(name: str) -> dg.AssetChecksDefinition:
    """The claims about one exported table, tested in one step."""
    key = dg.AssetKey(["lakehouse", name])
    specs = [
        dg.AssetCheckSpec(claim, asset=key, blocking=claim not in {KNOWN, SMALL}, description=text)
        for claim, text in CLAIMS.items()
    ]

    @dg.multi_asset_check(name=f"lakehouse_{name}_checks", specs=specs)
    def checked(
        context: dg.AssetCheckExecutionContext,
        lake: dg.ResourceParam[Lake],
        landing_store: dg.ResourceParam[ObjectStore],
    ) -> Iterator[dg.AssetCheckResult]:
        from semops_data.lakehouse import audit

        # Six claims about one state: each table is opened once.
        day, lake = _day(context, key), lake.snapshot()
        ledger = audit.ledger(lake, landing_store, name, day, _reported(context, key, day))
        yield _claim(ACCOUNTED, key, audit.rows_are_accounted_for(ledger))
        yield _claim(UNIQUE, key, audit.keys_are_unique(lake, name, day))
        yield _claim(RESOLVE, key, audit.references_resolve(lake, name, day))
        yield _claim(HOLDS, key, audit.contract_holds(lake, name, day))
        yield _claim(KNOWN, key, audit.columns_are_known(lake, name, day), is_blocking=False)
        yield _claim(SMALL, key, audit.quarantine_share_is_small(ledger, MAX_QUARANTINE_SHARE), is_blocking=False)

    return checked


TABLES = [table_checks(name) for name in SHOP_TABLES]


@dg.asset_check(asset=["lakehouse", "order_items"], blocking=True)
def orders_agree_with_their_items(
    context: dg.AssetCheckExecutionContext, lake: dg.ResourceParam[Lake]
) -> dg.AssetCheckResult:
    """Each order's subtotal and discount are the sums over its items."""
    from semops_data.lakehouse import audit

    key = dg.AssetKey(["lakehouse", "order_items"])
    finding = audit.orders_agree_with_their_items(lake, _day(context, key))
    return _claim("orders_agree_with_their_items", key, finding)


def day_check(name: str, claim: str, text: str) -> dg.AssetChecksDefinition:
    """A claim about one table's day that the audit's function of the same name tests."""
    key = dg.AssetKey(["lakehouse", name])

    @dg.asset_check(asset=key, name=claim, blocking=True, description=text)
    def holds(context: dg.AssetCheckExecutionContext, lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
        from semops_data.lakehouse import audit

        test: Callable[[Lake, str], Finding | None] = getattr(audit, claim)
        return _claim(claim, key, test(lake, _day(context, key)))

    return holds


AGREEMENTS = [
    day_check("payments", "orders_are_paid_in_full",
              "Each captured payment is its order's total, in euros; each order that was not cancelled has one."),
    day_check("inventory", "stock_adds_up",
              "What was in stock, came and went makes what is left, for every product."),
]  # fmt: skip


@dg.asset_check(
    asset=["lakehouse", "revenue_restated"],
    name="equals_the_truth",
    blocking=True,
    additional_deps=[["synthesis", "truth"]],
)
def restated_equals_the_truth(
    context: dg.AssetCheckExecutionContext, lake: dg.ResourceParam[Lake]
) -> dg.AssetCheckResult:
    """Revenue by the day of the orders shows the known answers, as known when the day ended."""
    from semops_data.lakehouse import audit

    key = dg.AssetKey(["lakehouse", "revenue_restated"])
    return _claim("equals_the_truth", key, audit.restated_equals_the_truth(lake, _day(context, key)))


def truth_check(name: str) -> dg.AssetChecksDefinition:
    """The claim that a daily aggregate shows the known answers."""
    key = dg.AssetKey(["lakehouse", name])

    @dg.asset_check(
        asset=key, name="equals_the_truth", blocking=True, additional_deps=[["synthesis", "truth"]],
        description="Sums equal the known answers exactly, quotients within 1e-9.",
    )  # fmt: skip
    def equals(context: dg.AssetCheckExecutionContext, lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
        from semops_data.lakehouse import audit

        finding = audit.equals_the_truth(lake, f"lakehouse/{name}", _day(context, key))
        return _claim("equals_the_truth", key, finding)

    return equals


TRUTHS = [truth_check(name) for name in ("daily_revenue", "after_sales", "funnel")]


@dg.asset_check(
    asset=["lakehouse", "customer_value"],
    name="equals_the_truth",
    blocking=True,
    additional_deps=[["synthesis", "truth"]],
)
def customers_equal_the_truth(lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
    """Each customer's net revenue is the sum of the known answers over the days in the lake."""
    from semops_data.lakehouse import audit

    key = dg.AssetKey(["lakehouse", "customer_value"])
    return _claim("equals_the_truth", key, audit.customers_equal_the_truth(lake))
