from __future__ import annotations

import pytest

from semops_data.lineage.outbox import Outbox


@pytest.fixture
def outbox(tmp_path):
    with Outbox(tmp_path / "deep" / "outbox.db") as opened:
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


def test_only_one_process_works_at_a_time(outbox, tmp_path):
    with outbox.lease() as first, Outbox(outbox.path) as other, other.lease() as second:
        assert (first, second) == (True, False)
    with Outbox(outbox.path) as other, other.lease() as again:
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
