"""Profile several tables for one day, compare them with earlier days, and commit the rows once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from semops_data.contracts import table
from semops_data.contracts.business import DERIVED
from semops_data.contracts.profiles import DRIFT, PROFILES
from semops_data.lakehouse.digest import digest
from semops_data.profiling import history
from semops_data.profiling.drift import drift
from semops_data.profiling.profile import Profile, profile_view
from semops_data.profiling.render import markdown, picture
from semops_data.profiling.rows import earlier_days, from_rows, to_rows, write_rows
from semops_data.profiling.source import PARTITION_MEMORY_LIMIT, connect, open_partition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from semops_data.lakehouse.lake import Lake
    from semops_data.profiling.drift import Move


@dataclass(frozen=True)
class DayProfile:
    """One table's profile of one day.

    Attributes:
        profile: the figures.
        moves: by column how far it moved; without those that could not be compared.
        markdown: the figures as a Markdown table.
        picture: histograms as a Markdown image, or None.
        history: the moves of the last days as a Markdown image, or None.
        digest: sha256 of the table's rows in `profiling/profiles` and `profiling/drift`.
    """

    profile: Profile
    moves: dict[str, Move]
    markdown: str
    picture: str | None
    history: str | None
    digest: str

    @property
    def largest_move(self) -> float | None:
        """The largest population stability index of a column, None where none was compared."""
        return max((move.psi for move in self.moves.values()), default=None)


def profile_day(lake: Lake, tables: Mapping[str, str | None], *, day: str) -> list[DayProfile]:
    """Profile tables of the lake, compare them with earlier days, and write the rows.

    Args:
        lake: where the tables and the profiles are.
        tables: by key the day that is profiled, None for the whole table.
        day: the day under which the profiles are kept, ISO date.

    Raises:
        MissingTableError: where a table was never written.
    """
    if not tables:
        return []
    held = {other: lake.read(PROFILES.key, where={"day": other}) for other in earlier_days(lake, day)}
    profiled: dict[str, tuple[Profile, dict[str, Move]]] = {}
    # One database for all tables: to open one takes as long as to profile a small table.
    with connect(memory=PARTITION_MEMORY_LIMIT) as connection:
        for key, partition in tables.items():
            earlier = {other: found for other, rows in held.items() if (found := from_rows(rows, key)) is not None}
            profiled[key] = _one(connection, lake, key, partition, earlier)
    rows = {key: to_rows(profile, day=day) for key, (profile, _) in profiled.items()}
    moved = {key: history.to_rows(moves.values(), key, day=day) for key, (_, moves) in profiled.items()}
    write_rows(lake, PROFILES.key, pa.concat_tables(rows.values()), tables=list(rows), day=day)
    if lake.exists(DRIFT.key) or any(part.num_rows for part in moved.values()):
        write_rows(lake, DRIFT.key, pa.concat_tables(moved.values()), tables=list(moved), day=day)
    past = history.read_until(lake, day)
    return [
        DayProfile(
            profile=profile,
            moves=moves,
            markdown=markdown(profile, {name: move.psi for name, move in moves.items()} if moves else None),
            picture=picture(profile),
            history=history.picture(past, key),
            digest=hashlib.sha256(f"{digest(rows[key])}{digest(moved[key])}".encode()).hexdigest(),
        )
        for key, (profile, moves) in profiled.items()
    ]


def _one(
    connection: Any, lake: Lake, key: str, partition: str | None, earlier: Mapping[str, Profile]
) -> tuple[Profile, dict[str, Move]]:
    contract = table(key)
    column = contract.partition_by
    with open_partition(connection, lake, key, {column: partition} if column and partition else {}):
        profile = profile_view(connection, key)
        moves = drift(connection, profile, earlier)
    # A new day has other days, other keys, and refers to other keys of that day: that says nothing.
    other = {column, *DERIVED, *contract.keys, *(name for name, to, _ in contract.references if table(to).partition_by)}
    return profile, {name: move for name, move in moves.items() if name not in other}
