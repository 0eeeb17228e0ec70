"""When the night's work is due: the knowledge changed since it was last looked at."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

UNREADABLE = "missing"  # the digest of a source that cannot be read, where known followed by `: <why>`


@dataclass(frozen=True)
class Look:
    """What one look at the knowledge found.

    Attributes:
        run_key: identifies the change, where there is one; the same change looked at twice has the same key, and the
            way back to a former state has another than the way there.
        why: what changed, or why nothing is to be done.
        cursor: what to remember until the next look.
    """

    run_key: str | None
    why: str
    cursor: str


def look(cursor: str | None, digests: Mapping[str, str], *, is_scored: bool) -> Look:
    """Compare the sources with what the cursor remembers.

    Args:
        cursor: of the look before; None at the first one.
        digests: content digest of each source by its name; `missing` where it cannot be read.
        is_scored: whether scores exist: then the first look only remembers.
    """
    before = _remembered(cursor)
    unreadable = [f"{name} ({digest})" for name, digest in digests.items() if digest.split(":")[0] == UNREADABLE]
    if unreadable:
        return Look(None, f"{', '.join(unreadable)} cannot be read: nothing is scored until it can", cursor or "")
    seen: dict[str, str] = {name: before.get(name, "") for name in digests}
    changed = [name for name, digest in digests.items() if seen[name] != digest]
    if not changed:
        return Look(None, f"unchanged: {', '.join(digests)}", cursor or "")
    key = hashlib.sha256(json.dumps([before.get("run_key"), dict(digests)], sort_keys=True).encode()).hexdigest()
    after = json.dumps(dict(digests) | {"run_key": key}, sort_keys=True)
    if not before and is_scored:
        return Look(None, "first look at knowledge that is scored already: remembered", after)
    return Look(key, f"changed: {', '.join(changed)}", after)


def _remembered(cursor: str | None) -> dict[str, str]:
    """The cursor's content; an unreadable one counts as none."""
    try:
        content = json.loads(cursor or "{}")
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in content.items()} if isinstance(content, dict) else {}
