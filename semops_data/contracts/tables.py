"""The declarations of all rooms, gathered under their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semops_data.contracts import (
    benchmark,
    business,
    coherence,
    experiments,
    loads,
    marts,
    meaning,
    operations,
    profiles,
)

if TYPE_CHECKING:
    from semops_data.contracts.types import Table

TABLES: dict[str, Table] = {
    table.key: table
    for module in (business, marts, loads, profiles, meaning, coherence, experiments, benchmark, operations)
    for table in module.TABLES
}


def table(key: str) -> Table:
    """The declaration of the table with that key.

    Raises:
        KeyError: naming the key and the ones there are in its room.
    """
    try:
        return TABLES[key]
    except KeyError:
        room = key.split("/", maxsplit=1)[0]
        known = sorted(name for name in TABLES if name.startswith(f"{room}/")) or sorted(TABLES)
        raise KeyError(f"no contract is declared for {key!r}; there are: {', '.join(known)}") from None
