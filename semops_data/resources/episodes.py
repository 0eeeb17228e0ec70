"""The episode log: from settings to an `EpisodeLog`."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import SecretStr

from semops_data.episodes.record import EpisodeLog
from semops_data.lineage.ids import asset_run_id, run_id
from semops_data.settings import Settings, load_settings

if TYPE_CHECKING:
    from semops_data.episodes.fold import Folded
    from semops_data.lakehouse.lake import Lake

STATUSES = {"SUCCESS": "completed", "FAILURE": "failed", "CANCELED": "cancelled"}


class EpisodesResource(dg.ConfigurableResource["EpisodeLog"]):
    """Hands out the `EpisodeLog`; it knows the configured secrets, to keep them out of what it records."""

    folder: str

    @classmethod
    def from_settings(cls, settings: Settings) -> EpisodesResource:
        """The resource for these settings."""
        return cls(folder=str(settings.home / "episodes"))

    def create_resource(self, context: dg.InitResourceContext) -> EpisodeLog:
        """Build the `EpisodeLog`."""
        log = EpisodeLog(Path(self.folder), secrets_of(load_settings()))
        if context.instance is not None:
            log.outcomes = partial(dagster_outcomes, context.instance)
            log.lineage_ids = partial(openlineage_ids, context.instance)
        return log


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """The values of every secret that is configured."""
    values = (getattr(settings, name) for name in type(settings).model_fields)
    return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))


def dagster_outcomes(instance: dg.DagsterInstance, run_ids: list[str]) -> dict[str, dict[str, Any]]:
    """What Dagster knows of its runs, as fields of `episodes/runs` by Dagster run id; unknown runs are left out."""
    outcomes: dict[str, dict[str, Any]] = {}
    for record in instance.get_run_records(dg.RunsFilter(run_ids=run_ids)):
        run, tags = record.dagster_run, record.dagster_run.tags
        is_scheduled = "dagster/schedule_name" in tags or "dagster/sensor_name" in tags
        outcomes[run.run_id] = {
            "status": STATUSES.get(run.status.value, "running"),
            "run_type": "scheduled" if is_scheduled else "manual",
            # The jobs that Dagster makes up for a selection of assets have no name that says anything.
            "agent_name": "assets" if run.job_name.startswith("__") else run.job_name,
            "openlineage_run_id": run_id(record.create_timestamp.astimezone(UTC), run.run_id),
            "ended_at": datetime.fromtimestamp(record.end_time, UTC) if record.end_time else None,
        }
    return outcomes


def openlineage_ids(instance: dg.DagsterInstance, assets: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The OpenLineage run id of each (Dagster run id, asset key), unpartitioned; unknown runs are left out."""
    run_ids = sorted({dagster_run_id for dagster_run_id, _ in assets})
    records = instance.get_run_records(dg.RunsFilter(run_ids=run_ids)) if run_ids else []
    created = {record.dagster_run.run_id: record.create_timestamp.astimezone(UTC) for record in records}
    return {
        (run, asset): asset_run_id(created[run], run, asset, None) for run, asset in sorted(assets) if run in created
    }


def settle_runs(instance: dg.DagsterInstance, lake: Lake, settings: Settings) -> Folded:
    """Write into `episodes/runs` how the runs ended; to be called once they have, as no run sees its own end."""
    from semops_data.episodes.fold import fold_runs

    outcomes = partial(dagster_outcomes, instance)
    return fold_runs(lake, EpisodeLog(settings.home / "episodes", secrets_of(settings), outcomes))
