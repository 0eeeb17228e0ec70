"""What changed between two runs: assets, versions of code and data, rows, schemas, checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from semops_data.lineage.columns import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from semops_data.lineage.columns import Event
    from semops_data.lineage.records import Column, Graph, RunLog

Part = tuple[str, str | None]
"""An asset, and its partition where it has one."""
ROWS = ("dagster/partition_row_count", "dagster/row_count")
SCHEMA = "dagster/column_schema"
ENDS = {"COMPLETE": "SUCCESS", "FAIL": "FAILURE", "ABORT": "CANCELED"}
TESTS = {"pass": "passed", "fail": "failed"}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One difference between two runs.

    Attributes:
        asset: the asset, with its partition where both runs are not about the same one.
        what: `materialization`, `code version`, `data version`, `rows`, `column ...`, `check ...` or `status`.
        before: as the first run has it; None where it has nothing.
        after: as the second has it.
    """

    asset: str
    what: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Made:
    """What one run left of one asset."""

    data_version: str | None = None
    code_version: str | None = None
    rows: int | None = None
    columns: Mapping[str, str] | None = None


@dataclass(frozen=True)
class RunState:
    """What one run left behind, whoever tells of it.

    Attributes:
        status: how it ended, such as `SUCCESS`; None where that is not told.
        made: by asset and partition.
        verdicts: of the checks, by asset and name: passed, failed, or warned where a failure does not block.
    """

    status: str | None
    made: Mapping[Part, Made]
    verdicts: Mapping[tuple[str, str], str]


def changes(before: RunState, after: RunState) -> list[Change]:
    """What the second run has otherwise than the first, by asset.

    Runs of the same partitions are compared partition by partition. Where they have none in common, their assets are
    compared all the same: yesterday's run with today's.
    """
    first, second = before.made, after.made
    if not {part for _, part in first} & {part for _, part in second}:
        first, second = _unpartitioned(first), _unpartitioned(second)
    found: list[Change] = []
    if before.status != after.status:
        found.append(Change(asset="(run)", what="status", before=before.status, after=after.status))
    for part in sorted(first.keys() | second.keys(), key=lambda at: (at[0], at[1] or "")):
        found += _of_asset(_name(part), first.get(part), second.get(part))
    return found + [
        Change(asset=at[0], what=f"check {at[1]}", before=before.verdicts.get(at), after=after.verdicts.get(at))
        for at in sorted(before.verdicts.keys() | after.verdicts.keys())
        if before.verdicts.get(at) != after.verdicts.get(at)
    ]


def of_log(run: RunLog, graph: Graph | None = None) -> RunState:
    """What a run left behind by its log; `graph` tells the schema of assets that report none."""
    return RunState(run.status, _made(run, graph), _verdicts(run))


def of_events(events: Iterable[Event]) -> RunState:
    """What a run left behind by its OpenLineage events: all that is left where Dagster forgot the run."""
    made: dict[Part, Made] = {}
    verdicts: dict[tuple[str, str], str] = {}
    status = None
    for event in events:
        kind = event["job"].get("facets", {}).get("jobType", {}).get("jobType")
        if kind == "JOB" and event.get("eventType") in ENDS:
            status = ENDS[event["eventType"]]
        elif kind == "ASSET" and event.get("eventType") == "COMPLETE":
            for output in event.get("outputs", ()):
                made[key_of(output), _subset(output)] = _told(output)
        elif kind == "CHECK":
            for test in event["run"].get("facets", {}).get("test", {}).get("tests", ()):
                if event.get("inputs") and test.get("status") in TESTS:
                    failed = "warned" if test.get("severity") == "warn" else "failed"
                    verdict = failed if TESTS[test["status"]] == "failed" else TESTS[test["status"]]
                    verdicts[key_of(event["inputs"][0]), test["name"]] = verdict
    return RunState(status, made, verdicts)


def _told(output: Event) -> Made:
    facets = output.get("facets", {})
    columns = facets.get("schema", {}).get("fields", ())
    return Made(
        facets.get("version", {}).get("datasetVersion"),
        None,
        output.get("outputFacets", {}).get("outputStatistics", {}).get("rowCount"),
        {column["name"]: column.get("type") for column in columns},
    )


def _subset(output: Event) -> str | None:
    condition = output.get("outputFacets", {}).get("subset", {}).get("outputCondition", {})
    parts = condition.get("partitions", ())
    return parts[0].get("identifier") if len(parts) == 1 else None


def _name(part: Part) -> str:
    return f"{part[0]} [{part[1]}]" if part[1] else part[0]


def _unpartitioned(made: Mapping[Part, Made]) -> dict[Part, Made]:
    return {(key, None): found for (key, _), found in sorted(made.items(), key=lambda item: item[0][1] or "")}


def _made(run: RunLog, graph: Graph | None) -> dict[Part, Made]:
    """What the run materialized, by asset and partition; the last materialization counts, as after a retry."""
    found: dict[Part, Made] = {}
    for record in run.records:
        if record.kind != "ASSET_MATERIALIZATION" or record.asset_key is None:
            continue
        rows = next((record.metadata[name] for name in ROWS if name in record.metadata), None)
        schema: tuple[Column, ...] = record.metadata.get(SCHEMA) or (
            graph.node(record.asset_key).columns if graph else ()
        )
        found[record.asset_key, record.partition] = Made(
            record.data_version,
            record.code_version,
            rows if isinstance(rows, int) else None,
            {column.name: column.type for column in schema},
        )
    return found


def _of_asset(asset: str, before: Made | None, after: Made | None) -> list[Change]:
    if before is None or after is None:
        here, there = (None if made is None else "materialized" for made in (before, after))
        return [Change(asset=asset, what="materialization", before=here, after=there)]
    pairs = {
        "code version": (before.code_version, after.code_version),
        "data version": (before.data_version, after.data_version),
        "rows": (before.rows, after.rows),
    }
    found = [
        Change(asset=asset, what=what, before=here, after=there)
        for what, (here, there) in pairs.items()
        if here != there
    ]
    old, new = before.columns or {}, after.columns or {}
    return found + [
        Change(asset=asset, what=f"column {name}", before=old.get(name), after=new.get(name))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _verdicts(run: RunLog) -> dict[tuple[str, str], str]:
    """The verdict of each check: passed, failed, or warned where what failed does not block."""
    found = {}
    for record in run.records:
        if record.kind == "ASSET_CHECK_EVALUATION" and record.check and record.asset_key:
            failed = "warned" if record.check.severity == "WARN" else "failed"
            found[record.asset_key, record.check.name] = "passed" if record.check.passed else failed
    return found
