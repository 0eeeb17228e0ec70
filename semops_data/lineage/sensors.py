"""The sensor that mirrors the event log; it starts no run and costs no run anything."""

from __future__ import annotations

import dagster as dg

from semops_data.resources.event_log import InstanceLog, asset_graph
from semops_data.settings import load_settings


@dg.sensor(
    name="openlineage_mirror",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus[load_settings().automation.upper()],
    description="Mirrors what happened to OpenLineage: START, COMPLETE, FAIL and ABORT of each asset, check and run.",
)
def openlineage_mirror(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """One bounded tick; the outbox keeps what the backend does not take."""
    from semops_data.lineage.sync import sync

    if context.repository_def is None:
        return dg.SkipReason("no repository to mirror")
    graph = asset_graph(context.repository_def)
    report = sync(InstanceLog(context.instance), graph, load_settings(), is_patient=True)
    trouble = f"; the backend takes none: {report.error}" if report.error else ""
    return dg.SkipReason(
        f"{report.folded} events folded, {report.sent} sent, {report.pending} pending, {report.dead} dead{trouble}"
    )


SENSORS = [openlineage_mirror]
SCHEDULES: list[dg.ScheduleDefinition] = []
JOBS: list[dg.JobDefinition] = []
