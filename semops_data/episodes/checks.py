"""Claims about runs and episodes. None blocks: telemetry never decides."""

import dagster as dg

from semops_data.contracts import table
from semops_data.lakehouse.lake import Lake


def _keys_and_enums(key: str) -> list[dg.AssetChecksDefinition]:
    """The two checks that both tables have."""

    @dg.asset_check(asset=key.split("/"), name="ids_are_unique", description="No record was folded in twice.")
    def ids_are_unique(lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
        ids = lake.read(key, columns=["id"])["id"].to_pylist()
        doubled = len(ids) - len(set(ids))
        return dg.AssetCheckResult(passed=doubled == 0, metadata={"expected": 0, "actual": doubled})

    @dg.asset_check(asset=key.split("/"), name="enums_hold", description="Every closed set holds its own values only.")
    def enums_hold(lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
        columns = [column for column in table(key).columns if column.allowed]
        data = lake.read(key, columns=[column.name for column in columns])
        strays = {
            column.name: sorted(set(data[column.name].drop_null().unique().to_pylist()) - set(column.allowed))
            for column in columns
        }
        strays = {name: values for name, values in strays.items() if values}
        return dg.AssetCheckResult(passed=not strays, metadata={"expected": {}, "actual": strays})

    return [ids_are_unique, enums_hold]


RUN_CHECKS = _keys_and_enums("episodes/runs")
EPISODE_CHECKS = _keys_and_enums("episodes/episodes")


@dg.asset_check(
    asset=["episodes", "runs"],
    name="every_episode_has_its_run",
    additional_deps=[["episodes", "episodes"]],
    description="The run of each episode is known.",
)
def every_episode_has_its_run(lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
    """Compare the episodes' run ids with the runs."""
    runs = set(lake.read("episodes/runs", columns=["id"])["id"].to_pylist())
    used = set(lake.read("episodes/episodes", columns=["run_id"])["run_id"].to_pylist())
    unknown = sorted(used - runs)
    return dg.AssetCheckResult(
        passed=not unknown, metadata={"expected": 0, "actual": len(unknown), "unknown": unknown[:10]}
    )
