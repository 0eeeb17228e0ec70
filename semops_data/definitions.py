"""The code location: the one place where things are wired.

Belongs here: the list of rooms, the resources, and the house policy that every asset obeys.
Does not belong here: an asset, a path, a number.
"""

from __future__ import annotations

import gc
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import dagster as dg

from semops_data.resources import build_resources
from semops_data.settings import Settings, load_settings
from semops_data.tracking.links import mlflow_runs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

ROOMS = (
    "synthesis",
    "landing",
    "lakehouse",
    "warehouse",
    "profiling",
    "registry",
    "corpus",
    "embeddings",
    "coherence",
    "lineage",
    "tracking",
    "episodes",
    "projection",
)


def build_defs() -> dg.Definitions:
    """Everything that the code location offers: each room's assets, checks, sensors and schedules."""
    # What is imported by now lives as long as the process; the garbage collector's walks over it, which find nothing,
    # took half as long as all that follows.
    gc.freeze()
    settings = load_settings()
    assets: list[Any] = []
    checks: list[Any] = []
    wired: dict[str, list[Any]] = {"SENSORS": [], "SCHEDULES": [], "JOBS": []}
    for room in ROOMS:
        for kind in ("assets", "checks", "sensors"):
            module_name = f"semops_data.{room}.{kind}"
            if find_spec(module_name) is None:
                continue
            module = import_module(module_name)
            if kind == "assets":
                assets += placed(declared(module, (dg.AssetsDefinition, dg.AssetSpec)), room, settings)
            elif kind == "checks":
                checks += declared(module, (dg.AssetChecksDefinition,))
            for name in wired:
                wired[name] += getattr(module, name, [])
    return dg.Definitions(
        assets=assets,
        asset_checks=checks,
        sensors=wired["SENSORS"],
        schedules=wired["SCHEDULES"],
        jobs=wired["JOBS"],
        resources=build_resources(settings),
        executor=dg.in_process_executor if settings.executor == "in_process" else dg.multiprocess_executor,
    )


def declared(module: ModuleType, kinds: tuple[type, ...]) -> list[Any]:
    """What a module declares of these kinds, itself or in lists, each once and in order.

    Dagster's own loaders find the same, and build each asset anew in doing so.
    """
    found: dict[int, Any] = {}
    for value in vars(module).values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, kinds):
                found.setdefault(id(each), each)
    return list(found.values())


def placed(assets: Iterable[Any], room: str, settings: Settings) -> list[Any]:
    """A room's assets with their group, a link to their MLflow runs, and the place of their data in their versions.

    The embedded defaults are no place that is named. All in one step: Dagster builds an asset anew for each change of
    its spec.
    """
    place = settings.place

    def moved(spec: dg.AssetSpec) -> dg.AssetSpec:
        url = mlflow_runs(settings, spec.key.to_user_string())
        version = f"{spec.code_version}@{place}" if place and spec.code_version else spec.code_version
        metadata = {**spec.metadata, "MLflow runs": dg.MetadataValue.url(url)}
        return spec.replace_attributes(group_name=room, code_version=version, metadata=metadata)

    return list(dg.map_asset_specs(moved, assets))


defs = build_defs()
