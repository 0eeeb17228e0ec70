"""How far a table moved: the population stability index of each column against an earlier profile."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from semops_data.profiling.profile import bin_shares, profile_view, value_shares
from semops_data.profiling.source import VIEW, connect

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import pyarrow as pa

    from semops_data.profiling.profile import ColumnProfile, Profile

FLOOR = 1e-4


def profile_and_drift(data: pa.Table, source: str, earlier: Profile | None) -> tuple[Profile, dict[str, float | None]]:
    """Profile rows, and say how far each column moved since an earlier profile of the same table.

    Args:
        data: rows.
        source: what to call them.
        earlier: the profile to compare with, None where there is none.

    Returns:
        The profile, and by column the index: 0 for no change, below 0.1 little, above 0.25 much; None where there
        is nothing to compare.
    """
    with connect() as connection:
        connection.register(VIEW, data)
        current = profile_view(connection, source)
        return current, _drift(connection, current, earlier)


def stability_index(expected: Sequence[float], actual: Sequence[float]) -> float:
    """Population stability index of two distributions over the same bins.

    Args:
        expected: shares that sum to 1.
        actual: shares that sum to 1, as many.

    Returns:
        0 or more; a share below 1e-4 counts as 1e-4.

    Raises:
        ValueError: where they have different lengths.
    """
    pairs = [(max(old, FLOOR), max(new, FLOOR)) for old, new in zip(expected, actual, strict=True)]
    return math.fsum((new - old) * math.log(new / old) for old, new in pairs)


def _drift(connection: Any, current: Profile, earlier: Profile | None) -> dict[str, float | None]:
    moved: dict[str, float | None] = {column.name: None for column in current.columns}
    if earlier is None or not current.row_count or not earlier.row_count:
        return moved
    before = {column.name: column for column in earlier.columns if column.name in moved}
    binned = bin_shares(connection, {name: column.bin_edges for name, column in before.items()})
    nulls = {column.name: column.null_count / current.row_count for column in current.columns}
    for name, column in before.items():
        old_nulls = column.null_count / earlier.row_count
        if column.bin_shares and binned[name]:
            old, new = _with_nulls(column.bin_shares, old_nulls), _with_nulls(binned[name], nulls[name])
            moved[name] = stability_index(old, new)
        elif _is_category(column):
            shares = value_shares(connection, name, column.top_values, current.row_count)
            moved[name] = stability_index(_with_rest(column.top_shares, old_nulls), _with_rest(shares, nulls[name]))
    return moved


def _is_category(column: ColumnProfile) -> bool:
    return bool(column.top_values) and not column.data_type.startswith(("DATE", "TIME"))


def _with_nulls(shares: Sequence[float], nulls: float) -> list[float]:
    return [*(share * (1 - nulls) for share in shares), nulls]


def _with_rest(shares: Sequence[float], nulls: float) -> list[float]:
    return [*shares, max(0.0, 1 - sum(shares) - nulls), nulls]
