"""The layer of the schema: the landed object's columns and types against the contract, and what was refused."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from semops_data.contracts import table
from semops_data.contracts.business import raw_name
from semops_data.lakehouse.evolution import refuse_changed_types
from semops_data.lakehouse.schema import SchemaChangeError
from semops_data.landing.objects import UnreadableObjectError, read_landed
from semops_data.landing.store import MissingObjectError
from semops_data.lineage.audit.model import BREAKS, HOLDS, NEW, UNMEASURED, Layer, Test

if TYPE_CHECKING:
    from semops_data.lineage.audit.material import Material
    from semops_data.lineage.columns import ColumnGraph, Place

MAX_REFUSED_SHARE = 0.05
"""Share of a table's rows that may break the rule of one column before the column itself is in doubt."""


def schema_layer(place: Place, graph: ColumnGraph, material: Material) -> Layer:
    """Each landed column's declaration against the object that was landed."""
    landed = sorted(found for found in graph.upstream(place) if found[0].startswith("landing/"))
    tests = [test for found in landed for test in (_type(found, material), _refused(found, material))]
    tests += [_unknown(name, material) for name in sorted({found[0].split("/")[1] for found in landed})]
    return Layer("schema", tuple(landed), tuple(test for test in tests if test))


def _said(place: Place) -> str:
    column = table(place[0])[place[1]]
    unit = f" (unit: {column.unit})" if column.unit else ""
    return f"{place[0]}.{place[1]} is declared {column.type}{unit}: “{column.description}”"


def _type(place: Place, material: Material) -> Test:
    name = place[0].split("/")[1]
    claim = "the landed column has the declared type"
    landed = material.landed(name)
    if landed is None:
        return _unread(claim, place, name, material)
    actual = str(landed.rows.schema.field(place[1]).type)
    example = next(
        (value for value in landed.rows.column(place[1]).slice(0, 50).to_pylist() if value is not None), None
    )
    shows = f"it was landed as {actual}, such as {example!r}"
    try:
        refuse_changed_types(landed, name)
    except SchemaChangeError as error:
        if f"{place[1]}:" in str(error):
            return Test(claim, _said(place), shows, BREAKS, place)
    return Test(claim, _said(place), shows, HOLDS, place)


def _unread(claim: str, place: Place, name: str, material: Material) -> Test:
    """Nothing was read: an object that is not there is unmeasured, one that lacks a column or cannot be read breaks."""
    try:
        read_landed(material.store, name, material.day)
    except MissingObjectError as error:
        return Test(claim, _said(place), str(error), UNMEASURED, place)
    except UnreadableObjectError as error:
        return Test(claim, _said(place), str(error), BREAKS, place)
    return Test(claim, _said(place), "the object was landed meanwhile", UNMEASURED, place)


def _refused(place: Place, material: Material) -> Test | None:
    """How many of the day's rows the contract refused because of this column."""
    name = place[0].split("/")[1]
    landed, bad = material.landed(name), material.delta(f"{name}_quarantine", ["reason"])
    if landed is None or bad is None or not landed.rows.num_rows:
        return None
    typed = {column.name for column in table(f"lakehouse/{name}").columns if raw_name(column) == place[1]}
    reasons = Counter(str(reason) for reason in bad.column("reason").to_pylist())
    found = {reason: count for reason, count in reasons.items() if reason.partition(":")[2] in typed}
    share = sum(found.values()) / landed.rows.num_rows
    said = ", ".join(f"{count} {reason}" for reason, count in sorted(found.items())) or "none"
    return Test(
        "few rows break the contract of the column",
        f"at most {MAX_REFUSED_SHARE:.0%} of the landed rows",
        f"{share:.2%} of {landed.rows.num_rows:,} rows: {said}",
        BREAKS if share > MAX_REFUSED_SHARE else HOLDS,
        place,
    )


def _unknown(name: str, material: Material) -> Test | None:
    """Columns that no contract knows change no meaning yet; somebody has to give them one."""
    landed = material.landed(name)
    if landed is None or not landed.unknown_columns:
        return None
    place = (f"landing/{name}", landed.unknown_columns[0])
    shown = ", ".join(landed.unknown_columns)
    return Test("every landed column is declared", f"the contract of landing/{name}", f"also {shown}", NEW, place)
