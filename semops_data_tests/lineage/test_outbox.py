"""The outbox in a file and in PostgreSQL: what it promises, it promises in both."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from pydantic import SecretStr

from semops_data.lineage.outbox import Outbox
from semops_data.lineage.store import Postgres, StoreError, bodies, exists
from semops_data.lineage.sync import outbox_place, relay_waiting, sync
from semops_data.lineage.told import events_of, run_ids
from semops_data.settings import Settings
from semops_data.tracking.sync import ledger_place

# Opens the outbox, takes the lease, says so, and waits to be killed.
HOLDS = """
import sys
from semops_data.lineage.outbox import Outbox
from semops_data.lineage.store import Postgres
with Outbox(Postgres(*sys.argv[1:])) as outbox, outbox.lease() as is_ours:
    print(is_ours, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    """The address of a real PostgreSQL, started for these tests on a socket."""
    pgserver = pytest.importorskip("pgserver")
    folder = tmp_path_factory.mktemp("postgres")
    server = pgserver.get_server(folder)
    try:
        yield f"postgresql+psycopg2://postgres@/postgres?host={folder}"
    finally:
        server.cleanup()


@pytest.fixture(params=["file", "postgres"])
def place(request, tmp_path):
    if request.param == "file":
        return tmp_path / "deep" / "outbox.db"
    return Postgres(request.getfixturevalue("postgres"), f"outbox_{os.urandom(6).hex()}")


@pytest.fixture
def outbox(place):
    with Outbox(place) as opened:
        yield opened


def test_a_key_is_taken_once_and_its_body_never_changes(outbox):
    assert outbox.add([("a", "1"), ("b", "2"), ("a", "3")]) == 2
    assert outbox.add([("a", "4")]) == 0
    assert [(item.key, item.body) for item in outbox.pending(10)] == [("a", "1"), ("b", "2")]


def test_a_transaction_that_fails_leaves_nothing(outbox):
    """Items and watermark move together, or a crash between them would lose or repeat."""

    def dies():
        with outbox.transaction():
            outbox.add([("a", "1")])
            outbox.set_mark("watermark", "7")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        dies()
    assert outbox.pending(10) == []
    assert outbox.mark("watermark", "0") == "0"


def test_only_one_process_works_at_a_time(outbox):
    with outbox.lease() as first, Outbox(outbox.place) as other, other.lease() as second:
        assert (first, second) == (True, False)
    with Outbox(outbox.place) as other, other.lease() as again:
        assert again


def test_the_dead_are_counted_and_can_be_revived(outbox):
    outbox.add([("a", "1"), ("b", "2")])
    outbox.failed(outbox.pending(1)[0], "HTTP 400: no", is_dead=True)
    counts = outbox.backlog()
    assert (counts.new, counts.dead) == (1, 1)
    assert counts.oldest_pending_seconds is not None
    assert outbox.revive() == 1
    assert [item.key for item in outbox.pending(10)] == ["a", "b"]


def test_only_what_was_delivered_long_ago_is_forgotten(outbox):
    outbox.add([("a", "1"), ("b", "2")])
    outbox.sent(outbox.pending(1), ["receipt"])
    assert outbox.receipt("a") == "receipt"
    assert outbox.prune(days=1) == 0
    assert outbox.prune(days=-1) == 1
    assert [item.key for item in outbox.pending(10)] == ["b"]


def test_what_was_delivered_can_be_replayed_from_a_time(outbox):
    outbox.add((f"key/{n}", json.dumps({"eventTime": f"2026-01-0{n}T00:00:00Z"})) for n in range(1, 5))
    outbox.sent(outbox.pending(10), tries=1)
    assert outbox.replay("2026-01-03T00:00:00.000000Z") == 2
    assert [item.key for item in outbox.pending(10)] == ["key/3", "key/4"]


def test_items_are_found_by_what_they_hold(outbox, place):
    outbox.add([("a/1", '{"x":"needle"}'), ("b/2", '{"x":"%s ? hay"}'), ("a/3", "needle")])
    outbox.sent(outbox.pending(1), ["the-receipt"])
    assert [key for key, *_ in outbox.told("needle")] == ["a/1", "a/3"]
    assert [key for key, *_ in outbox.told("the-receipt")] == ["a/1"]
    assert [key for key, *_ in outbox.newest("a/", 1)] == ["a/3"]
    assert list(bodies(place, "needle")) == ['{"x":"needle"}', "needle"]
    assert outbox.last_seq() >= 3


def test_asking_makes_nothing(place):
    assert not exists(place)
    assert list(bodies(place, "x")) == []
    assert not exists(place)


def test_the_whole_mirror_works_on_postgresql_as_on_a_file(postgres, toys, tmp_path):
    """Several machines share one outbox only there; what they send is what one machine would send."""
    lies = {"lake_uri": "/lake", "landing_uri": "/raw"}
    file = Settings(home=tmp_path / "one", **lies)
    database = Settings(home=tmp_path / "two", outbox_url=SecretStr(postgres), **lies)
    reports = [sync(toys.log, toys.graph, settings) for settings in (file, database)]
    assert reports[0] == reports[1]
    assert reports[1].folded > 30
    assert database.lineage_file.read_bytes() == file.lineage_file.read_bytes()
    assert sync(toys.log, toys.graph, database).folded == 0
    assert not list((tmp_path / "two" / "lineage").glob("outbox*"))
    place = outbox_place(database)
    assert set(run_ids(place)) == set(run_ids(outbox_place(file)))
    assert events_of(place, toys.checked) == events_of(outbox_place(file), toys.checked)
    assert ledger_place(database).schema != place.schema
    assert "postgres@" not in repr(database)


def test_a_killed_process_gives_its_lease_back(postgres):
    """The lock is its connection's: nobody has to clean up after a machine that is gone."""
    place = Postgres(postgres, "killed")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, place.url, place.schema], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "True\n"
    with Outbox(place) as other:
        with other.lease() as is_ours:
            assert not is_ours
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        for _ in range(100):
            with other.lease() as is_ours:
                if is_ours:
                    break
        assert is_ours
    for pipe in (holder.stdin, holder.stdout):
        pipe.close()


def test_a_postgresql_that_is_away_is_reported_without_its_password(tmp_path):
    settings = Settings(home=tmp_path, outbox_url=SecretStr("postgresql://me:hush-hush@127.0.0.1:9/db"))
    report = relay_waiting(settings)
    assert "127.0.0.1:9/db" in report.error
    assert "hush" not in report.error
    assert "hush" not in repr(outbox_place(settings))
    with pytest.raises(StoreError, match="refused"):
        Outbox(outbox_place(settings))
