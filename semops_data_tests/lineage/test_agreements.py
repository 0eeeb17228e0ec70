"""What landed rows must agree in: it holds on clean exports, and each agreement sees the column that it is about."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from semops_data.contracts import table
from semops_data.contracts.agreements import AGREEMENTS, agreements
from semops_data.contracts.formulas import FORMULAS
from semops_data.lineage.audit.landed import source_layer
from semops_data.lineage.audit.material import Material
from semops_data.lineage.audit.model import BREAKS, HOLDS, UNMEASURED
from semops_data.lineage.columns import ColumnGraph, declared
from semops_data_tests.scenario import land_day, small_business, small_lake

DAYS = ("2026-01-01", "2026-01-07", "2026-01-08", "2026-01-14")
"""Prices change from week to week, orders arrive late and goods come back: on the first day nothing of that is seen."""
NAMES = [f"{found.table}.{found.column}" for found in AGREEMENTS]


@pytest.fixture(scope="module")
def landed(tmp_path_factory):
    """Landed days without defects; nothing was settled."""
    lake, store = small_lake(tmp_path_factory.mktemp("landed"))
    for day in DAYS:
        land_day(store, day, small_business(orders_per_day=120, defect_rate=0.0))
    return lake, store


def verdicts(material, agreement):
    place = (f"landing/{agreement.table}", agreement.column)
    layer = source_layer(place, ColumnGraph({("x", "y"): (place,)}), material)
    return {test.verdict for test in layer.tests if test.claim == agreement.claim}


@pytest.mark.parametrize("day", DAYS)
def test_clean_exports_agree(landed, day):
    """An agreement that a right export breaks would send people to the source for nothing."""
    lake, store = landed
    with Material(lake, store, None, None, day) as material:
        for agreement in AGREEMENTS:
            # Nothing comes back on the first day.
            is_early = day == DAYS[0] and {"returns", "order_updates"} & set(agreement.reads)
            assert verdicts(material, agreement) == {UNMEASURED if is_early else HOLDS}, agreement.claim


@pytest.mark.parametrize("agreement", AGREEMENTS, ids=NAMES)
def test_a_changed_column_breaks_its_agreement(landed, agreement):
    """An agreement that holds whatever its column says would say nothing about it."""
    lake, store = landed
    with Material(lake, store, None, None, DAYS[1]) as material:
        rows = material.kept(agreement.table)
        values = rows.column(agreement.column)
        place = rows.column_names.index(agreement.column)
        changed = rows.set_column(place, agreement.column, _otherwise(values, table(f"landing/{agreement.table}")))
        material._kept["kept", agreement.table] = changed
        assert verdicts(material, agreement) == {BREAKS}


def _otherwise(values, contract):
    """The values, each another one of its kind."""
    if pa.types.is_integer(values.type):
        return pc.add(values, 1)
    number = pc.cast(pc.if_else(pc.match_substring_regex(values, r"^[0-9.]+$"), values, None), pa.float64())
    if number.null_count < len(number):
        return pc.if_else(pc.is_valid(number), pc.cast(pc.add(number, 1), pa.string()), values)
    return pa.chunked_array([pc.binary_join_element_wise(pc.cast(values, pa.string()).combine_chunks(), "x", "")])


def test_agreements_are_about_landed_columns_and_read_exported_tables():
    for agreement in AGREEMENTS:
        assert table(f"landing/{agreement.table}")[agreement.column]
        assert all(table(f"landing/{name}") for name in agreement.reads)
        assert all(f"{name} AS" in agreement.sql or f"FROM {name}" in agreement.sql for name in agreement.reads)


def test_every_column_that_a_metric_comes_from_has_an_agreement_at_its_source():
    """Only what is told in no other export of the day may go without."""
    graph = declared()
    landed = {place for formula in FORMULAS for place in graph.ends((f"warehouse/{formula.mart}", formula.column))[0]}
    without = {place for place in landed if not agreements(place[0].split("/")[1], place[1])}
    own_identifiers = {("landing/payments", "payment_id"), ("landing/returns", "return_id")}
    assert without == own_identifiers | {("landing/returns", "quantity")}
