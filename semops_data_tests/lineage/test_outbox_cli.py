"""`dst lineage status`, `replay` and `relay`, as a person whose backend was away uses them."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from semops_data.cli.errors import ConfigurationError
from semops_data.cli.lineage import command
from semops_data.lineage.outbox import Outbox
from semops_data.lineage.sync import outbox_path
from semops_data.settings import load_settings
from semops_data_tests.lineage.backend import serve

EVENTS = [
    (f"key/{day}", json.dumps({"eventTime": f"2026-01-0{day}T12:00:00.000000Z", "eventType": "COMPLETE",
                               "job": {"name": f"room/day_{day}"}}))
    for day in (1, 2, 3)
]  # fmt: skip


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home whose outbox holds three events, and a way to say where they go."""

    def point_at(url):
        monkeypatch.setenv("SEMOPS_OPENLINEAGE_URL", url)
        load_settings.cache_clear()

    monkeypatch.setenv("SEMOPS_HOME", str(tmp_path))
    point_at("http://127.0.0.1:9")
    with Outbox(outbox_path(load_settings())) as outbox:
        outbox.add(EVENTS)
    yield point_at
    monkeypatch.undo()
    load_settings.cache_clear()


def dst(*arguments):
    done = CliRunner().invoke(command, [*arguments, "--json"], standalone_mode=False, catch_exceptions=False)
    return done.return_value, json.loads(done.stdout)


def test_status_names_the_oldest_unsent_and_why_it_waits(home):
    assert dst("relay")[0] == 1
    code, found = dst("status")
    assert code == 1
    assert (found["waiting"], found["sent"], found["dead"]) == (3, 0, 0)
    assert found["oldest_unsent"]["job"] == "room/day_1"
    assert "refused" in found["error"]


def test_status_lists_dead_letters_with_the_backends_reason_and_replay_tries_them_again(home):
    with serve() as backend:
        home(backend.url)
        backend.answer = lambda body: 422 if b"day_2" in body else 201
        assert dst("relay")[0] == 1
        code, found = dst("status")
        assert code == 1
        (letter,) = found["dead_letters"]
        assert (letter["job"], letter["attempts"]) == ("room/day_2", 1)
        assert "422" in letter["reason"]
        backend.answer = lambda _: 201
        assert dst("replay", "--dead")[1]["revived"] == 1
        assert dst("status")[0] == 0


def test_replay_sends_a_times_events_once_more_as_they_were(home):
    with serve() as backend:
        home(backend.url)
        dst("relay")
        before = list(backend.received)
        code, found = dst("replay", "--since", "2026-01-02")
        assert (code, found["replayed"], found["sent"]) == (0, 2, 2)
        assert backend.received == before + before[1:]


def test_a_time_that_is_none_and_a_replay_of_nothing_say_what_to_write(home):
    with pytest.raises(ConfigurationError, match="2026-01-31"):
        dst("replay", "--since", "yesterday")
    with pytest.raises(ConfigurationError, match="--dead"):
        dst("replay")
