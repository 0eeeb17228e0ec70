"""Profiles as rows of `profiling/profiles`, and back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts.profiles import PROFILES
from semops_data.lakehouse.lake import Lake
from semops_data.profiling.profile import ColumnProfile, Profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semops_data.lakehouse.lake import Commit


def to_rows(profile: Profile, *, day: str) -> pa.Table:
    """One row per column."""
    rows = [
        {
            "day": day,
            "table_key": profile.source,
            "column_name": column.name,
            "position": position,
            "data_type": column.data_type,
            "row_count": profile.row_count,
            "null_count": column.null_count,
            "distinct_count": column.distinct_count,
            "minimum": column.minimum,
            "maximum": column.maximum,
            "mean": column.mean,
            "standard_deviation": column.standard_deviation,
            **dict(zip(("quantile_25", "quantile_50", "quantile_75"), column.quantiles or (None,) * 3, strict=True)),
            "mean_length_characters": column.mean_length_characters,
            "maximum_length_characters": column.maximum_length_characters,
            "top_values": list(column.top_values),
            "top_shares": list(column.top_shares),
            "bin_edges": list(column.bin_edges),
            "bin_shares": list(column.bin_shares),
            "correlated_with": list(column.correlated_with),
            "correlations": list(column.correlations),
        }
        for position, column in enumerate(profile.columns)
    ]
    return pa.Table.from_pylist(rows, schema=PROFILES.arrow_schema)


def from_rows(rows: pa.Table, table_key: str) -> Profile | None:
    """The profile of one table out of the rows of one day; None where it has none."""
    mine: list[dict[str, Any]] = rows.filter(pc.equal(rows["table_key"], table_key)).sort_by("position").to_pylist()
    if not mine:
        return None
    return Profile(table_key, int(mine[0]["row_count"]), tuple(_column(row) for row in mine))


def earlier_days(lake: Lake, day: str) -> tuple[str, ...]:
    """The profiled days to compare a day with: the latest before it, and the same weekday of the week before."""
    if not lake.exists(PROFILES.key):
        return ()
    days = {other for other in lake.read(PROFILES.key, columns=["day"])["day"].unique().to_pylist() if other < day}
    week_ago = (date.fromisoformat(day) - timedelta(days=7)).isoformat()
    latest = [max(days)] if days else []
    return tuple(dict.fromkeys([*latest, *({week_ago} & days)]))


def write_rows(lake: Lake, key: str, rows: pa.Table, *, tables: Sequence[str], day: str) -> Commit:
    """Put the tables' rows into the day's partition; rows of other tables stay.

    Args:
        lake: where they are kept.
        key: `profiling/profiles` or `profiling/drift`.
        rows: all rows of the tables on the day.
        tables: their keys.
        day: ISO date.
    """
    if lake.exists(key):
        held = lake.read(key, where={"day": day})
        rows = pa.concat_tables(
            [rows, held.filter(pc.invert(pc.is_in(held["table_key"], value_set=pa.array(tables, pa.string()))))]
        )
    return lake.replace(key, rows, where={"day": day})


def _column(row: dict[str, Any]) -> ColumnProfile:
    quantiles = (row["quantile_25"], row["quantile_50"], row["quantile_75"])
    return ColumnProfile(
        name=row["column_name"],
        data_type=row["data_type"],
        null_count=row["null_count"],
        distinct_count=row["distinct_count"],
        minimum=row["minimum"],
        maximum=row["maximum"],
        mean=row["mean"],
        standard_deviation=row["standard_deviation"],
        quantiles=None if None in quantiles else quantiles,
        mean_length_characters=row["mean_length_characters"],
        maximum_length_characters=row["maximum_length_characters"],
        top_values=tuple(row["top_values"]),
        top_shares=tuple(row["top_shares"]),
        bin_edges=tuple(row["bin_edges"]),
        bin_shares=tuple(row["bin_shares"]),
        correlated_with=tuple(row["correlated_with"]),
        correlations=tuple(row["correlations"]),
    )
