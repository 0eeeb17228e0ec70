"""How events leave the outbox: in order, to a file or over HTTP, with nothing lost and nothing doubled in effect.

Belongs here: one bounded pass. A backend that is away ends the pass at once; what it has not taken stays. What it
refuses for good (a 4xx other than 408 and 429) is dead, and the next event goes on.
Does not belong here: retries inside a request, threads, queues in memory.
"""

from __future__ import annotations

import os
import time
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from semops_data.lineage.outbox import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import httpx

    from semops_data.lineage.outbox import Item, Outbox

BATCH = 500
BATCH_BYTES = 4_000_000
ENDPOINT = "/api/v1/lineage"
_NO_SUCH_ENDPOINT = frozenset({404, 405, 501})
_OFFSET = "file_offset"
_TRY_AGAIN = frozenset({408, 429})
_OK, _CLIENT_ERROR, _SERVER_ERROR = 200, 400, 500


class RelayError(DeliveryError):
    """The backend did not take an event now; it stays in the outbox."""


def to_file(outbox: Outbox, path: Path, *, until: float) -> int:
    """Append the pending events to an ndjson file, one line each; how many.

    The length of the file is kept with the states. Lines beyond it were appended by a pass that died before it could
    write that down: they are recognised, and not appended again. A last line without an end is cut off.

    Raises:
        OSError: where the file cannot be written; what was not marked is tried again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sent = 0
    with path.open("a+b") as file:
        there = _lines_beyond(file.fileno(), int(outbox.mark(_OFFSET, "0")))
        while time.monotonic() <= until and (batch := outbox.pending(BATCH)):
            new = [item.body.encode() + b"\n" for item in batch if item.body.encode() not in there]
            file.write(b"".join(new))
            file.flush()
            os.fsync(file.fileno())
            with outbox.transaction():
                outbox.sent(batch, tries=1)
                outbox.set_mark(_OFFSET, str(os.fstat(file.fileno()).st_size))
            sent += len(batch)
    return sent


def _lines_beyond(file: int, offset: int) -> set[bytes]:
    size = os.fstat(file).st_size
    # A shorter file was replaced by someone: nothing in it is known to be ours.
    tail = os.pread(file, size - offset, offset) if size > offset else b""
    whole, newline, torn = tail.rpartition(b"\n")
    if torn:
        os.ftruncate(file, size - len(torn))
    return set(whole.split(b"\n")) if newline else set()


def to_http(outbox: Outbox, post: Callable[[Item], httpx.Response], *, until: float) -> int:
    """Post the pending events one by one, in order; how many were taken.

    A pass that dies between a post and its mark posts the same bytes again; run id, type and time are the same, so
    the receiver sees the event it has.

    Raises:
        RelayError: at the first event that the backend did not take now.
    """
    sent = 0
    while time.monotonic() <= until and (batch := outbox.pending(BATCH)):
        for item in batch:
            if time.monotonic() > until:
                return sent
            sent += _settle(outbox, [item], _ask(outbox, [item], lambda items: post(items[0])))
    return sent


def to_http_batches(
    outbox: Outbox, post: Callable[[Sequence[Item]], httpx.Response], *, until: float, size: int = BATCH
) -> int:
    """Post the pending events in batches, in order; how many were taken.

    The backend's answer says which events of a batch it did not take, and whether trying again may help. A batch
    that it refuses as a whole is halved until the event is alone that it refuses.

    Raises:
        NoBatchesError: where the backend has no endpoint for batches; nothing was sent.
        RelayError: at the first batch with an event that the backend did not take now.
    """
    sent = 0
    while time.monotonic() <= until and (page := outbox.pending(size)):
        for batch in _of_bytes(page):
            if time.monotonic() > until:
                return sent
            sent += _post_batch(outbox, post, batch)
    return sent


class NoBatchesError(Exception):
    """The backend takes no batches."""


def _post_batch(outbox: Outbox, post: Callable[[Sequence[Item]], httpx.Response], batch: Sequence[Item]) -> int:
    response = _ask(outbox, batch, post)
    if response.status_code in _NO_SUCH_ENDPOINT:
        raise NoBatchesError
    if len(batch) > 1 and _is_refused(response.status_code):
        middle = len(batch) // 2
        return _post_batch(outbox, post, batch[:middle]) + _post_batch(outbox, post, batch[middle:])
    return _settle(outbox, batch, response)


def _of_bytes(page: Sequence[Item]) -> Iterator[Sequence[Item]]:
    rest = iter(page)
    while batch := list(islice(rest, 1)):
        size = len(batch[0].body)
        for item in rest:
            batch.append(item)
            size += len(item.body)
            if size > BATCH_BYTES:
                break
        yield batch


def _ask(outbox: Outbox, items: Sequence[Item], post: Callable[[Sequence[Item]], httpx.Response]) -> httpx.Response:
    import httpx

    try:
        return post(items)
    except httpx.HTTPError as error:
        outbox.tried(items[0], problem := f"{type(error).__name__}: {error}")
        raise RelayError(problem) from error


def _is_refused(status: int) -> bool:
    return _CLIENT_ERROR <= status < _SERVER_ERROR and status not in _TRY_AGAIN


def _settle(outbox: Outbox, items: Sequence[Item], response: httpx.Response) -> int:
    status = response.status_code
    problem = f"HTTP {status}: {response.text[:300]}" if not response.is_success else ""
    if response.is_success:
        refused = _refused(response) if len(items) > 1 else {}
    elif _is_refused(status):
        refused = {0: (problem, False)}
    else:
        outbox.tried(items[0], problem)
        raise RelayError(problem)
    taken = [item for place, item in enumerate(items) if place not in refused]
    with outbox.transaction():
        outbox.sent(taken, tries=1)
        for place, (reason, may_retry) in refused.items():
            outbox.tried(items[place], reason, is_dead=not may_retry)
    waiting = [reason for reason, may_retry in refused.values() if may_retry]
    if waiting:
        raise RelayError(waiting[0])
    return len(taken)


def _refused(response: httpx.Response) -> dict[int, tuple[str, bool]]:
    """Places of a batch's events that were not taken: why, and whether trying again may help."""
    try:
        failed = response.json().get("failed_events") or []
        return {
            int(event["index"]): (str(event.get("reason") or "refused"), bool(event.get("retriable")))
            for event in failed
        }
    except (ValueError, AttributeError, TypeError, KeyError):
        # An answer without details, or in other words: the batch was taken.
        return {}


def endpoint(url: str) -> str:
    """The URL that events are posted to: the given one, with OpenLineage's path where it has none."""
    return url if urlsplit(url).path.strip("/") else url.rstrip("/") + ENDPOINT


def batch_body(url: str, bodies: Sequence[str]) -> bytes:
    """Events as one request: an array, as OpenLineage specifies, or OpenMetadata's object with `events`."""
    events = f"[{','.join(bodies)}]"
    is_openmetadata = urlsplit(url).path.rstrip("/").endswith("/v1/openlineage/lineage")
    return (f'{{"events":{events}}}' if is_openmetadata else events).encode()


def batch_endpoint(url: str) -> str:
    """Where batches are posted to, by OpenLineage's specification: below the endpoint of single events."""
    return f"{endpoint(url).rstrip('/')}/batch"
