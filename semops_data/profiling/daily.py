"""Profile several tables for one day and commit the rows once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from semops_data.contracts import table
from semops_data.lakehouse.digest import digest
from semops_data.profiling.drift import profile_and_drift
from semops_data.profiling.profile import Profile
from semops_data.profiling.render import markdown, picture
from semops_data.profiling.rows import earlier_rows, from_rows, to_rows, write_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from semops_data.lakehouse.lake import Lake


@dataclass(frozen=True)
class DayProfile:
    """One table's profile of one day.

    Attributes:
        profile: the figures.
        drift: population stability index by column; None where there is nothing to compare.
        markdown: the figures as a Markdown table.
        picture: histograms as a Markdown image, or None.
        digest: sha256 of the table's rows in `profiling/profiles`.
    """

    profile: Profile
    drift: dict[str, float | None]
    markdown: str
    picture: str | None
    digest: str

    @property
    def largest_move(self) -> float | None:
        """The largest index of a column, None where none was compared."""
        return max((index for index in self.drift.values() if index is not None), default=None)


def profile_day(lake: Lake, tables: Mapping[str, str | None], *, day: str) -> list[DayProfile]:
    """Profile tables of the lake, compare them with the profiled day before, and write the rows.

    Args:
        lake: where the tables and the profiles are.
        tables: by key the day that is profiled, None for the whole table.
        day: the day under which the profiles are kept, ISO date.

    Raises:
        MissingTableError: where a table was never written.
    """
    before = earlier_rows(lake, day)
    found, written = [], []
    for key, partition in tables.items():
        column = table(key).partition_by
        data = lake.read(key, where={column: partition} if column and partition else None)
        profile, drift = profile_and_drift(data, key, from_rows(before, key))
        if column is not None:
            # A new day has another day: that says nothing.
            drift[column] = None
        rows = to_rows(profile, drift, day=day)
        written.append(rows)
        compared = drift if before.num_rows else None
        found.append(DayProfile(profile, drift, markdown(profile, compared), picture(profile), digest(rows)))
    if written:
        write_rows(lake, pa.concat_tables(written), day=day)
    return found
