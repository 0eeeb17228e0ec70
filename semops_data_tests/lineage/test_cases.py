"""What happens to runs in practice: retries, re-executions, backfills, observations; each told once and truly."""

from __future__ import annotations

import itertools

import dagster as dg
import pytest

from semops_data.lineage.events import Config, Writer
from semops_data.lineage.fold import fold
from semops_data.lineage.ids import run_id
from semops_data.lineage.naming import Places
from semops_data.lineage.sync import sync
from semops_data.resources.event_log import InstanceLog, asset_graph
from semops_data.settings import Settings
from semops_data_tests.lineage import toy
from semops_data_tests.lineage.spec import findings

TRIES = itertools.count()
DAYS = dg.DailyPartitionsDefinition("2026-01-01", timezone="UTC")


@dg.asset(key=["case", "flaky"], retry_policy=dg.RetryPolicy(max_retries=2))
def flaky():
    if next(TRIES) < 2:
        raise ConnectionError("the source was away")


@dg.asset(key=["case", "range"], partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run())
def ranged():
    return dg.MaterializeResult()


@dg.asset(key=["case", "looks"])
def looks(context):
    context.log_event(dg.AssetObservation(["case", "flaky"], metadata={"dagster/row_count": 12}))


@dg.observable_source_asset(key=["case", "watched"])
def watched():
    return dg.DataVersion("seen-1")


@dg.asset(
    key=["case", "table"],
    deps=[watched],
    kinds={"snowflake"},
    tags={"tier": "gold"},
    metadata={
        "dagster/storage_kind": "snowflake",
        "dagster/table_name": "marts.table",
        "dagster/column_schema": dg.TableSchema([dg.TableColumn("id", "int64", tags={"pii": ""})]),
        "dagster/code_references": dg.CodeReferencesMetadataValue(
            code_references=[dg.UrlCodeReference(url="https://git.example/acme/repo/tree/abc/pipes/table.py#L7")]
        ),
    },
)
def table():
    return dg.MaterializeResult(
        metadata={
            "semops/sql_text": "SELECT id FROM watched",
            "semops/rows_read": {"case/watched": 40},
            "semops/column_metrics": {"case/watched": {"id": {"nullCount": 0, "distinctCount": 40}}},
            "semops/lifecycle": "overwrite",
            "dagster/column_lineage": dg.TableColumnLineage(
                {"id": [dg.TableColumnDep(dg.AssetKey(["case", "watched"]), "id")]}
            ),
            "semops/column_transformations": {"id": {"type": "DIRECT", "subtype": "IDENTITY"}},
            "semops/coherence": {"scope": "metric", "sc": None, "unmeasuredReason": "no usages"},
            "semops/episode": {"episodeId": "e", "operation": "measure", "targetType": "corpus", "targetId": "c",
                               "agentName": "a"},
        }
    )  # fmt: skip


@dg.asset(key=["case", "lake"], deps=[table], metadata={"dagster/storage_kind": "deltalake"})
def lake():
    return dg.MaterializeResult(metadata={"semops/delta_version": 0, "dagster/row_count": 2})


DEFS = dg.Definitions(assets=[flaky, ranged, looks, watched, table, lake])


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """The project after each case: its instance, its runs' ids by case, and the events of any run."""
    folder = tmp_path_factory.mktemp("cases")
    job = DEFS.resolve_implicit_global_asset_job_def()
    with toy.instance_in(folder) as instance:

        def run(*names, **more):
            keys = [dg.AssetKey(["case", name]) for name in names]
            return job.execute_in_process(instance=instance, asset_selection=keys, raise_on_error=False, **more).run_id

        ids = {"retried": run("flaky"), "looked": run("looks"), "tables": run("table", "lake")}
        ids["again"] = run("looks", tags={"dagster/parent_run_id": ids["looked"], "dagster/root_run_id": ids["looked"]})
        ids["filled"] = run("looks", tags={"dagster/backfill": "abcdefgh"})
        ids["filled_too"] = run("looks", tags={"dagster/backfill": "abcdefgh"})
        edges = {"start": "2026-01-02", "end": "2026-01-04"}
        ids["range"] = run("range", tags={f"dagster/asset_partition_range_{end}": day for end, day in edges.items()})
        observed = dg.define_asset_job("watch", dg.AssetSelection.assets(dg.AssetKey(["case", "watched"])))
        ids["observed"] = dg.Definitions([watched], jobs=[observed]).resolve_job_def("watch").execute_in_process(
            instance=instance
        ).run_id  # fmt: skip
        log = InstanceLog(instance)
        writer = Writer(asset_graph(DEFS), Config(Places("case", "/lake"), "case", "case"))
        yield instance, ids, lambda name: [event for _, event in fold(log.run(ids[name]), writer)]


def states(events, job):
    return [event["eventType"] for event in events if event["job"]["name"] == job]


def complete(events, job):
    (found,) = [e for e in events if e["job"]["name"] == job and e["eventType"] == "COMPLETE"]
    return found


def test_a_step_that_was_retried_started_once_and_ended_once(cases):
    """Tries are Dagster's affair; to a consumer the asset was made, and no FAIL came before."""
    _, _, events = cases
    assert states(events("retried"), "case/flaky") == ["START", "COMPLETE"]


def test_a_reexecution_has_the_first_run_as_its_root(cases):
    _, ids, events = cases
    parent = complete(events("again"), "case/looks")["run"]["facets"]["parent"]
    assert parent["run"]["runId"] == ids["again"]
    assert parent["root"]["run"]["runId"] == run_id(None, ids["looked"])


def test_runs_of_one_backfill_have_one_root(cases):
    """A catalogue shows the backfill as one thing, and each run below it."""
    _, ids, events = cases
    roots = []
    for name in ("filled", "filled_too"):
        parent = complete(events(name), "case/looks")["run"]["facets"]["parent"]
        assert parent["run"]["runId"] == ids[name]
        roots.append(parent["root"])
        above = next(e for e in events(name) if e["job"]["name"] == "case")["run"]["facets"]["parent"]
        assert above["run"] == parent["root"]["run"]
    assert roots[0] == roots[1]
    assert roots[0]["job"]["name"] == "case/backfill"


def test_a_backfill_in_one_run_tells_of_each_partition(cases):
    """One PLANNED event holds all partitions; each is a run of its own to a consumer."""
    _, _, events = cases
    made = [e for e in events("range") if e["job"]["name"] == "case/range"]
    assert sorted(e["eventType"] for e in made) == ["COMPLETE"] * 3 + ["START"] * 3
    starts = {e["run"]["facets"]["nominalTime"]["nominalStartTime"][:10] for e in made}
    assert starts == {"2026-01-02", "2026-01-03", "2026-01-04"}
    assert len({e["run"]["runId"] for e in made}) == 3


def test_an_observation_inside_a_run_is_a_run_event_of_its_own(cases):
    """OpenMetadata takes DatasetEvents for malformed."""
    _, _, events = cases
    seen = complete(events("looked"), "case/flaky/observe")
    assert seen["outputs"] == []
    assert seen["inputs"][0]["inputFacets"]["inputStatistics"]["rowCount"] == 12
    assert seen["run"]["facets"]["parent"]


def test_a_run_that_only_observes_makes_nothing(cases):
    _, _, events = cases
    found = events("observed")
    assert all(event["outputs"] == [] for event in found)
    assert states(found, "case/watched/observe") == ["COMPLETE"]
    assert states(found, "case/watched") == []
    seen = complete(found, "case/watched/observe")["inputs"][0]["facets"]
    assert seen["version"]["datasetVersion"] == "seen-1"
    assert states(found, "watch") == ["START", "COMPLETE"]


def test_everything_that_is_known_of_a_table_is_told(cases):
    _, _, events = cases
    event = complete(events("tables"), "case/table")
    (output,), (read,) = event["outputs"], event["inputs"]
    assert (output["namespace"], output["name"]) == ("snowflake://emulator", "SEMOPS.MARTS.TABLE")
    told = output["facets"]
    assert (told["catalog"]["framework"], told["catalog"]["name"]) == ("snowflake", "SEMOPS")
    assert told["datasetType"]["datasetType"] == "TABLE"
    assert told["lifecycleStateChange"]["lifecycleStateChange"] == "OVERWRITE"
    assert {(tag["key"], tag["value"], tag.get("field")) for tag in told["tags"]["tags"]} == {
        ("kind", "snowflake", None), ("group", "default", None), ("tier", "gold", None), ("pii", "true", "id"),
    }  # fmt: skip
    assert told["columnLineage"]["fields"]["id"]["inputFields"][0]["transformations"] == [
        {"type": "DIRECT", "subtype": "IDENTITY"}
    ]
    assert told["semops_coherence"]["unmeasuredReason"] == "no usages"
    assert event["run"]["facets"]["semops_episode"]["operation"] == "measure"
    assert read["inputFacets"]["inputStatistics"]["rowCount"] == 40
    assert read["inputFacets"]["dataQualityMetrics"]["columnMetrics"]["id"]["distinctCount"] == 40
    job = event["job"]["facets"]
    assert job["sql"] == job["sql"] | {"query": "SELECT id FROM watched", "dialect": "snowflake"}
    assert job["sourceCodeLocation"]["url"].endswith("/pipes/table.py#L7")


def test_the_first_version_of_a_delta_table_is_its_creation(cases):
    _, _, events = cases
    output = complete(events("tables"), "case/lake")["outputs"][0]
    assert (output["namespace"], output["name"]) == ("file", "/lake/case/lake")
    assert output["facets"]["lifecycleStateChange"]["lifecycleStateChange"] == "CREATE"
    assert output["facets"]["storage"] == output["facets"]["storage"] | {
        "storageLayer": "delta",
        "fileFormat": "parquet",
    }


def test_every_event_of_every_case_is_valid(cases):
    _, ids, events = cases
    assert findings([event for name in ids for event in events(name)]) == []


def test_one_run_id_belongs_to_one_job_in_every_case(cases):
    _, ids, events = cases
    jobs: dict = {}
    for event in (event for name in ids for event in events(name)):
        jobs.setdefault(event["run"]["runId"], set()).add(event["job"]["name"])
    assert all(len(names) == 1 for names in jobs.values())


def test_pools_are_still_enforced(cases, tmp_path):
    """The mirror reads the instance's own storage and wraps nothing: a wrapper would switch Dagster's pools off."""
    instance, _, _ = cases
    storage = instance.event_log_storage
    sync(InstanceLog(instance), asset_graph(DEFS), Settings(home=tmp_path))
    assert instance.event_log_storage is storage
    assert storage.supports_global_concurrency_limits
    storage.set_concurrency_slots("gpu", 1)
    claims = [storage.claim_concurrency_slot("gpu", f"run-{n}", "step").is_claimed for n in range(2)]
    assert claims == [True, False]
