from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.lineage.events import Config
from semops_data.lineage.fold import fold as fold_lineage
from semops_data.lineage.records import Graph, Node, Record, RunLog
from semops_data.tracking.fold import Context, TrackedRun, fold
from semops_data_tests.lineage import toy


def folded(toys, run_id):
    return fold(toys.log.run(run_id), toys.graph, Context(secrets=toys.config.secrets))


def child(runs, key):
    (found,) = [run for run in runs if run.tags.get("asset_key") == key]
    return found


def test_every_materialization_is_one_run_under_one_parent(toys):
    for run_id in toys.run_ids:
        log = toys.log.run(run_id)
        parent, *children = fold(log, toys.graph)
        made = [record.asset_key for record in log.records if record.kind == "ASSET_MATERIALIZATION"]
        assert [run.tags["asset_key"] for run in children if run.status == "FINISHED"] == made
        assert {run.parent_key for run in children} <= {parent.key}
        assert parent.parent_key is None


def test_a_run_says_with_what_it_was_made_and_what_it_measured(toys):
    raw = child(folded(toys, toys.days[0]), "toy/raw")
    assert raw.params == {
        "columns_checked": "2", "contract": "toy/raw", "code_version": "7", "partition": "2026-01-02",
        "group": "default",
        "kinds": "deltalake", "storage_kind": "deltalake", "columns": "2",
    }  # fmt: skip
    assert {key: raw.metrics[key] for key in ("partition_rows", "bytes", "null_share")} == {
        "partition_rows": 2.0, "bytes": 20.0, "null_share": 0.25,
    }  # fmt: skip
    assert "worst" not in raw.metrics, "a NaN is no measurement"
    assert raw.tags["data_version"] == "v-2026-01-02"


def test_its_times_are_those_of_the_step_and_of_the_run(toys):
    log = toys.log.run(toys.days[0])
    parent, *children = fold(log, toys.graph)
    assert parent.start_ms == round(log.started.timestamp() * 1000)
    assert parent.end_ms == round(log.ended.timestamp() * 1000)
    for run in children:
        step = [r for r in log.records if r.step_key == run.tags["asset_key"].replace("/", "__")]
        times = {r.kind: round(r.timestamp * 1000) for r in step}
        assert (run.start_ms, run.end_ms) == (times["STEP_START"], times["STEP_SUCCESS"])
        assert run.metrics["seconds"] == (run.end_ms - run.start_ms) / 1000


def test_an_asset_without_a_code_version_has_none(toys):
    """Dagster would put the run's id there, and every run would look like new code."""
    assert "code_version" not in child(folded(toys, toys.checked), "toy/mart").tags


def test_checks_are_metrics_of_the_asset_that_they_are_about(toys):
    parent, *children = folded(toys, toys.checked)
    mart = child(children, "toy/mart")
    claims = {name: mart.metrics[f"check/{name}"] for name in toy.CHECKS}
    assert claims == {name: float(passed) for name, (_, passed) in toy.CHECKS.items()}
    assert (parent.metrics["checks_passed"], parent.metrics["checks_failed"]) == (2.0, 2.0)


def test_a_failed_run_is_failed_and_so_is_the_asset_that_failed(toys):
    parent, *children = folded(toys, toys.failed)
    assert parent.status == "FAILED"
    assert {run.tags["asset_key"]: run.status for run in children} == {"toy/apart": "FINISHED", "toy/broken": "FAILED"}
    assert child(children, "toy/broken").tags["error"] == "KeyError: 'inner'"


def test_its_id_is_the_lineages(toys):
    """A reader goes from the MLflow run to the lineage and back."""
    for run_id in toys.run_ids:
        log = toys.log.run(run_id)
        events = fold_lineage(log, toys.writer)
        known = {event["run"]["runId"] for _, event in events}
        assert {run.tags["openlineage_run_id"] for run in fold(log, toys.graph)} <= known


def test_no_secret_enters_a_run(toys):
    """Even where the innermost error itself spells one."""
    log = toys.log.run(toys.failed)
    leaky = tuple(
        replace(r, failure=replace(r.failure, message=f"token={toy.SECRET}")) if r.failure else r for r in log.records
    )
    text = "".join(
        run.to_json() for run in fold(replace(log, records=leaky), toys.graph, Context(secrets=toys.config.secrets))
    )
    assert toy.SECRET not in text
    assert Config.of(toys.settings).secrets == (toy.SECRET,)


def test_two_materializations_of_one_asset_in_one_run_are_two(toys):
    log = toys.log.run(toys.failed)
    twice = tuple(r for record in log.records for r in [record] * (1 + (record.kind == "ASSET_MATERIALIZATION")))
    keys = [run.key for run in fold(replace(log, records=twice), toys.graph)]
    assert len(keys) == len(set(keys))


@given(st.dictionaries(st.text(max_size=300), st.one_of(st.floats(), st.integers(), st.booleans(), st.text())))
def test_whatever_an_asset_reports_makes_a_run_that_can_be_stored(metadata):
    """Names and numbers come from anyone's code; MLflow refuses many of them."""
    named = {f"semops/{name}": value for name, value in metadata.items()}
    record = Record(storage_id=1, timestamp=1.0, kind="ASSET_MATERIALIZATION", asset_key="a/b", metadata=named)
    log = RunLog(run_id="r", job_name="j", status="SUCCESS", created=datetime.now(UTC), records=(record,))
    made = fold(log, Graph({"a/b": Node(key="a/b", metadata=named)}))[1]
    assert all(math.isfinite(value) for value in made.metrics.values())
    for name in [*made.metrics, *made.params]:
        assert 0 < len(name) <= 250
        assert ".." not in name
        assert not name.startswith("/")
    assert TrackedRun.from_json(made.to_json()) == made


@pytest.mark.parametrize(
    ("status", "expected"), [("CANCELED", "KILLED"), ("SUCCESS", "FINISHED"), ("FAILURE", "FAILED")]
)
def test_a_runs_end_has_mlflows_word(toys, status, expected):
    log = replace(toys.log.run(toys.month), status=status)
    assert fold(log, toys.graph)[0].status == expected


def test_a_steps_configuration_becomes_params_and_its_secrets_do_not(toys):
    """What is named like a secret, or is one of the settings', never leaves."""
    log = toys.log.run(toys.days[0])
    step = next(r.step_key for r in log.records if r.asset_key == "toy/raw" and r.step_key)
    given = {"tables": ["a", "b"], "limit": 7, "api_key": "abcdefgh", "note": f"uses {toy.SECRET}", "deep": {"x": 1}}
    runs = fold(replace(log, config={step: given}), toys.graph, Context(secrets=toys.config.secrets))
    params = child(runs, "toy/raw").params
    assert (params["config.tables"], params["config.limit"]) == ("a, b", "7")
    assert "abcdefgh" not in str(params)
    assert toy.SECRET not in str(params)
    assert "config.deep" not in params


def test_words_that_a_run_reports_are_params_and_pages_are_not(toys):
    log = toys.log.run(toys.days[0])
    more = {"semops/model_id": "minilm@1", "semops/page": "| a |\n| b |", "semops/peak_memory_bytes": 1024}
    records = tuple(
        replace(r, metadata={**r.metadata, **more}) if r.kind == "ASSET_MATERIALIZATION" else r for r in log.records
    )
    raw = child(fold(replace(log, records=records), toys.graph), "toy/raw")
    assert raw.params["model_id"] == "minilm@1"
    assert "page" not in raw.params
    assert raw.metrics["peak_memory_bytes"] == 1024.0


def test_what_a_materialization_compared_is_a_run_of_its_own_below_it(toys):
    """Methods on the same cases are compared in MLflow: each with its parameters, metrics and files."""
    log = toys.log.run(toys.days[0])
    told = {"params": {"method": "rules"}, "metrics": {"auc": 0.5, "low": math.nan}, "artifacts": {"a.md": "/x/a.md"}}
    extra = {"semops/run:v2": told, "semops/run:../v1": {}, "semops/run:odd": "text"}
    records = tuple(
        replace(r, metadata={**r.metadata, **extra}) if r.kind == "ASSET_MATERIALIZATION" else r for r in log.records
    )
    plain, runs = fold(log, toys.graph), fold(replace(log, records=records), toys.graph)
    subs = [run for run in runs if run.tags["semops.kind"] == "experiment"]
    made = [run for run in plain if run.tags["semops.kind"] == "materialization"]
    assert len(runs) - len(plain) == len(subs) == 2 * len(made)
    assert len({run.key for run in runs}) == len(runs)
    first, one = subs[:2]
    assert (one.parent_key, one.key) == (made[0].key, f"{made[0].key}/v2")
    assert (one.params, one.metrics, one.artifacts) == ({"method": "rules"}, {"auc": 0.5}, {"a.md": "/x/a.md"})
    assert (first.params, first.metrics, ".." in first.key) == ({}, {}, False)
    keys = [run.key for run in runs]
    assert all(keys.index(run.parent_key) < keys.index(run.key) for run in subs)
