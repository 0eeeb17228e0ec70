"""The whole platform after one `dst run`: what the mirror and tracking made of it."""

from __future__ import annotations

import json

import dagster as dg
import pytest

from semops_data.lineage.outbox import Outbox
from semops_data.lineage.records import Graph
from semops_data.resources.event_log import InstanceLog, asset_graph
from semops_data.settings import Settings
from semops_data.tracking.sync import ledger_path
from semops_data_tests.lineage.spec import asset_of, findings

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("home")]


@pytest.fixture(scope="module")
def settings(materialized_home):
    return Settings(home=materialized_home.home / "semops")


@pytest.fixture(scope="module")
def events(settings):
    return [json.loads(line) for line in settings.lineage_file.read_text().splitlines()]


@pytest.fixture(scope="module")
def made(settings):
    """Every materialization that Dagster recorded in a run."""
    return [record for record in recorded(settings) if record.step_key]


def recorded(settings):
    """Every materialization that Dagster recorded, those without a run too: versions of what lies outside."""
    with dg.DagsterInstance.from_config(str(settings.home / "dagster")) as instance:
        log = InstanceLog(instance)
        records = [record for run in instance.get_runs() for record in log.run(run.run_id).records]
        records += log.runless(0, 1000)
    return [record for record in records if record.kind == "ASSET_MATERIALIZATION"]


@pytest.fixture(scope="module")
def graph() -> Graph:
    from semops_data.definitions import defs

    return asset_graph(defs)


def outputs(events):
    return [(event, dataset) for event in events for dataset in event["outputs"] if event["eventType"] == "COMPLETE"]


def test_every_event_of_the_platform_is_valid(events):
    assert len(events) > 300
    assert findings(events) == []


def test_the_asset_graph_is_what_the_events_say(events, made, graph):
    """Parity: the edges of every asset that ran, from source assets too, and no edge more."""
    ran = {record.asset_key for record in made}
    told = {(asset_of(i), asset_of(o)) for event, o in outputs(events) for i in event["inputs"]}
    assert {edge for edge in graph.edges() if edge[1] in ran} == told
    assert {asset_of(i) for event, _ in outputs(events) for i in event["inputs"]} & {
        key for key, node in graph.nodes.items() if node.is_external
    }


def test_every_partition_that_was_made_is_told(events, settings):
    def partition(dataset):
        subset = dataset["outputFacets"].get("subset")
        return subset["outputCondition"]["partitions"][0]["identifier"] if subset else None

    told = sorted((asset_of(o), str(partition(o))) for _, o in outputs(events))
    assert told == sorted((record.asset_key, str(record.partition)) for record in recorded(settings))


def test_column_lineage_is_dagsters_and_its_datasets_are_inputs(events, made, graph):
    wanted = {
        (record.asset_key, column, key, field)
        for record in made
        for column, sources in (record.metadata.get("dagster/column_lineage") or {}).items()
        for key, field in sources
    }
    told = set()
    for event, output in outputs(events):
        named = {(i["namespace"], i["name"]): asset_of(i) for i in event["inputs"]}
        for column, fields in output["facets"].get("columnLineage", {"fields": {}})["fields"].items():
            told |= {
                (asset_of(output), column, named[field["namespace"], field["name"]], field["field"])
                for field in fields["inputFields"]
            }
            assert all(field["transformations"] for field in fields["inputFields"]), (asset_of(output), column)
    assert told == wanted
    assert len(told) > 50


def test_coherence_and_episodes_are_told(events, graph):
    scored = {
        asset_of(i): i["facets"]["semops_coherence"]
        for event in events for i in event["inputs"] if "semops_coherence" in i["facets"]
    }  # fmt: skip
    assert {key for key in scored if key.startswith("corpus/")} >= {"corpus/documents", "corpus/chunks"}
    assert "net-revenue" in {row["patternId"] for row in scored["warehouse/daily_revenue"]["patterns"]}
    agents = {event["job"]["name"] for event in events if "semops_episode" in event["run"]["facets"]}
    assert "agent/coherence/scores/measure" in agents


def test_each_materialization_is_one_mlflow_run(settings, made):
    with Outbox(ledger_path(settings)) as ledger:
        tracked = [json.loads(row[0]) for row in ledger._db.execute("SELECT body FROM items WHERE state = 'sent'")]
        assert ledger.backlog().new == ledger.backlog().dead == 0
    kinds = [run["tags"]["semops.kind"] for run in tracked]
    assert kinds.count("materialization") == len(made)
    # A run of an experiment lies below that of its asset.
    assert {
        run["parent_key"] for run in tracked if run["parent_key"] and run["tags"]["semops.kind"] != "experiment"
    } == {run["key"] for run in tracked if run["tags"]["semops.kind"] == "run"}
