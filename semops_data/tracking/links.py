"""Links between Dagster's page and MLflow's: from an asset to its MLflow runs, and from each MLflow run back.

An MLflow run gets its id when it is delivered, after the materialization is written down; so the asset's link asks
MLflow for the runs of that asset, newest first, and each of them names its partition and its Dagster run.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from pathlib import Path

    from semops_data.settings import Settings

_DEFAULT_EXPERIMENT = "1"


def asset_page(dagster_url: str, key: str, partition: str | None = None) -> str:
    """The page of an asset (of one partition) in Dagster."""
    page = f"{dagster_url.rstrip('/')}/assets/{quote(key)}"
    return f"{page}?partition={quote(partition, safe='')}" if partition else page


def run_page(dagster_url: str, dagster_run_id: str) -> str:
    """The page of a Dagster run."""
    return f"{dagster_url.rstrip('/')}/runs/{quote(dagster_run_id)}"


def mlflow_runs(settings: Settings, key: str) -> str:
    """MLflow's page of the runs that materialized an asset."""
    asked = quote(f"tags.asset_key = '{key}'".replace('"', ""), safe="")
    return f"{settings.mlflow_url.rstrip('/')}/#/experiments/{experiment(settings)}/runs?searchFilter={asked}"


def mlflow_run(settings: Settings, mlflow_run_id: str) -> str:
    """MLflow's page of one run."""
    return f"{settings.mlflow_url.rstrip('/')}/#/experiments/{experiment(settings)}/runs/{quote(mlflow_run_id)}"


def remember_experiment(settings: Settings, experiment_id: str) -> None:
    """Keep which experiment the runs went to, so that links need not ask the server."""
    said = json.dumps({"uri": settings.tracking_uri, "name": settings.mlflow_experiment, "id": experiment_id})
    place = _place(settings)
    if not place.exists() or place.read_text() != said:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(said)


def experiment(settings: Settings) -> str:
    """The id of the experiment; of a new default store where nothing was delivered yet."""
    try:
        kept = json.loads(_place(settings).read_text())
    except (OSError, ValueError):
        return _DEFAULT_EXPERIMENT
    is_same = (kept.get("uri"), kept.get("name")) == (settings.tracking_uri, settings.mlflow_experiment)
    return str(kept["id"]) if is_same and "id" in kept else _DEFAULT_EXPERIMENT


def _place(settings: Settings) -> Path:
    return settings.home / "tracking" / "experiment.json"
