"""Questions to the graph and the outbox: what hangs on a column, where it comes from, what changed between runs."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semops_data.contracts import TABLES
from semops_data.lineage.changes import Made, RunState, changes, of_events, of_log
from semops_data.lineage.columns import ColumnGraph, declared, from_events
from semops_data.lineage.export import as_dict, export
from semops_data.lineage.fold import fold
from semops_data.lineage.impact import impact, read_scores
from semops_data.lineage.lookup import Target, UnknownPlaceError, asset_columns, find, find_run
from semops_data.lineage.origins import origins
from semops_data.lineage.outbox import Outbox
from semops_data.lineage.records import Column, Graph, Node
from semops_data.lineage.told import events_of, events_with, run_ids
from semops_data.registry.load import load
from semops_data.registry.source import OWN
from semops_data_tests.scenario import small_lake

COLUMNS = declared("daily_revenue", "after_sales")
REFUND = Target("landing/orders", "refund")
NET = ("warehouse/daily_revenue", "net_revenue_cents")


@pytest.fixture(scope="module")
def graph():
    from semops_data.definitions import defs
    from semops_data.resources.event_log import asset_graph

    return asset_graph(defs)


@pytest.fixture(scope="module")
def known(graph):
    return asset_columns(graph, COLUMNS)


def test_impact_of_a_column_is_what_comes_from_it_and_what_may(graph):
    """Refunds reach net revenue and not the value sold; a profile may show them, as it tells nothing of its columns."""
    found = {one.key: one for one in impact(REFUND, graph, COLUMNS, {}).affected}
    assert found["warehouse/daily_revenue"].columns == ("net_revenue_cents", "refund_cents", "refund_rate")
    assert found["warehouse/daily_revenue"].owners
    assert found["profiling/orders"].columns == ()
    assert "warehouse/funnel" not in found
    assert "landing/orders" not in found
    assert found["lakehouse/orders"].steps == 1 < found["warehouse/daily_revenue"].steps


def test_impact_of_an_asset_is_everything_that_dagster_has_downstream(graph):
    """Column lineage that somebody forgot must not hide an asset from the one who asks before a change."""
    downstream, waiting = set(), ["landing/orders"]
    while waiting:
        key = waiting.pop()
        new = {child for parent, child in graph.edges() if parent == key} - downstream
        downstream |= new
        waiting += new
    found = impact(Target("landing/orders"), graph, COLUMNS, {})
    assert {one.key for one in found.affected} == downstream
    assert found.owners == sorted({owner for one in found.affected for owner in one.owners})


def test_the_scores_of_the_patterns_that_a_column_carries_hang_on_it(graph, tmp_path):
    """Who changes refunds changes what net revenue means: its score and the owner of its definition are told."""
    lake, _ = small_lake(tmp_path)
    assert read_scores(lake, load(OWN)) == {}
    unscored = impact(REFUND, graph, COLUMNS, {}).scores
    assert {score["pattern_id"] for score in unscored} >= {"net-revenue", "refund-rate"}
    assert all(score["sc"] is None and "not there yet" in score["reason"] for score in unscored)
    rows = {"net-revenue": {"pattern_id": "net-revenue", "sc": 0.81, "level": "coherent", "owner": "finance"}}
    assert impact(REFUND, graph, COLUMNS, rows).scores == (rows["net-revenue"],)


@pytest.mark.parametrize("key", ["corpus/documents", "registry/patterns", "coherence/scores"])
def test_every_score_hangs_on_what_is_scored(graph, key):
    """Documents carry no columns of metrics; a change of them may move each score, and the lowest is told first."""
    values = {"a": None, "b": 0.9, "c": 0.2}
    rows = {name: {"pattern_id": name, "sc": sc, "reason": None} for name, sc in values.items()}
    assert [row["pattern_id"] for row in impact(Target(key), graph, COLUMNS, rows).scores] == ["c", "b", "a"]


def test_upstream_tells_of_each_column_what_it_is_and_what_computes_it(graph):
    found = {(one.key, one.column): one for one in origins(NET, graph, COLUMNS)}
    assert set(found) == set(COLUMNS.upstream(NET))
    assert found[NET].expression is not None
    assert "fct_orders.refund_cents" in found[NET].expression
    assert "2026-01-01" not in found[NET].expression
    assert found["landing/orders", "refund"].unit == "EUR"
    assert found["landing/orders", "refund"].sources == ()
    assert (
        found["lakehouse/orders", "refund_cents"].description == TABLES["lakehouse/orders"]["refund_cents"].description
    )
    constant = origins(("warehouse/daily_revenue", "day"), graph, COLUMNS)
    assert ":day" in (constant[0].constant or "")


@pytest.mark.parametrize(
    ("text", "room", "target"),
    [
        ("landing/orders", None, Target("landing/orders")),
        ("landing/orders.refund", None, REFUND),
        ("daily_revenue.net_revenue_cents", "warehouse", Target(*NET)),
        ("fct_orders", None, Target("warehouse/fct_orders")),
    ],
)
def test_a_name_is_found_as_people_write_it(known, text, room, target):
    assert find(text, known, room=room) == target


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("landing/ordrs", "did you mean landing/orders"),
        ("landing/orders.refnd", "landing/orders has no column 'refnd'; did you mean refund"),
        ("daily_revenue.net_revenue", "several assets are called 'daily_revenue': lakehouse/daily_revenue, warehouse"),
        ("dayly_revenu", "daily_revenue"),
        ("§§§", "there are "),
        ("", "no asset ''"),
        (".", "no asset"),
    ],
)
def test_an_unknown_name_gets_the_nearest_ones(known, text, said):
    with pytest.raises(UnknownPlaceError) as error:
        find(text, known)
    assert said in str(error.value)


@given(st.text(max_size=30))
@settings(max_examples=40)
def test_any_text_is_found_or_refused(text):
    """Names come from a shell: quotes, dots and control characters are names that nobody has."""
    with suppress(UnknownPlaceError):
        assert find(text, {"a/b": ("c",), "a.b/c.d": ("e.f",)}).key in ("a/b", "a.b/c.d")


def test_a_run_is_found_by_its_beginning_and_else_the_nearest_is_told():
    ids = ["aaaa1111-0000", "aaaa2222-0000", "bbbb3333-0000"]
    assert find_run("bbbb", ids) == ids[2]
    assert find_run(ids[0], ids) == ids[0]
    for text, said in (("aaaa", "several runs begin"), ("bbb", "no run"), ("bbbb3334-0000", "did you mean bbbb3333")):
        with pytest.raises(UnknownPlaceError, match=said):
            find_run(text, ids)
    with pytest.raises(UnknownPlaceError, match="nothing has run yet"):
        find_run("bbbb", [])


def test_two_runs_of_one_asset_differ_in_data_rows_and_nothing_else(toys):
    """Yesterday's run with today's: the partitions differ, and the assets are compared all the same."""
    first, second = (of_log(toys.log.run(run_id), toys.graph) for run_id in toys.days)
    found = {(change.asset, change.what): (change.before, change.after) for change in changes(first, second)}
    assert found == {("toy/raw", "data version"): ("v-2026-01-02", "v-2026-01-03"), ("toy/raw", "rows"): (2, 3)}
    assert changes(first, first) == []


def test_versions_columns_checks_and_assets_are_compared(toys):
    checked = of_log(toys.log.run(toys.checked), toys.graph)
    assert checked.verdicts["toy/mart", "warn_fails"] == "warned"
    assert checked.verdicts["toy/mart", "error_fails"] == "failed"
    part = ("toy/mart", None)
    before = replace(checked, made={part: Made("1", "a", 3, {"id": "int64", "gone": "string"})})
    made = {part: Made("1", "b", 3, {"id": "string", "new": "string"}), ("toy/left", None): Made()}
    verdicts = dict(checked.verdicts) | {("toy/mart", "error_fails"): "passed"}
    told = {
        change.what: (change.before, change.after) for change in changes(before, RunState("SUCCESS", made, verdicts))
    }
    assert told == {
        "code version": ("a", "b"),
        "column id": ("int64", "string"),
        "column gone": ("string", None),
        "column new": (None, "string"),
        "materialization": (None, "materialized"),
        "check error_fails": ("failed", "passed"),
        "status": (checked.status, "SUCCESS"),
    }


def test_the_outbox_tells_the_same_of_a_run_that_dagster_has_forgotten(toys, tmp_path):
    """Runs are deleted in the UI; what was folded of them is still in the outbox, sent or not."""
    path = tmp_path / "outbox.db"
    assert list(events_with(path, "x")) == []
    assert not path.exists(), "a question makes no file"
    runs = [*toys.days, toys.checked]
    with Outbox(path) as outbox, outbox.transaction():
        for run_id in runs:
            outbox.add((key, json.dumps(event)) for key, event in fold(toys.log.run(run_id), toys.writer))
    assert sorted(run_ids(path)) == sorted(runs)
    for run_id in runs:
        log, told = of_log(toys.log.run(run_id), toys.graph), of_events(events_of(path, run_id))
        assert told.status == log.status
        assert {part: (made.data_version, made.rows) for part, made in told.made.items()} == {
            part: (made.data_version, made.rows) for part, made in log.made.items()
        }
        passed = {at: verdict for at, verdict in log.verdicts.items() if at[1] != "crashes"}
        assert {at: verdict for at, verdict in told.verdicts.items() if at[1] != "crashes"} == passed
    lineage = from_events(events_with(path, '"columnLineage"')).sources
    assert lineage["toy/clean", "id"] == (("toy/raw", "id"),)


NASTY = st.text(max_size=12)


@given(st.lists(st.tuples(NASTY, NASTY, NASTY), max_size=4))
@settings(max_examples=60)
def test_no_column_can_break_out_of_its_quotes(triples):
    """Column names come from other people's exports and end in documents and pages."""
    nodes = {
        key: Node(key=key, parents=(parent,), group=parent, columns=(Column(name, "x"),))
        for key, parent, name in triples
    }
    edges = {(key, name): ((parent, name),) for key, parent, name in triples if parent != key}
    columns = ColumnGraph(edges)
    mermaid, dot = (export(Graph(nodes), fmt, columns=columns) for fmt in ("mermaid", "dot"))
    for line in mermaid.splitlines()[1:]:
        assert line.count('"') in (0, 2)
        assert "<" not in line.replace("-->", "")
    for line in dot.split("\n"):
        assert line.replace("\\\\", "").replace('\\"', "").count('"') % 2 == 0
    assert json.loads(export(Graph(nodes), "json", columns=columns))["nodes"] is not None


def test_an_edge_between_columns_is_drawn_once_and_replaces_the_one_between_their_assets():
    nodes = {"a": Node(key="a"), "b": Node(key="b", parents=("a", "c")), "c": Node(key="c")}
    columns = ColumnGraph({("b", "x"): (("a", "y"),), ("b", "z"): (("elsewhere", "y"),)}, {("b", "k"): "a constant"})
    found = as_dict(Graph(nodes), columns=columns)
    assert found["column_edges"] == [{"from": {"key": "a", "column": "y"}, "to": {"key": "b", "column": "x"}}]
    assert found["constants"] == [{"key": "b", "column": "k", "value": "a constant"}]
    assert export(Graph(nodes), "mermaid", columns=columns).count("-->") == 2
    assert '"a":c0 -> "b":c0;' in export(Graph(nodes), "dot", columns=columns)


def test_the_whole_graph_with_its_columns_can_be_drawn(graph):
    found = as_dict(graph, columns=COLUMNS)
    assert {
        "from": {"key": "landing/orders", "column": "refund"},
        "to": {"key": "lakehouse/orders", "column": "refund_cents"},
    } in found["column_edges"]
    assert asdict(impact(REFUND, graph, COLUMNS, {}).affected[0])["key"] in {node["key"] for node in found["nodes"]}
