"""Names as people write them, resolved to assets, columns and runs, or refused with the nearest ones."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from semops_data.lineage.columns import ColumnGraph
    from semops_data.lineage.records import Graph

NEAR = 3
MIN_RUN_PREFIX = 4


class UnknownPlaceError(LookupError):
    """No asset, column or run has that name, or several have; the message says which are near."""


@dataclass(frozen=True)
class Target:
    """An asset, or one of its columns."""

    key: str
    column: str | None = None

    def __str__(self) -> str:
        return f"{self.key}.{self.column}" if self.column else self.key


def asset_columns(graph: Graph, columns: ColumnGraph) -> dict[str, tuple[str, ...]]:
    """The columns of each asset: those of its schema, and those that column lineage tells of."""
    found = {key: dict.fromkeys(column.name for column in node.columns) for key, node in graph.nodes.items()}
    for source, column in columns.edges:
        for key, name in (source, column):
            found.setdefault(key, {}).setdefault(name)
    return {key: tuple(names) for key, names in found.items()}


def find(text: str, known: dict[str, tuple[str, ...]], *, room: str | None = None) -> Target:
    """The asset or column that a text names.

    Args:
        text: `landing/orders`, `landing/orders.refund`, or without the room, `daily_revenue.net_revenue_cents`.
        known: the columns of each asset, see `asset_columns`.
        room: where a name without its room is looked for first.

    Raises:
        UnknownPlaceError: naming what is near, or the assets that bear the name.
    """
    # An asset's key may hold dots; what is an asset as it stands is one.
    if text in known:
        return Target(text)
    name, _, column = text.rpartition(".")
    key = _asset(name or text, known, room) if name else None
    if key is None:
        whole = _asset(text, known, room)
        if whole:
            return Target(whole)
        raise UnknownPlaceError(f"no asset {name or text!r}{near(name or text, known)}")
    if column not in known[key]:
        raise UnknownPlaceError(f"{key} has no column {column!r}{near(column, known[key])}")
    return Target(key, column)


def _asset(name: str, known: dict[str, tuple[str, ...]], room: str | None) -> str | None:
    if name in known:
        return name
    ends = sorted(key for key in known if key.endswith(f"/{name}"))
    preferred = [key for key in ends if room and key.startswith(f"{room}/")]
    if len(preferred) == 1 or len(ends) == 1:
        return (preferred or ends)[0]
    if ends:
        raise UnknownPlaceError(f"several assets are called {name!r}: {', '.join(ends)}; name one with its room")
    return None


def near(name: str, known: Iterable[str]) -> str:
    """`; did you mean ...?`, by the whole name and by its last part; a few of the known where none is near."""
    names = sorted(known)
    parts = {key.rsplit("/", maxsplit=1)[-1]: key for key in names}
    close = difflib.get_close_matches(name, names, n=NEAR, cutoff=0.5)
    close += [parts[part] for part in difflib.get_close_matches(name.rsplit("/", maxsplit=1)[-1], parts, n=NEAR)]
    unique = list(dict.fromkeys(close))[:NEAR]
    if unique:
        return f"; did you mean {' or '.join(unique)}?"
    return f"; there are {', '.join(names[: 2 * NEAR])}" + (", ..." if len(names) > 2 * NEAR else "")


def find_run(text: str, run_ids: Iterable[str]) -> str:
    """The run whose id is, or begins with, the text.

    Args:
        text: a run id, or at least its first four characters.
        run_ids: the known ones, newest first.

    Raises:
        UnknownPlaceError: naming the nearest and the newest, or the runs that begin so.
    """
    known = list(run_ids)
    if text in known:
        return text
    found = [run_id for run_id in known if run_id.startswith(text)] if len(text) >= MIN_RUN_PREFIX else []
    if len(found) == 1:
        return found[0]
    if found:
        raise UnknownPlaceError(f"several runs begin with {text!r}: {', '.join(found[:NEAR])}; give more of the id")
    if not known:
        raise UnknownPlaceError(f"no run {text!r}: nothing has run yet")
    close = difflib.get_close_matches(text, known, n=NEAR, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"the newest are {', '.join(known[:NEAR])}"
    raise UnknownPlaceError(f"no run {text!r}; {hint}")
