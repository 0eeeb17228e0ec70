"""Columns that a source exports and no contract knows: added, quarantined or refused, by policy; and changed types.

A quarantined column is left out of the lake and noted in `lakehouse/new_columns` with its type, its count and
examples; its values stay in the landed object, which nobody changes, until the contract names it or the policy is
`add`. An added column is nullable; rows of other days have null there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
from deltalake import Schema

from semops_data.contracts import Column, table
from semops_data.contracts.business import is_daily, raw_name
from semops_data.contracts.operations import NEW_COLUMNS
from semops_data.contracts.types import NAME
from semops_data.lakehouse.lake import MissingTableError
from semops_data.lakehouse.schema import SchemaChangeError, changed_types, kind

if TYPE_CHECKING:
    from semops_data.lakehouse.lake import Lake
    from semops_data.landing.landed import Landed

Policy = Literal["add", "quarantine", "refuse"]
TYPES = {"string": "string", "int": "int64", "float": "float64", "bool": "bool", "timestamp": "timestamp"}
MOST_EXAMPLES = 3
LONGEST_EXAMPLE = 80


@dataclass(frozen=True)
class Evolved:
    """What becomes of the columns of one landed object that its contract does not know.

    Attributes:
        columns: those beyond the contract that are written, as declarations.
        values: their landed values, one row per landed row.
        noted: rows of `lakehouse/new_columns`.
    """

    columns: tuple[Column, ...]
    values: pa.Table
    noted: pa.Table


def evolved(lake: Lake, landed: Landed, name: str, day: str, policy: Policy) -> Evolved:
    """Judge the columns of a landed object.

    Raises:
        SchemaChangeError: where a column's type changed, or a new column is refused; nothing was written.
    """
    refuse_changed_types(landed, name)
    held = _added_before(lake, f"lakehouse/{name}")
    extra = landed.extra
    if policy == "refuse" and set(extra.column_names) - held.keys():
        raise SchemaChangeError(
            f"{landed.path} has columns that no contract knows: "
            f"{', '.join(f'{field.name} ({field.type})' for field in extra.schema)}; nothing was written: declare them "
            f"in the contract of {name}, or set SEMOPS_NEW_COLUMNS to add or quarantine"
        )
    problems = changed_types(pa.schema([(name, type_) for name, type_ in held.items()]), extra.schema)
    if problems:
        raise SchemaChangeError(_changed(landed.path, problems))
    admitted = {name: Column(name, TYPES[kind(type_)], "Added by the source.", nullable=True)
                for name, type_ in held.items()}  # fmt: skip
    noted = []
    for field in extra.schema:
        is_addable = policy == "add" and kind(field.type) in TYPES and bool(NAME.match(field.name))
        if is_addable:
            admitted.setdefault(
                field.name,
                Column(field.name, TYPES[kind(field.type)], f"Added by the source on {day}.", nullable=True),
            )
        noted.append(_note(extra, field, name, day, landed.path, is_added=field.name in admitted))
    # Of a row that several days export, a day without the column says nothing about it; a day's own rows have null.
    columns = tuple(column for column in admitted.values() if is_daily(name) or column.name in extra.column_names)
    contract = table(NEW_COLUMNS.key)
    return Evolved(columns, _filled(columns, extra, landed), pa.Table.from_pylist(noted, contract.arrow_schema))


def refuse_changed_types(landed: Landed, name: str) -> None:
    """Check the types of a landed object's columns; JSON Lines have none but text, which is judged by row.

    Raises:
        SchemaChangeError: naming each column with the expected and the actual type.
    """
    if landed.texts is not None:
        return
    contract = table(f"lakehouse/{name}")
    also: dict[str, tuple[str, ...]] = {}
    for column in contract.columns:
        if column.type == "timestamp":
            also[column.name] = ("timestamp",)
        elif raw_name(column) != column.name:
            also[raw_name(column)] = ("decimal",)
    problems = changed_types(table(f"landing/{name}").arrow_schema, landed.rows.schema, also)
    if problems:
        raise SchemaChangeError(_changed(landed.path, problems))


def _changed(path: str, problems: list[str]) -> str:
    return (
        f"the types of {len(problems)} column(s) of {path} changed: {'; '.join(problems)}; nothing was written: land "
        "an export with the expected types, or change the contract"
    )


def _added_before(lake: Lake, key: str) -> dict[str, pa.DataType]:
    """The columns that the table has beyond its contract, with their types."""
    try:
        fields = lake.open(key).schema().fields
    except MissingTableError:
        return {}
    known = set(table(key).arrow_schema.names)
    added = [field for field in fields if field.name not in known]
    return {f.name: f.type for f in pa.schema(Schema(added).to_arrow())} if added else {}


def _filled(columns: tuple[Column, ...], extra: pa.Table, landed: Landed) -> pa.Table:
    count = landed.rows.num_rows
    if not columns:
        return pa.table({})
    schema = pa.schema([column.arrow_field for column in columns])
    return pa.table(
        [
            extra.column(f.name).cast(f.type) if f.name in extra.column_names else pa.nulls(count, f.type)
            for f in schema
        ],
        schema=schema,
    )


def _note(extra: pa.Table, field: pa.Field, name: str, day: str, path: str, *, is_added: bool) -> dict[str, object]:
    values = extra.column(field.name).drop_null()
    examples = [str(value)[:LONGEST_EXAMPLE] for value in values.slice(0, 100).to_pylist()]
    return {
        "day": day,
        "table_name": name,
        "column_name": field.name,
        "source_type": str(field.type),
        "decision": "added" if is_added else "quarantined",
        "rows_filled": len(values),
        "examples": list(dict.fromkeys(examples))[:MOST_EXAMPLES],
        "source": path,
    }
