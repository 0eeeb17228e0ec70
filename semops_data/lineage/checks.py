"""The check of the room: each mart's metrics mean what is defined, audited backwards to the source.

All marts of a run are audited in one step, on material that is read once. What their own checks have just asserted is
not asserted again; `dst lineage audit` looks at that too.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from semops_data.lakehouse.lake import Lake
from semops_data.landing.store import ObjectStore
from semops_data.registry.source import RegistryFile
from semops_data.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from semops_data.lineage.audit.model import Audit

MARTS = (
    "daily_revenue", "after_sales", "funnel", "revenue_restated", "customer_value", "cohort_retention",
    "product_performance",
)  # fmt: skip
HOLDS = "meaning_holds_back_to_the_source"
PARTITION_TAG = "dagster/partition"


def _spec(name: str) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        HOLDS,
        asset=["warehouse", name],
        blocking=False,
        description="Each metric, audited backwards: its definition, its formula and SQL, the schema and the landed "
        "rows say the same; else the layer where they part, with both sides.",
    )


@dg.multi_asset_check(name="lineage_audits", specs=[_spec(name) for name in MARTS], can_subset=True)
def audits(
    context: dg.AssetCheckExecutionContext,
    lake: dg.ResourceParam[Lake],
    landing_store: dg.ResourceParam[ObjectStore],
    warehouse: dg.ResourceParam[Warehouse],
    registry_source: dg.ResourceParam[RegistryFile],
) -> Iterator[dg.AssetCheckResult]:
    """Warn where the meaning of a metric breaks; what was not measured is told as such."""
    from semops_data.lineage.audit.material import Material, landed_days
    from semops_data.lineage.audit.walk import audit, metrics
    from semops_data.lineage.columns import declared

    names = sorted(key.asset_key.path[-1] for key in context.selected_asset_check_keys)
    day = context.run.tags.get(PARTITION_TAG) or next(reversed(landed_days(landing_store, ["orders"])), None)
    if day is None:
        raise dg.Failure("nothing was landed yet that could be audited: materialize landing/orders first")
    graph = declared(*names)
    with Material(lake, landing_store, warehouse, registry_source.load(), day, is_light=True) as material:
        for name in names:
            yield _result(name, [audit(place, graph, material) for place in metrics(name)], day)


def _result(name: str, found: "list[Audit]", day: str) -> dg.AssetCheckResult:
    from semops_data.lineage.audit.render import evidence

    broken = [one for one in found if one.broken]
    metadata: dict[str, Any] = {
        "expected": f"no layer of {len(found)} metrics where the meaning breaks",
        "actual": "; ".join(one.conclusion for one in broken) or "none",
        "day": day,
        "evidence": dg.MetadataValue.md(evidence(found)),
    }
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey(["warehouse", name]),
        check_name=HOLDS,
        passed=not broken,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )
