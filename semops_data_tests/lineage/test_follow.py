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
    log.is_ordered = False
    log.shown["run-000"] = 0
    newest = log.changed_runs(0.0, 10)[-1].updated
    outbox.clock = lambda: newest + module.LATE_SECONDS - 1
    follow(log, outbox, keys, until=FOREVER)
    log.shown["run-000"] = 10_000
    assert follow(log, outbox, keys, until=FOREVER) == 1


@pytest.mark.parametrize("is_ordered", [True, False])
def test_an_idle_tick_asks_for_nothing_that_it_has_seen(toys, outbox, is_ordered):
    """Once nothing can appear any more before the watermark, each further tick is one question without an answer."""
    log, asked = copies(toys, 3, apart_seconds=1), []
    log.is_ordered = is_ordered
    newest = log.changed_runs(0.0, 10)[-1].updated
    ask = log.changed_runs
    log.changed_runs = lambda after, limit: asked.append(after) or ask(after, limit)
    late = module.ORDERED_LATE_SECONDS if is_ordered else module.LATE_SECONDS
    for now in (newest, newest + late + 1, newest + late + 2):
        outbox.clock = lambda now=now: now
        follow(log, outbox, keys, until=FOREVER)
    assert asked[1:] == [newest - late, newest]
    assert log.changed_runs(asked[-1], 10) == []


def test_a_pass_that_was_cut_short_settles_nothing(toys, outbox):
    log = copies(toys, 3, apart_seconds=1)
    follow(log, outbox, keys, until=0.0)
    assert outbox.mark("runs_settled") == ""
    assert follow(log, outbox, keys, until=FOREVER) == 3


def test_a_row_that_is_committed_late_is_folded_once_its_run_is_settled(toys, outbox):
    """PostgreSQL gives ids at INSERT and shows rows at COMMIT: the newest id may be seen before an older one."""
    run = toys.log.run(toys.month)
    late = next(record for record in run.records if record.kind == "ASSET_MATERIALIZATION")
    seen = replace(run, records=tuple(record for record in run.records if record is not late))
    log = GrowingLog({"run": seen}, (), {"run": 10_000}, is_ordered=False)

    def kinds(run):
        return [(f"{record.storage_id}", record.kind) for record in run.records]

    now = [run.records[-1].timestamp + 1]
    outbox.clock = lambda: now[0]
    follow(log, outbox, kinds, until=FOREVER)
    assert "ASSET_MATERIALIZATION" not in {item.body for item in outbox.pending(100)}
    log.runs["run"] = run
    assert follow(log, outbox, kinds, until=FOREVER) == 0, "nothing shows that a row was added"
    now[0] += module.LATE_SECONDS + 1
    assert follow(log, outbox, kinds, until=FOREVER) == 1
    log.run = None
    assert follow(log, outbox, kinds, until=FOREVER) == 0, "and then the run is done with"


def test_a_runless_row_that_is_committed_late_is_found(toys, outbox):
    records = tuple(toys.log.runless(0, 100))
    log = GrowingLog({}, records[1:], {}, shown_runless=10_000)
    outbox.clock = lambda: records[-1].timestamp + 1

    def of_runless(found):
        return [(f"{record.storage_id}", record.kind) for record in found]

    assert follow(log, outbox, keys, of_runless, until=FOREVER) == len(records) - 1
    log.runless_records = records
    assert follow(log, outbox, keys, of_runless, until=FOREVER) == 1
