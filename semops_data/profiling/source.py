"""Open what is to be profiled as a DuckDB view: Arrow tables, and files that a person names."""

from __future__ import annotations

import contextlib
import glob
import tempfile
from typing import TYPE_CHECKING, Any

from semops_data.contracts import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from deltalake import DeltaTable

    from semops_data.lakehouse.lake import Lake

VIEW = "profiled"
MEMORY_LIMIT = "1GB"
PARTITION_MEMORY_LIMIT = "128MB"
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
def connect(*, threads: int = 1, memory: str = MEMORY_LIMIT) -> Iterator[Any]:
    """A DuckDB connection in memory that spills to a temporary folder above a limit.

    Args:
        threads: one gives the same digits every time; more are faster.
        memory: the limit.
    """
    import duckdb

    with tempfile.TemporaryDirectory(prefix="semops-profile-") as folder:
        config = {"threads": threads, "memory_limit": memory, "temp_directory": folder}
        with duckdb.connect(":memory:", config=config) as connection:
            # Moments are shown in UTC, wherever this runs.
            connection.execute("SET TimeZone = 'UTC'")
            # It would write into the output of a command that prints JSON.
            connection.execute("SET enable_progress_bar = false")
            # It would read a row group of all columns at once: the peak would be that of the largest group of any file.
            connection.execute("SET disable_parquet_prefetching = true")
            yield connection


@contextlib.contextmanager
def connect_partition(lake: Lake, key: str, where: Mapping[str, str]) -> Iterator[Any]:
    """A connection whose view `profiled` is a table of the lake, or a partition of it; see `open_partition`."""
    with connect(memory=PARTITION_MEMORY_LIMIT) as connection, open_partition(connection, lake, key, where):
        yield connection


@contextlib.contextmanager
def open_partition(connection: Any, lake: Lake, key: str, where: Mapping[str, str]) -> Iterator[None]:
    """Make a table of the lake, or a partition of it, the view `profiled`; never the rows in memory.

    DuckDB reads the Parquet files of the table's latest version where they are local; from an object store they are
    streamed to a temporary file first.

    Args:
        connection: whose view it becomes, for as long as the block lasts.
        lake: where the table is.
        key: the table's key.
        where: equality on partition columns.

    Raises:
        MissingTableError: where nothing has been written under that key.
    """
    delta = lake.open(key)
    names = table(key).arrow_schema.names
    with contextlib.ExitStack() as stack:
        files, constants = _local_files(lake, delta, key, where)
        if files is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="semops-profile-"))
            files, constants = [_spooled(delta, folder, names, where)], {}
        if not files:
            # A result that was not read to its end is in the way.
            connection.execute("SELECT 1").fetchall()
            connection.register("no_rows", table(key).arrow_schema.empty_table())
            source = "SELECT * FROM no_rows"
        else:
            listed = ", ".join(_literal(path) for path in files)
            chosen = [f"{_literal(constants[n])} AS {n}" if n in constants else n for n in names]
            source = (
                f"SELECT {', '.join(chosen)} "  # noqa: S608 - names of a contract, quoted paths
                f"FROM read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
            )
        connection.execute(f"CREATE OR REPLACE VIEW {VIEW} AS {source}")
        yield


def _local_files(
    lake: Lake, delta: DeltaTable, key: str, where: Mapping[str, str]
) -> tuple[list[str] | None, dict[str, str]]:
    """The files, and the partition's values, which are not in the files; None where the rows have to be streamed."""
    if lake.local_path(key) is None or set(delta.metadata().partition_columns) != set(where):
        return None, {}
    filters = [(name, "=", value) for name, value in where.items()] or None
    return [str(uri).removeprefix("file://") for uri in delta.file_uris(file_pruning_predicate=filters)], dict(where)


def _spooled(delta: DeltaTable, folder: str, names: list[str], where: Mapping[str, str]) -> str:
    """Stream the rows into one temporary Parquet file."""
    import pyarrow.parquet as pq

    from semops_data.lakehouse.shapes import as_dataset

    filters = [(name, "=", value) for name, value in where.items()] or None
    dataset = as_dataset(delta, filters)
    path = f"{folder}/rows.parquet"
    # Threads of a dataset scan outlive a short process and crash it at exit.
    scanner = dataset.scanner(columns=names, batch_size=BATCH_ROWS, batch_readahead=1, use_threads=False)
    with pq.ParquetWriter(path, scanner.projected_schema) as writer:
        for batch in scanner.to_batches():
            writer.write_batch(batch)
    return path


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


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

    from semops_data.lakehouse.shapes import as_dataset

    dataset = as_dataset(DeltaTable(str(path)))
    # Threads of a dataset scan outlive a short process and crash it at exit.
    reader = dataset.scanner(use_threads=False, batch_size=BATCH_ROWS).to_reader()
    connection.register("delta_rows", reader)
    connection.execute(f"CREATE TABLE {VIEW} AS SELECT * FROM delta_rows")  # noqa: S608 - constant
