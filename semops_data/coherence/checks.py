"""Claims about the scores that are checked after every run."""

from __future__ import annotations

import dagster as dg

from semops_data.lakehouse.lake import Lake

SCORES = ["coherence", "scores"]


@dg.asset_check(asset=SCORES, name="every_audited_pattern_has_a_score", blocking=True)
def every_audited_pattern_has_a_score(lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
    """No registered pattern is dropped silently: it is scored, or unmeasured with a reason."""
    from semops_data.coherence.knowledge import SKIPPED

    registry = lake.read("registry/patterns", columns=["pattern_id", "lifecycle"]).to_pylist()
    expected = {row["pattern_id"] for row in registry if row["lifecycle"] not in SKIPPED}
    rows = lake.read("coherence/scores", columns=["pattern_id", "sc", "reason"]).to_pylist()
    missing = sorted(expected - {row["pattern_id"] for row in rows})
    silent = sorted(row["pattern_id"] for row in rows if row["sc"] is None and not row["reason"])
    return dg.AssetCheckResult(
        passed=not missing and not silent,
        metadata={"expected": len(expected), "actual": len(rows), "missing": missing, "without_reason": silent},
    )


@dg.asset_check(asset=SCORES, name="sc_is_the_geometric_mean_of_its_dimensions", blocking=True)
def sc_is_the_geometric_mean_of_its_dimensions(lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
    """SC is measured exactly where all three dimensions are, lies in its interval, and is their geometric mean."""
    wrong = []
    for row in lake.read("coherence/scores").to_pylist():
        values = [row["availability"], row["consistency"], row["stability"]]
        if any(value is None for value in values) or row["sc"] is None:
            wrong += [row["pattern_id"]] if (None in values) != (row["sc"] is None) else []
            continue
        mean = (values[0] * values[1] * values[2]) ** (1 / 3)
        if abs(mean - row["sc"]) > 1e-6 or not row["sc_low"] <= row["sc"] <= row["sc_high"]:
            wrong.append(row["pattern_id"])
    return dg.AssetCheckResult(passed=not wrong, metadata={"expected": 0, "actual": len(wrong), "patterns": wrong})


@dg.asset_check(asset=["coherence", "availability"], name="definitions_are_in_the_corpus")
def definitions_are_in_the_corpus(lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
    """A definition that only the registry knows is found by no one who reads the documents."""
    rows = lake.read("coherence/availability", columns=["pattern_id", "status"]).to_pylist()
    missing = sorted(row["pattern_id"] for row in rows if row["status"] == "measured_zero")
    return dg.AssetCheckResult(
        passed=not missing,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"expected": 0, "actual": len(missing), "patterns": missing},
    )


@dg.asset_check(asset=["coherence", "findings"], name="nothing_contradicts_a_definition")
def nothing_contradicts_a_definition(lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
    """Coherence is an audit, not a gate: contradictions are listed and warned of, they do not stop the run."""
    rows = lake.read("coherence/findings", columns=["pattern_id", "kind", "detail"]).to_pylist()
    found = [f"{row['pattern_id']}: {row['detail']}" for row in rows if row["kind"] == "contradiction"]
    return dg.AssetCheckResult(
        passed=not found,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"expected": 0, "actual": len(found), "contradictions": found[:20]},
    )
