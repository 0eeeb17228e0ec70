"""The walk: from a metric back, layer by layer, until the meaning breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semops_data.contracts import table
from semops_data.contracts.formulas import formulas
from semops_data.lineage.audit.answers import answers
from semops_data.lineage.audit.carried import transform_layer
from semops_data.lineage.audit.declared import schema_layer
from semops_data.lineage.audit.landed import source_layer
from semops_data.lineage.audit.model import BREAKS, LAYERS, Audit, Layer
from semops_data.lineage.audit.published import aggregation_layer, mart_layer
from semops_data.lineage.audit.words import pattern_of

if TYPE_CHECKING:
    from semops_data.lineage.audit.material import Material
    from semops_data.lineage.columns import ColumnGraph, Place


def audit(place: Place, graph: ColumnGraph, material: Material) -> Audit:
    """Audit one metric.

    At each layer what is defined, what is written (SQL or contract) and what is there are held against each other;
    the walk stops at the first layer where they part. A layer of which nothing is there is unmeasured, and the walk
    goes on behind it: that is where the reason lies.

    Args:
        place: the key of the table and the column, `("warehouse/daily_revenue", "net_revenue_cents")`.
        graph: the column lineage.
        material: the data of the day.

    Raises:
        KeyError: where no contract declares the column.
        UnreachableError: where the warehouse does not answer.
    """
    column, pattern = table(place[0])[place[1]], pattern_of(place, material.registry)
    published, known = answers(place, material)
    layers: list[Layer] = []
    for name in LAYERS:
        layers.append(_layer(name, place, graph, material, (published, known)))
        if layers[-1].verdict == BREAKS:
            break
    return Audit(
        place=place,
        day=material.day,
        definition=pattern.definition if pattern else column.description,
        defined_in=(pattern.source_path or pattern.file) if pattern else f"the contract of {place[0]}",
        published=published,
        known=known,
        layers=tuple(layers),
    )


def _layer(
    name: str, place: Place, graph: ColumnGraph, material: Material, known: tuple[str | None, str | None]
) -> Layer:
    if name == "mart":
        return mart_layer(place, material)
    if name == "aggregation":
        return aggregation_layer(place, material.day)
    if name == "transform":
        return transform_layer(place, graph, material)
    if name == "schema":
        return schema_layer(place, graph, material)
    return source_layer(place, graph, material, known)


def metrics(mart: str) -> list[Place]:
    """The metrics of a mart: the columns for which a formula is declared, in order."""
    return [(f"warehouse/{mart}", formula.column) for formula in formulas(mart)]
