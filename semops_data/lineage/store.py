"""Where an outbox lies: a SQLite file, or a schema of a PostgreSQL beside Dagster's own.

Belongs here: everything in which the two databases differ: connecting, making the tables, the lease, a handful of
words of SQL. Does not belong here: what the tables mean (`outbox`).
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from semops_data.settings import Settings

BUSY_SECONDS = 20.0
CONNECT_SECONDS = 3
_SCHEMA_VERSION = 2
_PAGE = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
  seq {number},
  key TEXT NOT NULL UNIQUE,
  body TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'sent', 'dead')),
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  receipt TEXT,
  added_at DOUBLE PRECISION NOT NULL,
  settled_at DOUBLE PRECISION
);
CREATE INDEX IF NOT EXISTS items_pending ON items (seq) WHERE state = 'new';
CREATE INDEX IF NOT EXISTS items_dead ON items (seq) WHERE state = 'dead';
CREATE INDEX IF NOT EXISTS items_sent ON items (settled_at) WHERE state = 'sent';
CREATE TABLE IF NOT EXISTS runs (
  run_id TEXT PRIMARY KEY, updated DOUBLE PRECISION NOT NULL, last_id BIGINT NOT NULL, is_finished INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS runs_open ON runs (run_id) WHERE is_finished = 0;
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class StoreError(OSError):
    """PostgreSQL does not answer, or not as asked; what was begun has not happened."""


@dataclass(frozen=True)
class Postgres:
    """A schema of a PostgreSQL database; each outbox has one of its own.

    Attributes:
        url: `postgresql://user:password@host:port/database`; SQLAlchemy's `postgresql+psycopg2://` is the same.
        schema: its schema, made at the first use.
    """

    url: str = field(repr=False)
    schema: str

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        return f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}, schema {self.schema}"

    @property
    def libpq(self) -> str:
        """The address as PostgreSQL's own library takes it."""
        return re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", self.url)


Place = Path | Postgres


def place(settings: Settings, schema: str, path: Path) -> Place:
    """Where an outbox lies by these settings: that schema where a PostgreSQL is given, else that file."""
    return Postgres(settings.outbox_url.get_secret_value(), schema) if settings.outbox_url else path


class Store(Protocol):
    """A database that holds one outbox; statements are SQLite's and PostgreSQL's common ones, with `?`.

    Attributes:
        begin: the statement that begins to write.
        find: the function that gives where in a text another one begins, 0 where it does not.
        event_time: the expression of when an item's event happened.
    """

    begin: str
    find: str
    event_time: str

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """A cursor over what the statement gives."""

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """The statement once for each row of values."""

    def add(self, items: Iterable[tuple[str, str, float]]) -> int:
        """Add (key, body, time) to the items, leaving keys that are there as they are; how many were new."""

    def lease(self) -> AbstractContextManager[bool]:
        """Whether this process may work on the outbox now; false where another one does."""

    def close(self) -> None:
        """Let go of the database."""


def connect(place: Place) -> Store:
    """The store at that place, its tables made at the first use.

    Raises:
        OSError: where a folder cannot be made or PostgreSQL does not answer.
        sqlite3.OperationalError: where the file cannot be opened or written.
    """
    return PostgresStore(place) if isinstance(place, Postgres) else SqliteStore(place)


class SqliteStore:
    """One file; `fcntl` keeps the processes of one machine apart."""

    begin = "BEGIN IMMEDIATE"
    find = "instr"
    event_time = "json_extract(body, '$.eventTime')"

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, is_new = path, not path.exists()
        self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        self.execute = self._db.execute
        if is_new or self.execute("PRAGMA user_version").fetchone()[0] != _SCHEMA_VERSION:
            # Of use before the first table only: events are larger than a page of the default size.
            self.execute("PRAGMA page_size = 32768")
            self.execute("PRAGMA journal_mode = WAL")
            self._db.executescript(_SCHEMA.format(number="INTEGER PRIMARY KEY AUTOINCREMENT"))
            self.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
        # A commit that a power cut takes back is folded and delivered again.
        self.execute("PRAGMA synchronous = NORMAL")

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """The statement once for each row of values."""
        self._db.executemany(sql, rows)

    def add(self, items: Iterable[tuple[str, str, float]]) -> int:
        """Add items that are not there; how many were new."""
        before = self._db.total_changes
        self._db.executemany(
            "INSERT INTO items (key, body, added_at) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING", items
        )
        return self._db.total_changes - before

    @contextmanager
    def lease(self) -> Iterator[bool]:
        """Whether this process has the lock file."""
        with self._path.with_suffix(".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class PostgresStore:
    """One schema; an advisory lock keeps the processes of all machines apart, and ends with its connection."""

    begin = "BEGIN"
    find = "strpos"
    event_time = "(body::json ->> 'eventTime') COLLATE \"C\""

    def __init__(self, place: Postgres) -> None:
        self._place = place
        self._db = _connection(place)
        with _told():
            self._cursor = self._db.cursor()
        if self.execute("SELECT to_regclass(?)", (f"{place.schema}.marks",)).fetchone()[0] is None:
            self._make()

    def _make(self) -> None:
        # Two processes may come first: neither CREATE SCHEMA nor CREATE TABLE is safe against the other.
        self.execute("BEGIN")
        self.execute("SELECT pg_advisory_xact_lock(?)", (self._number("make"),))
        self.execute(f'CREATE SCHEMA IF NOT EXISTS "{self._place.schema}"')
        self.execute(_SCHEMA.format(number="BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"))
        self.execute("COMMIT")

    def _number(self, what: str) -> int:
        digest = hashlib.sha256(f"{self._place.schema}/{what}".encode()).digest()
        return int.from_bytes(digest[:8], "big", signed=True)

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """The cursor, after the statement."""
        with _told():
            self._cursor.execute(sql.replace("?", "%s"), tuple(values) or None)
        return self._cursor

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """The statement once for each row of values, in pages."""
        from psycopg2.extras import execute_batch

        with _told():
            execute_batch(self._cursor, sql.replace("?", "%s"), rows, page_size=_PAGE)

    def add(self, items: Iterable[tuple[str, str, float]]) -> int:
        """Add items that are not there; how many were new."""
        from psycopg2.extras import execute_values

        sql = "INSERT INTO items (key, body, added_at) VALUES %s ON CONFLICT (key) DO NOTHING RETURNING 1"
        with _told():
            return len(execute_values(self._cursor, sql, items, page_size=_PAGE, fetch=True))

    @contextmanager
    def lease(self) -> Iterator[bool]:
        """Whether this connection has the lock."""
        number = self._number("lease")
        if not self.execute("SELECT pg_try_advisory_lock(?)", (number,)).fetchone()[0]:
            yield False
            return
        try:
            yield True
        finally:
            # A connection that is gone has given its lock back already.
            if not self._db.closed:
                self.execute("SELECT pg_advisory_unlock(?)", (number,))

    def close(self) -> None:
        """Close the connection."""
        self._db.close()


def _connection(place: Postgres) -> Any:
    import psycopg2

    with _told():
        made = psycopg2.connect(
            place.libpq,
            connect_timeout=CONNECT_SECONDS,
            application_name="semops-data outbox",
            # A commit that a power cut takes back is folded and delivered again.
            options=f'-c search_path="{place.schema}" -c statement_timeout={BUSY_SECONDS:.0f}s '
            "-c synchronous_commit=off -c client_min_messages=warning",
        )
        made.autocommit = True
    return made


@contextmanager
def _told() -> Iterator[None]:
    """Errors of the driver as one of ours, in one line."""
    import psycopg2

    try:
        yield
    except psycopg2.Error as error:
        raise StoreError(f"PostgreSQL: {' '.join(str(error).split()) or type(error).__name__}") from error


def exists(place: Place) -> bool:
    """Whether an outbox was ever made there; nothing is made by asking.

    Raises:
        StoreError: where PostgreSQL does not answer.
    """
    if not isinstance(place, Postgres):
        return place.exists()
    with closing(_connection(place)) as database, _told():
        cursor = database.cursor()
        cursor.execute("SELECT to_regclass(%s)", (f"{place.schema}.marks",))
        return cursor.fetchone()[0] is not None


def bodies(place: Place, text: str) -> Iterator[str]:
    """The bodies that hold a text, oldest first, read without writing; none where there is no outbox.

    Raises:
        sqlite3.DatabaseError: where the file is no outbox.
        StoreError: where PostgreSQL does not answer.
    """
    if not exists(place):
        return
    sql = "SELECT body FROM items WHERE {find}(body, {slot}) > 0 ORDER BY seq"
    if not isinstance(place, Postgres):
        uri = f"{place.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS)) as file:
            yield from (str(row[0]) for row in file.execute(sql.format(find="instr", slot="?"), (text,)))
        return
    with closing(_connection(place)) as database, _told():
        database.set_session(readonly=True, autocommit=False)
        # A cursor of the server's: the answer may be larger than memory.
        with database.cursor(name="told") as cursor:
            cursor.execute(sql.format(find="strpos", slot="%s"), (text,))
            yield from (str(row[0]) for row in cursor)
