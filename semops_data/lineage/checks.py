"""The checks of the room: a mart's metrics mean what is defined, audited backwards to the source.

One step per mart, and none that waits for another: in a night with a fault some marts are held back, and the audit of
the others is what one wants to see then. What the checks of the warehouse assert is not asserted again; `dst lineage
audit` looks at that too.
"""

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


def build_audit(name: str) -> dg.AssetChecksDefinition:
    """The audit of one mart; it warns where the meaning of a metric breaks, and blocks nothing."""

    @dg.asset_check(
        asset=["warehouse", name],
        name=HOLDS,
        blocking=False,
        description="Each metric, audited backwards: its definition, its formula and SQL, the schema and the landed "
        "rows say the same; else the layer where they part, with both sides.",
    )
    def audited(
        context: dg.AssetCheckExecutionContext,
        lake: dg.ResourceParam[Lake],
        landing_store: dg.ResourceParam[ObjectStore],
        warehouse: dg.ResourceParam[Warehouse],
        registry_source: dg.ResourceParam[RegistryFile],
    ) -> dg.AssetCheckResult:
        from semops_data.lineage.audit.material import Material, landed_days, shared
        from semops_data.lineage.audit.walk import audit, metrics
        from semops_data.lineage.columns import declared

        day = context.run.tags.get(PARTITION_TAG) or next(reversed(landed_days(landing_store, ["orders"])), None)
        if day is None:
            raise dg.Failure("nothing was landed yet that could be audited: materialize landing/orders first")
        graph, registry = declared(name), registry_source.load()

        def opened() -> Material:
            return Material(lake, landing_store, warehouse, registry, day, is_light=True)

        with shared(context.run.run_id, day, opened) as material:
            return _result([audit(place, graph, material) for place in metrics(name)], day)

    return audited


def _result(found: "list[Audit]", day: str) -> dg.AssetCheckResult:
    from semops_data.lineage.audit.render import evidence

    broken = [one for one in found if one.broken]
    metadata: dict[str, Any] = {
        "expected": f"no layer of {len(found)} metrics where the meaning breaks",
        "actual": "; ".join(one.conclusion for one in broken) or "none",
        "day": day,
        "evidence": dg.MetadataValue.md(evidence(found)),
    }
    return dg.AssetCheckResult(
        passed=not broken,
        description="; ".join(one.conclusion for one in broken) or None,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )


AUDITS = [build_audit(name) for name in MARTS]
