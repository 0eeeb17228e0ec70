"""Column lineage as a graph: which column comes from which, from landing to the marts.

Belongs here: the graph, its walks, and where it is read from: the declarations of this project, and the events in
the outbox for every other one. A column at an end of the graph is landed, or a stated constant.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Place = tuple[str, str]
"""A column: the key of its asset, and its name."""
Event = Mapping[str, Any]
"""An OpenLineage event, or a part of one, as JSON has it."""
SYMLINK = "DAGSTER_ASSET"


@dataclass(frozen=True)
class ColumnGraph:
    """Which columns each column comes from.

    Attributes:
        sources: for each column those that it is computed from, directly.
        constants: columns that come from no column, with what they are instead.
    """

    sources: Mapping[Place, tuple[Place, ...]] = field(default_factory=dict)
    constants: Mapping[Place, str] = field(default_factory=dict)

    @property
    def edges(self) -> Iterator[tuple[Place, Place]]:
        """Every edge as (from, to), sorted."""
        for column in sorted(self.sources):
            for source in sorted(self.sources[column]):
                yield source, column

    def upstream(self, *columns: Place) -> dict[Place, int]:
        """The columns that these come from, each with its fewest steps; 0 for these themselves."""
        return _walk(columns, lambda column: self.sources.get(column, ()))

    def downstream(self, *columns: Place) -> dict[Place, int]:
        """The columns that come from these, each with its fewest steps; 0 for these themselves."""
        followers: dict[Place, list[Place]] = {}
        for source, column in self.edges:
            followers.setdefault(source, []).append(column)
        return _walk(columns, lambda column: followers.get(column, ()))

    def ends(self, column: Place) -> tuple[list[Place], dict[Place, str]]:
        """Where a column ends: the columns without sources that it comes from, and the constants among its origins."""
        origins = self.upstream(column)
        constants = {place: self.constants[place] for place in sorted(origins) if place in self.constants}
        return sorted(p for p in origins if not self.sources.get(p) and p not in constants), constants

    def merged(self, other: ColumnGraph) -> ColumnGraph:
        """Both graphs; where both know a table, this one counts, as it knows the newer code."""
        own = {key for key, _ in (*self.sources, *self.constants)}
        added = {place: found for place, found in other.sources.items() if place[0] not in own}
        return ColumnGraph({**added, **self.sources}, {**other.constants, **self.constants})


def _walk(start: Iterable[Place], neighbours: Callable[[Place], Iterable[Place]]) -> dict[Place, int]:
    found = dict.fromkeys(start, 0)
    waiting = deque(found)
    while waiting:
        place = waiting.popleft()
        for neighbour in neighbours(place):
            if neighbour not in found:
                found[neighbour] = found[place] + 1
                waiting.append(neighbour)
    return found


def declared(*names: str) -> ColumnGraph:
    """The column lineage of this project: contracts for the typed tables, SQL for aggregates and marts.

    Args:
        names: the marts that are read, `daily_revenue`; all by default. Each costs some hundredths of a second.
    """
    from semops_data.contracts import table
    from semops_data.contracts.origins import typed_constants, typed_origins
    from semops_data.lakehouse.aggregates import DAY_CONSTANT, READS, SOURCES
    from semops_data.warehouse.columns import column_constants, column_sources
    from semops_data.warehouse.marts import marts

    wanted = names or marts()
    tables = dict(typed_origins()) | {f"lakehouse/{name}": SOURCES[name] for name in READS}
    tables |= {f"warehouse/{name}": column_sources(name) for name in wanted}
    constants = dict(typed_constants())
    constants |= {
        f"lakehouse/{name}": {"day": DAY_CONSTANT} for name in READS if table(f"lakehouse/{name}").partition_by
    }
    constants |= {f"warehouse/{name}": column_constants(name) for name in wanted}
    return ColumnGraph(
        {(key, column): tuple(found) for key, columns in tables.items() for column, found in columns.items()},
        {(key, column): what for key, columns in constants.items() for column, what in columns.items()},
    )


def from_events(bodies: Iterable[str]) -> ColumnGraph:
    """The column lineage that OpenLineage events tell; of each output the last event that has any counts.

    Args:
        bodies: events as JSON texts, oldest first, such as `Outbox.bodies()` gives. Datasets are named by their
            symlink to the Dagster asset, or by their own name where an event has none.
    """
    keys: dict[tuple[str, str], str] = {}
    found: dict[str, Mapping[str, Any]] = {}
    for event in map(json.loads, bodies):
        for dataset in (*event.get("inputs", ()), *event.get("outputs", ())):
            keys[_name(dataset)] = key_of(dataset)
        for output in event.get("outputs", ()):
            fields = output.get("facets", {}).get("columnLineage", {}).get("fields")
            if fields:
                found[key_of(output)] = fields
    sources = {
        (key, column): tuple((keys.get(_name(item), item["name"]), item["field"]) for item in lineage["inputFields"])
        for key, fields in found.items()
        for column, lineage in fields.items()
    }
    return ColumnGraph(sources)


def _name(dataset: Event) -> tuple[str, str]:
    return dataset["namespace"], dataset["name"]


def key_of(dataset: Event) -> str:
    """The asset that an event's dataset is, by its symlink; the dataset's own name where it has none."""
    links: Sequence[Event] = dataset.get("facets", {}).get("symlinks", {}).get("identifiers", ())
    return next((str(link["name"]) for link in links if link.get("type") == SYMLINK), str(dataset["name"]))
