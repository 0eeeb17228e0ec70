"""What the outbox tells without a backend: the events that were folded, whether they were delivered or not.

Only read, and read-only: a query works beside a mirror that is writing, and makes no file where there is none.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUSY_SECONDS = 5.0


def events_with(path: Path, text: str) -> Iterator[str]:
    """The bodies of the events that hold the text, oldest first; none where there is no outbox.

    Args:
        path: the outbox file.
        text: what to look for, such as a facet's name or a run id.

    Raises:
        sqlite3.DatabaseError: where the file is no outbox.
    """
    if not path.exists():
        return
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as database:
        for (body,) in database.execute("SELECT body FROM items WHERE instr(body, ?) > 0 ORDER BY seq", (text,)):
            yield str(body)


def run_ids(path: Path) -> list[str]:
    """The ids of the Dagster runs that events tell of, newest first."""
    found: dict[str, str] = {}
    for body in events_with(path, '"parent"'):
        event: dict[str, Any] = json.loads(body)
        if parent := _parent(event):
            found[parent] = max(found.get(parent, ""), str(event.get("eventTime", "")))
    return sorted(found, key=lambda run_id: found[run_id], reverse=True)


def events_of(path: Path, run_id: str) -> list[dict[str, Any]]:
    """The events of a Dagster run: its own, and those whose parent it is, oldest first."""
    events: list[dict[str, Any]] = [json.loads(body) for body in events_with(path, run_id)]
    return [event for event in events if run_id in (event.get("run", {}).get("runId"), _parent(event))]


def _parent(event: dict[str, Any]) -> str | None:
    found: str | None = event.get("run", {}).get("facets", {}).get("parent", {}).get("run", {}).get("runId")
    return found
