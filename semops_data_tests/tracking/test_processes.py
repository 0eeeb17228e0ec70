"""Every way in which Dagster executes steps makes the same MLflow runs: several processes, retries, backfills."""

from __future__ import annotations

import dagster as dg
import pytest

from semops_data.resources.event_log import InstanceLog, asset_graph
from semops_data.tracking.fold import Context, fold
from semops_data.tracking.sink import KEY_TAG, PARENT_TAG, Sink
from semops_data.tracking.sync import sync
from semops_data_tests.lineage import test_cases, toy

cases = test_cases.cases


def job_in_processes():
    """Two partitioned assets of the toy project, each step in a process of its own; rebuilt in each of them."""
    defs = toy.build_defs()
    keys = [dg.AssetKey(["toy", name]) for name in ("raw", "clean")]
    job = dg.define_asset_job(
        "spread",
        dg.AssetSelection.assets(*keys),
        executor_def=dg.multiprocess_executor.configured({"max_concurrent": 2}),
    )
    return dg.Definitions(defs.assets, asset_checks=defs.asset_checks, jobs=[job]).resolve_job_def("spread")


@pytest.mark.slow
def test_steps_in_processes_of_their_own_make_one_run_each_under_one_parent(tmp_path, settings):
    """`dagster-mlflow` makes one MLflow run per process and ends a failed one as finished."""
    with toy.instance_in(tmp_path) as instance:
        job = dg.reconstructable(job_in_processes)
        tags = {"dagster/partition": "2026-01-02"}
        run_id = dg.execute_job(job, instance=instance, tags=tags).run_id
        assert sync(InstanceLog(instance), asset_graph(toy.build_defs()), settings).sent == 3
    sink = Sink(settings)
    runs = sink.client.search_runs([sink.experiment])
    (parent,) = [run for run in runs if PARENT_TAG not in run.data.tags]
    children = [run for run in runs if run.data.tags.get(PARENT_TAG) == parent.info.run_id]
    assert {run.data.tags["asset_key"] for run in children} == {"toy/raw", "toy/clean"}
    assert {run.data.tags["dagster_run_id"] for run in runs} == {run_id}
    assert len({run.data.tags[KEY_TAG] for run in runs}) == 3
    assert {run.info.status for run in runs} == {"FINISHED"}
    clean = next(run for run in children if run.data.tags["asset_key"] == "toy/clean")
    used = {data.dataset.name: data for data in clean.inputs.dataset_inputs}
    assert set(used) == {"toy/raw 2026-01-02", "toy/clean 2026-01-02"}
    assert used["toy/raw 2026-01-02"].dataset.digest
    assert {tag.key: tag.value for tag in used["toy/clean 2026-01-02"].tags}["mlflow.data.context"] == "output"


@pytest.fixture
def tracked(cases):
    instance, ids, _ = cases
    log, graph = InstanceLog(instance), asset_graph(test_cases.DEFS)
    return lambda name: fold(log.run(ids[name]), graph, Context(about={"scale.days": "3"}))


def test_a_step_that_was_retried_is_one_finished_run(tracked):
    parent, *children = tracked("retried")
    assert [(run.name, run.status) for run in children] == [("case/flaky", "FINISHED")]
    assert parent.params["scale.days"] == "3"


def test_a_backfill_in_one_run_is_one_run_per_partition(tracked):
    _, *children = tracked("range")
    assert [run.tags["partition"] for run in children] == ["2026-01-02", "2026-01-03", "2026-01-04"]
    assert len({run.key for run in children}) == 3


def test_a_backfill_and_a_reexecution_say_what_they_belong_to(tracked, cases):
    assert tracked("filled")[0].tags["backfill"] == "abcdefgh"
    assert tracked("again")[0].tags["retry_of"] == cases[1]["looked"]


def test_each_run_links_back_to_its_asset_and_its_dagster_run(tracked, cases):
    child = tracked("range")[1]
    assert child.tags["dagster_url"] == "http://127.0.0.1:3000/assets/case/range?partition=2026-01-02"
    assert f"http://127.0.0.1:3000/runs/{cases[1]['range']}" in child.tags["mlflow.note.content"]
