"""The layer of the source: landed rows against what their columns are declared to mean, and against known answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semops_data.contracts import table
from semops_data.contracts.agreements import Agreement, agreements
from semops_data.contracts.business import SHOP_TABLES, raw_name
from semops_data.lineage.audit.model import BREAKS, HOLDS, MOVED, UNMEASURED, Layer, Test

if TYPE_CHECKING:
    from decimal import Decimal

    from semops_data.lineage.audit.material import Material
    from semops_data.lineage.columns import ColumnGraph, Place

KNOWN_FACTORS = {100: "cents where euros are declared", 1000: "thousandths where euros are declared"}


def source_layer(
    place: Place, graph: ColumnGraph, material: Material, answers: tuple[str | None, str | None] = (None, None)
) -> Layer:
    """Each landed column that the metric comes from.

    Args:
        place: the metric.
        graph: the column lineage.
        material: the data.
        answers: what is published, and the known answer where there is one.
    """
    landed = sorted(found for found in graph.upstream(place) if found[0].startswith("landing/"))
    tests = [
        _agreement(found, agreement, material)
        for found in landed
        for agreement in agreements(found[0].split("/")[1], found[1])
    ]
    tests += [test for found in landed if (test := _moved(found, material))]
    if not any(test.verdict == BREAKS for test in tests) and answers[1] is not None:
        tests.append(_answer(place, *answers))
    return Layer("source", tuple(landed), tuple(tests))


def _agreement(place: Place, agreement: Agreement, material: Material) -> Test:
    column = table(place[0])[place[1]]
    says = f"{agreement.claim} ({place[0]}.{place[1]}: “{column.description}”)"
    query = (
        "SELECT count(*), count(*) FILTER (is_off), sum(expected) FILTER (is_off), sum(actual) FILTER (is_off), "  # noqa: S608
        "min(row_key) FILTER (is_off), arg_min(expected, row_key) FILTER (is_off), arg_min(actual, row_key) "
        "FILTER (is_off), min(actual / nullif(expected, 0)) FILTER (is_off), max(actual / nullif(expected, 0)) "
        "FILTER (is_off) FROM (SELECT *, actual IS DISTINCT FROM expected AS is_off "
        f"FROM ({agreement.sql}) WHERE expected IS NOT NULL)"
    )
    try:
        rows, off, expected, actual, key, one, other, least, most = material.query(agreement.reads, query)
    except KeyError as error:
        return Test(agreement.claim, says, f"nothing was landed in {error.args[0]}", UNMEASURED, place)
    if not rows:
        return Test(agreement.claim, says, "no landed row is of that kind", UNMEASURED, place)
    if not off:
        return Test(agreement.claim, says, f"all {rows:,} rows agree", HOLDS, place)
    shows = (
        f"{off:,} of {rows:,} rows do not agree: {actual} in sum where {expected} follow; row {key} has {other} "
        f"where {one} follows{_factor(least, most)}"
    )
    return Test(agreement.claim, says, shows, BREAKS, place)


def _factor(least: Decimal | float | None, most: Decimal | float | None) -> str:
    """What one factor between all rows that are off says: another unit, or another currency."""
    if least is None or most is None or float(least) <= 0 or float(most) / float(least) > 1.01:
        return ""
    factor = (float(least) + float(most)) / 2
    known = next((text for value, text in KNOWN_FACTORS.items() if abs(factor / value - 1) < 0.001), None)
    return f"; each is {factor:.4g} times what follows: {known or 'another unit or currency than is declared'}"


def _moved(place: Place, material: Material) -> Test | None:
    """Whether the column is distributed as on earlier days; a move is news, and no other meaning."""
    name = place[0].split("/")[1]
    if name not in SHOP_TABLES:
        return None
    typed = {column.name for column in table(f"lakehouse/{name}").columns if raw_name(column) == place[1]}
    for row in material.moves(name):
        if row["column_name"] in typed:
            shows = (
                f"against {row['compared_day']}: PSI {row['population_stability_index']:.3f}, "
                f"JS {row['jensen_shannon']:.3f}"
            )
            limits = f"PSI {row['population_stability_limit']:.3f}, JS {row['jensen_shannon_limit']:.3f}"
            verdict = HOLDS if row["is_stable"] else MOVED
            return Test("the column is distributed as on earlier days", f"at most {limits}", shows, verdict, place)
    return None


def _answer(place: Place, published: str | None, known: str | None) -> Test:
    """The known answer: where everything after the source holds, a wrong number was landed wrong."""
    claim = "what was landed gives the known answer"
    if published is None:
        return Test(claim, f"synthesis/truth: {known}", "nothing is published", UNMEASURED, place)
    return Test(claim, f"synthesis/truth: {known}", published, HOLDS if published == known else BREAKS, place)
