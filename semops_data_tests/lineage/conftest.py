"""One instance in which the toy project ran, shared by the tests of lineage."""

from __future__ import annotations

from types import SimpleNamespace

import dagster as dg
import pytest

from semops_data.lineage.events import Config
from semops_data.resources.event_log import InstanceLog, asset_graph
from semops_data.settings import Settings
from semops_data_tests.lineage import toy


@pytest.fixture(scope="session")
def toys(tmp_path_factory):
    """The toy project after a partitioned run twice, a failing run, a run with checks, and a runless event."""
    home = tmp_path_factory.mktemp("toys")
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        days = [toy.run(instance, "raw", "clean", partition=day) for day in ("2026-01-02", "2026-01-03")]
        checked = toy.run(instance, "mart", "left", "skipped", job="toys")
        failed = toy.run(instance, "broken", "after", "apart")
        month = toy.run(instance, "monthly", partition="2026-03-01")
        instance.report_runless_asset_event(dg.AssetMaterialization(["outside", "source"], metadata={"rows": 1}))
        instance.report_runless_asset_event(dg.AssetMaterialization(["outside", "source"], metadata={"rows": 2}))
        instance.report_runless_asset_event(dg.AssetObservation(["outside", "source"]))
        log = InstanceLog(instance)
        settings = Settings(home=home / "platform", snowflake_password=toy.SECRET)
        yield SimpleNamespace(
            instance=instance,
            log=log,
            graph=asset_graph(toy.build_defs()),
            settings=settings,
            config=Config.of(settings),
            days=days,
            checked=checked,
            failed=failed,
            month=month,
            run_ids=[*days, checked, failed, month],
        )
