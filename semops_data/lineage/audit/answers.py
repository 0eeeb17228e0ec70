"""What a metric shows, and what it would have to show where the answer is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.compute as pc

from semops_data.lineage.audit.published import number
from semops_data.warehouse.compare import WHOLE_DAY, same
from semops_data.warehouse.marts import marts

if TYPE_CHECKING:
    from semops_data.lineage.audit.material import Material
    from semops_data.lineage.columns import Place


def answers(place: Place, material: Material) -> tuple[str | None, str | None]:
    """What is published and the known answer, as texts that are equal where the values are; None where there is none.

    A light audit reads neither: the mart's own checks hold them against each other. Known are the metrics of a whole
    day; those of single products, customers or order days are not read here.
    """
    name = place[0].split("/")[1]
    if place[0] != f"warehouse/{name}" or name not in marts() or material.is_light:
        return None, None
    rows = material.rows(place[0])
    published = number(rows, place[1]) if rows is not None and rows.num_rows else None
    truth = material.truth()
    if truth is None:
        return published, None
    found = truth.filter(
        pc.and_(pc.equal(truth.column("metric"), place[1]), pc.equal(truth.column("subject"), WHOLE_DAY))
    ).to_pylist()
    if not found or rows is None or rows.num_rows != 1 or "day" not in rows.column_names:
        return published, None
    answer = found[0]["value"] if found[0]["ratio"] is None else found[0]["ratio"]
    if same(answer, rows.column(place[1])[0].as_py()):
        return published, published
    return published, str(answer)
