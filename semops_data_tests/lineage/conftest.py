"""One instance in which the toy project ran, shared by the tests of lineage."""

from __future__ import annotations

import functools
from types import SimpleNamespace

import dagster as dg
import pytest

from semops_data.lineage.events import Config, Writer
from semops_data.resources.event_log import InstanceLog, asset_graph
from semops_data.settings import Settings
from semops_data_tests.lineage import toy


@functools.cache
def build(home):
    """The toy project after a partitioned run twice, a run with checks, a failing one, a month and runless events."""
    home.mkdir()
    instance = toy.instance_in(home)
    days = [toy.run(instance, "raw", "clean", partition=day) for day in ("2026-01-02", "2026-01-03")]
    checked = toy.run(instance, "mart", "left", "skipped", job="toys")
    failed = toy.run(instance, "broken", "after", "apart")
    month = toy.run(instance, "monthly", partition="2026-03-01")
    instance.report_runless_asset_event(dg.AssetMaterialization(["outside", "source"], metadata={"rows": 1}))
    instance.report_runless_asset_event(dg.AssetMaterialization(["outside", "source"], metadata={"rows": 2}))
    instance.report_runless_asset_event(dg.AssetObservation(["outside", "source"]))
    settings = Settings(home=home / "platform", snowflake_password=toy.SECRET)
    graph, config = asset_graph(toy.build_defs()), Config.of(settings)
    return SimpleNamespace(
        instance=instance,
        log=InstanceLog(instance),
        graph=graph,
        settings=settings,
        config=config,
        writer=Writer(graph, config),
        days=days,
        checked=checked,
        failed=failed,
        month=month,
        run_ids=[*days, checked, failed, month],
    )


@pytest.fixture(scope="session")
def toys(tmp_path_factory):
    """One instance for the tests of lineage and of tracking alike; they only read it."""
    return build(tmp_path_factory.getbasetemp() / "toys-instance")
