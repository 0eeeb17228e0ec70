"""Claims about the projection. None blocks: a gap is advice."""

import dagster as dg

from semops_data.lakehouse.lake import Lake


@dg.asset_check(
    asset=["projection", "measurements"],
    name="every_failure_has_its_reason",
    description="What could not be measured says why, and what was measured has its figures.",
)
def every_failure_has_its_reason(lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
    """Hold each row's status against its figures."""
    rows = lake.read("projection/measurements").to_pylist()
    bad = [row["id"] for row in rows if (row["wall_seconds"] is None) != (row["status"] == "failed")]
    bad += [row["id"] for row in rows if row["status"] == "failed" and not row["reason"]]
    return dg.AssetCheckResult(passed=not bad, metadata={"expected": 0, "actual": len(bad), "rows": bad[:10]})


@dg.asset_check(
    asset=["projection", "gaps"],
    name="nothing_blocks_at_scale",
    description="No measured asset is blocking at the target factor; an empty table says that nothing was measured.",
)
def nothing_blocks_at_scale(lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
    """Look for blocking gaps of the latest projection."""
    rows = lake.read("projection/gaps").to_pylist()
    latest = max((row["projection_id"] for row in rows), default=None)
    blocking = [row["asset_key"] for row in rows if row["projection_id"] == latest and row["class"] == "blocking"]
    return dg.AssetCheckResult(
        passed=not blocking,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"expected": 0, "actual": len(blocking), "blocking": blocking, "measured": len(rows)},
    )
