from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semops_data.lineage import follow as following
from semops_data.lineage.events import encode
from semops_data.lineage.fold import fold, fold_runless
from semops_data.lineage.follow import follow
from semops_data.lineage.naming import physical
from semops_data.lineage.outbox import Outbox
from semops_data_tests.lineage import toy
from semops_data_tests.lineage.spec import asset_of, findings


@pytest.fixture(scope="module")
def runs(toys):
    return {run_id: toys.log.run(run_id) for run_id in toys.run_ids}


@pytest.fixture(scope="module")
def keyed(toys, runs):
    """Every event of everything, in order."""
    events = [pair for run in runs.values() for pair in fold(run, toys.writer)]
    return events + fold_runless(toys.log.runless(0, 100), toys.writer)


@pytest.fixture(scope="module")
def events(keyed):
    return [event for _, event in keyed]


def of(events, job, state=None):
    return [e for e in events if e["job"]["name"] == job and state in (None, e["eventType"])]


def facets(event):
    for part in ("run", "job"):
        yield from event[part]["facets"].values()
    for dataset in [*event["inputs"], *event["outputs"]]:
        for group in ("facets", "inputFacets", "outputFacets"):
            yield from dataset.get(group, {}).values()


def test_every_materialization_has_one_complete_with_its_inputs_and_output(toys, runs, events):
    """A consumer that gets an event without inputs forgets the edges."""
    made = Counter(
        record.asset_key for run in runs.values() for record in run.records if record.kind == "ASSET_MATERIALIZATION"
    ) + Counter({"outside/source": 2})
    for key, count in made.items():
        found = of(events, key, "COMPLETE")
        assert len(found) == count
        wanted = {physical(toys.graph.node(parent), toys.config.places) for parent in toys.graph.node(key).parents}
        for event in found:
            assert {(d["namespace"], d["name"]) for d in event["inputs"]} == {(n.namespace, n.name) for n in wanted}
            assert len(event["outputs"]) == 1


def test_the_asset_graph_can_be_rebuilt_from_the_events(toys, events):
    """Parity: what a catalogue sees is the graph, no edge more, none less (but for what never ran)."""
    edges = set()
    for event in events:
        for output in event["outputs"]:
            edges |= {(asset_of(dataset), asset_of(output)) for dataset in event["inputs"]}
    never_started = {("toy/broken", "toy/after")}
    assert edges == set(toys.graph.edges()) - never_started


def test_start_and_fail_carry_the_same_edges_as_complete(events):
    for job in {e["job"]["name"] for e in events if e["outputs"]}:
        ends = {json.dumps([[(d["namespace"], d["name"]) for d in e[side]] for side in ("inputs", "outputs")])
                for e in of(events, job)}  # fmt: skip
        assert len(ends) == 1, job


def test_one_run_id_belongs_to_one_job_and_keys_are_unique(keyed):
    jobs: dict = {}
    for _, event in keyed:
        jobs.setdefault(event["run"]["runId"], set()).add(event["job"]["name"])
    assert all(len(names) == 1 for names in jobs.values())
    assert len({key for key, _ in keyed}) == len(keyed)


def test_folding_again_gives_the_same_bytes(toys, runs):
    """A re-sent event must be the event that was sent."""
    for run in runs.values():
        first, again = (fold(run, toys.writer) for _ in range(2))
        assert [(key, encode(event)) for key, event in first] == [(key, encode(event)) for key, event in again]


def test_every_event_has_the_structure_of_the_specification(events):
    for event in events:
        assert event["eventType"] in {"START", "COMPLETE", "FAIL", "ABORT"}
        assert event["eventTime"].endswith("Z")
        assert UUID(event["run"]["runId"])
        assert event["job"]["namespace"]
        assert event["producer"].startswith("urn:")
        assert event["schemaURL"].endswith("/RunEvent")
        assert {"processing_engine"} <= set(event["run"]["facets"])
        assert {"jobType"} <= set(event["job"]["facets"])
        assert all(
            facet["_producer"] and facet["_schemaURL"].startswith("https://openlineage.io/") for facet in facets(event)
        )


def test_every_event_is_valid_against_the_specification(events):
    assert findings(events) == []


def test_only_the_failing_step_fails_and_what_never_started_is_silent(toys, runs):
    events = [event for _, event in fold(runs[toys.failed], toys.writer)]
    assert [e["eventType"] for e in of(events, "toy/broken")] == ["START", "FAIL"]
    assert [e["eventType"] for e in of(events, "toy/apart")] == ["START", "COMPLETE"]
    assert of(events, "toy/after") == []
    assert [e["eventType"] for e in of(events, toys.settings.deployment)] == ["START", "FAIL"]


def test_a_run_that_was_canceled_aborts_itself_and_what_had_started(toys, runs):
    log = runs[toys.month]
    kept = [r for r in log.records if r.kind not in ("ASSET_MATERIALIZATION", "STEP_SUCCESS")]
    ended = [replace(r, kind="PIPELINE_CANCELED") if r.kind == "PIPELINE_SUCCESS" else r for r in kept]
    events = [event for _, event in fold(replace(log, status="CANCELED", records=tuple(ended)), toys.writer)]
    assert [e["eventType"] for e in of(events, "toy/monthly")] == ["START", "ABORT"]
    assert [e["eventType"] for e in of(events, toys.settings.deployment)] == ["START", "ABORT"]
    assert of(events, "toy/monthly", "ABORT")[0]["outputs"]


def test_an_output_that_was_skipped_is_aborted(toys, runs):
    events = [event for _, event in fold(runs[toys.checked], toys.writer)]
    assert [e["eventType"] for e in of(events, "toy/skipped")] == ["START", "ABORT"]


@pytest.mark.parametrize(("name", "state"), [("warn_holds", "COMPLETE"), ("warn_fails", "COMPLETE"),
                                             ("error_holds", "COMPLETE"), ("error_fails", "FAIL")])  # fmt: skip
def test_a_check_fails_its_job_only_by_its_severity(toys, runs, name, state):
    """`success` is whether the claim holds; the severity decides what follows, and never the other way round."""
    severity, passed = toy.CHECKS[name]
    events = [event for _, event in fold(runs[toys.checked], toys.writer)]
    start, end = of(events, f"toy/mart/check/{name}")
    assert (start["eventType"], end["eventType"]) == ("START", state)
    claim = end["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"][0]
    assert (claim["success"], claim["severity"]) == (passed, severity.lower())
    test = end["run"]["facets"]["test"]["tests"][0]
    assert (test["status"], test["expected"], test["actual"]) == (
        "pass" if passed else "fail",
        "1",
        "1" if passed else "2",
    )


def test_a_check_that_crashes_fails_without_a_verdict(toys, runs):
    events = [event for _, event in fold(runs[toys.checked], toys.writer)]
    end = of(events, "toy/mart/check/crashes")[-1]
    assert end["eventType"] == "FAIL"
    assert "the check itself is broken" in end["run"]["facets"]["errorMessage"]["message"]
    assert "dataQualityAssertions" not in end["inputs"][0]["inputFacets"]


def test_a_partition_becomes_subset_nominal_time_and_a_run_of_its_own(events):
    ran = of(events, "toy/raw", "COMPLETE")
    assert len({e["run"]["runId"] for e in ran}) == 2
    condition = ran[0]["outputs"][0]["outputFacets"]["subset"]["outputCondition"]
    assert condition["partitions"][0]["identifier"] == "2026-01-02"
    month = of(events, "toy/monthly", "COMPLETE")[0]["run"]["facets"]["nominalTime"]
    assert (month["nominalStartTime"], month["nominalEndTime"]) == (
        "2026-03-01T00:00:00+01:00",
        "2026-04-01T00:00:00+02:00",
    )


def test_column_lineage_names_columns_of_datasets_that_are_inputs(events):
    event = of(events, "toy/clean", "COMPLETE")[0]
    field = event["outputs"][0]["facets"]["columnLineage"]["fields"]["id"]["inputFields"][0]
    assert (field["namespace"], field["name"]) == (event["inputs"][0]["namespace"], event["inputs"][0]["name"])


def test_an_inputs_version_is_the_one_that_was_made(events):
    """A consumer joins them; so where Dagster keeps only a hash over partitions, there is no version."""
    made = of(events, "toy/mart", "COMPLETE")[0]["outputs"][0]["facets"]["version"]
    assert of(events, "toy/left", "COMPLETE")[0]["inputs"][0]["facets"]["version"] == made
    assert "version" not in of(events, "toy/clean", "COMPLETE")[0]["inputs"][0]["facets"]


def test_what_a_run_reports_of_its_place_is_a_symlink(events):
    """A name that came from the run would be unknown to START, and cut the edge."""
    start, complete = of(events, "toy/raw")[:2]
    assert start["outputs"][0]["name"] == complete["outputs"][0]["name"]
    links = complete["outputs"][0]["facets"]["symlinks"]["identifiers"]
    assert {"namespace": "file", "name": "/elsewhere/toy/raw", "type": "LOCATION"} in links


def test_no_secret_enters_an_event(toys, events):
    """Error texts come from anywhere, and events go to other systems."""
    stack = of(events, "toy/broken", "FAIL")[0]["run"]["facets"]["errorMessage"]
    assert "cannot log in" in stack["stackTrace"]
    assert toy.SECRET not in json.dumps(events)
    assert toy.SECRET not in repr(toys.config)


def test_runless_events_stand_alone(events):
    ran = of(events, "outside/source")
    assert [e["eventType"] for e in ran] == ["COMPLETE", "COMPLETE"]
    assert all("parent" not in e["run"]["facets"] for e in ran)
    assert len({e["run"]["runId"] for e in ran}) == 2
    assert of(events, "outside/source/observe")[0]["job"]["facets"]["jobType"]["jobType"] == "OBSERVATION"


@pytest.fixture
def all_at_once(monkeypatch):
    """Runs that took turns are shown in any order: each may appear as late as the whole took, however slow it was."""
    monkeypatch.setattr(following, "ORDERED_LATE_SECONDS", 3600.0)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_prefixes_of_a_log_in_ticks_of_any_size_end_in_the_same_events(
    data, toys, runs, keyed, tmp_path_factory, all_at_once
):
    """A tick may come at any instant of any run, be repeated, and see any part of what other processes write."""
    log = toy.GrowingLog(runs, tuple(toys.log.runless(0, 100)), dict.fromkeys(runs, 0))

    def of_run(run):
        return [(key, encode(event)) for key, event in fold(run, toys.writer)]

    def of_runless(records):
        return [(key, encode(event)) for key, event in fold_runless(records, toys.writer)]

    with Outbox(tmp_path_factory.mktemp("ticks") / "outbox.db") as outbox:
        for _ in range(data.draw(st.integers(0, 5), "ticks")):
            run_id = data.draw(st.sampled_from(sorted(runs)), "run")
            log.shown[run_id] += data.draw(st.integers(0, 12), "records")
            log.shown_runless += data.draw(st.integers(0, 2), "runless")
            follow(log, outbox, of_run, of_runless, until=float("inf"))
        log.shown, log.shown_runless = dict.fromkeys(runs, 10_000), 10_000
        follow(log, outbox, of_run, of_runless, until=float("inf"))
        assert follow(log, outbox, of_run, of_runless, until=float("inf")) == 0
        assert {item.key: item.body for item in outbox.pending(10_000)} == {key: encode(event) for key, event in keyed}
