"""The layer of the transformations: what each table holds of a column against the table that it was read from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts import table
from semops_data.contracts.business import DERIVED, SHOP_TABLES, is_daily, raw_name
from semops_data.lineage.audit.model import BREAKS, HOLDS, UNMEASURED, Layer, Test
from semops_data.lineage.audit.published import by_the_lakehouse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from semops_data.contracts import Column
    from semops_data.lineage.audit.material import Material
    from semops_data.lineage.columns import ColumnGraph, Place

Measured = tuple[int, int]
"""Rows, and the sum of a number or the count of different values."""


def transform_layer(place: Place, graph: ColumnGraph, material: Material) -> Layer:
    """Each step from a landed column to a fact, for every column that the metric comes from."""
    origins = graph.upstream(place)
    places = [found for found in origins if found[0].startswith(("warehouse/fct_", "warehouse/dim_", "lakehouse/"))]
    tests = [test for found in sorted(places) for test in _steps(found, material)]
    if other := by_the_lakehouse(place, material):
        tests.append(other)
    return Layer("transform", tuple(sorted(places)), tuple(tests))


def _steps(place: Place, material: Material) -> Iterable[Test]:
    room, name = place[0].split("/")
    if room == "warehouse" and name.startswith("fct_") and not material.is_light:
        yield _fact(place, name.removeprefix("fct_"), material)
    elif room == "lakehouse" and name in SHOP_TABLES and place[1] != "day":
        yield _typed(place, name, material)


def _fact(place: Place, name: str, material: Material) -> Test:
    claim = f"{place[0]} holds what lakehouse/{name} holds"
    rows, source = material.rows(place[0]), material.delta(name, [place[1]])
    if source is None or rows is None or (not rows.num_rows and not material.is_loaded(place[0])):
        where = place[0] if source is not None and source.num_rows else f"lakehouse/{name}"
        says = f"lakehouse/{name}.{place[1]}"
        return Test(claim, says, f"{where} holds nothing for {material.day}", UNMEASURED, place)
    return _compared(claim, measured(source.column(place[1])), measured(rows.column(place[1])), place)


def _typed(place: Place, name: str, material: Material) -> Test:
    """The landed rows that were kept, against the typed ones; money in the unit of each side."""
    landed, held, column = material.kept(name), material.delta(name, [place[1]]), table(place[0])[place[1]]
    raw = DERIVED.get(place[1]) or raw_name(column)
    is_money = raw_name(column) != column.name
    claim = f"{place[0]}.{place[1]} holds what was landed and kept" + (", euros as cents" if is_money else "")
    if landed is None or held is None or (landed.num_rows and not held.num_rows):
        where = f"landing/{name}" if landed is None else place[0]
        return Test(claim, f"landing/{name}.{raw}", f"{where} holds nothing for {material.day}", UNMEASURED, place)
    if not is_daily(name):
        return Test(
            claim, f"landing/{name}.{raw}", "the lakehouse keeps the newest state of each row", UNMEASURED, place
        )
    try:
        expected = measured(_as_typed(landed.column(raw), column, is_money=is_money))
    except pa.ArrowException as error:
        return Test(claim, f"landing/{name}.{raw}", str(error).splitlines()[0], BREAKS, place)
    return _compared(claim, expected, measured(held.column(place[1])), place)


def _as_typed(values: pa.ChunkedArray, column: Column, *, is_money: bool) -> pa.ChunkedArray:
    if is_money:
        # Decimals, not floats: this is to be another way than the one that is held against it.
        exact = pc.multiply(values.cast(pa.string()).cast(pa.decimal128(20, 2)), pa.scalar(100, pa.decimal128(3, 0)))
        return exact.cast(pa.int64())
    if column.name in DERIVED:
        return pc.utf8_slice_codeunits(values.cast(pa.string()), 0, len("2026-01-31"))
    return values.cast(pa.int64()) if column.type == "int64" else values


def measured(values: pa.ChunkedArray) -> Measured:
    """Rows, and the sum of integers or the count of different values of anything else."""
    if pa.types.is_integer(values.type):
        return len(values), int(pc.sum(values).as_py() or 0)
    return len(values), int(pc.count_distinct(values).as_py())


def _compared(claim: str, expected: Measured, actual: Measured, place: Place) -> Test:
    kind = table(place[0])[place[1]].type
    what = "in sum" if kind == "int64" else "different values"
    says, shows = (f"{rows:,} rows, {value:,} {what}" for rows, value in (expected, actual))
    return Test(claim, says, shows, HOLDS if expected == actual else BREAKS, place)
