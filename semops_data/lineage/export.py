"""The asset graph as text: JSON, Mermaid, Graphviz. Every name is escaped for the format it goes into."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from semops_data.lineage.naming import Places, physical

if TYPE_CHECKING:
    from semops_data.lineage.records import Graph, Node

FORMATS = ("json", "mermaid", "dot")


def export(graph: Graph, fmt: str = "json", *, places: Places | None = None) -> str:
    """The graph as text, sorted: the same graph is the same text.

    Args:
        graph: the asset graph.
        fmt: one of `FORMATS`.
        places: adds each asset's OpenLineage dataset to the JSON.

    Raises:
        ValueError: where there is no such format.
    """
    if fmt == "json":
        return json.dumps(as_dict(graph, places=places), indent=2, ensure_ascii=False)
    if fmt == "mermaid":
        return _mermaid(graph)
    if fmt == "dot":
        return _dot(graph)
    raise ValueError(f"no export format {fmt!r}; there are {', '.join(FORMATS)}")


def as_dict(graph: Graph, *, places: Places | None = None) -> dict[str, Any]:
    """The graph as `{"nodes": [...], "edges": [{"from", "to"}]}`, for programs."""
    return {
        "nodes": [_facts(graph.nodes[key], places) for key in sorted(graph.nodes)],
        "edges": [{"from": parent, "to": child} for parent, child in graph.edges()],
    }


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


def _mermaid(graph: Graph) -> str:
    keys = sorted({*graph.nodes, *(key for edge in graph.edges() for key in edge)})
    # Ids are numbers: a key may hold what Mermaid reads as syntax, such as the word `end`.
    number = {key: f"n{index}" for index, key in enumerate(keys)}
    lines = ["flowchart LR"]
    for index, (room, members) in enumerate(_rooms(graph).items()):
        lines.append(f'  subgraph r{index}["{_mermaid_text(room)}"]')
        lines += [f'    {number[key]}["{_mermaid_text(key)}"]' for key in members]
        lines.append("  end")
    lines += [f'  {number[key]}["{_mermaid_text(key)}"]' for key in keys if key not in graph.nodes]
    lines += [f"  {number[parent]} --> {number[child]}" for parent, child in graph.edges()]
    return "\n".join(lines) + "\n"


def _mermaid_text(text: str) -> str:
    return "".join(char if char.isalnum() or char in " _-/.:" else f"#{ord(char)};" for char in text)


def _dot(graph: Graph) -> str:
    lines = ["digraph assets {", "  rankdir=LR;", "  node [shape=box, style=rounded];"]
    for index, (room, members) in enumerate(_rooms(graph).items()):
        lines += [f"  subgraph cluster_{index} {{", f"    label={_dot_text(room)};"]
        lines += [f"    {_dot_text(key)};" for key in members]
        lines.append("  }")
    lines += [f"  {_dot_text(parent)} -> {_dot_text(child)};" for parent, child in graph.edges()]
    return "\n".join([*lines, "}"]) + "\n"


def _dot_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "")
    return f'"{escaped}"'
