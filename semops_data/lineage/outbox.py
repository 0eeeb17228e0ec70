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
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from semops_data.lineage.records import RunHead

BUSY_SECONDS = 20.0
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
class Counts:
    """How many items are in each state; `oldest_pending_seconds` is None where none waits."""

    new: int
    sent: int
    dead: int
    oldest_pending_seconds: float | None


class Outbox:
    """One outbox file; made on first use. Close it, or use it in a `with`.

    Raises:
        OSError: where the folder cannot be made.
        sqlite3.OperationalError: where the file cannot be opened or written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        # A commit that a power cut takes back is folded and delivered again.
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)

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
        now, before = time.time(), self._db.total_changes
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

    def sent(self, items: Sequence[Item], receipts: Sequence[str | None] = ()) -> None:
        """Mark items as delivered, each with what the receiver called it."""
        now = time.time()
        given = receipts or [None] * len(items)
        rows = ((receipt, now, item.seq) for item, receipt in zip(items, given, strict=True))
        self._db.executemany(
            "UPDATE items SET state = 'sent', last_error = NULL, receipt = ?, settled_at = ? WHERE seq = ?", rows
        )

    def failed(self, item: Item, error: str, *, is_dead: bool = False) -> None:
        """Keep the error; a dead item is not tried again until `revive`."""
        self._db.execute(
            "UPDATE items SET last_error = ?, state = ?, settled_at = ? WHERE seq = ?",
            (error[:2000], "dead" if is_dead else "new", time.time() if is_dead else None, item.seq),
        )

    def revive(self) -> int:
        """Make the dead ones new again; how many there were."""
        return self._db.execute("UPDATE items SET state = 'new', settled_at = NULL WHERE state = 'dead'").rowcount

    def receipt(self, key: str) -> str | None:
        """What the receiver called the item of that key; None where it is not delivered."""
        row = self._db.execute("SELECT receipt FROM items WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def counts(self) -> Counts:
        """How many items are in each state."""
        found = dict(self._db.execute("SELECT state, count(*) FROM items GROUP BY state").fetchall())
        oldest = self._db.execute("SELECT min(added_at) FROM items WHERE state = 'new'").fetchone()[0]
        age = None if oldest is None else max(0.0, time.time() - oldest)
        return Counts(found.get("new", 0), found.get("sent", 0), found.get("dead", 0), age)

    def prune(self, days: float) -> int:
        """Forget what was delivered more than that many days ago; how many items.

        Until then a replay is one update. That their runs were folded stays known, so they do not come back.
        """
        limit = time.time() - days * 86_400
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
        """Runs that were seen and had not finished."""
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
