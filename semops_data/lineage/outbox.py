"""The outbox: what has happened and not yet been told, in one SQLite file.

Belongs here: keys that are unique, bodies that never change, their states, and the reader's watermark, which moves
in the same transaction. The lineage's events and the tracking's runs wait in one outbox each.
Does not belong here: what a body means, or how it is delivered.
"""

from __future__ import annotations

import fcntl
import sqlite3
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from semops_data.lineage.records import RunHead

BUSY_SECONDS = 20.0
_SCHEMA_VERSION = 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  body TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'sent', 'dead')),
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  receipt TEXT,
  added_at REAL NOT NULL,
  settled_at REAL
);
CREATE INDEX IF NOT EXISTS items_pending ON items (seq) WHERE state = 'new';
CREATE INDEX IF NOT EXISTS items_dead ON items (seq) WHERE state = 'dead';
CREATE INDEX IF NOT EXISTS items_sent ON items (settled_at) WHERE state = 'sent';
CREATE TABLE IF NOT EXISTS runs (
  run_id TEXT PRIMARY KEY, updated REAL NOT NULL, last_id INTEGER NOT NULL, is_finished INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS runs_open ON runs (run_id) WHERE is_finished = 0;
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


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
    """One outbox file; made on first use. Close it, or use it in a `with`.

    Attributes:
        path: the file.
        clock: what time it is, Unix time in seconds.
        delivered: items marked as delivered through this object.

    Raises:
        OSError: where the folder cannot be made.
        sqlite3.OperationalError: where the file cannot be opened or written.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.clock, self.delivered = path, clock, 0
        is_new = not path.exists()
        self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        # Of use before the first table only: events are larger than a page of the default size.
        self._db.execute("PRAGMA page_size = 32768")
        self._db.execute("PRAGMA journal_mode = WAL")
        # A commit that a power cut takes back is folded and delivered again.
        self._db.execute("PRAGMA synchronous = NORMAL")
        if is_new or self._db.execute("PRAGMA user_version").fetchone()[0] != _SCHEMA_VERSION:
            self._db.executescript(_SCHEMA)
            self._db.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")

    def __enter__(self) -> Outbox:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def lease(self) -> Iterator[bool]:
        """Whether this process may work on the outbox now; false where another one does."""
        with self.path.with_suffix(".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside happens, or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def add(self, items: Iterable[tuple[str, str]]) -> int:
        """Add (key, body) pairs, leaving keys that are there as they are; how many were new."""
        now, before = self.clock(), self._db.total_changes
        self._db.executemany(
            "INSERT INTO items (key, body, added_at) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING",
            ((key, body, now) for key, body in items),
        )
        return self._db.total_changes - before

    def pending(self, limit: int, after: int = 0) -> list[Item]:
        """The oldest undelivered items, in order, from beyond that place."""
        rows = self._db.execute(
            "SELECT seq, key, body, attempts FROM items WHERE state = 'new' AND seq > ? ORDER BY seq LIMIT ?",
            (after, limit),
        )
        return [Item(*row) for row in rows]

    def begin(self, items: Sequence[Item]) -> None:
        """Write down that delivery is tried, so that a crash after it is noticed."""
        self._db.executemany("UPDATE items SET attempts = attempts + 1 WHERE seq = ?", ((item.seq,) for item in items))

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
        self._db.executemany(
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
            (error[:2000], "dead" if is_dead else "new", self.clock() if is_dead else None, item.seq),
        )

    def revive(self) -> int:
        """Make the dead ones new again; how many there were."""
        return self._db.execute("UPDATE items SET state = 'new', settled_at = NULL WHERE state = 'dead'").rowcount

    def receipt(self, key: str) -> str | None:
        """What the receiver called the item of that key; None where it is not delivered."""
        row = self._db.execute("SELECT receipt FROM items WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def replay(self, since: str) -> int:
        """Make delivered events new again that happened at or after that time (ISO 8601, UTC); how many.

        They go out once more as they are: same key, same bytes.
        """
        return self._db.execute(
            "UPDATE items SET state = 'new', settled_at = NULL "
            "WHERE state = 'sent' AND json_extract(body, '$.eventTime') >= ?",
            (since,),
        ).rowcount

    def dead(self, limit: int = 100) -> list[DeadItem]:
        """The dead ones, oldest first."""
        rows = self._db.execute(
            "SELECT key, body, attempts, last_error, settled_at FROM items WHERE state = 'dead' ORDER BY seq LIMIT ?",
            (limit,),
        )
        return [DeadItem(*row) for row in rows]

    def told(self, text: str) -> list[tuple[str, str, str | None]]:
        """Items whose key, body or receipt holds a text: (key, body, receipt), oldest first."""
        return self._db.execute(
            "SELECT key, body, receipt FROM items WHERE instr(body, ?) OR instr(coalesce(receipt, ''), ?) ORDER BY seq",
            (text, text),
        ).fetchall()

    def newest(self, prefix: str, limit: int) -> list[tuple[str, str, str | None]]:
        """The newest items whose key starts so: (key, body, receipt)."""
        return self._db.execute(
            "SELECT key, body, receipt FROM items WHERE substr(key, 1, ?) = ? ORDER BY seq DESC LIMIT ?",
            (len(prefix), prefix, limit),
        ).fetchall()

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
        return self._db.execute("DELETE FROM items WHERE state = 'sent' AND settled_at < ?", (limit,)).rowcount

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
