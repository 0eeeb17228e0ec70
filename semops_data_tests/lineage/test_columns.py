"""Column lineage is complete: nothing that a mart shows comes from nowhere."""

from __future__ import annotations

import json

import pytest

from semops_data.contracts import TABLES, table
from semops_data.contracts.business import SHOP_TABLES, is_daily
from semops_data.contracts.marts import HISTORIES
from semops_data.contracts.origins import (
    dimension_origins,
    dimension_ways,
    fact_origins,
    fact_ways,
    lakehouse_origins,
    lakehouse_ways,
)
from semops_data.lakehouse.aggregates import READS, SOURCES, ways
from semops_data.lineage.columns import ColumnGraph, declared, from_events
from semops_data.warehouse.columns import column_sources, column_ways
from semops_data.warehouse.marts import marts

GRAPH = declared()


@pytest.mark.parametrize("name", marts())
def test_every_column_of_a_mart_goes_back_to_landed_columns_or_a_stated_constant(name):
    """An analyst who asks where a number comes from gets an answer for each column, down to the export."""
    for column in table(f"warehouse/{name}").columns:
        landed, constants = GRAPH.ends((f"warehouse/{name}", column.name))
        assert landed or constants, f"{name}.{column.name} comes from nowhere"
        assert [place for place in landed if not place[0].startswith("landing/")] == []
        assert all(constants.values())


def test_every_column_in_the_graph_is_declared():
    """An edge to a column that was renamed is worse than none."""
    for place in {*GRAPH.sources, *GRAPH.constants, *(p for sources in GRAPH.sources.values() for p in sources)}:
        assert table(place[0])[place[1]].name == place[1]


@pytest.mark.parametrize("room", ["lakehouse", "warehouse"])
def test_no_table_of_the_business_is_left_out(room):
    left = {
        key
        for key, contract in TABLES.items()
        if contract.room == room
        and any((key, column.name) not in {*GRAPH.sources, *GRAPH.constants} for column in contract.columns)
    }
    aside = {"quarantine", "snap_", "ledger", "new_columns", "maintenance", "load"}
    assert {key for key in left if not any(word in key for word in aside)} == set()


def test_a_number_of_rows_comes_from_the_key_of_what_is_counted():
    """COUNT(*) names no column, and would leave the number of orders without an origin."""
    assert GRAPH.sources["warehouse/daily_revenue", "orders"] == (("warehouse/fct_orders", "order_id"),)
    assert ("landing/orders", "order_id") in GRAPH.ends(("warehouse/daily_revenue", "average_order_value_cents"))[0]


def test_what_follows_from_a_column_is_what_goes_back_to_it():
    """Impact and origin are one relation, read in two directions."""
    for column in (("landing/orders", "refund"), ("lakehouse/events", "event_name")):
        followers = set(GRAPH.downstream(column))
        assert followers == {place for place in {*GRAPH.sources, column} if column in GRAPH.upstream(place)}
    assert ("warehouse/daily_revenue", "net_revenue_cents") in GRAPH.downstream(("landing/orders", "refund"))
    assert ("warehouse/daily_revenue", "gmv_cents") not in GRAPH.downstream(("landing/orders", "refund"))


def test_a_cycle_ends():
    """A foreign project may tell of a table that is made from itself."""
    graph = ColumnGraph({("a", "x"): (("b", "x"),), ("b", "x"): (("a", "x"),)})
    assert graph.upstream(("a", "x")) == {("a", "x"): 0, ("b", "x"): 1}


def test_events_tell_the_columns_of_any_project():
    """A foreign code location has no contracts: what it reports is in the outbox, under the names of its assets."""

    def dataset(name, key, **facets):
        link = {"namespace": "dagster://x", "name": key, "type": "DAGSTER_ASSET"}
        return {"namespace": "db", "name": name, "facets": {"symlinks": {"identifiers": [link]}} | facets}

    def told(field):
        return {"fields": {"total": {"inputFields": [{"namespace": "db", "name": "T.RAW", "field": field}]}}}

    events = [
        {"inputs": [dataset("T.RAW", "shop/raw")], "outputs": [dataset("T.MART", "shop/mart", columnLineage=told(f))]}
        for f in ("old", "amount")
    ]
    bodies = [json.dumps(event) for event in (*events, {"outputs": [dataset("T.MART", "shop/mart")]}, {})]
    assert from_events(bodies).sources == {("shop/mart", "total"): (("shop/raw", "amount"),)}


def test_declarations_count_before_what_an_older_run_told():
    declared_one = ColumnGraph({("a", "x"): (("b", "new"),)})
    told = ColumnGraph({("a", "x"): (("b", "old"),), ("a", "gone"): (("b", "old"),), ("c", "y"): (("a", "x"),)})
    assert declared_one.merged(told).sources == {("a", "x"): (("b", "new"),), ("c", "y"): (("a", "x"),)}


def test_each_column_says_how_it_is_made_of_its_sources():
    """Copied, computed or summed: a catalogue shows it beside the edge, and an auditor reads it first."""
    told = {f"lakehouse/{name}": (lakehouse_origins(name), lakehouse_ways(name)) for name in SHOP_TABLES}
    told |= {f"fct_{name}": (fact_origins(name), fact_ways(name)) for name in SHOP_TABLES if is_daily(name)}
    told |= {f"dim_{name}": (dimension_origins(name), dimension_ways(name)) for name in HISTORIES}
    told |= {f"aggregate {name}": (SOURCES[name], ways(name)) for name in READS}
    told |= {name: (column_sources(name), column_ways(name)) for name in marts()}
    for name, (sources, how) in told.items():
        assert sources.keys() == how.keys(), name
        assert {way["type"] for way in how.values()} <= {"DIRECT", "INDIRECT"}
    assert lakehouse_ways("orders")["refund_cents"]["subtype"] == "TRANSFORMATION"
    assert lakehouse_ways("orders")["customer_id"]["subtype"] == "IDENTITY"
    assert column_ways("customer_value")["customer_id"]["subtype"] == "IDENTITY"
    assert column_ways("revenue_restated")["days_later"]["subtype"] == "TRANSFORMATION"
    net = column_ways("daily_revenue")["net_revenue_cents"]
    assert net["subtype"] == "AGGREGATION"
    assert "fct_orders.refund_cents" in net["description"]
