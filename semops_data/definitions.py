"""The code location: the one place where things are wired.

Belongs here: the list of rooms, the resources, and the house policy that every asset obeys.
Does not belong here: an asset, a path, a number.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import dagster as dg

from semops_data.resources import build_resources
from semops_data.settings import load_settings

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
    settings = load_settings()
    assets, checks, sensors, schedules, jobs = [], [], [], [], []
    for room in ROOMS:
        for kind in ("assets", "checks", "sensors"):
            name = f"semops_data.{room}.{kind}"
            if find_spec(name) is None:
                continue
            module = import_module(name)
            assets += dg.load_assets_from_modules([module], group_name=room) if kind == "assets" else []
            checks += dg.load_asset_checks_from_modules([module]) if kind == "checks" else []
            sensors += getattr(module, "SENSORS", []) if kind == "sensors" else []
            schedules += getattr(module, "SCHEDULES", []) if kind == "sensors" else []
            jobs += getattr(module, "JOBS", []) if kind == "sensors" else []
    return dg.Definitions(
        assets=assets,
        asset_checks=checks,
        sensors=sensors,
        schedules=schedules,
        jobs=jobs,
        resources=build_resources(settings),
        executor=dg.in_process_executor if settings.executor == "in_process" else dg.multiprocess_executor,
    )


defs = build_defs()
