"""How events leave for Kafka: in order, each written down as sent once its broker has acknowledged it.

openlineage-python's Kafka transport logs a delivery that failed and goes on; here what is not acknowledged stays in the
outbox. Messages have its keys, so that a consumer finds the runs of one job, and what ran below them, in one partition.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from semops_data.lineage.relay import BATCH, RelayError

if TYPE_CHECKING:
    from semops_data.lineage.outbox import Item, Outbox
    from semops_data.settings import Settings

SCHEME = "kafka"
DEFAULT_PORT = 9092
_POLL_SECONDS = 0.2
_TOO_LARGE, _INVALID = 10, 87
"""Kafka's codes of a message that no later try would bring through."""


class KafkaAddressError(RelayError):
    """A kafka:// address or its properties cannot be used."""


class Topic(NamedTuple):
    """Where events go: `host:port,host:port`, and the topic's name."""

    brokers: str
    name: str


def topic_of(url: str) -> Topic | None:
    """The topic that `kafka://broker:9092,broker:9092/topic` names; None for an address that is not Kafka's.

    Raises:
        KafkaAddressError: where it names no broker or no topic.
    """
    parts = urlsplit(url)
    if parts.scheme != SCHEME:
        return None
    hosts = [host if ":" in host else f"{host}:{DEFAULT_PORT}" for host in parts.netloc.split(",") if host]
    name = parts.path.strip("/")
    if not hosts or not name or "/" in name or "@" in parts.netloc:
        raise KafkaAddressError(
            "SEMOPS_OPENLINEAGE_URL: write kafka://broker:9092/topic; a login goes into SEMOPS_OPENLINEAGE_KAFKA"
        )
    return Topic(",".join(hosts), name)


def producer(topic: Topic, settings: Settings) -> Any:
    """A producer of confluent-kafka that keeps the order and gives up after the timeout of a request.

    Raises:
        KafkaAddressError: where confluent-kafka is not installed, or a property is wrong.
    """
    try:
        from confluent_kafka import KafkaException, Producer
    except ImportError as error:
        raise KafkaAddressError("events to Kafka need: pip install 'semops-data[kafka]'") from error
    own = {
        "bootstrap.servers": topic.brokers,
        "client.id": "semops-data",
        "enable.idempotence": True,
        "compression.type": "zstd",
        "message.timeout.ms": settings.openlineage_timeout_seconds * 1000,
        # What the broker says is in the report; the library would say it on standard error, again and again.
        "log_level": 0,
    }
    try:
        return Producer(own | _given(settings))
    except (KafkaException, TypeError, ValueError) as error:
        raise KafkaAddressError(f"SEMOPS_OPENLINEAGE_KAFKA: {error}") from error


def _given(settings: Settings) -> dict[str, Any]:
    if settings.openlineage_kafka is None:
        return {}
    found = json.loads(settings.openlineage_kafka.get_secret_value())
    if not isinstance(found, dict):
        raise TypeError("not a JSON object of properties")
    return found


def to_kafka(outbox: Outbox, sender: Any, topic: str, *, until: float, timeout: float) -> int:
    """Produce the pending events, in order; how many were acknowledged.

    A pass that dies between an acknowledgement and its mark produces the same bytes again, and so does one in which an
    event before it was not acknowledged: a consumer knows run id, type and time, and the last of each key is right.

    Args:
        outbox: where they wait.
        sender: see `producer`.
        topic: the topic's name.
        until: `time.monotonic()` after which no further batch is begun.
        timeout: seconds to wait for a batch's acknowledgements.

    Raises:
        RelayError: at the first batch with an event that was not acknowledged.
    """
    sent = 0
    while time.monotonic() <= until and (batch := outbox.pending(BATCH)):
        answers = _produce(sender, topic, batch, timeout)
        taken, problem = _settle(outbox, batch, answers)
        sent += taken
        if problem:
            raise RelayError(problem)
    return sent


def _produce(sender: Any, topic: str, batch: list[Item], timeout: float) -> dict[int, tuple[int, str] | None]:
    """For each event that was answered for, None or why it was not taken."""
    from confluent_kafka import KafkaException

    answers: dict[int, tuple[int, str] | None] = {}

    def answered(seq: int) -> Any:
        def note(error: Any, _: Any) -> None:
            answers[seq] = (error.code(), error.str()) if error else None

        return note

    end = time.monotonic() + timeout
    for item in batch:
        while True:
            try:
                sender.produce(topic, key=key_of(item.body), value=item.body.encode(), on_delivery=answered(item.seq))
            except BufferError:
                # Its queue is full: wait for answers, as long as for any.
                sender.poll(_POLL_SECONDS)
                if time.monotonic() <= end:
                    continue
            except KafkaException as error:
                answers[item.seq] = (error.args[0].code(), error.args[0].str())
            break
    # The library gives up on a message a moment after its timeout; what is said after that nobody hears.
    sender.flush(timeout + 1)
    sender.purge()
    return answers


def _settle(outbox: Outbox, batch: list[Item], answers: dict[int, tuple[int, str] | None]) -> tuple[int, str | None]:
    """Mark the events up to the first that was not taken; how many were, and why that one was not."""
    taken: list[Item] = []
    problem = None
    with outbox.transaction():
        for item in batch:
            answer = answers.get(item.seq, (0, "no answer in time"))
            if answer is None:
                taken.append(item)
            elif answer[0] in (_TOO_LARGE, _INVALID):
                outbox.tried(item, answer[1], is_dead=True)
            else:
                problem = answer[1]
                outbox.tried(item, problem)
                break
        outbox.sent(taken, tries=1)
    return len(taken), problem


def key_of(body: str) -> str:
    """The message key of an event, as openlineage-python gives it: its root job, or its own."""
    event = json.loads(body)
    parent = event["run"].get("facets", {}).get("parent", {})
    job = (parent.get("root") or parent).get("job") or event["job"]
    return f"run:{job['namespace']}/{job['name']}"
