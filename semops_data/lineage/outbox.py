"""The outbox: what has happened and not yet been told, in a SQLite file or a schema of a PostgreSQL.

Belongs here: keys that are unique, bodies that never change, their states, and the reader's watermark, which moves
in the same transaction. The lineage's events and the tracking's runs wait in one outbox each.
Does not belong here: what a body means, how it is delivered, or which database holds it (`store`).
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from semops_data.lineage import store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from semops_data.lineage.records import RunHead


@dataclass(frozen=True)
class Item:
    """One thing to deliver.

    Attributes:
        seq: its place in the order.
        key: unique to what happened.
        body: the frozen text.
        attempts: deliveries that were begun before; above 0 it may have arrived already.
    """

    seq: int
    key: str
    body: str
    attempts: int


@dataclass(frozen=True)
class Backlog:
    """How many items wait and how many are dead; `oldest_pending_seconds` is None where none waits."""

    new: int
    dead: int
    oldest_pending_seconds: float | None


@dataclass(frozen=True)
class DeadItem:
    """One item that the receiver refused for good, and why."""

    key: str
    body: str
    attempts: int
    error: str
    refused_at: float


class DeliveryError(Exception):
    """A receiver did not take an item now; it stays in the outbox."""


class Outbox:
    """One outbox, made on first use. Close it, or use it in a `with`.

    Attributes:
        place: the file, or the schema of a PostgreSQL.
        clock: what time it is, Unix time in seconds.
        delivered: items marked as delivered through this object.

    Raises:
        OSError: where the folder cannot be made, or PostgreSQL does not answer.
        sqlite3.OperationalError: where the file cannot be opened or written.
    """

    def __init__(self, place: store.Place, clock: Callable[[], float] = time.time) -> None:
        self.place, self.clock, self.delivered = place, clock, 0
        self._db = store.connect(place)

    def __enter__(self) -> Outbox:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._db.close()

    def lease(self) -> AbstractContextManager[bool]:
        """Whether this process may work on the outbox now; false where another one does."""
        return self._db.lease()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside happens, or nothing."""
        self._db.execute(self._db.begin)
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def add(self, items: Iterable[tuple[str, str]]) -> int:
        """Add (key, body) pairs, leaving keys that are there as they are; how many were new."""
        now = self.clock()
        return self._db.add((key, body, now) for key, body in items)

    def pending(self, limit: int, after: int = 0) -> list[Item]:
        """The oldest undelivered items, in order, from beyond that place."""
        rows = self._db.execute(
            "SELECT seq, key, body, attempts FROM items WHERE state = 'new' AND seq > ? ORDER BY seq LIMIT ?",
            (after, limit),
        )
        return [Item(*row) for row in rows]

    def begin(self, items: Sequence[Item]) -> None:
        """Write down that delivery is tried, so that a crash after it is noticed."""
        self._db.many("UPDATE items SET attempts = attempts + 1 WHERE seq = ?", ((item.seq,) for item in items))

    def sent(self, items: Sequence[Item], receipts: Sequence[str | None] = (), *, tries: int = 0) -> None:
        """Mark items as delivered, each with what the receiver called it.

        Args:
            items: what was delivered.
            receipts: what the receiver called each.
            tries: 1 where `begin` was not called before.
        """
        now = self.clock()
        given = receipts or [None] * len(items)
        rows = ((tries, receipt, now, item.seq) for item, receipt in zip(items, given, strict=True))
        self._db.many(
            "UPDATE items SET state = 'sent', attempts = attempts + ?, last_error = NULL, receipt = ?, settled_at = ? "
            "WHERE seq = ?",
            rows,
        )
        self.delivered += len(items)

    def tried(self, item: Item, error: str, *, is_dead: bool = False) -> None:
        """Count a try that failed, where `begin` was not called before; see `failed`."""
        self.begin([item])
        self.failed(item, error, is_dead=is_dead)

    def failed(self, item: Item, error: str, *, is_dead: bool = False) -> None:
        """Keep the error; a dead item is not tried again until `revive`."""
        self._db.execute(
            "UPDATE items SET last_error = ?, state = ?, settled_at = ? WHERE seq = ?",
            (error[:2000].replace("\0", ""), "dead" if is_dead else "new", self.clock() if is_dead else None, item.seq),
        )

    def revive(self) -> int:
        """Make the dead ones new again; how many there were."""
        return self._changed("UPDATE items SET state = 'new', settled_at = NULL WHERE state = 'dead'")

    def receipt(self, key: str) -> str | None:
        """What the receiver called the item of that key; None where it is not delivered."""
        row = self._db.execute("SELECT receipt FROM items WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def replay(self, since: str) -> int:
        """Make delivered events new again that happened at or after that time (ISO 8601, UTC); how many.

        They go out once more as they are: same key, same bytes.
        """
        happened = self._db.event_time
        return self._changed(
            f"UPDATE items SET state = 'new', settled_at = NULL WHERE state = 'sent' AND {happened} >= ?",  # noqa: S608 - an expression of ours
            since,
        )

    def dead(self, limit: int = 100) -> list[DeadItem]:
        """The dead ones, oldest first."""
        rows = self._db.execute(
            "SELECT key, body, attempts, last_error, settled_at FROM items WHERE state = 'dead' ORDER BY seq LIMIT ?",
            (limit,),
        )
        return [DeadItem(*row) for row in rows]

    def told(self, text: str) -> list[tuple[str, str, str | None]]:
        """Items whose key, body or receipt holds a text: (key, body, receipt), oldest first."""
        found = self._db.find
        rows = self._db.execute(
            f"SELECT key, body, receipt FROM items WHERE {found}(body, ?) > 0 "  # noqa: S608 - a function's name
            f"OR {found}(coalesce(receipt, ''), ?) > 0 ORDER BY seq",
            (text, text),
        )
        return list(rows.fetchall())

    def newest(self, prefix: str, limit: int) -> list[tuple[str, str, str | None]]:
        """The newest items whose key starts so: (key, body, receipt)."""
        rows = self._db.execute(
            "SELECT key, body, receipt FROM items WHERE substr(key, 1, ?) = ? ORDER BY seq DESC LIMIT ?",
            (len(prefix), prefix, limit),
        )
        return list(rows.fetchall())

    def _changed(self, sql: str, *values: str | float) -> int:
        return int(self._db.execute(sql, values).rowcount)

    def backlog(self) -> Backlog:
        """What waits and what is dead; cheap, however much was delivered."""
        new, dead = (
            int(self._db.execute(f"SELECT count(*) FROM items WHERE state = '{state}'").fetchone()[0])  # noqa: S608
            for state in ("new", "dead")
        )
        oldest = self._db.execute("SELECT added_at FROM items WHERE state = 'new' ORDER BY seq LIMIT 1").fetchone()
        return Backlog(new, dead, max(0.0, self.clock() - oldest[0]) if oldest else None)

    def sent_count(self) -> int:
        """How many delivered items are still kept."""
        return int(self._db.execute("SELECT count(*) FROM items WHERE state = 'sent'").fetchone()[0])

    def last_seq(self) -> int:
        """The place of the newest item; 0 where there never was one."""
        row = self._db.execute("SELECT max(seq) FROM items").fetchone()
        return int(row[0] or 0)

    def prune(self, days: float) -> int:
        """Forget what was delivered more than that many days ago; how many items.

        Until then a replay is one update. That their runs were folded stays known, so they do not come back.
        """
        limit = self.clock() - days * 86_400
        return self._changed("DELETE FROM items WHERE state = 'sent' AND settled_at < ?", limit)

    def mark(self, name: str, default: str = "") -> str:
        """A named value, such as a watermark."""
        row = self._db.execute("SELECT value FROM marks WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else default

    def set_mark(self, name: str, value: str) -> None:
        """Set a named value."""
        self._db.execute(
            "INSERT INTO marks VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value)
        )

    def open_runs(self) -> list[str]:
        """Runs that were seen and are not settled: not finished, or so lately that a row may still appear."""
        return [row[0] for row in self._db.execute("SELECT run_id FROM runs WHERE is_finished = 0")]

    def seen(self, run_id: str) -> tuple[float, int, bool] | None:
        """When the run had changed when it was last folded, its newest record then, and whether it had finished."""
        row = self._db.execute("SELECT updated, last_id, is_finished FROM runs WHERE run_id = ?", (run_id,)).fetchone()
        return (float(row[0]), int(row[1]), bool(row[2])) if row else None

    def see(self, head: RunHead, last_id: int, *, is_finished: bool) -> None:
        """Write down how far a run was folded."""
        self._db.execute(
            "INSERT INTO runs VALUES (?, ?, ?, ?) ON CONFLICT (run_id) DO UPDATE SET updated = excluded.updated, "
            "last_id = excluded.last_id, is_finished = excluded.is_finished",
            (head.run_id, head.updated, last_id, int(is_finished)),
        )

    def forget(self, run_id: str) -> None:
        """A run was deleted from the instance: do not wait for it."""
        self._db.execute("UPDATE runs SET is_finished = 1 WHERE run_id = ?", (run_id,))
