from __future__ import annotations

import dataclasses
from datetime import datetime

import dagster as dg

from semops_data.lineage.records import Column
from semops_data.resources.event_log import InstanceLog
from semops_data_tests.lineage import toy


def test_no_type_of_dagsters_leaves_the_reader(toys):
    """The folds are tested and replayed without Dagster, so what they read must be plain."""

    def check(value):
        assert not type(value).__module__.startswith("dagster"), value
        if dataclasses.is_dataclass(value):
            value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        if isinstance(value, dict):
            value = [*value, *value.values()]
        if isinstance(value, list | tuple):
            for inner in value:
                check(inner)

    for run_id in toys.run_ids:
        check(toys.log.run(run_id))
    check(toys.log.runless(0, 100))
    check([dataclasses.replace(node, window=None) for node in toys.graph.nodes.values()])


def test_a_record_carries_what_the_asset_reported(toys):
    made = [r for r in toys.log.run(toys.days[0]).records if r.kind == "ASSET_MATERIALIZATION"]
    raw, clean = made
    assert (raw.asset_key, raw.partition, raw.data_version, raw.code_version) == (
        "toy/raw", "2026-01-02", "v-2026-01-02", "7",
    )  # fmt: skip
    assert raw.metadata["dagster/partition_row_count"] == 2
    assert set(clean.input_versions) == {"toy/raw"}
    assert clean.metadata["dagster/column_lineage"] == {"id": [("toy/raw", "id")]}


def test_a_failure_is_its_innermost_cause(toys):
    failed = next(r for r in toys.log.run(toys.failed).records if r.kind == "STEP_FAILURE")
    assert failed.failure.error == "KeyError"
    assert failed.failure.message == "'inner'"
    assert "ValueError" in failed.failure.stack


def test_the_graph_knows_external_assets_checks_columns_and_windows(toys):
    nodes = toys.graph.nodes
    assert nodes["outside/source"].is_external
    assert nodes["toy/clean"].parents == ("toy/raw",)
    assert nodes["toy/raw"].columns[0] == Column("id", "int64", "the key")
    assert nodes["toy/mart"].checks == ("crashes", "error_fails", "error_holds", "warn_fails", "warn_holds")
    start, end = nodes["toy/monthly"].window("2026-03-01")
    assert (start, end) == (
        datetime.fromisoformat("2026-03-01T00:00:00+01:00"), datetime.fromisoformat("2026-04-01T00:00:00+02:00"),
    )  # fmt: skip
    assert nodes["toy/monthly"].window("no partition") is None


def test_a_run_that_was_deleted_is_none(toys):
    assert toys.log.run("00000000-0000-4000-8000-000000000000") is None
    assert toys.log.last_id("00000000-0000-4000-8000-000000000000") == 0


def test_a_runless_event_is_seen_at_the_tick_after_an_idle_one(tmp_path):
    """An idle tick asks no database; what is reported then must not wait for another change."""
    with toy.instance_in(tmp_path) as instance:
        seen = 0
        for number in range(4):
            assert InstanceLog(instance).runless(seen, 10) == []
            assert InstanceLog(instance).runless(seen, 10) == []
            instance.report_runless_asset_event(dg.AssetMaterialization(["outside", "source"], metadata={"n": number}))
            (record,) = InstanceLog(instance).runless(seen, 10)
            assert record.metadata == {"n": number}
            seen = record.storage_id
