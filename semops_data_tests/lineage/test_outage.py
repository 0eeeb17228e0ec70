"""Hours without a backend, and what the relay makes of batches: nothing lost, nothing doubled, all in order."""

from __future__ import annotations

import json
import threading

import httpx
import pytest

from semops_data.lineage.outbox import Outbox
from semops_data.lineage.relay import NoBatchesError, RelayError, to_http_batches
from semops_data.lineage.sync import outbox_path, relay_waiting
from semops_data.lineage.tick import Tick
from semops_data.settings import Settings
from semops_data_tests.lineage.backend import serve

FOREVER = float("inf")
HOURS, TICK_SECONDS, EVENTS = 6, 120, 20_000


@pytest.fixture
def outbox(tmp_path):
    with Outbox(tmp_path / "outbox.db") as opened:
        opened.add((f"key/{n}", json.dumps({"event": n})) for n in range(9))
        yield opened


@pytest.fixture(scope="module")
def client():
    with httpx.Client(timeout=5) as opened:
        yield opened


@pytest.fixture
def batches_to(client):
    def to(backend):
        return lambda items: client.post(backend.url, content=f"[{','.join(item.body for item in items)}]")

    return to


def taken(backend):
    return [event["event"] for body in backend.received for event in json.loads(body)]


def test_six_hours_without_a_backend_lose_nothing_and_double_nothing(tmp_path, batches_to):
    """The clock is simulated, the backend and its absence are real: refused, then failing, then there again."""
    now, made, tries = [1_000_000.0], 0, []
    ticks = HOURS * 3600 // TICK_SECONDS
    with serve() as backend, Outbox(tmp_path / "outbox.db", clock=lambda: now[0]) as outbox:
        backend.answer = lambda _: tries.append(now[0]) or 503

        def fill(box):
            nonlocal made
            begin, made = max(0, made - 50), made + -(-EVENTS // ticks)
            # What was folded before is folded again, as after a crash before the watermark moved.
            return box.add((f"run/{n}", json.dumps({"event": n})) for n in range(begin, min(made, EVENTS)))

        def deliver(box):
            to_http_batches(box, batches_to(backend), until=FOREVER)

        tick = Tick(fill, deliver, "events", is_patient=True)
        for _ in range(ticks):
            report = tick.run_in(outbox)
            now[0] += TICK_SECONDS
        assert (report.pending, report.sent, report.dead) == (EVENTS, 0, 0)
        assert report.oldest_pending_seconds > (HOURS - 0.1) * 3600
        # A backend that is down is asked ever more seldom, at last every 15 minutes.
        assert len(tries) < 35
        backend.answer = lambda _: 204
        now[0] += 900
        report = tick.run_in(outbox)
        assert (report.sent, report.pending) == (EVENTS, 0)
    assert taken(backend) == list(range(EVENTS))


def test_an_answer_may_refuse_single_events_of_a_batch(outbox, batches_to):
    """OpenLineage's batch endpoint says which event failed, and whether trying again may help."""
    refusals = [{"index": 2, "reason": "Unsupported facets", "retriable": False}]
    with serve() as backend:
        backend.answer = lambda _: 200
        backend.says = lambda _: json.dumps({"status": "partial_success", "failed_events": refusals}).encode()
        assert to_http_batches(outbox, batches_to(backend), until=FOREVER, size=5) == 7
    # Index 2 of each of the two batches.
    assert [(item.key, item.error) for item in outbox.dead()] == [
        ("key/2", "Unsupported facets"), ("key/7", "Unsupported facets"),
    ]  # fmt: skip


def test_an_event_that_the_backend_could_not_take_now_waits(outbox, batches_to):
    refusals = [{"index": 1, "reason": "Timeout", "retriable": True}]
    with serve() as backend:
        backend.answer = lambda _: 200
        backend.says = lambda _: json.dumps({"status": "partial_success", "failed_events": refusals}).encode()
        with pytest.raises(RelayError, match="Timeout"):
            to_http_batches(outbox, batches_to(backend), until=FOREVER)
    assert [item.key for item in outbox.pending(10)] == ["key/1"]


def test_one_bad_event_does_not_take_its_batch_with_it(outbox, batches_to):
    """A backend that refuses a whole batch for one event still gets the others, in order."""
    with serve() as backend:
        backend.answer = lambda body: 422 if b'"event": 6' in body else 204
        assert to_http_batches(outbox, batches_to(backend), until=FOREVER) == 8
        assert taken(backend) == [0, 1, 2, 3, 4, 5, 7, 8]
    assert [item.key for item in outbox.dead()] == ["key/6"]


@pytest.mark.parametrize("status", [404, 405])
def test_a_backend_without_batches_is_noticed_before_anything_is_lost(outbox, status, batches_to):
    with serve() as backend:
        backend.answer = lambda _: status
        with pytest.raises(NoBatchesError):
            to_http_batches(outbox, batches_to(backend), until=FOREVER)
    assert outbox.backlog().new == 9


def test_without_a_batch_endpoint_events_go_one_by_one(tmp_path):
    with serve() as backend:
        settings = Settings(home=tmp_path, openlineage_url=backend.url, openlineage_batch=100)
        with Outbox(outbox_path(settings)) as outbox:
            outbox.add((f"key/{n}", json.dumps({"event": n})) for n in range(5))
        backend.answer = lambda body: 404 if body.startswith(b"[") else 201
        assert relay_waiting(settings).sent == 5
    assert [json.loads(body)["event"] for body in backend.received] == list(range(5))


def test_two_relays_at_once_send_each_event_once(tmp_path):
    with serve() as backend:
        settings = Settings(home=tmp_path, openlineage_url=backend.url)
        with Outbox(outbox_path(settings)) as outbox:
            outbox.add((f"key/{n}", json.dumps({"event": n})) for n in range(60))
        relays = [threading.Thread(target=relay_waiting, args=(settings,)) for _ in range(4)]
        for relay in relays:
            relay.start()
        for relay in relays:
            relay.join()
    assert [json.loads(body)["event"] for body in backend.received] == list(range(60))
