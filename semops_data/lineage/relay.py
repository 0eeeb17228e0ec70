"""How events leave the outbox: in order, to a file or over HTTP, with nothing lost and nothing doubled in effect.

Belongs here: one bounded pass. A backend that is away ends the pass at once; what it has not taken stays. What it
refuses for good (a 4xx other than 408 and 429) is dead, and the next event goes on.
Does not belong here: retries inside a request, threads, queues in memory.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from semops_data.lineage.outbox import Item, Outbox

BATCH = 500
ENDPOINT = "/api/v1/lineage"
_OFFSET = "file_offset"
_TRY_AGAIN = frozenset({408, 429})
_OK, _CLIENT_ERROR, _SERVER_ERROR = 200, 400, 500


class RelayError(Exception):
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
                outbox.sent(batch)
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
            sent += _post(outbox, post, item)
    return sent


def _post(outbox: Outbox, post: Callable[[Item], httpx.Response], item: Item) -> int:
    import httpx

    outbox.begin([item])
    try:
        response = post(item)
    except httpx.HTTPError as error:
        outbox.failed(item, problem := f"{type(error).__name__}: {error}")
        raise RelayError(problem) from error
    status = response.status_code
    if _OK <= status < _OK + 100:
        outbox.sent([item])
        return 1
    problem = f"HTTP {status}: {response.text[:300]}"
    if _CLIENT_ERROR <= status < _SERVER_ERROR and status not in _TRY_AGAIN:
        outbox.failed(item, problem, is_dead=True)
        return 0
    outbox.failed(item, problem)
    raise RelayError(problem)


def endpoint(url: str) -> str:
    """The URL that events are posted to: the given one, with OpenLineage's path where it has none."""
    return url if urlsplit(url).path.strip("/") else url.rstrip("/") + ENDPOINT
