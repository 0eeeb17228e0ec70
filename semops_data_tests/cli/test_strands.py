"""Two strands of a plan: parted where nothing connects them, run side by side, ended together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest

from semops_data.cli.plan import Phase, phases
from semops_data.cli.strands import WORTH_A_PROCESS, Beside, from_json, split
from semops_data.definitions import defs

DAYS = ["2026-01-01", "2026-01-02"]


@pytest.fixture(scope="module")
def graph():
    return defs.resolve_asset_graph()


@pytest.fixture(scope="module")
def plan(graph):
    units = {
        (key, day)
        for key in graph.toposorted_asset_keys
        if graph.get(key).is_materializable
        for day in (DAYS if graph.get(key).is_partitioned else (None,))
    }
    return phases(graph, units, DAYS)


def units_of(laid_out):
    return [(key, phase.day) for phase in laid_out for key in phase.keys]


def test_every_unit_is_in_one_strand_and_its_parents_come_before_it(graph, plan):
    main, other = split(graph, plan)
    assert other
    assert sorted(units_of(main) + units_of(other), key=str) == sorted(units_of(plan), key=str)
    for strand, rest in ((main, other), (other, main)):
        done: set[tuple[dg.AssetKey, str | None]] = set()
        for key, day in units_of(strand):
            parents = graph.get(key).parent_keys & {k for k, _ in units_of(plan)}
            assert not parents & {k for k, _ in units_of(rest)}
            assert all(
                (parent, d) in done for parent in parents for d in (day, None) if (parent, d) in units_of(strand)
            )
            done.add((key, day))


def test_a_small_plan_stays_in_one_process(graph, plan):
    few = [Phase(None, plan[0].keys[: WORTH_A_PROCESS - 1]), *plan[1:]]
    assert split(graph, few) == (few, [])


def test_a_check_that_reads_another_strand_ties_them_together():
    @dg.asset
    def alone():
        return 1

    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(DAYS))
    def daily():
        return 1

    @dg.asset_check(asset=daily, additional_deps=[alone])
    def reads_both():
        return dg.AssetCheckResult(passed=True)

    tied = dg.Definitions([alone, daily], asset_checks=[reads_both]).resolve_asset_graph()
    plan = [Phase(None, (dg.AssetKey("alone"),) * WORTH_A_PROCESS), Phase(DAYS[0], (dg.AssetKey("daily"),) * 9)]
    assert split(tied, plan) == (plan, [])


@pytest.fixture
def home(tmp_path, monkeypatch):
    from semops_data.cli.home import prepare
    from semops_data.settings import load_settings

    monkeypatch.setenv("SEMOPS_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    load_settings.cache_clear()
    yield prepare(load_settings())
    load_settings.cache_clear()


REGISTRY = Phase(None, tuple(dg.AssetKey(["registry", name]) for name in ("capabilities", "patterns", "edges")))


@pytest.mark.slow
def test_the_child_tells_its_progress_and_its_outcome(home):
    said: list[str] = []
    outcome = Beside([REGISTRY], [], said.append).result()
    assert outcome.is_ok
    assert [asset for asset, _, _ in outcome.materialized] == [line.split()[0] for line in said]
    assert {asset for asset, _, _ in outcome.materialized} == {key.to_user_string() for key in REGISTRY.keys}
    assert outcome.checks_passed


@pytest.mark.slow
def test_a_child_that_is_killed_is_told_as_an_error(home):
    beside = Beside([REGISTRY], [], lambda _: None)
    os.kill(beside._child.pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="run again"):
        beside.result()


@pytest.mark.slow
def test_the_child_ends_with_its_parent(home):
    """However the parent ends, even by kill -9."""
    code = (
        "import dagster as dg, os, sys, time; from semops_data.cli.strands import Beside; "
        "from semops_data.cli.plan import Phase; "
        "b = Beside([Phase(None, (dg.AssetKey(['corpus', 'documents']),))] * 200, [], lambda _: None); "
        "print(b._child.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with parent.stdout:
        child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 60
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive(child)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_an_outcome_survives_the_pipe():
    from dataclasses import asdict

    from semops_data.cli.execute import Failure, Outcome

    outcome = Outcome(
        ["r"], [("a", None, 0.5)], [Failure("a", "2026-01-01", "c", True, "e", None)], [("b", "2026-01-01")], 3
    )
    assert from_json(asdict(outcome)) == outcome
