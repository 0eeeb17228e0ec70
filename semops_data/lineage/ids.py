"""Run ids, derived and never generated: the same happening has the same id in lineage, tracking and episodes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from datetime import datetime


def derived_id(instant: datetime, *parts: str | int | None) -> str:
    """The OpenLineage run id of what these parts name, at that instant."""
    from openlineage.client.uuid import generate_static_uuid

    return str(generate_static_uuid(instant, json.dumps(parts).encode()))


def run_id(created: datetime, dagster_run_id: str) -> str:
    """The id of a Dagster run: its own, or a derived one where that is no UUID."""
    try:
        return str(UUID(dagster_run_id))
    except ValueError:
        return derived_id(created, "run", dagster_run_id)


def asset_run_id(created: datetime, dagster_run_id: str, asset_key: str, partition: str | None) -> str:
    """The id of one asset's (partition's) materialization within a Dagster run.

    Args:
        created: when the Dagster run was created.
        dagster_run_id: the Dagster run.
        asset_key: `room/name`.
        partition: the partition key, None where unpartitioned.
    """
    return derived_id(created, "asset", dagster_run_id, asset_key, partition)
