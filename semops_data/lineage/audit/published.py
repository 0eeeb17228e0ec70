"""The layers of the warehouse: the published number against its SQL, and the SQL against the metric's formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from semops_data.contracts import table
from semops_data.contracts.formulas import formulas
from semops_data.lineage.audit.model import BREAKS, HOLDS, UNMEASURED, Layer, Test
from semops_data.lineage.audit.words import word_tests
from semops_data.warehouse.compare import against_rows
from semops_data.warehouse.formulas import deviations
from semops_data.warehouse.marts import bind, mart_sql, marts, strip_comments
from semops_data.warehouse.names import quote

if TYPE_CHECKING:
    import pyarrow as pa

    from semops_data.lineage.audit.material import Material
    from semops_data.lineage.columns import Place

SHOWN = 3
SHARED = ("daily_revenue", "after_sales", "funnel", "revenue_restated", "customer_value")
"""The marts that the lakehouse computes too, by other SQL."""


def mart_layer(place: Place, material: Material) -> Layer:
    """What is published: its words, and its number against the SQL over the facts as they are now."""
    tests = word_tests(place, material.registry)
    name = place[0].split("/")[1]
    if place[0].startswith("warehouse/") and name in marts() and not material.is_light:
        tests.append(_number(place, name, material))
    return Layer("mart", (place,), tuple(tests))


def _number(place: Place, name: str, material: Material) -> Test:
    from semops_data.warehouse.session import StatementError

    claim = "the published number is what its SQL computes from the facts as they are now"
    contract, shown = table(place[0]), material.rows(place[0])
    if shown is None or not shown.num_rows:
        return Test(claim, f"sql/{name}.sql", f"{place[0]} shows nothing for {material.day}", UNMEASURED, place)
    try:
        computed = material.once(("computed", name), lambda: _computed(name, material))
    except StatementError as error:
        return Test(claim, f"sql/{name}.sql", str(error), UNMEASURED, place)
    names = [*contract.keys, place[1]]
    found = _differences(shown, computed, list(dict.fromkeys(names)), contract.keys, place[1])
    if not found:
        return Test(claim, f"sql/{name}.sql gives {number(computed, place[1])}", number(shown, place[1]), HOLDS, place)
    said, shows = _pairs(found)
    return Test(claim, f"sql/{name}.sql gives {said}", f"{place[0]} shows {shows}", BREAKS, place)


def _computed(name: str, material: Material) -> pa.Table:
    contract = table(f"warehouse/{name}")
    day = material.day if contract.partition_by else None
    select, values = bind(strip_comments(mart_sql(name, day)), day)
    columns = ", ".join(quote(column.name) for column in contract.columns)
    query = f"SELECT {columns} FROM (\n{select}\n)"  # noqa: S608 - names of the contract
    return material.session.arrow(query, *values, schema=contract.arrow_schema)


def _differences(
    shown: pa.Table, expected: pa.Table, names: list[str], keys: tuple[str, ...], column: str
) -> list[dict[str, Any]]:
    found = against_rows(shown.select(names), expected.select(names), keys)
    return [difference for difference in found if difference["column"] == column]


def _pairs(found: list[dict[str, Any]]) -> tuple[str, str]:
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    expected = "; ".join(f"{f['expected']} for {', '.join(map(str, f['key']))}" for f in found[:SHOWN])
    actual = "; ".join(f"{f['actual']} for {', '.join(map(str, f['key']))}" for f in found[:SHOWN])
    return expected + more, actual + more


def number(rows: pa.Table, column: str) -> str:
    """A column's value where there is one row, else its sum or how many rows there are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = rows.column(column)
    if len(values) == 1:
        return str(values[0].as_py())
    if pa.types.is_integer(values.type):
        return f"{pc.sum(values).as_py()} over {len(values)} rows"
    return f"{len(values)} rows"


def aggregation_layer(place: Place, day: str) -> Layer:
    """How the number is made: its SQL against the formula of the definition."""
    name = place[0].split("/")[1]
    if place[0] != f"warehouse/{name}" or name not in marts():
        return Layer("aggregation", (place,))
    return Layer("aggregation", (place,), (_formula(place, name, day),))


def _formula(place: Place, name: str, day: str) -> Test:
    claim = "the SQL, unfolded to columns of facts, is the formula of the definition"
    formula = next((found for found in formulas(name) if found.column == place[1]), None)
    if formula is None:
        return Test(claim, "no formula is declared", f"sql/{name}.sql", UNMEASURED, place)
    # As it runs on that day, which is not as it is written where a redefinition was planted.
    for found in deviations(name, mart_sql(name, day if table(place[0]).partition_by else None)):
        if found.column in (place[1], "*"):
            return Test(claim, found.expected, found.actual, BREAKS, place)
    return Test(claim, formula.expression, f"sql/{name}.sql computes the same", HOLDS, place)


def by_the_lakehouse(place: Place, material: Material) -> Test | None:
    """The number against the lakehouse's own of the same name: other SQL, over what the facts are read from."""
    name = place[0].split("/")[1]
    if place[0] != f"warehouse/{name}" or name not in SHARED or material.is_light:
        return None
    claim, at = "other SQL over the lakehouse gives the same number", (f"lakehouse/{name}", place[1])
    contract, other, shown = table(place[0]), material.delta(name), material.rows(place[0])
    if other is None or not other.num_rows or shown is None or not shown.num_rows:
        where = at[0] if other is None or not other.num_rows else place[0]
        return Test(claim, f"{at[0]}.{at[1]}", f"{where} holds nothing for the day", UNMEASURED, at)
    names = list(dict.fromkeys([*contract.keys, place[1]]))
    found = _differences(shown, other, names, contract.keys, place[1])
    if found:
        said, shows = _pairs(found)
        return Test(claim, f"{at[0]} has {said}", f"{place[0]} has {shows}", BREAKS, at)
    return Test(claim, f"{at[0]} has {number(other, place[1])}", number(shown, place[1]), HOLDS, at)
