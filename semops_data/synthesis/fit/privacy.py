"""How near synthetic rows come to real ones: copies, and the distance to the closest record.

The distance of two rows is Gower's: the mean over columns of |a - b| / range for numbers and moments (the range of
the real rows, at most 1), and 0 or 1 for categories; a value against none is 1, none against none 0.
The real rows are halved. The distance of one half's rows to the other half says how near rows are that nobody copied;
synthetic rows are measured against the same half. Memory is bounded by a block of rows, not by the tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

    import pandas as pd

    Floats = np.ndarray[Any, np.dtype[np.float32]]

MOST_ROWS = 4_000
"""Rows of each side that distances are measured on; copies are looked for among all."""
BLOCK_CELLS = 4_000_000
NEAR = 0.05
"""Quantile of the real distances below which a synthetic row is called closer than real rows are."""


@dataclass(frozen=True)
class Rows:
    """Rows as numbers.

    Attributes:
        numeric: (n, k) scaled to the real range, NaN where there is none.
        coded: (n, c) codes of categories, -1 where there is none.
    """

    numeric: Floats
    coded: np.ndarray[Any, np.dtype[np.int32]]

    def __len__(self) -> int:
        return len(self.numeric)

    def take(self, which: Any) -> Rows:
        """Some of the rows."""
        return Rows(self.numeric[which], self.coded[which])


@dataclass(frozen=True)
class Privacy:
    """What the rows give away.

    Attributes:
        copies: synthetic rows that equal a real row which no other real row equals.
        common_copies: synthetic rows that equal several real rows, and so nobody's.
        first_copies: positions of the first copies in the synthetic table, at most five.
        median_distance: of synthetic rows to the closest real one, 0 to 1.
        median_real_distance: of real rows to the closest one of the other half.
        closer_share: share of the synthetic rows that are closer to a real row than 95 % of the real holdout rows
            are; 0.05 is what chance gives. None where it cannot be told.
        closer_limit: the share from which on it is too large.
        rows_measured: synthetic rows that distances were measured on.
        reason: why `closer_share` is None.
    """

    copies: int
    common_copies: int
    first_copies: tuple[int, ...]
    median_distance: float | None
    median_real_distance: float | None
    closer_share: float | None
    closer_limit: float
    rows_measured: int
    reason: str | None = None


def measure(
    real: pd.DataFrame, synthetic: pd.DataFrame, numeric: list[str], coded: list[str], *, seed: int = 0
) -> Privacy:
    """Look for copies among all rows, and measure distances on a sample.

    Args:
        real: all real rows.
        synthetic: all synthetic rows, with the same columns.
        numeric: names of the columns of numbers and moments, already float64.
        coded: names of the columns of categories.
        seed: of the sample and of the halves.
    """
    copies, common = _copies(real[numeric + coded], synthetic[numeric + coded])
    chance = np.random.default_rng(seed)
    ours, theirs = encode(real, synthetic, numeric, coded)
    ours = ours.take(chance.permutation(len(ours))[: 2 * MOST_ROWS])
    theirs = theirs.take(np.sort(chance.permutation(len(theirs))[:MOST_ROWS]))
    middle = len(ours) // 2
    halves = ours.take(slice(0, middle)), ours.take(slice(middle, None))
    found = [(nearest(theirs, here), nearest(there, here)) for here, there in (halves, halves[::-1])] if middle else []
    limit = NEAR * 2 + 3 * np.sqrt(NEAR * (1 - NEAR) * (1 / max(len(theirs), 1) + 1 / max(middle, 1)))
    shares, reason = [], None if found else "fewer than two real rows"
    for synthetic_distances, real_distances in found:
        threshold = np.quantile(real_distances, NEAR)
        if threshold > 0:
            shares.append(float((synthetic_distances < threshold).mean()))
        else:
            reason = f"at least {NEAR:.0%} of the real rows repeat another: nothing can be closer than they are"
    return Privacy(
        copies=len(copies),
        common_copies=common,
        first_copies=tuple(copies[:5]),
        median_distance=float(np.median(np.minimum(found[0][0], found[1][0]))) if found else None,
        median_real_distance=float(np.median(np.concatenate([found[0][1], found[1][1]]))) if found else None,
        closer_share=None if reason else float(np.mean(shares)),
        closer_limit=round(float(limit), 4),
        rows_measured=len(theirs),
        reason=reason,
    )


def _copies(real: pd.DataFrame, synthetic: pd.DataFrame) -> tuple[list[int], int]:
    """Positions of the copies of rows that are there once, and the number of copies of others."""
    counts: dict[tuple[Any, ...], int] = {}
    for row in _plain(real):
        counts[row] = counts.get(row, 0) + 1
    times = [counts.get(row, 0) for row in _plain(synthetic)]
    return [place for place, count in enumerate(times) if count == 1], sum(count > 1 for count in times)


def _plain(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Rows whose missing values equal each other."""
    shown = frame.astype(object).where(frame.notna(), None)
    return list(shown.itertuples(index=False, name=None))


def encode(real: pd.DataFrame, synthetic: pd.DataFrame, numeric: list[str], coded: list[str]) -> tuple[Rows, Rows]:
    """Both tables on one scale: numbers by the real range, categories by one code book."""
    import pandas as pd

    low, high = np.nanmin(real[numeric], axis=0, initial=np.inf), np.nanmax(real[numeric], axis=0, initial=-np.inf)
    span = np.where((high > low) & np.isfinite(high - low), high - low, 1.0)
    low = np.where(np.isfinite(low), low, 0.0)
    codes = {name: pd.factorize(pd.concat([real[name], synthetic[name]]).astype(object))[0] for name in coded}

    def rows(frame: pd.DataFrame, which: slice) -> Rows:
        scaled = (frame[numeric].to_numpy(np.float64) - low) / span
        books = [codes[name][which].astype(np.int32) for name in coded]
        return Rows(
            scaled.astype(np.float32), np.stack(books, axis=1) if books else np.zeros((len(frame), 0), np.int32)
        )

    return rows(real, slice(0, len(real))), rows(synthetic, slice(len(real), None))


def nearest(rows: Rows, among: Rows) -> Floats:
    """Distance of each row to the closest of the others: (n,) in 0-1.

    Args:
        rows: n rows.
        among: at least one row, in the same columns.
    """
    columns = max(1, rows.numeric.shape[1] + rows.coded.shape[1])
    block = max(1, BLOCK_CELLS // max(1, len(among)))
    found = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), block):
        some = rows.take(slice(start, start + block))
        sums = np.zeros((len(some), len(among)), np.float32)
        for column in range(rows.numeric.shape[1]):
            sums += _apart(some.numeric[:, column, None], among.numeric[None, :, column])
        for column in range(rows.coded.shape[1]):
            sums += some.coded[:, column, None] != among.coded[None, :, column]
        found[start : start + block] = sums.min(axis=1) / columns
    return found


def _apart(one: Floats, other: Floats) -> Floats:
    apart: Floats = np.minimum(np.abs(one - other), 1)
    if np.isnan(one).any() or np.isnan(other).any():
        apart = np.where(np.isnan(apart), (np.isnan(one) != np.isnan(other)).astype(np.float32), apart)
    return apart
