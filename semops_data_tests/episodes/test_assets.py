"""The room in Dagster: an operation in another asset becomes a row, and its run ends with Dagster's."""

import dagster as dg
import pytest

from semops_data.episodes import assets, checks
from semops_data.episodes.record import EpisodeLog
from semops_data.lakehouse.lake import Lake
from semops_data.lineage.ids import asset_run_id
from semops_data.resources.episodes import EpisodesResource, secrets_of, settle_runs
from semops_data.settings import Settings


@dg.asset(key=["toy", "work"])
def work(context: dg.AssetExecutionContext, episodes: dg.ResourceParam[EpisodeLog]) -> None:
    with episodes.episode(
        operation="measure",
        target_type="pattern",
        target_id="slo",
        agent_name="toy/work",
        dagster_run_id=context.run.run_id,
        asset_key="toy/work",
    ):
        pass


@pytest.fixture
def resources(tmp_path):
    settings = Settings(home=tmp_path)
    return {"lake": Lake(settings.lake_root), "episodes": EpisodesResource.from_settings(settings)}


def test_an_assets_operation_becomes_an_episode_whose_run_ended(resources):
    """The rows join on the Dagster run id, and all claims hold."""
    room = [*dg.load_assets_from_modules([assets]), *dg.load_asset_checks_from_modules([checks])]
    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize([work], resources={"episodes": resources["episodes"]}, instance=instance)
        result = dg.materialize(room, resources=resources, instance=instance)
        created = instance.get_run_record_by_id(done.run_id).create_timestamp
    claims = {evaluation.check_name: evaluation.passed for evaluation in result.get_asset_check_evaluations()}
    assert claims == {"ids_are_unique": True, "enums_hold": True, "every_episode_has_its_run": True}
    assert len(result.get_asset_check_evaluations()) == 5
    (episode,) = resources["lake"].read("episodes/episodes").to_pylist()
    (run,) = resources["lake"].read("episodes/runs").to_pylist()
    assert episode["run_id"] == run["id"] == run["dagster_run_id"] == done.run_id
    assert episode["openlineage_run_id"] == asset_run_id(created, done.run_id, "toy/work", None)
    assert run["openlineage_run_id"] == done.run_id
    assert (run["status"], run["agent_name"]) == ("completed", "assets")


def test_a_run_that_folds_itself_is_settled_once_it_has_ended(resources, tmp_path):
    """No run sees its own end."""
    room = [work, *dg.load_assets_from_modules([assets])]
    lake, settings = resources["lake"], Settings(home=tmp_path)
    with dg.DagsterInstance.ephemeral() as instance:
        for _ in range(2):  # the episode of the first run is folded in by itself or by the second
            dg.materialize(room, resources=resources, instance=instance)
        assert "running" in lake.read("episodes/runs")["status"].to_pylist()
        assert settle_runs(instance, lake, settings).counts == {"completed": 2}


def test_the_claims_fail_on_what_they_claim_not_to_be(resources):
    """A check that cannot fail says nothing."""
    lake = resources["lake"]
    log = EpisodeLog(resources["episodes"].folder)
    with log.episode(operation="embed", target_type="corpus", target_id="x", agent_name="a", run_id="nowhere"):
        pass
    room = [*dg.load_assets_from_modules([assets]), *dg.load_asset_checks_from_modules([checks])]
    result = dg.materialize(room, resources=resources)
    failed = [e.check_name for e in result.get_asset_check_evaluations() if not e.passed]
    assert (result.success, failed) == (True, ["every_episode_has_its_run"])
    lake.append("episodes/episodes", lake.read("episodes/episodes"))
    (again,) = [check for check in checks.EPISODE_CHECKS if "ids_are_unique" in str(check.check_key)]
    assert not again(lake).passed


def test_every_configured_secret_is_known_to_the_log():
    """A new secret in the settings is redacted without anybody remembering to."""
    settings = Settings(snowflake_token="hunter2hunter2", alert_webhook="https://hooks/x")  # noqa: S106
    assert set(secrets_of(settings)) >= {"hunter2hunter2", "https://hooks/x"}
