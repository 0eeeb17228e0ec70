"""Every score ever given, in two times: of which state of the corpus, and since when it was held to be true.

`as_of` is the valid time: the newest version of a document that was scored. `known_from` is the transaction time: when
the score was given. A row is added where a score differs from the one that was held before, and never changed, so that
what was believed on a date can be asked for after any number of nights, and after the lake was vacuumed.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from semops_data.contracts import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from semops_data.lakehouse.lake import Lake

KEY = "coherence/history"
# These say which versions were looked at; a score that is the same over other versions is the same belief.
PROVENANCE = frozenset({"corpus_version", "registry_version"})
SCORED = tuple(column.name for column in table("coherence/scores").columns)


class NothingKnownError(LookupError):
    """No score had been given by then."""


def remember(lake: Lake, scores: pa.Table, *, as_of: datetime, known_from: datetime) -> int:
    """Add what the scores say and the history does not; gives how many rows.

    Args:
        lake: holds the history.
        scores: rows of `coherence/scores`.
        as_of: the state of the corpus that they are of.
        known_from: when they were given.
    """
    held = {row["pattern_id"]: row for row in _latest(_rows(lake), as_of, known_from)}
    given = {row["pattern_id"]: row for row in scores.to_pylist()}
    fresh = [
        row | {"as_of": as_of, "known_from": known_from, "is_audited": True}
        for pattern_id, row in given.items()
        if pattern_id not in held or not held[pattern_id]["is_audited"] or _differs(row, held[pattern_id])
    ]
    fresh += [
        row | {"as_of": as_of, "known_from": known_from, "is_audited": False}
        for pattern_id, row in held.items()
        if row["is_audited"] and pattern_id not in given
    ]
    if fresh:
        lake.append(KEY, pa.Table.from_pylist(fresh, schema=table(KEY).arrow_schema))
    return len(fresh)


def believed(lake: Lake, *, as_of: datetime, known_at: datetime) -> list[dict[str, Any]]:
    """The scores that were believed at one time about the state of the corpus at another.

    For each pattern the score of the newest state up to `as_of`, among those given up to `known_at`.

    Args:
        lake: holds the history.
        as_of: valid time, with its zone.
        known_at: transaction time, with its zone.

    Raises:
        NothingKnownError: where no score had been given by then, saying when the first one was.
    """
    rows = _rows(lake)
    found = [row for row in _latest(rows, as_of, known_at) if row["is_audited"]]
    if not found:
        given = sorted(row["known_from"] for row in rows)
        first = f"the first one was given at {given[0].isoformat(timespec='seconds')}" if given else "there is none yet"
        raise NothingKnownError(
            f"no score about {as_of.isoformat(timespec='seconds')} had been given by "
            f"{known_at.isoformat(timespec='seconds')}: {first}"
        )
    return found


def newest(lake: Lake, *keys: str) -> datetime:
    """When the newest row of these tables came to be; of the documents by default: the valid time of the corpus."""
    moments = [
        moment
        for key in keys or ("corpus/documents",)
        for moment in lake.read(key, columns=["valid_from"])["valid_from"].to_pylist()
    ]
    return max(moments, default=datetime.fromtimestamp(0, tz=UTC))


def moment(text: str) -> datetime:
    """A date, which means its end in UTC, or a date with a time.

    Raises:
        ValueError: saying how to write it.
    """
    try:
        if len(text) <= len("2026-01-31"):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1, microseconds=-1)
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no date: write 2026-01-31 or 2026-01-31T12:00:00+00:00") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _rows(lake: Lake) -> list[dict[str, Any]]:
    return list(lake.read(KEY).to_pylist()) if lake.exists(KEY) else []


def _latest(rows: Sequence[Mapping[str, Any]], as_of: datetime, known_at: datetime) -> list[dict[str, Any]]:
    """Of each pattern the row of the newest state, and among those the one given last."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        if row["as_of"] > as_of or row["known_from"] > known_at:
            continue
        other = found.get(row["pattern_id"])
        if other is None or (row["as_of"], row["known_from"]) >= (other["as_of"], other["known_from"]):
            found[row["pattern_id"]] = row
    return [dict(found[pattern_id]) for pattern_id in sorted(found)]


def _differs(row: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return any(row[name] != other[name] for name in SCORED if name not in PROVENANCE)
