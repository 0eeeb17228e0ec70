"""Where a metric comes from: each column on the way back, with what is declared of it and how it is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from semops_data.contracts import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from semops_data.lineage.columns import ColumnGraph, Place
    from semops_data.lineage.records import Graph


@dataclass(frozen=True, kw_only=True)
class Origin:
    """One column on the way back.

    Attributes:
        key: its asset.
        column: its name.
        steps: how many steps from the metric.
        sources: the columns that it comes from, directly; empty at an end.
        constant: what it is where it comes from no column.
        type: its type, where one is declared.
        unit: its unit, where it has one.
        description: what it means.
        term: its glossary term.
        expression: what computes it, unfolded to columns of facts, for a column of a mart.
        owners: who owns its asset.
    """

    key: str
    column: str
    steps: int
    sources: tuple[Place, ...]
    constant: str | None
    type: str | None
    unit: str | None
    description: str | None
    term: str | None
    expression: str | None
    owners: tuple[str, ...]


def origins(place: Place, graph: Graph, columns: ColumnGraph) -> list[Origin]:
    """The metric itself and every column that it comes from, nearest first."""
    found = columns.upstream(place)
    return [
        _origin(key, column, found[key, column], graph, columns)
        for key, column in sorted(found, key=lambda at: (found[at], at))
    ]


def _origin(key: str, column: str, steps: int, graph: Graph, columns: ColumnGraph) -> Origin:
    facts = _facts(key, column, graph)
    return Origin(
        key=key,
        column=column,
        steps=steps,
        sources=tuple(sorted(columns.sources.get((key, column), ()))),
        constant=columns.constants.get((key, column)),
        expression=_expression(key, column),
        owners=graph.node(key).owners,
        **facts,
    )


def _facts(key: str, column: str, graph: Graph) -> Mapping[str, Any]:
    declared = next((found for found in TABLES[key].columns if found.name == column), None) if key in TABLES else None
    if declared:
        return {name: getattr(declared, name) for name in ("type", "unit", "description", "term")}
    shown = next((found for found in graph.node(key).columns if found.name == column), None)
    known = (shown.type, shown.description) if shown else (None, None)
    return {"type": known[0], "unit": None, "description": known[1], "term": None}


def _expression(key: str, column: str) -> str | None:
    """The SQL of a mart's column over columns of facts; None for any other column."""
    from semops_data.warehouse.columns import ANY_DAY, unfolded
    from semops_data.warehouse.marts import marts

    room, _, name = key.partition("/")
    if room != "warehouse" or name not in marts():
        return None
    return str(unfolded(name, column).sql("snowflake")).replace(ANY_DAY, ":day")
