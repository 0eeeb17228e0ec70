"""Chance that can be repeated: a generator per table and day, and draws that belong to a number for ever."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from semops_data.synthesis.parameters import Business

Ints = np.ndarray[tuple[int], np.dtype[np.int64]]
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]

DAY_SECONDS = 86_400
PARTS = 1 << 16
WEEK = (0.95, 0.92, 0.93, 0.98, 1.05, 1.12, 1.05)
"""Trade by weekday, Monday first; the mean is 1."""
YEAR = (0.97, 0.92, 0.95, 0.97, 1.00, 0.98, 0.94, 0.93, 0.98, 1.02, 1.14, 1.20)
"""Trade by month, January first; the mean is 1."""
HOURS = (1, 1, 1, 1, 1, 2, 3, 5, 7, 8, 9, 9, 10, 9, 8, 8, 8, 9, 10, 12, 12, 9, 5, 2)
"""Trade by hour of the day, as weights."""


def demand(day: date) -> float:
    """Trade of the day as a multiple of the mean day's: by weekday and by month."""
    return WEEK[day.weekday()] * YEAR[day.month - 1]


def generator(business: Business, table: str, day: date, batch: int = 0) -> np.random.Generator:
    """The generator of one table's batch: no draw for one batch or day depends on another."""
    entropy = [business.seed, crc32(table.encode()), day.toordinal(), batch]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))


def lasting(business: Business, purpose: str, index: Ints) -> Floats:
    """A uniform draw in [0, 1) for each number, the same on every day (the SplitMix64 finaliser).

    Args:
        business: gives the seed.
        purpose: distinguishes the draws for the same number, such as `city` and `country`.
        index: (n,) numbers of customers or products.
    """
    salt = (business.seed * 0x9E3779B97F4A7C15 + (crc32(purpose.encode()) << 20)) % 2**64
    with np.errstate(over="ignore"):
        z = index.astype(np.uint64) * np.uint64(0xBF58476D1CE4E5B9) + np.uint64(salt)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def choose(
    chance: np.random.Generator, shares: Sequence[float], size: int, values: Sequence[int] | None = None
) -> Ints:
    """Values drawn by their shares, which need not sum to 1 and are met to the 65,536th.

    Args:
        chance: the generator.
        shares: one for each value.
        size: how many are drawn.
        values: 0-127; the positions of the shares where none are given.

    Returns:
        (size,) values.
    """
    table = _drawn(tuple(shares), tuple(range(len(shares)) if values is None else values))
    return table.take(chance.integers(0, PARTS, size=size, dtype=np.uint16)).astype(np.int64)


@lru_cache(maxsize=32)
def _drawn(shares: tuple[float, ...], values: tuple[int, ...]) -> np.ndarray[tuple[int], np.dtype[np.int8]]:
    """The value that each of 65,536 equally likely numbers stands for: bytes, so that all stay near the processor."""
    edges = np.cumsum(np.array(shares, np.float64))
    ends = np.rint(edges / edges[-1] * PARTS).astype(np.int64)
    return np.repeat(np.array(values, np.int8), np.diff(ends, prepend=0))


def seconds_of_day(chance: np.random.Generator, size: int) -> Ints:
    """Seconds after midnight, busy in the evening and quiet at night: (size,) in 0-86,399."""
    return choose(chance, HOURS, size) * 3_600 + chance.integers(0, 3_600, size=size)


def in_order(values: Ints) -> Ints:
    """Positions that sort values of 0 to 2**39, equal ones as they stand; few enough to number in 24 bits."""
    packed = np.sort((values << 24) | np.arange(values.size))
    return packed & ((1 << 24) - 1)


def midnight(day: date) -> int:
    """Seconds from 1970 to the day's first moment, UTC."""
    return (day.toordinal() - 719_163) * DAY_SECONDS


def moments(seconds: Ints) -> pa.Array:
    """Seconds since 1970 as timestamps in microseconds, UTC."""
    micros = np.ascontiguousarray(seconds, np.int64) * 1_000_000
    return pa.Array.from_buffers(pa.timestamp("us", tz="UTC"), micros.size, [None, pa.py_buffer(micros)])
