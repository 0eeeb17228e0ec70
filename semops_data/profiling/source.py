"""Open what is to be profiled as a DuckDB view: Arrow tables, and files that a person names."""

from __future__ import annotations

import contextlib
import glob
import tempfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VIEW = "profiled"
MEMORY_LIMIT = "1GB"
BATCH_ROWS = 65_536
SUFFIXES = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
}


class UnreadableError(ValueError):
    """A file cannot be read as a table."""


@contextlib.contextmanager
def connect(*, threads: int = 1) -> Iterator[Any]:
    """A DuckDB connection in memory that spills to a temporary folder above 1 GB.

    Args:
        threads: one gives the same digits every time; more are faster.
    """
    import duckdb

    with tempfile.TemporaryDirectory(prefix="semops-profile-") as folder:
        config = {"threads": threads, "memory_limit": MEMORY_LIMIT, "temp_directory": folder}
        with duckdb.connect(":memory:", config=config) as connection:
            # Moments are shown in UTC, wherever this runs.
            connection.execute("SET TimeZone = 'UTC'")
            yield connection


def open_file(connection: Any, path: Path) -> None:
    """Make a CSV, Parquet or JSON Lines file, or a Delta folder, the view `profiled`.

    Raises:
        UnreadableError: where it is not there, of another kind, or broken; names the file and what to do.
    """
    import duckdb
    from deltalake.exceptions import DeltaError

    if not path.exists():
        raise UnreadableError(f"{path} does not exist: name a CSV, Parquet or JSON Lines file, or a Delta folder")
    kind = "delta" if (path / "_delta_log").is_dir() else SUFFIXES.get(path.suffix.lower())
    if kind is None or (path.is_dir() and kind != "delta"):
        known = ", ".join(sorted(SUFFIXES))
        raise UnreadableError(f"{path} is no table that can be read: a file ending in {known}, or a Delta folder")
    try:
        if kind == "delta":
            _copy_delta(connection, path)
        else:
            _read(connection, kind, path).create_view(VIEW)
    except (duckdb.Error, DeltaError, OSError, ValueError) as error:
        raise UnreadableError(f"{path} cannot be read as {kind}: {str(error).splitlines()[0]}") from error


def _read(connection: Any, kind: str, path: Path) -> Any:
    # The reader takes its argument as a pattern: a name with a bracket or a star means itself.
    name = glob.escape(str(path))
    if kind == "csv":
        return connection.read_csv(name)
    if kind == "json":
        return connection.read_json(name, format="newline_delimited")
    return connection.read_parquet(name)


def _copy_delta(connection: Any, path: Path) -> None:
    """Stream a Delta table into DuckDB: its partition values are in its log, and its file names are encoded."""
    from deltalake import DeltaTable

    dataset = DeltaTable(str(path)).to_pyarrow_dataset()
    # Threads of a dataset scan outlive a short process and crash it at exit.
    reader = dataset.scanner(use_threads=False, batch_size=BATCH_ROWS).to_reader()
    connection.register("delta_rows", reader)
    connection.execute(f"CREATE TABLE {VIEW} AS SELECT * FROM delta_rows")  # noqa: S608 - constant
