"""The upkeep of the lake: when tables are compacted and vacuumed."""

from typing import Any

import dagster as dg

from semops_data.lakehouse.lake import Lake
from semops_data.settings import load_settings


@dg.op(description="Compact, order and vacuum every table of the lake; no row changes.")
def keep_tables_small(context: dg.OpExecutionContext, lake: dg.ResourceParam[Lake]) -> None:
    """Maintain all tables with the safe retention of seven days."""
    from semops_data.lakehouse.maintain import maintain

    done = maintain(lake)
    rows = [
        dg.TableRecord(
            {
                "table": each.key,
                "files_before": each.files_before,
                "files_after": each.files_after,
                "size_bytes_before": each.size_bytes_before,
                "size_bytes_after": each.size_bytes_after,
                "files_removed": each.files_removed,
            }
        )
        for each in done
    ]
    totals: dict[str, Any] = {
        name: sum(getattr(each, name) for each in done)
        for name in ("files_before", "files_after", "size_bytes_before", "size_bytes_after", "files_removed")
    }
    context.add_output_metadata(
        {f"semops/{name}": total for name, total in totals.items()}
        | ({"semops/tables": dg.MetadataValue.table(rows)} if rows else {})
    )


@dg.job(name="lake_maintenance", description="Compact and vacuum the Delta tables; files before and after by table.")
def lake_maintenance() -> None:
    """Run the upkeep."""
    keep_tables_small()


nightly_maintenance = dg.ScheduleDefinition(
    name="nightly_lake_maintenance",
    job=lake_maintenance,
    cron_schedule=load_settings().maintenance_cron,
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus[load_settings().automation.upper()],
    description="Keep the lake's tables small every night, UTC.",
)

SENSORS: list[dg.SensorDefinition] = []
SCHEDULES = [nightly_maintenance]
JOBS = [lake_maintenance]
