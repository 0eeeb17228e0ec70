from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.lineage.export import FORMATS, export
from semops_data.lineage.records import Graph, Node

NASTY = st.text(max_size=20)


def test_json_holds_every_node_and_edge(toys):
    found = json.loads(export(toys.graph, "json", places=toys.config.places))
    assert [node["key"] for node in found["nodes"]] == sorted(toys.graph.nodes)
    assert [(edge["from"], edge["to"]) for edge in found["edges"]] == list(toys.graph.edges())
    assert all(node["dataset"]["namespace"] for node in found["nodes"])


def test_an_unknown_format_names_the_known_ones(toys):
    with pytest.raises(ValueError, match="json, mermaid, dot"):
        export(toys.graph, "svg")


@pytest.mark.parametrize("fmt", FORMATS)
def test_the_same_graph_is_the_same_text(toys, fmt):
    again = Graph(dict(reversed(toys.graph.nodes.items())))
    assert export(toys.graph, fmt) == export(again, fmt)


@given(st.lists(st.tuples(NASTY, NASTY), max_size=5))
def test_no_name_can_break_out_of_its_quotes(pairs):
    """Asset keys come from anyone's code and end in documents and pages."""
    graph = Graph({key: Node(key=key, parents=(parent,), group=parent) for key, parent in pairs})
    mermaid, dot = export(graph, "mermaid"), export(graph, "dot")
    for line in mermaid.splitlines()[1:]:
        assert line.count('"') in (0, 2)
        assert "<" not in line.replace("-->", "")
    assert mermaid.count("\n") == len(mermaid.split("\n")) - 1
    for line in dot.split("\n"):
        assert line.replace("\\\\", "").replace('\\"', "").count('"') % 2 == 0
