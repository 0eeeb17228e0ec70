"""What has to be computed: asked of Dagster, then laid out as a few runs in order.

`stale` is the only place that touches Dagster's internal staleness resolver, the one behind the badges of the UI;
`semops_data_tests/test_upstream.py` pins what it relies on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.definitions.data_version import (
    DATA_VERSION_TAG,
    CachingStaleStatusResolver,
    StaleStatus,
    extract_data_version_from_entry,
)
from dagster._core.loader import LoadingContext
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dagster._core.definitions.assets.graph.asset_graph import AssetGraph


@dataclass(frozen=True)
class Phase:
    """One run.

    Attributes:
        day: the partition; `None` for the assets without one.
        keys: the assets, in the order of the graph.
    """

    day: str | None
    keys: tuple[dg.AssetKey, ...]


class _Context(LoadingContext):
    """The least that the resolver needs to cache what it loads."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._loaders: dict[type, object] = {}

    @property
    def instance(self) -> dg.DagsterInstance:
        return self._instance

    @property
    def loaders(self) -> dict[type, object]:  # type: ignore[override]
        return self._loaders


def stale(
    instance: dg.DagsterInstance, graph: AssetGraph, days: Sequence[str]
) -> dict[tuple[dg.AssetKey, str | None], str]:
    """The assets, and days of assets, that are not up to date, each with the reason.

    Args:
        instance: where the materializations are recorded.
        graph: the assets.
        days: the days of the calendar that count, ISO dates.
    """
    resolver = CachingStaleStatusResolver(instance, graph, _Context(instance))
    refused = _refused(instance, graph, days)
    found: dict[tuple[dg.AssetKey, str | None], str] = {}
    for key in graph.toposorted_asset_keys:
        node = graph.get(key)
        if not node.is_materializable:
            continue
        for day in days if node.is_partitioned else (None,):
            status = resolver.get_status(key, day)
            if status == StaleStatus.MISSING:
                found[key, day] = "never materialized"
            elif status == StaleStatus.STALE:
                cause = resolver.get_stale_causes(key, day)[0]
                found[key, day] = (
                    f"{cause.reason}: {cause.dependency.asset_key.to_user_string()}"
                    if (cause.dependency)
                    else cause.reason
                )
            elif (key, day) in refused:
                found[key, day] = f"its check {refused[key, day]} failed"
            elif day is None and (parent := _newer_day(instance, graph, key, days)):
                found[key, day] = f"has a new dependency data version: {parent.to_user_string()}"
    return found


def _refused(
    instance: dg.DagsterInstance, graph: AssetGraph, days: Sequence[str]
) -> dict[tuple[dg.AssetKey, str | None], str]:
    """Assets and days whose blocking check failed the last time: what comes after them was held back."""
    refused: dict[tuple[dg.AssetKey, str | None], str] = {}
    failed = AssetCheckExecutionRecordStatus.FAILED
    for check in sorted(key for key in graph.asset_check_keys if graph.get_check_spec(key).blocking):
        is_daily = graph.get(check.asset_key).is_partitioned
        # Several evaluations a day are remembered: the latest of each day counts.
        limit = 8 * len(days) if is_daily else 1
        history = instance.event_log_storage.get_asset_check_execution_history(check, limit=limit)
        if not any(record.status == failed for record in history):
            continue
        runs = instance.get_runs(dg.RunsFilter(run_ids=[record.run_id for record in history]))
        day_of = {run.run_id: run.tags.get("dagster/partition") if is_daily else None for run in runs}
        seen: set[str | None] = set()
        for record in history:
            day = day_of.get(record.run_id)
            if day not in seen and record.status == failed:
                refused[check.asset_key, day] = check.name
            seen.add(day)
    return refused


def _newer_day(
    instance: dg.DagsterInstance, graph: AssetGraph, key: dg.AssetKey, days: Sequence[str]
) -> dg.AssetKey | None:
    """A daily parent that changed after the asset: Dagster leaves the parents out of which every day counts."""
    parents = [parent for parent in graph.get(key).parent_keys if graph.get(parent).is_partitioned]
    record = instance.get_latest_data_version_record(key) if parents else None
    if record is None:
        return None
    for parent in sorted(parents):
        for day in days:
            after = instance.get_latest_data_version_record(parent, False, day, after_cursor=record.storage_id)
            if after is None:
                continue
            before = instance.get_latest_data_version_record(parent, False, day, before_cursor=record.storage_id)
            versions = [
                extract_data_version_from_entry(entry.event_log_entry) if entry else None for entry in (before, after)
            ]
            if versions[0] != versions[1]:
                return parent
    return None


def with_downstream(
    graph: AssetGraph, units: Iterable[tuple[dg.AssetKey, str | None]], days: Sequence[str]
) -> set[tuple[dg.AssetKey, str | None]]:
    """The units and everything that is computed from them: the same day, and later days that look back to it."""
    reached = set(units)
    frontier = list(reached)
    while frontier:
        key, day = frontier.pop()
        for child in graph.get(key).child_keys:
            node = graph.get(child)
            if not node.is_materializable:
                continue
            targets: Sequence[str | None] = [None]
            if node.is_partitioned:
                targets = _reading_days(node.partition_mappings.get(key), day, days) if day else days
            new = {(child, target) for target in targets} - reached
            reached |= new
            frontier += new
    return reached


def _reading_days(mapping: dg.PartitionMapping | None, day: str, days: Sequence[str]) -> Sequence[str]:
    """The days of an asset that are computed from a day of its parent."""
    if not isinstance(mapping, dg.TimeWindowPartitionMapping) or day not in days:
        return [day]
    place = days.index(day)
    return days[max(0, place - mapping.end_offset) : place - mapping.start_offset + 1]


def phases(graph: AssetGraph, units: Iterable[tuple[dg.AssetKey, str | None]], days: Sequence[str]) -> list[Phase]:
    """The runs that compute the units: unpartitioned ones and days take turns, parents before children."""
    wanted = set(units)
    levels = _levels(graph)
    laid_out: list[Phase] = []
    for level in range(max(levels.values(), default=-1) + 1):
        for day in (None,) if level % 2 == 0 else days:
            keys = tuple(
                key for key in graph.toposorted_asset_keys if levels.get(key) == level and (key, day) in wanted
            )
            laid_out += [Phase(day, keys)] if keys else []
    return laid_out


def _levels(graph: AssetGraph) -> Mapping[dg.AssetKey, int]:
    """How often the way to an asset changes between unpartitioned (even) and daily (odd)."""
    levels: dict[dg.AssetKey, int] = {}
    for key in graph.toposorted_asset_keys:
        node = graph.get(key)
        if node.is_materializable:
            lowest = max((levels.get(parent, 0) for parent in node.parent_keys), default=0)
            levels[key] = lowest if lowest % 2 == int(node.is_partitioned) else lowest + 1
    return levels


def report_version(instance: dg.DagsterInstance, key: dg.AssetKey, version: str) -> bool:
    """Record the version of something outside the platform, where it is not the one on record.

    A materialization, not an observation: of an external asset that Dagster cannot observe by itself, the staleness
    resolver reads the materializations only, and its readers would be stale for ever.

    Returns:
        Whether it had changed.
    """
    record = instance.get_latest_data_version_record(key, is_source=False)
    known = extract_data_version_from_entry(record.event_log_entry) if record else None
    if known is not None and known.value == version:
        return False
    instance.report_runless_asset_event(dg.AssetMaterialization(key, tags={DATA_VERSION_TAG: version}))
    return True
