"""The sensor that mirrors the event log; it starts no run and costs no run anything.

Belongs here: `mirror_sensor`, for this project and for any other, and this project's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from semops_data.lineage.naming import Places
from semops_data.resources.event_log import InstanceLog, asset_graph
from semops_data.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from semops_data.lakehouse.lake import Lake
    from semops_data.lineage.naming import DatasetName
    from semops_data.lineage.records import Node
    from semops_data.settings import Settings


ALARM_SECONDS = 3600.0
"""Age of the oldest unsent event from which each tick warns: a backend is down for minutes now and then."""


def mirror_sensor(
    name: str = "openlineage_mirror",
    *,
    resolver: Callable[[Node], DatasetName | str | None] | None = None,
    settings: Settings | None = None,
    lake: Callable[[Settings], Lake] | None = None,
    minimum_interval_seconds: int = 30,
    default_status: dg.DefaultSensorStatus = dg.DefaultSensorStatus.RUNNING,
) -> dg.SensorDefinition:
    """A sensor that mirrors the runs of its code location to OpenLineage; add it to `Definitions(sensors=[...])`.

    Args:
        name: the sensor's name.
        resolver: from an asset of the graph to its dataset, URI or path; None where it does not say.
        settings: where the outbox lies and events go; by default `SEMOPS_*` and `semops.toml`.
        lake: where the tables of coherence and episodes lie; without it, none of their events.
        minimum_interval_seconds: how often it looks.
        default_status: whether it is on from the start.
    """

    @dg.sensor(
        name=name,
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=default_status,
        description="Mirrors what happened to OpenLineage: START, COMPLETE, FAIL and ABORT of assets, checks and runs.",
    )
    def mirror(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        """One bounded tick; the outbox keeps what the backend does not take."""
        from semops_data.lineage.sync import sync

        if context.repository_def is None:
            return dg.SkipReason("no repository to mirror")
        chosen = settings or load_settings()
        report = sync(
            InstanceLog(context.instance),
            asset_graph(context.repository_def),
            chosen,
            is_patient=True,
            places=Places.of(chosen, resolver),
            location=_location(context),
            lake=lake(chosen) if lake else None,
        )
        trouble, age = (
            f"; the backend takes none: {report.error}" if report.error else "",
            report.oldest_pending_seconds,
        )
        if age is not None and age > ALARM_SECONDS:
            context.log.warning(f"OpenLineage events have waited for {age:,.0f} s{trouble}")
        trouble = f", the oldest event waits for {age:,.0f} s{trouble}" if age is not None else trouble
        return dg.SkipReason(
            f"{report.folded} events folded, {report.sent} sent, {report.pending} pending, {report.dead} dead{trouble}"
        )

    return mirror


def _location(context: dg.SensorEvaluationContext) -> str | None:
    origin = context.code_location_origin
    return origin.location_name if origin else None


def _lake(settings: Settings) -> Lake:
    from semops_data.lakehouse.lake import Lake, storage_options

    return Lake(settings.lake_root, storage_options(settings))


openlineage_mirror = mirror_sensor(
    lake=_lake, default_status=dg.DefaultSensorStatus[load_settings().automation.upper()]
)
SENSORS = [openlineage_mirror]
SCHEDULES: list[dg.ScheduleDefinition] = []
JOBS: list[dg.JobDefinition] = []
