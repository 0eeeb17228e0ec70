"""`dst lineage`, on a home that `dst run` made."""

from __future__ import annotations

import json

import pytest

from semops_data.contracts.formulas import FORMULAS

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("home")]


def told(home, *arguments, code=0):
    done = home.dst("lineage", *arguments, "--json")
    assert done.returncode == code, done.stderr[-2000:]
    return json.loads(done.stdout) if code == 0 else done.stderr


def test_the_audit_of_a_fresh_home_finds_every_metric_sound(materialized_home):
    """All marts, all metrics, nothing planted but row defects: what is published is what is defined."""
    found = told(materialized_home, "audit")["audits"]
    assert len(found) == len(FORMULAS)
    assert [one["conclusion"] for one in found if one["breaks_at"]] == []
    assert all(
        layer["verdict"] == "holds" for one in found for layer in one["layers"] if layer["layer"] == "aggregation"
    )


def test_runs_are_compared_and_the_check_has_run_after_each_mart(materialized_home):
    """The audit's evidence stands at the mart after every run: a check that a person has to start is not looked at."""
    runs = materialized_home.first_run["runs"]
    found = told(materialized_home, "diff", runs[0][:8], runs[1])
    verdicts = {(change["asset"], change["after"]) for change in found["changes"] if "meaning_holds" in change["what"]}
    assert verdicts >= {("warehouse/daily_revenue", "passed"), ("warehouse/funnel", "passed")}
