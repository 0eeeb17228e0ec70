"""What must hold of a registry that can be loaded: the fitness functions, by severity."""

import dagster as dg

from semops_data.registry.model import Problem
from semops_data.registry.rules import audit
from semops_data.registry.source import RegistryFile


@dg.asset_check(
    asset=["registry", "capabilities"],
    name="every_capability_traces_to_a_pattern",
    blocking=True,
    description="A capability that implements no registered pattern has no meaning to be measured against.",
)
def every_capability_traces_to_a_pattern(registry_source: dg.ResourceParam[RegistryFile]) -> dg.AssetCheckResult:
    """No problem of severity critical."""
    critical = [problem for problem in audit(registry_source.load()) if problem.severity == "critical"]
    return _result(critical, dg.AssetCheckSeverity.ERROR)


@dg.asset_check(
    asset=["registry", "patterns"],
    name="every_pattern_has_an_owner_and_a_relation",
    blocking=False,
    description="A pattern without an owner has nobody to ask; one without a relation awaits its place.",
)
def every_pattern_has_an_owner_and_a_relation(registry_source: dg.ResourceParam[RegistryFile]) -> dg.AssetCheckResult:
    """No problem of severity warning."""
    warnings = [problem for problem in audit(registry_source.load()) if problem.severity == "warning"]
    return _result(warnings, dg.AssetCheckSeverity.WARN)


def _result(problems: list[Problem], severity: dg.AssetCheckSeverity) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=not problems,
        severity=severity,
        metadata={"expected": 0, "actual": len(problems), "problems": [str(problem) for problem in problems[:100]]},
    )
