"""What the outbox tells without a backend: the events that were folded, whether they were delivered or not.

Only read, and read-only: a query works beside a mirror that is writing, and makes no file where there is none.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from semops_data.lineage.store import bodies

if TYPE_CHECKING:
    from semops_data.lineage.store import Place

events_with = bodies
"""The bodies of the events of an outbox that hold a text, such as a facet's name or a run id, oldest first."""


def run_ids(place: Place) -> list[str]:
    """The ids of the Dagster runs that events tell of, newest first."""
    found: dict[str, str] = {}
    for body in events_with(place, '"parent"'):
        event: dict[str, Any] = json.loads(body)
        if parent := _parent(event):
            found[parent] = max(found.get(parent, ""), str(event.get("eventTime", "")))
    return sorted(found, key=lambda run_id: found[run_id], reverse=True)


def events_of(place: Place, run_id: str) -> list[dict[str, Any]]:
    """The events of a Dagster run: its own, and those whose parent it is, oldest first."""
    events: list[dict[str, Any]] = [json.loads(body) for body in events_with(place, run_id)]
    return [event for event in events if run_id in (event.get("run", {}).get("runId"), _parent(event))]


def _parent(event: dict[str, Any]) -> str | None:
    found: str | None = event.get("run", {}).get("facets", {}).get("parent", {}).get("run", {}).get("runId")
    return found
