"""The asset graph as text: JSON, Mermaid, Graphviz. Every name is escaped for the format it goes into."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from semops_data.lineage.naming import Places, physical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from semops_data.lineage.columns import ColumnGraph, Place
    from semops_data.lineage.records import Graph, Node

FORMATS = ("json", "mermaid", "dot")


def export(graph: Graph, fmt: str = "json", *, places: Places | None = None, columns: ColumnGraph | None = None) -> str:
    """The graph as text, sorted: the same graph is the same text.

    Args:
        graph: the asset graph.
        fmt: one of `FORMATS`.
        places: adds each asset's OpenLineage dataset to the JSON.
        columns: adds each asset's columns and their lineage; an edge between assets is then drawn only where no edge
            between their columns says it already.

    Raises:
        ValueError: where there is no such format.
    """
    if fmt == "json":
        return json.dumps(as_dict(graph, places=places, columns=columns), indent=2, ensure_ascii=False)
    if fmt == "mermaid":
        return _mermaid(graph, columns)
    if fmt == "dot":
        return _dot(graph, columns)
    raise ValueError(f"no export format {fmt!r}; there are {', '.join(FORMATS)}")


def as_dict(graph: Graph, *, places: Places | None = None, columns: ColumnGraph | None = None) -> dict[str, Any]:
    """The graph as `{"nodes": [...], "edges": [{"from", "to"}]}`, for programs; with columns also their edges."""
    found: dict[str, Any] = {
        "nodes": [_facts(graph.nodes[key], places) for key in sorted(graph.nodes)],
        "edges": [{"from": parent, "to": child} for parent, child in graph.edges()],
    }
    if columns is not None:
        found["column_edges"] = [
            {"from": _named(source), "to": _named(column)} for source, column in _inside(graph, columns)
        ]
        found["constants"] = [
            _named(place) | {"value": what}
            for place, what in sorted(columns.constants.items())
            if place[0] in graph.nodes
        ]
    return found


def _named(place: Place) -> dict[str, str]:
    return {"key": place[0], "column": place[1]}


def _inside(graph: Graph, columns: ColumnGraph) -> Iterator[tuple[Place, Place]]:
    """The edges between columns of assets of the graph."""
    return (edge for edge in columns.edges if edge[0][0] in graph.nodes and edge[1][0] in graph.nodes)


def _facts(node: Node, places: Places | None) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "key": node.key,
        "group": node.group,
        "description": node.description,
        "owners": list(node.owners),
        "kinds": list(node.kinds),
        "columns": [{"name": c.name, "type": c.type, "description": c.description} for c in node.columns],
        "checks": list(node.checks),
        "code_version": node.code_version,
        "is_partitioned": node.is_partitioned,
        "is_external": node.is_external,
    }
    if places:
        name = physical(node, places)
        facts["dataset"] = {"namespace": name.namespace, "name": name.name}
    return facts


def _rooms(graph: Graph) -> dict[str, list[str]]:
    rooms: dict[str, list[str]] = {}
    for key in sorted(graph.nodes):
        rooms.setdefault(graph.nodes[key].group or key.rpartition("/")[0], []).append(key)
    return dict(sorted(rooms.items()))


def _drawn(graph: Graph, columns: ColumnGraph | None) -> tuple[dict[str, list[str]], list[tuple[Place, Place]]]:
    """The columns that are drawn, by asset, and their edges; none where columns are not asked for."""
    if columns is None:
        return {}, []
    edges = list(_inside(graph, columns))
    names: dict[str, dict[str, None]] = {
        key: dict.fromkeys(column.name for column in node.columns) for key, node in graph.nodes.items()
    }
    for place in (place for edge in edges for place in edge):
        names[place[0]].setdefault(place[1])
    return {key: list(found) for key, found in names.items() if found}, edges


def _edges(
    graph: Graph, drawn: Sequence[tuple[Place, Place]], asset: Callable[[str], str], column: Callable[[Place], str]
) -> Iterator[tuple[str, str]]:
    """The ends of every edge to draw, by the ids that the two functions give."""
    said = {(source[0], to[0]) for source, to in drawn}
    yield from ((asset(parent), asset(child)) for parent, child in graph.edges() if (parent, child) not in said)
    yield from ((column(source), column(to)) for source, to in drawn)


def _mermaid(graph: Graph, columns: ColumnGraph | None) -> str:
    keys = sorted({*graph.nodes, *(key for edge in graph.edges() for key in edge)})
    # Ids are numbers: a key may hold what Mermaid reads as syntax, such as the word `end`.
    number = {key: f"n{index}" for index, key in enumerate(keys)}
    names, drawn = _drawn(graph, columns)
    column = {(key, name): f"{number[key]}c{index}" for key in names for index, name in enumerate(names[key])}
    lines = ["flowchart LR"]
    for index, (room, members) in enumerate(_rooms(graph).items()):
        lines.append(f'  subgraph r{index}["{_mermaid_text(room)}"]')
        for key in members:
            if key in names:
                lines.append(f'    subgraph {number[key]}["{_mermaid_text(key)}"]')
                lines += [f'      {column[key, name]}["{_mermaid_text(name)}"]' for name in names[key]]
                lines.append("    end")
            else:
                lines.append(f'    {number[key]}["{_mermaid_text(key)}"]')
        lines.append("  end")
    lines += [f'  {number[key]}["{_mermaid_text(key)}"]' for key in keys if key not in graph.nodes]
    lines += [f"  {left} --> {right}" for left, right in _edges(graph, drawn, number.__getitem__, column.__getitem__)]
    return "\n".join(lines) + "\n"


def _mermaid_text(text: str) -> str:
    return "".join(char if char.isalnum() or char in " _-/.:" else f"#{ord(char)};" for char in text)


def _dot(graph: Graph, columns: ColumnGraph | None) -> str:
    names, drawn = _drawn(graph, columns)
    lines = ["digraph assets {", "  rankdir=LR;", "  node [shape=box, style=rounded];"]
    for index, (room, members) in enumerate(_rooms(graph).items()):
        lines += [f"  subgraph cluster_{index} {{", f"    label={_dot_text(room)};"]
        lines += [f"    {_dot_text(key)}{_dot_columns(key, names.get(key))};" for key in members]
        lines.append("  }")

    def port(place: Place) -> str:
        return f"{_dot_text(place[0])}:c{names[place[0]].index(place[1])}"

    lines += [f"  {left} -> {right};" for left, right in _edges(graph, drawn, _dot_text, port)]
    return "\n".join([*lines, "}"]) + "\n"


def _dot_columns(key: str, columns: Sequence[str] | None) -> str:
    """A node that shows its columns below each other, each with a port."""
    if not columns:
        return ""
    cells = [_record_text(key), *(f"<c{index}> {_record_text(name)}" for index, name in enumerate(columns))]
    return f" [shape=record, label={_dot_text('|'.join(cells), is_escaped=True)}]"


def _record_text(text: str) -> str:
    """Text inside a record's label: its syntax is escaped, and so is what ends the quoted string around it."""
    plain = text.replace("\r", "").replace("\n", " ")
    return "".join(f"\\{char}" if char in '\\{}|<>" ' else char for char in plain)


def _dot_text(text: str, *, is_escaped: bool = False) -> str:
    if is_escaped:
        return f'"{text}"'
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "")
    return f'"{escaped}"'
