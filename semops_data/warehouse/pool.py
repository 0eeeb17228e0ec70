"""Connections that are kept for the next asset of this process: a login costs more than most loads.

A connection is given to one session at a time, never to another process, and only back to what would be called with
the same account, login, database, schema and emulator. One whose session raised is closed, not kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from semops_data.warehouse.session import Memory

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST = 4
"""Connections that are kept at once; a process seldom works on more schemas."""


@dataclass(frozen=True)
class Kept:
    """An open connection, and what is known of it."""

    connection: Any = field(repr=False)
    memory: Memory = field(default_factory=Memory)


_idle: list[tuple[str, Kept]] = []
_lock = threading.Lock()


def name(arguments: Mapping[str, Any]) -> str:
    """What a connection that would be opened with these arguments by this process is kept under."""
    text = repr(sorted(arguments.items(), key=lambda item: item[0]))
    # A child process must not write into its parent's socket.
    return f"{os.getpid()} {hashlib.sha256(text.encode()).hexdigest()}"


def take(wanted: str) -> Kept | None:
    """A kept connection of that name, or None."""
    with _lock:
        for place in reversed(range(len(_idle))):
            if _idle[place][0] == wanted:
                return _idle.pop(place)[1]
    return None


def give(under: str, kept: Kept) -> None:
    """Keep a connection; above the limit the one that waited longest is closed."""
    with _lock:
        _idle.append((under, kept))
        spare = [_idle.pop(0)[1] for _ in range(len(_idle) - MOST)]
    for old in spare:
        close(old)


def clear() -> None:
    """Close every kept connection of this process."""
    with _lock:
        spare = [kept for under, kept in _idle if under.startswith(f"{os.getpid()} ")]
        _idle.clear()
    for old in spare:
        close(old)


def close(kept: Kept) -> None:
    """Close a connection; a lost one cannot be closed politely, which the statement that failed has told."""
    with contextlib.suppress(Exception):
        kept.connection.close(retry=False)
