"""Where the columns of the typed tables come from, as declared: lakehouse, facts, dimensions.

What a column is computed from is a declaration too: a table that copies or reads another one says so here, and the
aggregates and marts say it in their SQL. A column that comes from no column at all is a stated constant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from semops_data.contracts.business import DERIVED, SHOP_TABLES, is_daily, raw_name
from semops_data.contracts.marts import HISTORIES, natural_key, tracked
from semops_data.contracts.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping

Sources = dict[str, list[tuple[str, str]]]
"""For each column the `(table key, column)` pairs that it comes from."""

PARTITION = "the day of the partition, which is part of the landed object's path"


def lakehouse_origins(name: str) -> Sources:
    """The landed columns that each column of an exported table's Delta table is read from."""
    found = {}
    for column in table(f"lakehouse/{name}").columns:
        moment = DERIVED.get(column.name)
        if column.name not in DERIVED or moment:
            found[column.name] = [(f"landing/{name}", moment or raw_name(column))]
    return found


def fact_origins(name: str) -> Sources:
    """The Delta columns that each column of a fact is."""
    return {column.name: [(f"lakehouse/{name}", column.name)] for column in table(f"warehouse/fct_{name}").columns}


def dimension_origins(name: str) -> Sources:
    """The Delta columns that each column of a dimension comes from.

    What bounds a version comes from every tracked column: a version ends where one of them changes.
    """
    key, natural = f"lakehouse/{name}", natural_key(name).name
    every = [(key, natural), *((key, column.name) for column in tracked(name))]
    own = {column for _, column in every}
    return {
        column.name: [(key, column.name)] if column.name in own else every
        for column in table(f"warehouse/dim_{name}").columns
    }


def typed_origins() -> Mapping[str, Sources]:
    """The column lineage of every typed table, by its key."""
    found = {f"lakehouse/{name}": lakehouse_origins(name) for name in SHOP_TABLES}
    found |= {f"warehouse/fct_{name}": fact_origins(name) for name in SHOP_TABLES if is_daily(name)}
    return found | {f"warehouse/dim_{name}": dimension_origins(name) for name in HISTORIES}


def typed_constants() -> Mapping[str, dict[str, str]]:
    """The columns of the typed tables that come from no landed column, with what they are instead."""
    return {f"lakehouse/{name}": {"day": PARTITION} for name in SHOP_TABLES if is_daily(name)}


Ways = dict[str, dict[str, str]]
"""For each column how it is made of its sources, in OpenLineage's words: type, subtype, description."""
IDENTITY = {"type": "DIRECT", "subtype": "IDENTITY"}


def transformed(description: str) -> dict[str, str]:
    """A value that is computed from one row."""
    return {"type": "DIRECT", "subtype": "TRANSFORMATION", "description": description}


def lakehouse_ways(name: str) -> Ways:
    """How each column of an exported table's Delta table is read from the landed one."""
    landed = {column.name: column for column in table(f"landing/{name}").columns}
    found = {}
    for column, sources in lakehouse_origins(name).items():
        source, typed = landed[sources[0][1]], table(f"lakehouse/{name}")[column]
        if column in DERIVED:
            found[column] = transformed(f"the day of {source.name}")
        elif raw_name(typed) != column:
            found[column] = transformed("euros as a decimal text, exactly as cents")
        else:
            is_same = source.type == typed.type
            found[column] = IDENTITY if is_same else transformed(f"{source.type} as {typed.type}")
    return found


def fact_ways(name: str) -> Ways:
    """A fact is a copy."""
    return dict.fromkeys(fact_origins(name), IDENTITY)


def dimension_ways(name: str) -> Ways:
    """How each column of a dimension follows from the Delta table: copied, or where its versions end."""
    key = f"lakehouse/{name}"
    bound = {
        "type": "INDIRECT",
        "subtype": "CONDITIONAL",
        "description": "a version ends where a tracked column changes",
    }
    return {
        column: IDENTITY if sources == [(key, column)] else bound for column, sources in dimension_origins(name).items()
    }
