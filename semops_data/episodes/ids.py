"""Time-ordered ids: UUID version 7, strictly increasing within a process."""

from __future__ import annotations

import os
import threading
import time
import uuid

_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A UUIDv7: 48 bits of milliseconds, then 12 bits of sub-millisecond time, then 62 random bits.

    Ids of one process sort in the order of the calls, as text too, even where the clock steps back; ids of several
    processes sort by time to about a quarter of a microsecond, and never collide in practice.
    """
    global _last  # noqa: PLW0603 - the one counter of the process
    with _lock:
        millis, nanos = divmod(time.time_ns(), 1_000_000)
        _last = max((millis << 12) | (nanos * 4096 // 1_000_000), _last + 1)
        ticks = _last
    tail = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    value = (ticks >> 12) << 80 | 0x7 << 76 | (ticks & 0xFFF) << 64 | 0b10 << 62 | tail
    return str(uuid.UUID(int=value))


def milliseconds(identifier: str) -> int:
    """Unix time of an id that `new_id` made, in milliseconds.

    Raises:
        ValueError: where the text is no UUIDv7.
    """
    parsed = uuid.UUID(identifier)
    if parsed.version != 7:
        raise ValueError(f"{identifier!r} is no UUIDv7 (version {parsed.version})")
    return parsed.int >> 80
