"""An asset selection as text, resolved or refused with a hint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from semops_data.catalog import ON_DEMAND
from semops_data.cli.errors import ConfigurationError, nearest

if TYPE_CHECKING:
    from dagster._core.definitions.assets.graph.asset_graph import AssetGraph


def resolve(selection: str, graph: AssetGraph, *, external: bool = False) -> set[dg.AssetKey]:
    """The assets that a selection names: `*`, `landing/orders`, `group:coherence`, `+coherence/scores`, ...

    Args:
        selection: Dagster's selection syntax.
        graph: the assets.
        external: whether those that nothing here materializes belong to it.

    Raises:
        ConfigurationError: where the selection cannot be read, or names nothing.
    """
    known = [key.to_user_string() for key in graph.get_all_asset_keys()]
    rooms = sorted({name.split("/")[0] for name in known})
    try:
        chosen = dg.AssetSelection.from_string(selection).resolve(graph, allow_missing=True)
    except Exception as error:
        first = str(error).strip().splitlines()[0]
        raise ConfigurationError(f"--select {selection!r} cannot be read: {first}") from error
    keys = {key for key in chosen if graph.has(key) and (external or graph.get(key).is_materializable)}
    # What is made on demand belongs to no selection of many, such as `*` or a room.
    demanded = {key for key in keys if ON_DEMAND in graph.get(key).tags}
    keys = keys - demanded or keys
    if not keys:
        close = nearest(selection.removeprefix("group:"), [*known, *rooms])
        close = [f"group:{name}" if name in rooms else name for name in close]
        hint = f"did you mean {' or '.join(close)}?" if close else f"the rooms are {', '.join(rooms)} (group:<room>)"
        raise ConfigurationError(f"--select {selection!r} names no asset; {hint}")
    return keys
