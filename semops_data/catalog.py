"""The only file that spells `dagster/...` metadata keys.

Belongs here: metadata of a definition (schema, names, storage) and of a run (URI, counts, versions).
A key stands on the definition or on the run, never on both.
"""

from __future__ import annotations

import hashlib
import resource
import sys
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from semops_data.contracts import Column, Table

OWNERS = ["team:data-platform"]
MEANING_OWNERS = ["team:knowledge"]
ON_DEMAND = "semops/on-demand"
"""Tag of assets that belong to no selection of many: they are made where they are asked for by name."""
ARTIFACT = "semops/artifact:"
"""Metadata of a run under this prefix are paths of files that tracking uploads with the run."""
SUB_RUN = "semops/run:"
"""Metadata of a run under this prefix are JSON (params, metrics, artifacts): each becomes an MLflow run of its own."""


def sub_run(name: str) -> str:
    """The metadata key of a run within the run, `v1-embedding`."""
    return f"{SUB_RUN}{name}"


def artifact(name: str) -> str:
    """The metadata key of a file that belongs to the run, `orders-full.html`."""
    return f"{ARTIFACT}{name}"


def joined_digest(parts: Iterable[str]) -> str:
    """One sha256 of several texts, in order."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def column_schema(table: Table) -> dg.TableSchema:
    """Dagster's column schema of a contract: types, descriptions, units, keys and constraints."""
    return dg.TableSchema(columns=[_column(column) for column in table.columns])


def _column(column: Column) -> dg.TableColumn:
    other = [f"unit: {column.unit}"] if column.unit else []
    other += [f"one of: {', '.join(column.allowed)}"] if column.allowed else []
    other += [f"at least {column.minimum:g}"] if column.minimum is not None else []
    other += [f"at most {column.maximum:g}"] if column.maximum is not None else []
    return dg.TableColumn(
        column.name,
        column.type,
        column.description,
        constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=False, other=other),
        tags={"primary_key": ""} if column.is_key else {},
    )


def definition_metadata(table: Table, *, storage_kind: str | None = None) -> dict[str, Any]:
    """What is known of a table before any run: `metadata=` of its asset."""
    metadata: dict[str, Any] = {
        "dagster/column_schema": column_schema(table),
        "dagster/table_name": table.key.replace("/", "."),
    }
    return metadata | ({"dagster/storage_kind": storage_kind} if storage_kind else {})


def run_metadata(
    *, uri: str | None = None, rows: int | None = None, partition_rows: int | None = None, **more: Any
) -> dict[str, Any]:
    """What one materialization found, and the memory that it took: `metadata=` of its result.

    Args:
        uri: where the data lies.
        rows: rows of the whole table.
        partition_rows: rows of the materialized partition.
        more: the room's own values, under `semops/<name>`.
    """
    named = {"dagster/uri": uri, "dagster/row_count": rows, "dagster/partition_row_count": partition_rows}
    named |= {"semops/peak_memory_bytes": _peak_memory_bytes()}
    named |= {f"semops/{name}": value for name, value in more.items()}
    return {key: value for key, value in named.items() if value is not None}


def _peak_memory_bytes() -> int:
    """The most memory that the step's process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def column_lineage(
    columns: Mapping[str, list[tuple[str, str]]], ways: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, Any]:
    """Column lineage of one run: each column's sources as (asset key, column).

    Args:
        columns: for each output column, the `("room/name", "column")` pairs that it comes from.
        ways: for each output column how it is made of them, in OpenLineage's words.
    """
    lineage = dg.TableColumnLineage(
        {
            name: [dg.TableColumnDep(dg.AssetKey(key.split("/")), column) for key, column in sources]
            for name, sources in columns.items()
        }
    )
    said = {"semops/column_transformations": dg.MetadataValue.json(dict(ways))} if ways else {}
    return {"dagster/column_lineage": lineage} | said
