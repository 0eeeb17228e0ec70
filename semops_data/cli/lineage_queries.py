"""`dst lineage impact`, `upstream` and `diff`: questions to the graph and the outbox; no backend is asked."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from semops_data.cli.console import Output, json_option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from semops_data.lineage.changes import RunState
    from semops_data.lineage.columns import ColumnGraph
    from semops_data.lineage.records import Graph

SHOWN_COLUMNS = 6
SHORT = 12


def graphs() -> tuple[Graph, ColumnGraph]:
    """The asset graph of the code location, and the column lineage that is declared or told in the outbox."""
    from semops_data.definitions import defs
    from semops_data.lineage.columns import declared, from_events
    from semops_data.lineage.sync import outbox_place
    from semops_data.lineage.told import events_with
    from semops_data.resources.event_log import asset_graph
    from semops_data.settings import load_settings

    told = from_events(events_with(outbox_place(load_settings()), '"columnLineage"'))
    return asset_graph(defs), declared().merged(told)


@click.command("impact")
@click.argument("name")
@json_option
def impact(name: str, *, as_json: bool) -> None:
    """Show what hangs on an asset or a column: everything downstream, its owners, the scores of what it means.

    NAME is landing/orders, or landing/orders.refund.
    """
    from semops_data.cli.summary import lake_of
    from semops_data.lineage.impact import impact as reach
    from semops_data.lineage.impact import read_scores
    from semops_data.lineage.lookup import asset_columns, find
    from semops_data.registry.load import load
    from semops_data.registry.source import registry_path
    from semops_data.settings import load_settings

    settings = load_settings()
    graph, columns = graphs()
    target = find(name, asset_columns(graph, columns))
    found = reach(target, graph, columns, read_scores(lake_of(settings), load(registry_path(settings))))
    out = Output(as_json)
    out.result(found.as_dict())
    out.text(f"{target}: {len(found.affected)} assets downstream, owned by {', '.join(found.owners) or 'nobody'}")
    rows = [(a.steps, a.key, _few(a.columns), ", ".join(a.owners), len(a.checks)) for a in found.affected]
    out.table(["steps", "asset", "columns that come from it", "owners", "checks"], rows, right=(0, 4))
    if found.scores:
        out.heading("The meaning that hangs on it")
        scores = [
            (s["pattern_id"], s["owner"], _number(s["sc"]), _interval(s), s["level"], s["reason"]) for s in found.scores
        ]
        out.table(["pattern", "owner", "SC", "90% interval", "level", "why not measured"], scores, right=(2,))


def _few(names: tuple[str, ...]) -> str | None:
    more = f" and {len(names) - SHOWN_COLUMNS} more" if len(names) > SHOWN_COLUMNS else ""
    return ", ".join(names[:SHOWN_COLUMNS]) + more if names else None


def _interval(score: Mapping[str, Any]) -> str | None:
    low, high = score.get("sc_low"), score.get("sc_high")
    return None if low is None or high is None else f"{low:.2f} to {high:.2f}"


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"


@click.command("upstream")
@click.argument("metric")
@json_option
def upstream(metric: str, *, as_json: bool) -> None:
    """Show where a metric comes from: each column on the way back to landing, and what computes it.

    METRIC is a mart and its column, daily_revenue.net_revenue_cents.
    """
    from semops_data.lineage.lookup import UnknownPlaceError, asset_columns, find
    from semops_data.lineage.origins import origins

    graph, columns = graphs()
    known = asset_columns(graph, columns)
    target = find(metric, known, room="warehouse")
    if target.column is None:
        raise UnknownPlaceError(f"{target.key} is an asset: name a column of it, {', '.join(known[target.key])}")
    found = origins((target.key, target.column), graph, columns)
    landed, constants = columns.ends((target.key, target.column))
    out = Output(as_json)
    out.result(
        {
            "metric": str(target),
            "origins": [asdict(origin) for origin in found],
            "landed": [f"{key}.{column}" for key, column in landed],
            "constants": {f"{key}.{column}": what for (key, column), what in constants.items()},
        }
    )
    for origin in found:
        out.text(f"{'  ' * origin.steps}{origin.key}.{origin.column}  [{_typed(origin.type, origin.unit)}]")
        for line in (origin.description, origin.expression and f"= {origin.expression}", origin.constant):
            if line:
                out.text(f"{'  ' * origin.steps}    {line}")
    out.text(f"\nends at {', '.join([f'{key}.{column}' for key, column in landed] or ['no landed column'])}")


def _typed(type_: str | None, unit: str | None) -> str:
    return ", ".join(part for part in (type_, unit) if part) or "type not told"


@click.command("diff")
@click.argument("before")
@click.argument("after")
@json_option
def diff(before: str, after: str, *, as_json: bool) -> None:
    """Show what changed between two runs: assets, versions of data and code, rows, columns, checks.

    BEFORE and AFTER are Dagster run ids, or their beginnings.
    """
    from semops_data.lineage.changes import changes

    ids, (first, second) = _states(before, after)
    found = changes(first, second)
    out = Output(as_json)
    out.result({"before": ids[0], "after": ids[1], "changes": [asdict(change) for change in found]})
    out.text(f"{ids[0]} -> {ids[1]}: {len(found)} differences" if found else f"{ids[0]} -> {ids[1]}: no difference")
    rows = [(change.asset, change.what, _short(change.before), _short(change.after)) for change in found]
    if rows:
        out.table(["asset", "what", "before", "after"], rows)


def _states(before: str, after: str) -> tuple[list[str], list[RunState]]:
    """What both runs left behind: by Dagster's log, by the outbox where Dagster has forgotten one of them."""
    from semops_data.cli.home import instance, prepare
    from semops_data.definitions import defs
    from semops_data.lineage.changes import of_events, of_log
    from semops_data.lineage.lookup import find_run
    from semops_data.lineage.sync import outbox_place
    from semops_data.lineage.told import events_of, run_ids
    from semops_data.resources.event_log import InstanceLog, asset_graph
    from semops_data.settings import load_settings

    settings = load_settings()
    place = outbox_place(settings)
    prepare(settings)
    with instance(settings) as opened:
        known = [run.run_id for run in opened.get_runs()]
        ids = [find_run(text, dict.fromkeys([*known, *run_ids(place)])) for text in (before, after)]
        log = InstanceLog(opened)
        logs = [log.run(run_id) for run_id in ids]
    if all(logs):
        graph = asset_graph(defs)
        return ids, [of_log(found, graph) for found in logs if found]
    return ids, [of_events(events_of(place, run_id)) for run_id in ids]


def _short(value: Any) -> str | None:
    text = None if value is None else str(value)
    is_digest = text is not None and len(text) > 2 * SHORT and text.isalnum()
    return f"{text[:SHORT]}..." if text is not None and is_digest else text
