"""What must hold of the registry's tables: the fitness functions, by severity."""

from collections.abc import Iterator

import dagster as dg

from semops_data.lakehouse.lake import Lake
from semops_data.registry.fitness import FITNESS

SEVERITIES = {"critical": dg.AssetCheckSeverity.ERROR, "error": dg.AssetCheckSeverity.ERROR,
              "warning": dg.AssetCheckSeverity.WARN}  # fmt: skip
MOST = 100


@dg.multi_asset_check(
    name="registry_checks",
    specs=[
        dg.AssetCheckSpec(
            claim.name, asset=["registry", claim.table], description=claim.description, blocking=claim.is_blocking
        )
        for claim in FITNESS
    ],
)
def registry_checks(lake: dg.ResourceParam[Lake]) -> Iterator[dg.AssetCheckResult]:
    """Judge the tables once, and say of each claim what breaks it."""
    from semops_data.registry.fitness import broken, registry_of

    problems = broken(registry_of(lake))
    for claim in FITNESS:
        found = problems[claim.name]
        yield dg.AssetCheckResult(
            check_name=claim.name,
            asset_key=dg.AssetKey(["registry", claim.table]),
            passed=not found,
            severity=SEVERITIES[claim.severity],
            metadata={
                "expected": 0,
                "actual": len(found),
                "severity": claim.severity,
                "problems": [str(problem) for problem in found[:MOST]],
            },
        )
