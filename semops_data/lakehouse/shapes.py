"""Reading a Delta table, also one that was written before its contract had a column: with nulls, or refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow.dataset as ds
    from deltalake import DeltaTable


class FormerShapeError(LookupError):
    """A table lacks a column that its contract has gained since, and that may not be null."""


def as_dataset(delta: DeltaTable, predicate: Any = None) -> ds.Dataset:
    """A version of a Delta table as an Arrow dataset; scan it without threads.

    Args:
        delta: the table at that version.
        predicate: `file_pruning_predicate` of delta-rs, on partition columns.

    Returns:
        The dataset. A local table is read by Arrow's own file system: files that delta-rs opens are Python objects, and
        an Arrow thread that lets go of one while the interpreter ends aborts the process.
    """
    from pyarrow import fs

    place = urlsplit(delta.table_uri)
    local = fs.SubTreeFileSystem(url2pathname(place.path), fs.LocalFileSystem()) if place.scheme == "file" else None
    return delta.to_pyarrow_dataset(file_pruning_predicate=predicate, filesystem=local)


def scan(delta: DeltaTable, columns: Sequence[str], where: Mapping[str, str | Sequence[str]]) -> pa.Table:
    """Rows of one version of a Delta table, in the types that it stores.

    Args:
        delta: the table at that version.
        columns: names to read.
        where: equality on partition columns, or several values of one.
    """
    filters: Any = [(name, "=" if isinstance(of, str) else "in", of) for name, of in where.items()] or None
    # Threads of a dataset scan outlive a short process and crash it at exit.
    return as_dataset(delta, filters).to_table(columns=list(columns), use_threads=False)


def present(delta: DeltaTable, schema: pa.Schema, key: str) -> list[str]:
    """Those of the wanted columns that the table has.

    Args:
        delta: the table at the version that is read.
        schema: wanted columns.
        key: the table's key.

    Raises:
        FormerShapeError: where a column is not there that may not be null.
    """
    held = {field.name for field in delta.schema().fields}
    if strange := [field.name for field in schema if field.name not in held and not field.nullable]:
        raise FormerShapeError(
            f"Delta table {key} at {delta.table_uri} was written without the column {', '.join(strange)}, which its "
            f"contract has now: materialize the asset {key} again"
        )
    return [field.name for field in schema if field.name in held]


def widened_to(schema: pa.Schema, data: pa.Table) -> pa.Table:
    """The rows in the schema's columns and types, null in the columns that they lack."""
    if data.num_columns == len(schema):
        return data.cast(schema)
    columns = [
        data[field.name].cast(field.type) if field.name in data.column_names else pa.nulls(len(data), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)
