"""What is computed again, and in which order."""

from pathlib import Path

import dagster as dg
import pytest

from semops_data.cli.execute import execute
from semops_data.cli.plan import phases, report_version, stale, with_downstream
from semops_data_tests.cli.toy import DAYS, build


@pytest.fixture
def instance(tmp_path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as opened:
        yield opened


def units(found):
    return {(key.to_user_string(), day) for key, day in found}


def run(instance, tmp_path, **toy):
    """One `dst run` without the printing: what ran, and the outcome."""
    log, said = [], []
    defs = build(log=log, **toy)
    graph = defs.resolve_asset_graph()
    wanted = with_downstream(graph, stale(instance, graph, DAYS), DAYS)
    outcome = execute(instance, defs, phases(graph, wanted, DAYS), DAYS, say=said.append, logs=tmp_path / "logs")
    return log, outcome, said


def test_everything_is_stale_before_the_first_run(instance):
    graph = build().resolve_asset_graph()
    found = stale(instance, graph, DAYS)
    assert len(found) == 7
    assert set(found.values()) == {"never materialized"}


def test_runs_take_turns_between_days_and_the_rest_with_parents_first():
    graph = build().resolve_asset_graph()
    everything = with_downstream(graph, [(key, None) for key in graph.toposorted_asset_keys], DAYS)
    laid_out = [(phase.day, [key.to_user_string() for key in phase.keys]) for phase in phases(graph, everything, DAYS)]
    assert laid_out[0][0] is None
    assert "shop/plan" in laid_out[0][1]
    assert laid_out[1:3] == [(day, ["shop/orders", "shop/revenue"]) for day in DAYS]
    assert laid_out[3] == (None, ["shop/total"])


def test_a_second_run_computes_nothing(instance, tmp_path):
    first, outcome, _ = run(instance, tmp_path)
    assert len(first) == 7
    assert outcome.is_ok
    assert run(instance, tmp_path)[0] == []


def test_new_code_reruns_the_asset_and_what_comes_after_it_alone(instance, tmp_path):
    run(instance, tmp_path)
    ran, _, _ = run(instance, tmp_path, version="2")
    assert ("library/documents", None) not in ran
    assert set(ran) == {
        ("shop/plan", None),
        *((name, day) for name in ("shop/orders", "shop/revenue") for day in DAYS),
        ("shop/total", None),
    }


def test_a_source_that_changed_makes_its_readers_stale(instance, tmp_path):
    key = dg.AssetKey(["library", "source"])
    assert report_version(instance, key, "a")
    run(instance, tmp_path)
    assert report_version(instance, key, "b")
    graph = build().resolve_asset_graph()
    assert units(stale(instance, graph, DAYS)) == {("library/documents", None)}
    run(instance, tmp_path)
    assert not report_version(instance, key, "b")
    assert stale(instance, graph, DAYS) == {}


def test_a_day_computed_elsewhere_makes_the_total_stale(instance, tmp_path):
    """Dagster itself leaves out the parents of which every day counts."""
    run(instance, tmp_path)
    changed = build(version="9")
    job = changed.resolve_implicit_global_asset_job_def()
    selection = [dg.AssetKey(["shop", "revenue"])]
    job.execute_in_process(asset_selection=selection, partition_key=DAYS[1], instance=instance)
    assert units(stale(instance, build().resolve_asset_graph(), DAYS)) == {("shop/total", None)}


def test_a_failure_holds_back_what_comes_after_it_and_nothing_else(instance, tmp_path):
    ran, outcome, said = run(instance, tmp_path, broken=("shop/orders",))
    assert not outcome.is_ok
    assert ("library/documents", None) in ran
    assert {("shop/revenue", day) for day in DAYS} | {("shop/total", None)} == set(outcome.held_back)
    assert any("the disk is full" in line for line in said)
    (log, *_) = {failure.log for failure in outcome.failures}
    assert "could not write" in Path(log).read_text()


def test_a_blocking_check_that_failed_holds_back_this_run_and_the_next(instance, tmp_path):
    """Without a memory of the check, the next run would find the rest 'never materialized' and walk past it."""
    ran, outcome, said = run(instance, tmp_path, refuse=True)
    assert not outcome.is_ok
    assert not [name for name, _ in ran if name in ("shop/revenue", "shop/total")]
    assert any("keys_are_unique failed: actual 2, expected 3" in line for line in said)
    ran, outcome, _ = run(instance, tmp_path, refuse=True)
    assert not [name for name, _ in ran if name in ("shop/revenue", "shop/total")]
    ran, outcome, _ = run(instance, tmp_path)
    assert outcome.is_ok
    assert ("shop/total", None) in ran


def test_a_warning_fails_nothing(instance, tmp_path):
    _, outcome, said = run(instance, tmp_path)
    assert outcome.is_ok
    assert any("looks_usual" in line for line in said)
