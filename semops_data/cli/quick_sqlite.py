"""Dagster's SQLite files, written without a wait for the disk and without a new connection for each event.

A run of the whole graph stores some two thousand events. Dagster makes an engine and a connection for each one, and
the last connection to close writes the whole log back: that took longer than most assets. Here the engines of a
home's files are kept while a command runs. `semops_data_tests/test_upstream.py` pins what this relies on.
"""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Engine

MODULES = (
    "dagster._core.storage.event_log.sqlite.sqlite_event_log",
    "dagster._core.storage.runs.sqlite.sqlite_run_storage",
)


class _Engines:
    """One pooled engine for each database."""

    def __init__(self) -> None:
        from sqlalchemy import create_engine

        self._create = create_engine
        self._kept: dict[str, Engine] = {}
        self._close: list[Callable[[], None]] = []

    def __call__(self, url: str, **options: Any) -> Engine:
        """As `sqlalchemy.create_engine`, once for each address; what asks for no pool gets one."""
        if url not in self._kept:
            from sqlalchemy import event

            options.pop("poolclass", None)
            engine = self._create(url, **options)
            event.listen(engine, "checkout", _spare_the_disk)
            self._close.append(engine.dispose)
            # Its users dispose of it after every statement.
            engine.dispose = lambda close=True: None  # type: ignore[method-assign] # noqa: ARG005
            self._kept[url] = engine
        return self._kept[url]

    def close(self) -> None:
        """Close every connection."""
        for dispose in self._close:
            dispose()


def _spare_the_disk(connection: sqlite3.Connection, record: Any, _proxy: object) -> None:
    # A new file becomes a WAL file on its first connection, so one look when that is made would be too early.
    if not record.info.get("is_quick") and connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        connection.execute("PRAGMA synchronous=NORMAL")
        record.info["is_quick"] = True


@contextmanager
def quick_sqlite() -> Iterator[None]:
    """Make the storages of a Dagster instance quick that is opened in this block and closed in it.

    A commit does not wait for the disk: a process that dies loses nothing, a power cut may lose the last events and
    never damages a file (SQLite's WAL mode with synchronous=NORMAL).
    """
    engines = _Engines()
    modules = [(module, module.create_engine) for module in map(import_module, MODULES)]
    for module, _ in modules:
        vars(module)["create_engine"] = engines
    try:
        yield
    finally:
        for module, former in modules:
            vars(module)["create_engine"] = former
        engines.close()
