"""The night's work starts when the knowledge changed, and only then."""

import json

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.coherence import sensors
from semops_data.coherence.nights import look
from semops_data.lakehouse.lake import Lake
from semops_data.settings import load_settings

names = st.sampled_from(["a", "b", "c"])


@dg.asset(key=["coherence", "scores"], group_name="coherence")
def scores() -> None: ...


def tick(instance, state, sensor_name="knowledge_changed"):
    """Evaluate the sensor as the daemon does, with its cursor of the last tick."""
    sensor = sensors.knowledge_sensor(lambda: dict(state["digests"]))
    defs = dg.Definitions(assets=[scores], jobs=[sensors.night], sensors=[sensor])
    context = dg.build_sensor_context(
        instance=instance, cursor=state.get("cursor"), sensor_name=sensor_name, definitions=defs
    )
    found = defs.resolve_sensor_def(sensor_name).evaluate_tick(context)
    state["cursor"] = found.cursor
    return found


def test_the_cursor_survives_a_restart(tmp_path):
    """After a restart of the daemon nothing is scored twice and no change is missed."""
    state = {"digests": {"corpus": "c1", "registry": "r1"}}
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        first = tick(instance, state)
        assert [request.tags["semops/why"] for request in first.run_requests] == ["changed: corpus, registry"]
        assert tick(instance, state).skip_message == "unchanged: corpus, registry"
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        assert tick(instance, state).run_requests == []
        state["digests"]["registry"] = "r2"
        (request,) = tick(instance, state).run_requests
        assert request.tags["semops/why"] == "changed: registry"


def test_a_tick_that_is_repeated_asks_for_the_same_run():
    """Dagster drops a run key that it has seen: a crash between request and cursor starts no second run."""
    digests = {"corpus": "c1", "registry": "r1"}
    assert look("{}", digests, is_scored=False).run_key == look("{}", digests, is_scored=False).run_key


@given(st.lists(st.tuples(names, names), min_size=1, max_size=8))
def test_each_change_has_a_run_key_of_its_own_and_no_change_has_none(history):
    """The way back to a former state is a change too, though its digest was seen before."""
    cursor, keys, before = None, [], None
    for corpus, registry in history:
        found = look(cursor, {"corpus": corpus, "registry": registry}, is_scored=False)
        assert (found.run_key is not None) == ((corpus, registry) != before)
        keys += [found.run_key] if found.run_key else []
        cursor, before = found.cursor, (corpus, registry)
    assert len(keys) == len(set(keys))


def test_the_first_look_at_scored_knowledge_only_remembers():
    """Opening the UI after a run must not start another."""
    found = look(None, {"corpus": "c1"}, is_scored=True)
    assert found.run_key is None
    assert look(found.cursor, {"corpus": "c2"}, is_scored=True).run_key is not None


@pytest.mark.parametrize("digest", ["missing", "missing: corpus /x does not exist"])
def test_knowledge_that_cannot_be_read_starts_nothing_and_is_not_remembered(digest):
    """A disk that is away for a minute is no change."""
    seen = look(None, {"corpus": "c1"}, is_scored=False).cursor
    found = look(seen, {"corpus": digest}, is_scored=True)
    assert (found.run_key, found.cursor) == (None, seen)
    assert digest in found.why


@pytest.mark.parametrize("cursor", ["not json", "[1]", '"x"', ""])
def test_a_damaged_cursor_counts_as_none(cursor):
    """A cursor of another version must not stop the nights."""
    assert look(cursor, {"corpus": "c1"}, is_scored=False).run_key is not None


def test_the_night_runs_at_its_hour_in_utc():
    """Cron without a zone would run at another hour on each machine."""
    assert sensors.nightly_coherence.cron_schedule == load_settings().nightly_cron
    assert sensors.nightly_coherence.execution_timezone == "UTC"
    assert sensors.nightly_coherence.job_name == "coherence_night"


def test_new_scores_are_looked_at_by_the_alert_sensor(tmp_path):
    """A materialization in the UI raises an alert without the command line."""
    defs = dg.Definitions(
        assets=[scores], sensors=[sensors.coherence_fell], resources={"lake": Lake(str(tmp_path / "delta"))}
    )
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        dg.materialize([scores], instance=instance)
        context = dg.build_sensor_context(
            instance=instance, definitions=defs, resources={"lake": Lake(str(tmp_path / "delta"))}
        )
        found = defs.resolve_sensor_def("coherence_fell").evaluate_tick(context)
    assert found.skip_message == "no pattern's coherence fell"
    assert found.cursor


def test_the_real_sources_have_digests():
    """The sensor calls the rooms' own functions by these names."""
    found = sensors.read_digests()
    assert set(found) == {"corpus", "registry"}
    assert json.dumps(found)
