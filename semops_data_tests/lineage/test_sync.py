from __future__ import annotations

import json

import pytest
from pydantic import SecretStr

from semops_data.lineage.outbox import Outbox
from semops_data.lineage.sync import outbox_path, sync
from semops_data.resources.event_log import InstanceLog, asset_graph
from semops_data.settings import Settings
from semops_data_tests.lineage import toy
from semops_data_tests.lineage.backend import serve


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def test_the_second_sync_adds_nothing(toys, home):
    settings = Settings(home=home)
    first = sync(toys.log, toys.graph, settings)
    assert first.folded == first.sent > 30
    assert (first.pending, first.dead, first.error) == (0, 0, None)
    before = settings.lineage_file.read_bytes()
    second = sync(toys.log, toys.graph, settings)
    assert (second.folded, second.sent) == (0, 0)
    assert settings.lineage_file.read_bytes() == before


def test_a_home_whose_outbox_is_lost_sends_the_file_nothing_twice(toys, home):
    """The file itself says what is in it."""
    settings = Settings(home=home)
    sync(toys.log, toys.graph, settings)
    before = settings.lineage_file.read_bytes()
    for file in outbox_path(settings).parent.glob("outbox.*"):
        file.unlink()
    sync(toys.log, toys.graph, settings)
    assert settings.lineage_file.read_bytes() == before


def test_runs_made_without_us_are_caught_up_by_the_next_sync(tmp_path):
    """`dagster asset materialize` knows nothing of the mirror."""
    settings, graph = Settings(home=tmp_path / "home"), asset_graph(toy.build_defs())
    with toy.instance_in(tmp_path) as instance:
        toy.run(instance, "apart")
        first = sync(InstanceLog(instance), graph, settings)
        toy.run(instance, "apart")
        second = sync(InstanceLog(instance), graph, settings)
    assert first.sent == second.sent == 4


def test_a_backlog_larger_than_a_tick_is_sent_by_the_next_ones(toys, home):
    settings = Settings(home=home)
    whole = sync(toys.log, toys.graph, Settings(home=home.parent / "other")).folded
    folded = [sync(toys.log, toys.graph, settings, seconds=0.0).folded for _ in range(3)]
    assert folded == [0, 0, 0]
    assert sync(toys.log, toys.graph, settings).sent == whole


def test_a_backend_that_was_down_gets_everything_once_it_is_up(toys, home, caplog):
    down = Settings(home=home, openlineage_url="http://127.0.0.1:9")
    first, second = (sync(toys.log, toys.graph, down) for _ in range(2))
    assert first.sent == 0
    assert first.pending == first.folded == second.pending
    assert first.error
    assert first.oldest_pending_seconds is not None
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1
    with serve() as backend:
        up = Settings(home=home, openlineage_url=backend.url, openlineage_api_key=SecretStr("the-key"))
        assert sync(toys.log, toys.graph, up, is_patient=True).sent == 0, "patient: it was down a moment ago"
        assert sync(toys.log, toys.graph, up).sent == first.folded
    assert set(backend.paths) == {"/api/v1/lineage"}
    assert backend.headers[0]["Authorization"] == "Bearer the-key"
    kinds = [json.loads(body)["eventType"] for body in backend.received]
    assert len(kinds) == first.folded


def test_a_home_that_cannot_be_written_is_reported_and_not_raised(toys, tmp_path):
    """A pipeline never fails because of its mirror."""
    (tmp_path / "home").write_text("a file where the folder should be")
    assert "home" in (sync(toys.log, toys.graph, Settings(home=tmp_path / "home")).error or "")


def test_two_mirrors_at_once_do_not_disturb_each_other(toys, home):
    settings = Settings(home=home)
    with Outbox(outbox_path(settings)) as outbox, outbox.lease():
        assert sync(toys.log, toys.graph, settings).is_busy


def test_a_run_that_was_deleted_is_not_waited_for(tmp_path):
    settings, graph = Settings(home=tmp_path / "home"), asset_graph(toy.build_defs())
    with toy.instance_in(tmp_path) as instance:
        run = instance.create_run_for_job(toy.build_defs().resolve_implicit_global_asset_job_def())
        sync(InstanceLog(instance), graph, settings)
        instance.delete_run(run.run_id)
        assert sync(InstanceLog(instance), graph, settings).folded == 0
        with Outbox(outbox_path(settings)) as outbox:
            assert outbox.open_runs() == []
