"""`dst info`: versions, settings, where the data lies, and what is in it."""

from __future__ import annotations

import platform
import re
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import click

from semops_data import __version__
from semops_data.cli.console import Output, json_option
from semops_data.cli.home import dagster_home
from semops_data.settings import load_settings

if TYPE_CHECKING:
    from semops_data.settings import Settings

PACKAGES = (
    "dagster", "deltalake", "duckdb", "fakesnow", "mlflow", "openlineage-python", "pyarrow", "qdrant-edge-py",
    "sentence-transformers", "snowflake-connector-python", "torch",
)  # fmt: skip


@click.command("info")
@json_option
def command(*, as_json: bool) -> None:
    """Show versions, settings, places and tables. Secrets are starred."""
    out, settings = Output(as_json), load_settings()
    versions = {"semops-data": __version__, "python": platform.python_version()} | {p: _version(p) for p in PACKAGES}
    document = {
        "versions": versions,
        "settings": {name: without_login(value) for name, value in settings.model_dump(mode="json").items()},
        "places": places(settings),
        "tables": tables(settings),
    }
    out.result(document)
    out.heading("Versions")
    out.table(("package", "version"), sorted(versions.items()))
    out.heading("Settings that differ from the default")
    out.table(("variable", "value"), changed(settings))
    out.heading("Where the data lies")
    out.table(("what", "where"), list(document["places"].items()))  # type: ignore[attr-defined]
    out.heading("Delta tables")
    out.table(("table", "rows", "version"), [(t["key"], f"{t['rows']:,}", t["version"]) for t in tables(settings)],
              right=(1, 2))  # fmt: skip


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def changed(settings: Settings) -> list[tuple[str, str]]:
    """Variables that were set, with their values; a secret's are stars."""
    shown = settings.model_dump(mode="json")
    names = [name for name, field in type(settings).model_fields.items() if getattr(settings, name) != field.default]
    return [(f"SEMOPS_{name.upper()}", str(without_login(shown[name]))) for name in names]


def without_login(value: Any) -> Any:
    """A text with the user and password of every URL in it replaced by stars; anything else as it is."""
    return re.sub(r"://[^/@\s]+@", "://***@", value) if isinstance(value, str) else value


def places(settings: Settings) -> dict[str, str]:
    """Where each system keeps its data."""
    account = settings.snowflake_account
    found = {
        "home": str(settings.home),
        "Dagster (runs, events)": str(dagster_home(settings)),
        "S3 (raw objects)": settings.landing_root,
        "Delta (tables)": settings.lake_root,
        "Snowflake": f"account {account}" if account else f"embedded emulator, {settings.home / 'snowflake'}",
        "MLflow": settings.tracking_uri,
        "OpenLineage": settings.openlineage_url or str(settings.lineage_file),
        "alerts": str(settings.home / "alerts" / "alerts.ndjson"),
        "Qdrant": settings.qdrant_url or f"embedded, {settings.home / 'qdrant'}",
    }
    return {name: without_login(place) for name, place in found.items()}


def tables(settings: Settings) -> list[dict[str, Any]]:
    """Every Delta table that exists: key, rows, version."""
    from semops_data.contracts import TABLES
    from semops_data.lakehouse.lake import Lake, storage_options

    lake = Lake(settings.lake_root, storage_options(settings))
    keys = [key for key in sorted(TABLES) if lake.exists(key)]
    return [{"key": key, "rows": lake.count(key), "version": lake.version(key)} for key in keys]
