"""How far a table moved: three distances of each column's distribution from an earlier profile's.

Every distance is taken over the bins (numbers) or most frequent values (categories) of the earlier profile, so nothing
but the profile has to be kept. A limit is what matters in practice plus what chance alone reaches once in ten
thousand comparisons of so many rows: small days are noisy, and large ones are not excused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from semops_data.profiling.profile import bin_shares, profile_view, value_shares
from semops_data.profiling.source import VIEW, connect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    import pyarrow as pa

    from semops_data.profiling.profile import ColumnProfile, Profile

FLOOR = 1e-4
MATTERS_PSI = 0.25
"""The usual reading of the index: below 0.1 little, above 0.25 much."""
MATTERS_JS = 0.045
"""What an index of 0.25 is as a divergence in bits, for a small move: 0.25 / (8 ln 2)."""
MATTERS_KS = 0.15
"""15 % of the rows lie elsewhere: a price list that changes with the week stays below it, a new tariff does not."""
CHANCE = 1e-4
CHANCE_Z = 3.719
CHANCE_KS = math.sqrt(-math.log(CHANCE / 2) / 2)
LEAST_COVERED = 0.1
"""Share of the rows that the most frequent values hold in a column of categories; less is a column of names."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """How far one column moved.

    Attributes:
        column: its name.
        compared_day: the day compared with.
        rows: rows of the day.
        compared_rows: rows of the day compared with.
        psi: population stability index, 0 or more, nulls being a bin.
        ks: Kolmogorov-Smirnov distance at the edges of the bins, 0 to 1; None for categories, which have no order.
        js: Jensen-Shannon divergence in bits, 0 to 1, nulls being a bin.
        psi_limit: where `psi` is too large.
        ks_limit: where `ks` is too large.
        js_limit: where `js` is too large.
    """

    column: str
    compared_day: str
    rows: int
    compared_rows: int
    psi: float
    ks: float | None
    js: float
    psi_limit: float
    ks_limit: float
    js_limit: float

    @property
    def is_stable(self) -> bool:
        """Whether no two measures agree that it moved too far.

        Of numbers the Kolmogorov-Smirnov distance is one of the two: where values repeat (prices of a small catalogue),
        a step of one cent over the edge of a bin moves the other two, and nothing has happened.
        """
        far = self.psi > self.psi_limit, self.js > self.js_limit
        return not all(far) if self.ks is None else not (self.ks > self.ks_limit and any(far))


def profile_and_drift(data: pa.Table, source: str, earlier: Mapping[str, Profile]) -> tuple[Profile, dict[str, Move]]:
    """Profile rows in memory, and say how far each column moved; see `drift`."""
    with connect() as connection:
        connection.register(VIEW, data)
        current = profile_view(connection, source)
        return current, drift(connection, current, earlier)


def drift(connection: Any, current: Profile, earlier: Mapping[str, Profile]) -> dict[str, Move]:
    """How far each column moved, by name; a column that cannot be compared is not in it.

    Args:
        connection: with the view `profiled`, the rows of the current profile.
        current: the profile of these rows.
        earlier: profiles of the same table by day. A column is compared with each, and the nearest one counts: a
            Monday may differ from the Sunday before if it is like the Monday before.
    """
    nearest: dict[str, Move] = {}
    for day, profile in earlier.items():
        for name, move in _moves(connection, current, profile, day).items():
            if name not in nearest or move.js < nearest[name].js:
                nearest[name] = move
    return nearest


def _moves(connection: Any, current: Profile, earlier: Profile, day: str) -> dict[str, Move]:
    if not current.row_count or not earlier.row_count:
        return {}
    now = {column.name: column for column in current.columns}
    before = {column.name: column for column in earlier.columns if column.name in now}
    binned = bin_shares(connection, {name: column.bin_edges for name, column in before.items()})
    counts = current.row_count, earlier.row_count
    moved: dict[str, Move] = {}
    for name, column in before.items():
        old_nulls, nulls = column.null_count / earlier.row_count, now[name].null_count / current.row_count
        if column.bin_shares and binned[name]:
            old, new = _with_nulls(column.bin_shares, old_nulls), _with_nulls(binned[name], nulls)
            moved[name] = _move(name, day, counts, old, new, ks=kolmogorov_smirnov(column.bin_shares, binned[name]))
        elif _is_category(column):
            shares = value_shares(connection, name, column.top_values, current.row_count)
            old, new = _with_rest(column.top_shares, old_nulls), _with_rest(shares, nulls)
            moved[name] = _move(name, day, counts, old, new, ks=None)
    return moved


def _move(
    name: str, day: str, counts: tuple[int, int], old: Sequence[float], new: Sequence[float], *, ks: float | None
) -> Move:
    rarity = 1 / counts[0] + 1 / counts[1]
    # The index times the harmonic number of rows is distributed like chi-square, with a bin less of freedom.
    chance = chi_square_bound(len(old) - 1) * rarity
    return Move(
        column=name,
        compared_day=day,
        rows=counts[0],
        compared_rows=counts[1],
        psi=stability_index(old, new),
        ks=ks,
        js=jensen_shannon(old, new),
        psi_limit=MATTERS_PSI + chance,
        ks_limit=MATTERS_KS + CHANCE_KS * math.sqrt(rarity),
        js_limit=MATTERS_JS + chance / (8 * math.log(2)),
    )


def stability_index(expected: Sequence[float], actual: Sequence[float]) -> float:
    """Population stability index of two distributions over the same bins: sum of (q - p) ln(q / p).

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


def jensen_shannon(expected: Sequence[float], actual: Sequence[float]) -> float:
    """Jensen-Shannon divergence in bits: the mean divergence of both from their mean.

    Args:
        expected: shares that sum to 1.
        actual: shares that sum to 1, as many.

    Returns:
        0 where they are equal, 1 where they have no value in common.

    Raises:
        ValueError: where they have different lengths.
    """
    pairs = [(old, new, (old + new) / 2) for old, new in zip(expected, actual, strict=True)]
    terms = [share * math.log2(share / middle) for old, new, middle in pairs for share in (old, new) if share > 0]
    return min(1.0, max(0.0, math.fsum(terms) / 2))


def kolmogorov_smirnov(expected: Sequence[float], actual: Sequence[float]) -> float:
    """Largest difference of the cumulative shares, at the edges of the bins: at most the distance of the values.

    Raises:
        ValueError: where they have different lengths.
    """
    apart = accumulate(new - old for old, new in zip(expected, actual, strict=True))
    return min(1.0, max((abs(step) for step in apart), default=0.0))


def chi_square_bound(freedom: int) -> float:
    """What a chi-square of that freedom exceeds once in ten thousand times (Wilson and Hilferty's approximation)."""
    if freedom < 1:
        return 0.0
    part = 2 / (9 * freedom)
    return float(freedom * (1 - part + CHANCE_Z * math.sqrt(part)) ** 3)


def _is_category(column: ColumnProfile) -> bool:
    is_moment = column.data_type.startswith(("DATE", "TIME"))
    return bool(column.top_values) and sum(column.top_shares) >= LEAST_COVERED and not is_moment


def _with_nulls(shares: Sequence[float], nulls: float) -> list[float]:
    return [*(share * (1 - nulls) for share in shares), nulls]


def _with_rest(shares: Sequence[float], nulls: float) -> list[float]:
    return [*shares, max(0.0, 1 - sum(shares) - nulls), nulls]
