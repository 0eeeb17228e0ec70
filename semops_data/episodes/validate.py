"""Holding a record against its contract: types, nulls, closed sets, ranges."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Any

from semops_data.contracts.operations import EDGE_PREDICATES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from semops_data.contracts import Column, Table

_PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "int64": (int,),
    "float64": (int, float),
    "timestamp": (datetime,),
    "list<string>": (list, tuple),
}


class InvalidRecordError(ValueError):
    """A record breaks its contract: a programming error, named by field, value and what is allowed."""


def validate(contract: Table, record: Mapping[str, Any]) -> None:
    """Hold every field that the record has against the contract.

    Raises:
        InvalidRecordError: naming the table, the field, its value and what is allowed.
    """
    for name in record:
        try:
            column = contract[name]
        except KeyError:
            known = ", ".join(other.name for other in contract.columns)
            raise InvalidRecordError(f"{contract.key}: no field {name!r}; allowed: {known}") from None
        problem = _problem(column, record[name])
        if problem:
            raise InvalidRecordError(f"{contract.key}: field {name!r} is {record[name]!r}; allowed: {problem}")


def _problem(column: Column, value: Any) -> str | None:
    """What is allowed instead, where the value is not legal."""
    if value is None:
        return None if column.nullable else f"a {column.type}, not null"
    if not isinstance(value, _PYTHON[column.type]) or isinstance(value, bool):
        return f"a {column.type}"
    if isinstance(value, datetime) and value.tzinfo is None:
        return "a time with its zone"
    if column.allowed and value not in column.allowed:
        return ", ".join(column.allowed)
    if isinstance(value, list | tuple) and not all(isinstance(item, str) for item in value):
        return "a list of texts"
    return _out_of_range(column, value) if isinstance(value, int | float) else None


def _out_of_range(column: Column, value: float) -> str | None:
    low = -math.inf if column.minimum is None else column.minimum
    high = math.inf if column.maximum is None else column.maximum
    return None if low <= value <= high and math.isfinite(value) else f"a number from {low:g} to {high:g}"


def validate_edge(edge: Mapping[str, Any]) -> None:
    """Hold a detected edge against its shape {predicate, target_id, strength 0-1, rationale}.

    Raises:
        InvalidRecordError: naming the field, its value and what is allowed.
    """
    allowed = {"predicate", "target_id", "strength", "rationale"}
    if set(edge) != allowed:
        raise InvalidRecordError(f"detected edge has the fields {sorted(edge)}; allowed: {sorted(allowed)}")
    if edge["predicate"] not in EDGE_PREDICATES:
        raise InvalidRecordError(
            f"detected edge: predicate is {edge['predicate']!r}; allowed: {', '.join(EDGE_PREDICATES)}"
        )
    strength = edge["strength"]
    if not isinstance(strength, int | float) or isinstance(strength, bool) or not 0 <= strength <= 1:
        raise InvalidRecordError(f"detected edge: strength is {strength!r}; allowed: a number from 0 to 1")
