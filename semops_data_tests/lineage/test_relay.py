from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semops_data.lineage.outbox import Outbox
from semops_data.lineage.relay import RelayError, batch_body, batch_endpoint, endpoint, to_file, to_http
from semops_data_tests.lineage.backend import serve, takes_all

FOREVER = float("inf")
EVENTS = [(f"key/{number}", json.dumps({"event": number})) for number in range(7)]
# Dies at the instant between an event's delivery and the note of it, the given number of deliveries in.
DIES = """
import os, signal, sys, time
from pathlib import Path
import httpx
from semops_data.lineage import relay
from semops_data.lineage.outbox import Outbox
where, target, deliveries = sys.argv[1], sys.argv[2], int(sys.argv[3])
relay.BATCH = 2
sent = Outbox.sent
def dying(self, *args, **more):
    global deliveries
    deliveries -= 1
    if deliveries < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    sent(self, *args, **more)
Outbox.sent = dying
with Outbox(Path(where)) as outbox:
    if target.startswith("http"):
        with httpx.Client(timeout=5) as client:
            relay.to_http(outbox, lambda item: client.post(target, content=item.body.encode()), until=float("inf"))
    else:
        relay.to_file(outbox, Path(target), until=float("inf"))
"""


@pytest.fixture
def outbox(tmp_path):
    with Outbox(tmp_path / "outbox.db") as opened:
        opened.add(EVENTS)
        yield opened


def poster(url):
    return lambda item: httpx.post(url, content=item.body.encode(), timeout=0.5)


def die(outbox, target, deliveries):
    done = subprocess.run([sys.executable, "-c", DIES, str(outbox.place), str(target), str(deliveries)], check=False)
    assert done.returncode == -signal.SIGKILL


def bodies():
    return [body for _, body in EVENTS]


def test_events_reach_the_file_in_order_and_once(outbox, tmp_path):
    path = tmp_path / "deep" / "events.ndjson"
    assert to_file(outbox, path, until=FOREVER) == len(EVENTS)
    assert to_file(outbox, path, until=FOREVER) == 0
    assert path.read_text().splitlines() == bodies()


@pytest.mark.parametrize("deliveries", [0, 1])
def test_a_crash_between_append_and_mark_doubles_nothing(outbox, tmp_path, deliveries):
    path = tmp_path / "events.ndjson"
    die(outbox, path, deliveries)
    assert len(path.read_text().splitlines()) > 2 * deliveries
    to_file(outbox, path, until=FOREVER)
    assert path.read_text().splitlines() == bodies()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(done=st.integers(0, 7), written=st.integers(0, 7), torn=st.integers(0, 15))
def test_whatever_a_crash_left_in_the_file_is_completed(tmp_path_factory, done, written, torn):
    """The pass may have died after any byte of what it appended."""
    folder = tmp_path_factory.mktemp("file")
    path = folder / "events.ndjson"
    with Outbox(folder / "outbox.db") as outbox:
        outbox.add(EVENTS[:done])
        to_file(outbox, path, until=FOREVER)
        outbox.add(EVENTS)
        rest = "".join(f"{body}\n" for body in bodies()[done : done + written])
        following = bodies()[done + written] if done + written < len(EVENTS) else ""
        with path.open("a") as file:
            file.write(rest + following[:torn])
        to_file(outbox, path, until=FOREVER)
        assert path.read_text().splitlines() == bodies()


def test_a_file_that_was_moved_away_is_begun_anew(outbox, tmp_path):
    path = tmp_path / "events.ndjson"
    to_file(outbox, path, until=FOREVER)
    path.rename(tmp_path / "archive.ndjson")
    outbox.add([("key/new", '{"event":"new"}')])
    to_file(outbox, path, until=FOREVER)
    assert path.read_text().splitlines() == ['{"event":"new"}']


def test_events_reach_the_backend_in_order(outbox):
    with serve() as backend:
        assert to_http(outbox, poster(backend.url), until=FOREVER) == len(EVENTS)
        assert to_http(outbox, poster(backend.url), until=FOREVER) == 0
    assert [body.decode() for body in backend.received] == bodies()


def test_four_kills_between_post_and_mark_lose_nothing_and_double_nothing_in_effect(outbox):
    """A re-sent event is the same bytes, which a receiver knows by run id, type and time."""
    with serve() as backend:
        for deliveries in (0, 2, 0, 1):
            die(outbox, backend.url, deliveries)
        to_http(outbox, poster(backend.url), until=FOREVER)
    seen = [body.decode() for body in backend.received]
    assert list(dict.fromkeys(seen)) == bodies()
    assert len(seen) == len(EVENTS) + 4


@pytest.mark.parametrize("status", [500, 503, 429, 408, 302])
def test_a_backend_that_cannot_now_gets_the_event_again_later(outbox, status):
    with serve() as backend:
        backend.answer = lambda body: status if b'"event": 2' in body else 201
        with pytest.raises(RelayError, match=str(status)):
            to_http(outbox, poster(backend.url), until=FOREVER)
        assert outbox.sent_count() == 2
        backend.answer = takes_all
        to_http(outbox, poster(backend.url), until=FOREVER)
    assert [body.decode() for body in backend.received] == bodies()


def test_an_event_that_is_refused_for_good_is_dead_and_the_others_go_on(outbox):
    with serve() as backend:
        backend.answer = lambda body: 400 if b'"event": 2' in body else 201
        assert to_http(outbox, poster(backend.url), until=FOREVER) == len(EVENTS) - 1
    assert outbox.backlog().dead == 1
    assert outbox.backlog().new == 0


def test_a_black_hole_costs_one_timeout(outbox):
    """It accepts connections and never answers; the pass ends, and the run it belongs to is long over."""
    with socket.create_server(("127.0.0.1", 0)) as hole:
        url = f"http://127.0.0.1:{hole.getsockname()[1]}"
        begun = time.monotonic()
        with pytest.raises(RelayError, match="Timeout"):
            to_http(outbox, poster(url), until=FOREVER)
        assert time.monotonic() - begun < 30
    assert outbox.backlog().new == len(EVENTS)


def test_a_pass_ends_with_its_time(outbox):
    with serve() as backend:
        assert to_http(outbox, poster(backend.url), until=time.monotonic() - 1) == 0
    assert backend.received == []


def test_the_endpoint_has_openlineages_path_unless_another_is_given():
    assert endpoint("http://host:5000/") == "http://host:5000/api/v1/lineage"
    assert endpoint("http://host/openapi/openlineage") == "http://host/openapi/openlineage"


def test_a_batch_is_an_array_but_for_openmetadata():
    """OpenLineage specifies an array below the endpoint of single events; OpenMetadata takes an object."""
    assert batch_endpoint("http://host:5000") == "http://host:5000/api/v1/lineage/batch"
    assert json.loads(batch_body("http://host:5000", bodies())) == [{"event": n} for n in range(7)]
    theirs = "http://host/api/v1/openlineage/lineage"
    assert json.loads(batch_body(theirs, bodies()[:1])) == {"events": [{"event": 0}]}
