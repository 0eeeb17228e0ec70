from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from semops_data.lineage import follow as module
from semops_data.lineage.follow import follow
from semops_data.lineage.outbox import Outbox
from semops_data_tests.lineage.toy import GrowingLog

FOREVER = float("inf")


def copies(toys, count, *, apart_seconds):
    """That many runs that ended long ago, each so long after the one before."""
    run, runs = toys.log.run(toys.month), {}
    for number in range(count):
        shift = -3600 + number * apart_seconds
        records = tuple(replace(record, timestamp=record.timestamp + shift) for record in run.records)
        name = f"run-{number:03}"
        runs[name] = replace(run, run_id=name, records=records, created=run.created + timedelta(seconds=shift))
    return GrowingLog(runs, (), dict.fromkeys(runs, 10_000))


def keys(run):
    return [(run.run_id, "body")]


@pytest.fixture
def outbox(tmp_path):
    with Outbox(tmp_path / "outbox.db") as opened:
        yield opened


@pytest.mark.parametrize("apart_seconds", [0, 1])
def test_a_backlog_of_many_pages_is_followed_whole(toys, outbox, monkeypatch, apart_seconds):
    """Also where more runs than a page changed at one instant."""
    monkeypatch.setattr(module, "PAGE", 7)
    log = copies(toys, 40, apart_seconds=apart_seconds)
    assert follow(log, outbox, keys, until=FOREVER) == 40
    assert follow(log, outbox, keys, until=FOREVER) == 0


def test_a_finished_run_of_long_ago_is_not_read_again(toys, outbox):
    """An idle tick costs the same however long the history is."""
    log = copies(toys, 10, apart_seconds=0)
    follow(log, outbox, keys, until=FOREVER)
    log.run = None
    log.last_id = None
    assert follow(log, outbox, keys, until=FOREVER) == 0


def test_a_run_that_stays_open_does_not_hold_the_others_up(toys, outbox):
    log = copies(toys, 3, apart_seconds=100)
    log.shown["run-000"] = 2
    follow(log, outbox, keys, until=FOREVER, waits_for_end=True)
    assert [item.key for item in outbox.pending(10)] == ["run-001", "run-002"]
    log.shown["run-000"] = 10_000
    follow(log, outbox, keys, until=FOREVER, waits_for_end=True)
    assert [item.key for item in outbox.pending(10)] == ["run-001", "run-002", "run-000"]


def test_a_run_shown_late_is_still_found(toys, outbox):
    """A database shows rows when they are committed, not in the order of their times."""
    log = copies(toys, 3, apart_seconds=20)
    log.shown["run-000"] = 0
    follow(log, outbox, keys, until=FOREVER)
    log.shown["run-000"] = 10_000
    assert follow(log, outbox, keys, until=FOREVER) == 1
