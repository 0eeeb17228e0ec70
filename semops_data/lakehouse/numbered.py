"""Keys that are a common beginning and a number of eight digits: compared as numbers, without a hash of each text.

Belongs here: what holds of any texts, and is only quicker where they are such keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl

    Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]

WORD, LONGEST, FEWEST = 8, 64, 10_000
SPARSE = 16
"""A table of flags is made where it has at most so many for each key."""
HIGH, ZEROS, SIXES = np.uint64(0xF0F0F0F0F0F0F0F0), np.uint64(0x3030303030303030), np.uint64(0x0606060606060606)
PAIRS, LEFT, RIGHT = np.uint64(0x000000FF000000FF), np.uint64(0x000F424000000064), np.uint64(0x0000271000000001)


def repeated(keys: pl.DataFrame) -> pl.Series:
    """Which rows share their key with another: (n,) booleans.

    Args:
        keys: (n, columns of the key), without nulls.
    """
    import polars as pl

    values = keys.to_series()
    beginning = None if keys.width > 1 or len(values) < FEWEST else _beginning(values[len(values) // 2])
    numbers = None if beginning is None else _numbers(values, beginning)
    if numbers is None or int(numbers.max()) > SPARSE * len(numbers):
        return keys.is_duplicated()
    is_number = numbers >= 0
    counts = np.bincount(numbers[is_number])
    found = (counts[numbers] > 1) & is_number
    if not is_number.all():
        found[~is_number] = values.filter(pl.Series(~is_number)).is_duplicated().to_numpy()
    return pl.Series(found)


def unknown(values: pl.Series, members: pl.Series) -> pl.Series:
    """Which values are there and are no member: (n,) booleans.

    Args:
        values: (n,) texts, may hold nulls.
        members: texts without nulls.
    """
    import polars as pl

    is_present = values.is_not_null()
    if values.null_count() * 2 > len(values):
        found = np.zeros(len(values), np.bool_)
        found[is_present.to_numpy()] = unknown(values.drop_nulls(), members).to_numpy()
        return pl.Series(found)
    beginning = _beginning(members[0]) if len(members) >= FEWEST else None
    held = None if beginning is None else _numbers(members, beginning)
    if beginning is None or held is None or int(held.min()) < 0 or int(held.max()) > SPARSE * len(held):
        return values.is_not_null() & ~values.is_in(members.implode())
    is_held = np.zeros(int(held.max()) + 2, np.bool_)
    is_held[held] = True
    asked = _numbers(values, beginning)
    # What is no such number is no member, and neither is one beyond the last: both lead to the last flag, which is off.
    places = np.minimum(asked, len(is_held) - 1)
    places[asked < 0] = len(is_held) - 1
    return is_present & pl.Series(~is_held[places])


@dataclass(frozen=True)
class _Beginning:
    """What comes before the digits, and how long each key is with them."""

    text: bytes
    length: int


def _beginning(key: str) -> _Beginning | None:
    text = key.encode()
    is_such = 2 * WORD <= len(text) <= LONGEST and text[-WORD:].isdigit()
    return _Beginning(text[:-WORD], len(text)) if is_such else None


def _numbers(values: pl.Series, beginning: _Beginning) -> Numbers:
    """(n,) the number in each key that begins so, -1 where there is none."""
    import polars as pl

    array = values.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    offsets = np.frombuffer(array.buffers()[1], np.int64)[array.offset : array.offset + len(array) + 1]
    text = array.buffers()[2]
    if text is None or text.size < beginning.length:
        return np.full(len(array), -1, np.int64)
    is_such = np.diff(offsets) == beginning.length
    if array.null_count:
        is_such &= ~array.is_null().to_numpy(zero_copy_only=False)
    starts = np.where(is_such, offsets[:-1], 0)
    words = np.ndarray((text.size - WORD + 1,), "<u8", text, strides=(1,))
    for place in {*range(0, len(beginning.text) - WORD + 1, WORD), len(beginning.text) - WORD}:
        is_such &= words[starts + place] == int.from_bytes(beginning.text[place : place + WORD], "little")
    digits = words[starts + len(beginning.text)]
    is_such &= ((digits & HIGH) == ZEROS) & (((digits + SIXES) & HIGH) == ZEROS)
    return np.where(is_such, _read(digits), -1)


def _read(digits: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> Numbers:
    """Eight digits as a number, all at once: neighbours are joined into pairs, pairs into fours, fours into one."""
    ten, eight, sixteen, half = (np.uint64(value) for value in (10, 8, 16, 32))
    value = digits - ZEROS
    value = value * ten + (value >> eight)
    return ((((value & PAIRS) * LEFT) + (((value >> sixteen) & PAIRS) * RIGHT)) >> half).astype(np.int64)
