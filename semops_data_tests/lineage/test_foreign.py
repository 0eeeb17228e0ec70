"""Any project can be mirrored: its code location, its names, nothing of this platform's tables or contracts."""

from __future__ import annotations

import json
from dataclasses import replace

import dagster as dg
import pytest

from semops_data.lineage.events import Config, Writer
from semops_data.lineage.fold import fold
from semops_data.lineage.follow import follow
from semops_data.lineage.naming import Places, ResolverError
from semops_data.lineage.outbox import Outbox
from semops_data.lineage.sensors import mirror_sensor
from semops_data.resources.event_log import InstanceLog, asset_graph
from semops_data.settings import Settings
from semops_data_tests.lineage import foreign, toy
from semops_data_tests.lineage.spec import asset_of, findings


@pytest.fixture(scope="module")
def acme(tmp_path_factory):
    """The project after one run of everything, mirrored by its own sensor: its events and its settings."""
    folder = tmp_path_factory.mktemp("acme")
    settings = Settings(home=folder / "mirror", deployment="acme", job_namespace="acme-jobs")
    sensor = mirror_sensor("acme_mirror", resolver=foreign.acme_names, settings=settings)
    defs = foreign.build_defs(sensor)
    with toy.instance_in(folder) as instance:
        job = defs.resolve_implicit_global_asset_job_def()
        keys = [dg.AssetKey(["raw", "clicks"])]
        job.execute_in_process(instance=instance, partition_key="2026-01-11", asset_selection=keys)
        rest = [dg.AssetKey(["dwh", "sessions"]), dg.AssetKey(["ml", "model"])]
        job.execute_in_process(instance=instance, asset_selection=rest)
        context = dg.build_sensor_context(instance=instance, repository_def=defs.get_repository_def())
        said = sensor(context)
        log = InstanceLog(instance)
        runs = [log.run(run.run_id) for run in instance.get_runs()]
    events = [json.loads(line) for line in settings.lineage_file.read_text().splitlines()]
    return defs, events, said.skip_message, runs


def test_its_sensor_mirrors_every_run(acme):
    _, events, said, _ = acme
    assert said == f"{len(events)} events folded, {len(events)} sent, 0 pending, 0 dead"
    assert {event["job"]["namespace"] for event in events} == {"acme-jobs"}
    assert {"raw/clicks", "dwh/sessions", "ml/model", "dwh/sessions/check/has_rows", "acme"} == {
        event["job"]["name"] for event in events
    }


def test_its_datasets_have_its_own_names_everywhere(acme):
    """Inputs, outputs and column lineage come from one resolver, or edges would not meet."""
    _, events, _, _ = acme
    outputs = {(d["namespace"], d["name"]) for e in events for d in e["outputs"]}
    inputs = {(d["namespace"], d["name"]) for e in events for d in e["inputs"]}
    clicks, sessions = ("s3://acme-raw", "clicks"), ("postgres://db.acme.example:5432", "dwh.public.sessions")
    assert outputs == {clicks, sessions, ("dagster://acme/assets", "ml/model")}
    assert inputs == {clicks, sessions, ("file", "/srv/acme/files/rates"), ("dagster://acme/assets", "vendor/feed")}
    (lineage,) = [
        d["facets"]["columnLineage"]["fields"]["visitor"]["inputFields"][0]
        for e in events for d in e["outputs"] if "columnLineage" in d["facets"]
    ]  # fmt: skip
    assert (lineage["namespace"], lineage["name"], lineage["field"]) == (*clicks, "cookie")


def test_its_graph_can_be_rebuilt_from_the_events(acme):
    defs, events, _, _ = acme
    edges = {(asset_of(i), asset_of(o)) for e in events for o in e["outputs"] for i in e["inputs"]}
    assert edges == set(asset_graph(defs).edges())


def test_every_event_of_it_is_valid(acme):
    assert findings(acme[1]) == []


@pytest.mark.parametrize("resolver", [lambda asset: asset.nothing, lambda _: "no uri", lambda _: 7])
def test_names_that_do_not_work_name_the_asset(resolver):
    """A wrong name would cut the graph for ever; so nothing is mirrored until it works."""
    config = Config(places=Places("acme", resolver=resolver), namespace="acme", asset_job="acme")
    with pytest.raises(ResolverError, match="raw/clicks"):
        Writer(asset_graph(foreign.build_defs()), config).name("raw/clicks")


def test_each_code_location_follows_its_own_runs(acme, tmp_path):
    """Several code locations share one instance: no run is mirrored twice or by the wrong one."""
    defs, _, _, runs = acme
    graph = asset_graph(defs)
    places = {"acme": runs[0], "other": replace(runs[0], run_id="other"), None: replace(runs[0], run_id="nowhere")}
    log = toy.GrowingLog(
        {run.run_id: replace(run, location=place) for place, run in places.items()}, (),
        {run.run_id: 10_000 for run in places.values()},
    )  # fmt: skip

    def seen(location, nodes):
        with Outbox(tmp_path / f"{location}.db") as outbox:
            follow(log, outbox, lambda run: [(run.run_id, "{}")], until=float("inf"), location=location, nodes=nodes)
            return {item.key for item in outbox.pending(10)}

    assert seen("acme", graph.nodes) == {runs[0].run_id, "nowhere"}
    assert seen("other", {}) == {"other"}
    assert seen(None, {}) == {runs[0].run_id, "other", "nowhere"}


def test_a_fold_needs_no_settings_of_ours(acme):
    """The pure core is enough for who has a log of their own."""
    defs, _, _, runs = acme
    config = Config(places=Places("acme"), namespace="acme", asset_job="acme")
    events = [event for _, event in fold(runs[0], Writer(asset_graph(defs), config))]
    assert {d["namespace"] for e in events for d in e["outputs"]} <= {"dagster://acme/assets"}
