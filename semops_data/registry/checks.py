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
    # The page launches one asset with the checks of that asset alone.
    can_subset=True,
)
def registry_checks(
    context: dg.AssetCheckExecutionContext, lake: dg.ResourceParam[Lake]
) -> Iterator[dg.AssetCheckResult]:
    """Judge the tables once, and say of each claim what breaks it."""
    from semops_data.lakehouse.lake import MissingTableError
    from semops_data.registry.fitness import broken, registry_of

    chosen = {key.name for key in context.selected_asset_check_keys}
    try:
        problems, unmeasured = broken(registry_of(lake)), {}
    except MissingTableError as error:
        problems, unmeasured = {}, {"unmeasured": str(error)}
    for claim in FITNESS:
        if claim.name not in chosen:
            continue
        found = problems.get(claim.name, [])
        yield dg.AssetCheckResult(
            check_name=claim.name,
            asset_key=dg.AssetKey(["registry", claim.table]),
            passed=not found and not unmeasured,
            severity=dg.AssetCheckSeverity.WARN if unmeasured else SEVERITIES[claim.severity],
            metadata={
                "expected": 0,
                "actual": None if unmeasured else len(found),
                "severity": claim.severity,
                "problems": [str(problem) for problem in found[:MOST]],
                **unmeasured,
            },
        )
