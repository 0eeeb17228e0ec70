"""`dst lineage audit`: from a published metric back to its source, until the meaning breaks."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from semops_data.cli.console import Output, json_option
from semops_data.cli.errors import FAILED
from semops_data.lineage.audit.model import BREAKS, MOVED, NEW, UNMEASURED

if TYPE_CHECKING:
    from collections.abc import Callable

    from semops_data.landing.store import ObjectStore
    from semops_data.lineage.audit.model import Audit
    from semops_data.lineage.columns import ColumnGraph, Place

MARKS = {BREAKS: "BREAKS", MOVED: "moved", NEW: "new", UNMEASURED: "-"}


@click.command("audit")
@click.argument("metric", required=False)
@click.option("--day", default=None, help="Day whose data are read, ISO; the last landed one by default.")
@json_option
def audit(metric: str | None, day: str | None, *, as_json: bool) -> int:
    """Audit a metric backwards: mart, aggregation, transform, schema, source; stop where the meaning breaks.

    METRIC is a mart and its column, daily_revenue.net_revenue_cents, or a mart, for all of its metrics; every metric
    of every mart by default. A mart over all days is audited on each day, from the last back, until it breaks. Ends
    with 1 where a meaning breaks.
    """
    from semops_data.cli.summary import lake_of
    from semops_data.landing.store import landing_store
    from semops_data.lineage.audit.material import Material
    from semops_data.lineage.audit.walk import audit as walk
    from semops_data.lineage.columns import declared
    from semops_data.registry.load import load
    from semops_data.registry.source import registry_path
    from semops_data.settings import load_settings
    from semops_data.warehouse.warehouse import Warehouse

    settings, graph = load_settings(), declared()
    places = _places(metric, graph)
    lake, store, registry = lake_of(settings), landing_store(settings), load(registry_path(settings))
    days = _days(day, store, places, graph)
    with ExitStack() as opened:
        materials: dict[str, Material] = {}

        def on(day: str) -> Material:
            if day not in materials:
                materials[day] = opened.enter_context(Material(lake, store, Warehouse(settings), registry, day))
            return materials[day]

        found = [_audited(place, days, lambda place, day: walk(place, graph, on(day))) for place in places]
    out = Output(as_json)
    out.result(found[0].as_dict() if len(found) == 1 else {"audits": [one.as_dict() for one in found]})
    for one in found:
        _show(out, one, is_whole=len(found) == 1 or one.broken is not None)
    return FAILED if any(one.broken for one in found) else 0


def _places(metric: str | None, graph: ColumnGraph) -> list[Place]:
    """The metrics that the name stands for.

    Raises:
        UnknownPlaceError: naming the nearest ones.
    """
    from semops_data.contracts import TABLES
    from semops_data.lineage.audit.walk import metrics
    from semops_data.lineage.lookup import UnknownPlaceError, find
    from semops_data.warehouse.marts import marts

    if metric is None:
        return [place for mart in marts() for place in metrics(mart)]
    keys = {key for edge in graph.edges for key, _ in edge}
    known = {key: tuple(column.name for column in TABLES[key].columns) for key in keys}
    target = find(metric, known, room="warehouse")
    if target.column is not None:
        return [(target.key, target.column)]
    room, name = target.key.split("/")
    found = metrics(name) if room == "warehouse" else []
    if not found:
        raise UnknownPlaceError(f"{target.key} is no mart: name a column of it, {', '.join(known[target.key])}")
    return found


def _days(given: str | None, store: ObjectStore, places: list[Place], graph: ColumnGraph) -> list[str]:
    """The days that can be audited, the last first: the given one, else those of which something was landed.

    Raises:
        UnknownPlaceError: where nothing was landed, on that day or at all.
    """
    from semops_data.lineage.audit.material import landed_days
    from semops_data.lineage.lookup import UnknownPlaceError, near

    names = {key.split("/")[1] for key, _ in graph.upstream(*places) if key.startswith("landing/")}
    days = landed_days(store, names)
    if not days:
        raise UnknownPlaceError(f"nothing of {', '.join(sorted(names))} was landed yet: dst run")
    if given is not None and given not in days:
        raise UnknownPlaceError(f"nothing of {', '.join(sorted(names))} was landed for {given!r}{near(given, days)}")
    return [given] if given is not None else days[::-1]


def _audited(place: Place, days: list[str], walk: Callable[[Place, str], Audit]) -> Audit:
    """The audit on the last day; of a table without days, on the last one where it breaks, if there is one."""
    from semops_data.contracts import table

    last = walk(place, days[0])
    if table(place[0]).partition_by or last.broken:
        return last
    return next((found for day in days[1:] if (found := walk(place, day)).broken), last)


def _show(out: Output, found: Audit, *, is_whole: bool) -> None:
    out.heading(found.conclusion)
    if not is_whole:
        return
    out.text(f"definition  “{found.definition}” ({found.defined_in})")
    out.text(f"published   {found.published or 'nothing'}" + (f", on {found.day}" if found.day else ""))
    if found.known is not None and found.known != found.published:
        out.text(f"known       {found.known}")
    for layer in found.layers:
        out.text(f"\n{layer.name}: {layer.verdict}")
        for test in layer.tests:
            where = f"{test.place[0]}.{test.place[1]}: " if test.place else ""
            out.text(f"  {MARKS.get(test.verdict, 'holds'):7} {where}{test.claim}")
            if test.verdict != "holds" or layer.verdict == BREAKS:
                out.text(f"          says   {test.says}")
                out.text(f"          shows  {test.shows}")
