"""Events to Kafka, over its protocol to the broker that librdkafka brings for tests."""

from __future__ import annotations

import json
import time

import pytest
from pydantic import SecretStr

from semops_data.lineage.kafka import KafkaAddressError, key_of, producer, to_kafka, topic_of
from semops_data.lineage.outbox import Outbox
from semops_data.lineage.relay import RelayError
from semops_data.lineage.sync import outbox_path, relay_waiting, sync
from semops_data.settings import Settings

FOREVER = float("inf")


@pytest.fixture(scope="module")
def brokers():
    """The address of a broker that listens on loopback until the module is done."""
    kafka = pytest.importorskip("confluent_kafka")
    host = kafka.Producer({"bootstrap.servers": "127.0.0.1:1", "test.mock.num.brokers": 1, "log_level": 0})
    yield ",".join(f"{broker.host}:{broker.port}" for broker in host.list_topics(timeout=10).brokers.values())
    del host


def read(brokers, topic, count):
    """The messages of a topic as (key, value), those of one partition in their order."""
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "test", "auto.offset.reset": "earliest"})
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
    found, end = [], time.monotonic() + 10
    while len(found) < count and time.monotonic() < end:
        found += [(m.key().decode(), m.value().decode()) for m in consumer.consume(100, 0.2) if not m.error()]
    found += [(m.key().decode(), m.value().decode()) for m in consumer.consume(100, 0.2) if not m.error()]
    consumer.close()
    return found


def event(number, **more):
    return json.dumps({"run": {"runId": str(number)}, "job": {"namespace": "n", "name": "j"}} | more)


def test_the_mirror_of_a_project_reaches_its_topic_whole_and_in_order(toys, tmp_path, brokers):
    settings = Settings(home=tmp_path, openlineage_url=f"kafka://{brokers}/lineage")
    report = sync(toys.log, toys.graph, settings)
    assert (report.sent, report.pending, report.error) == (report.folded, 0, None)
    got = read(brokers, "lineage", report.sent)
    with Outbox(outbox_path(settings)) as outbox:
        assert outbox.revive() == 0
        outbox.replay("2000")
        due = [(key_of(item.body), item.body) for item in outbox.pending(10_000)]
    assert sorted(got) == sorted(due)
    for key in {key for key, _ in due}:
        assert [pair for pair in got if pair[0] == key] == [pair for pair in due if pair[0] == key], key


def test_a_broker_that_is_away_keeps_the_events(tmp_path, brokers):
    """openlineage-python's own transport would log it and lose them."""
    away = Settings(home=tmp_path, openlineage_url="kafka://127.0.0.1:9/later", openlineage_timeout_seconds=1)
    with Outbox(outbox_path(away)) as outbox:
        outbox.add((f"key/{n}", event(n)) for n in range(9))
    report = relay_waiting(away)
    assert (report.sent, report.pending) == (0, 9)
    assert "timed out" in report.error
    there = Settings(home=tmp_path, openlineage_url=f"kafka://{brokers}/later")
    assert relay_waiting(there).sent == 9
    assert [value for _, value in read(brokers, "later", 9)] == [event(n) for n in range(9)]


class Forgetful:
    """A producer that acknowledges all events but one, for as long as it forgets."""

    def __init__(self, forgets):
        self.forgets, self.got = forgets, []

    def produce(self, _topic, *, value, on_delivery, **_more):
        if value.decode() != self.forgets:
            self.got.append(value.decode())
            on_delivery(None, None)

    def flush(self, _timeout):
        return 0

    def purge(self):
        self.got.append("purged")


def test_what_comes_after_an_event_without_an_answer_is_sent_again(tmp_path):
    """In order means that no event is written down as sent before the one that it follows."""
    pytest.importorskip("confluent_kafka")
    with Outbox(tmp_path / "outbox.db") as outbox:
        outbox.add((f"key/{n}", event(n)) for n in range(5))
        sender = Forgetful(event(2))
        with pytest.raises(RelayError, match="no answer"):
            to_kafka(outbox, sender, "t", until=FOREVER, timeout=0.1)
        assert sender.got[-1] == "purged", "and nothing is delivered behind the outbox's back"
        assert [item.key for item in outbox.pending(10)] == ["key/2", "key/3", "key/4"]
        sender.forgets = ""
        assert to_kafka(outbox, sender, "t", until=FOREVER, timeout=0.1) == 3


def test_an_event_that_no_broker_takes_is_dead_and_the_others_go_on(tmp_path, brokers):
    settings = Settings(home=tmp_path, openlineage_url=f"kafka://{brokers}/large")
    with Outbox(outbox_path(settings)) as outbox:
        outbox.add([("a", event(1)), ("b", event(2, more="x" * 2_000_000)), ("c", event(3))])
    report = relay_waiting(settings)
    assert (report.sent, report.dead, report.error) == (2, 1, None)
    with Outbox(outbox_path(settings)) as outbox:
        assert "large" in outbox.dead()[0].error.lower()


def test_runs_below_one_root_have_one_key():
    """Kafka keeps the order within a key alone."""
    job = {"namespace": "n", "name": "root"}
    assert key_of(event(1)) == "run:n/j"
    below = {"runId": "1", "facets": {"parent": {"job": {"namespace": "n", "name": "p"}, "root": {"job": job}}}}
    assert key_of(event(1, run=below)) == "run:n/root"


@pytest.mark.parametrize("url", ["kafka://broker", "kafka:///topic", "kafka://b/a/b", "kafka://me:secret@b/topic"])
def test_an_address_that_cannot_be_used_says_how_to_write_it(tmp_path, url):
    settings = Settings(home=tmp_path, openlineage_url=url)
    with Outbox(outbox_path(settings)) as outbox:
        outbox.add([("a", event(1))])
    report = relay_waiting(settings)
    assert "kafka://broker:9092/topic" in report.error
    assert "secret" not in report.error
    assert report.pending == 1


def test_other_addresses_are_not_kafkas():
    assert topic_of("http://host:5000") is None
    assert topic_of("kafka://a,b:1/t") == ("a:9092,b:1", "t")


@pytest.mark.parametrize("given", ["[1]", "no json", '{"no.such.property": "hush"}'])
def test_properties_that_are_wrong_are_refused_without_their_values(tmp_path, given):
    pytest.importorskip("confluent_kafka")
    settings = Settings(home=tmp_path, openlineage_kafka=SecretStr(given))
    with pytest.raises(KafkaAddressError, match="SEMOPS_OPENLINEAGE_KAFKA") as raised:
        producer(topic_of("kafka://b/t"), settings)
    assert "hush" not in str(raised.value)
