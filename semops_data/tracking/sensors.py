"""The sensor that brings MLflow up to date; it starts no run and costs no run anything."""

from __future__ import annotations

import dagster as dg

from semops_data.resources.event_log import InstanceLog, asset_graph
from semops_data.settings import load_settings


@dg.sensor(
    name="mlflow_tracking",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus[load_settings().automation.upper()],
    description="Tracks each materialization of a finished run as an MLflow run, nested under one per Dagster run.",
)
def mlflow_tracking(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """One bounded tick; the ledger keeps what the server does not take."""
    from semops_data.tracking.sync import sync

    if context.repository_def is None:
        return dg.SkipReason("no repository to track")
    graph = asset_graph(context.repository_def)
    origin = context.code_location_origin
    report = sync(
        InstanceLog(context.instance),
        graph,
        load_settings(),
        is_patient=True,
        location=origin.location_name if origin else None,
    )
    trouble = f"; the server takes none: {report.error}" if report.error else ""
    return dg.SkipReason(
        f"{report.folded} runs folded, {report.sent} sent, {report.pending} pending, {report.dead} dead{trouble}"
    )


SENSORS = [mlflow_tracking]
SCHEDULES: list[dg.ScheduleDefinition] = []
JOBS: list[dg.JobDefinition] = []
