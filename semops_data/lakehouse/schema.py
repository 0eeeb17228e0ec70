"""What a contract makes of a Delta table: constraints, comments, and what may change about its columns."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from semops_data.lakehouse.writing import literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deltalake import DeltaTable

    from semops_data.contracts import Column, Table

CONSTRAINT = "delta.constraints."
LEGAL = "_is_legal_"


class SchemaChangeError(ValueError):
    """Columns changed in a way that is refused; names each with what was expected and what it is."""


def constraints(contract: Table) -> dict[str, str]:
    """The contract's ranges and closed sets as SQL, by the name of the Delta constraint.

    The name holds a digest of the text: Delta rewrites the text, so that it cannot be compared with ours.
    """
    found = {}
    for column in contract.columns:
        rules = _rules(column)
        if rules:
            text = " AND ".join(rules)
            # To Delta, a null breaks a check that does not name it.
            text = f"{column.name} IS NULL OR ({text})" if column.nullable else text
            found[f"{column.name}{LEGAL}{hashlib.sha256(text.encode()).hexdigest()[:8]}"] = text
    return found


def _rules(column: Column) -> list[str]:
    rules = [f"{column.name} >= {column.minimum:.0f}"] if column.minimum is not None else []
    rules += [f"{column.name} <= {column.maximum:.0f}"] if column.maximum is not None else []
    if column.allowed:
        rules.append(f"{column.name} IN ({', '.join(repr(literal(value)) for value in column.allowed)})")
    return rules


def violations(column: Column, values: pa.ChunkedArray) -> int:
    """How many values of a column break its declaration: what `constraints` says as SQL, and that nulls are legal."""
    count = 0 if column.nullable else values.null_count
    if column.minimum is None and column.maximum is None and not column.allowed:
        return int(count)
    # A count is only taken where there is something to count. Nulls break no range and no set.
    if column.allowed and not set(pc.unique(values).drop_null().to_pylist()) <= set(column.allowed):
        known = values.drop_null()
        count += len(known) - (pc.sum(pc.is_in(known, value_set=pa.array(column.allowed))).as_py() or 0)
    bounds = pc.min_max(values).as_py() if column.minimum is not None or column.maximum is not None else {}
    if column.minimum is not None and bounds["min"] is not None and bounds["min"] < column.minimum:
        count += pc.sum(pc.less(values, column.minimum)).as_py() or 0
    if column.maximum is not None and bounds["max"] is not None and bounds["max"] > column.maximum:
        count += pc.sum(pc.greater(values, column.maximum)).as_py() or 0
    return int(count)


def constrain(delta: DeltaTable, contract: Table) -> None:
    """Give a table the constraints of its contract, and take those away that the contract no longer has."""
    held = {name.removeprefix(CONSTRAINT) for name in delta.metadata().configuration if name.startswith(CONSTRAINT)}
    wanted = constraints(contract)
    for name in sorted(held - wanted.keys()):
        # A constraint that somebody else put there is not ours to remove.
        if LEGAL in name or name.endswith("_is_legal"):
            delta.alter.drop_constraint(name)
    missing = {name: text for name, text in wanted.items() if name not in held}
    if missing:
        delta.alter.add_constraint(missing)


def commented(schema: pa.Schema) -> pa.Schema:
    """The schema with each column's description where Delta keeps comments."""
    return pa.schema(
        field.with_metadata((field.metadata or {}) | {b"comment": (field.metadata or {}).get(b"description", b"")})
        for field in schema
    )


def kind(type_: pa.DataType) -> str:
    """What a type means, whatever its width or encoding: `string`, `int`, `float`, `list<string>`, ..."""
    if pa.types.is_dictionary(type_):
        return kind(type_.value_type)
    if pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_):
        return f"list<{kind(type_.value_type)}>"
    tests = {
        "string": (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
        "int": (pa.types.is_integer,),
        "float": (pa.types.is_floating,),
        "bool": (pa.types.is_boolean,),
        "timestamp": (pa.types.is_timestamp,),
        "date": (pa.types.is_date,),
        "decimal": (pa.types.is_decimal,),
        "null": (pa.types.is_null,),
    }
    return next((name for name, are in tests.items() if any(is_one(type_) for is_one in are)), str(type_))


def changed_types(
    expected: pa.Schema, actual: pa.Schema, also: Mapping[str, tuple[str, ...]] | None = None
) -> list[str]:
    """The columns of both schemas whose type means something else, each as `name: expected string, is int64`.

    Args:
        expected: of a contract.
        actual: of rows or of a table. A column of nulls fits any type, integers fit a float.
        also: further kinds that a column may have, by name.
    """
    found = []
    for field in expected:
        if field.name not in actual.names:
            continue
        want, have = kind(field.type), kind(actual.field(field.name).type)
        fits = {want, "null", "list<null>" if want.startswith("list") else want, *((also or {}).get(field.name, ()))}
        if want in ("float", "list<float>"):
            fits |= {want.replace("float", "int")}
        if have not in fits:
            found.append(f"{field.name}: expected {field.type}, is {actual.field(field.name).type}")
    return found


def evolve(delta: DeltaTable, contract: Table) -> None:
    """Give a table the columns that its contract has gained; other changes of the contract are refused.

    Raises:
        SchemaChangeError: where a type changed, or a gained column may not be null although rows lack it.
    """
    from deltalake import Schema

    held = pa.schema(delta.schema().to_arrow())
    problems = changed_types(contract.arrow_schema, held)
    gained = [field for field in commented(contract.arrow_schema) if field.name not in held.names]
    problems += [f"{field.name}: expected {field.type}, is missing and not nullable" for field in gained
                 if not field.nullable]  # fmt: skip
    if problems:
        raise SchemaChangeError(
            f"Delta table {contract.key} does not fit its contract: {'; '.join(problems)}; nothing was written: make "
            "the contract fit, or move the table's folder away and materialize all of its days again"
        )
    if gained:
        delta.alter.add_columns(list(Schema.from_arrow(pa.schema(gained)).fields))
