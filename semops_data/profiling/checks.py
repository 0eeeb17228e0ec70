"""The check of the room: each table is distributed as on earlier days."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from semops_data.contracts.business import SHOP_TABLES
from semops_data.lakehouse.lake import Lake

STABLE = "distribution_is_stable"
NAMED = 5


def _spec(name: str) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        STABLE,
        asset=["profiling", name],
        blocking=False,
        description="No column moved far both from the day before and from the same weekday of the week before, by "
        "population stability index, Kolmogorov-Smirnov distance and Jensen-Shannon divergence.",
    )


@dg.multi_asset_check(name="profiling_checks", specs=[_spec(name) for name in SHOP_TABLES], can_subset=True)
def stability(context: dg.AssetCheckExecutionContext, lake: dg.ResourceParam[Lake]) -> Iterator[dg.AssetCheckResult]:
    """Warn where two measures of a column agree that it moved too far; what was not compared is told as such."""
    from semops_data.profiling.history import read_day

    days: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for key in sorted(check.asset_key for check in context.selected_asset_check_keys):
        day = _day(context, key)
        if day not in days:
            days[day] = read_day(lake, day)
        rows = days[day].get(f"lakehouse/{key.path[-1]}", [])
        moved = [row for row in rows if not row["is_stable"]]
        actual = "; ".join(_said(row) for row in (moved or rows)[:NAMED])
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name=STABLE,
            passed=not moved,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={
                "expected": "no column with two measures above their limits",
                "actual": actual or "unmeasured: no earlier day to compare with",
                "compared_columns": len(rows),
                "moved_columns": ", ".join(row["column_name"] for row in moved) or "none",
            },
        )


def _said(row: dict[str, Any]) -> str:
    ks = "" if row["kolmogorov_smirnov"] is None else f", KS {row['kolmogorov_smirnov']:.3f}"
    return (
        f"{row['column_name']} against {row['compared_day']}: "
        f"PSI {row['population_stability_index']:.3f}{ks}, JS {row['jensen_shannon']:.3f}"
    )


def _day(context: dg.AssetCheckExecutionContext, key: dg.AssetKey) -> str:
    """The partition of the run, or the one that was materialized last."""
    if context.op_execution_context.has_partition_key:
        return str(context.op_execution_context.partition_key)
    latest = context.instance.get_latest_materialization_event(key)
    partition = latest.dagster_event.partition if latest and latest.dagster_event else None
    if partition is None:
        raise dg.Failure(f"no day of {key.to_user_string()} was materialized yet: materialize one first")
    return str(partition)
