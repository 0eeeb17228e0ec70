"""Keys that are a common beginning and a number of eight digits: compared as numbers, without a hash of each text.

Belongs here: what holds of any texts, and is only quicker where they are such keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from semops_data.lakehouse.words import WORD, Texts, are_digits, eight_digits, pieces

if TYPE_CHECKING:
    from semops_data.lakehouse.words import Flags, Integers

LONGEST, FEWEST = 64, 10_000
SPARSE = 16
"""A table of flags is made where it has at most so many for each key."""


def repeated(keys: pa.Table) -> Flags:
    """Which rows share their key with another: (n,) booleans. Nulls are the same as each other.

    Args:
        keys: (n, columns of the key), texts.
    """
    values = keys.column(0)
    beginning = None if keys.num_columns > 1 or len(values) < FEWEST else _beginning(values[len(values) // 2].as_py())
    numbers = None if beginning is None else _numbers(values, beginning)
    if numbers is None or int(numbers.max()) > SPARSE * len(numbers):
        return _repeated(keys)
    is_number = numbers >= 0
    counts = np.bincount(numbers if is_number.all() else numbers[is_number])
    found: Flags = counts[numbers] > 1
    if not is_number.all():
        odd = np.flatnonzero(~is_number)
        found[odd] = _repeated(keys.take(pa.array(odd)))
    return found


def _repeated(keys: pa.Table) -> Flags:
    import polars as pl

    found: Flags = pl.DataFrame(pl.from_arrow(keys)).is_duplicated().to_numpy()
    return found.copy()


def unknown(values: pa.ChunkedArray, members: pa.ChunkedArray) -> Flags:
    """Which values are there and are no member: (n,) booleans.

    Args:
        values: (n,) texts, may hold nulls.
        members: texts without nulls.
    """
    if values.null_count * 2 > len(values):
        present = np.zeros(len(values), np.bool_)
        if values.null_count < len(values):
            present[np.flatnonzero(values.is_valid().to_numpy())] = unknown(values.drop_null(), members)
        return present
    beginning = _beginning(members[0].as_py()) if len(members) >= FEWEST else None
    held = None if beginning is None else _numbers(members, beginning)
    if beginning is None or held is None or int(held.min()) < 0 or int(held.max()) > SPARSE * len(held):
        return _unknown(values, members)
    is_strange: Flags = np.ones(int(held.max()) + 2, np.bool_)
    is_strange[held] = False
    # What is no such number is no member, and neither is one beyond the last: both lead to the last flag, which is on.
    found: Flags = is_strange[np.minimum(_numbers(values, beginning), len(is_strange) - 1)]
    if values.null_count:
        found &= values.is_valid().to_numpy()
    return found


def _unknown(values: pa.ChunkedArray, members: pa.ChunkedArray) -> Flags:
    import polars as pl

    asked, held = pl.Series(pl.from_arrow(values)), pl.Series(pl.from_arrow(members), dtype=pl.String)
    found: Flags = (asked.is_not_null() & ~asked.is_in(held.implode())).to_numpy()
    return found.copy()


@dataclass(frozen=True)
class _Beginning:
    """What comes before the digits, and how long each key is with them."""

    text: bytes
    length: int


def _beginning(key: str | None) -> _Beginning | None:
    text = (key or "").encode()
    is_such = 2 * WORD <= len(text) <= LONGEST and text[-WORD:].isdigit()
    return _Beginning(text[:-WORD], len(text)) if is_such else None


def _numbers(values: pa.ChunkedArray, beginning: _Beginning) -> Integers:
    """(n,) the number in each key that begins so, -1 where there is none."""
    return np.concatenate([np.zeros(0, np.int64), *(_of_piece(piece, beginning) for piece in pieces(values))])


def _of_piece(piece: pa.StringArray, beginning: _Beginning) -> Integers:
    texts = Texts.of(piece)
    is_such = texts.lengths == beginning.length
    if not is_such.any():
        return np.full(len(piece), -1, np.int64)
    # What is no such key is looked at in the place of the first one, and not used.
    starts = texts.starts if is_such.all() else np.where(is_such, texts.starts, texts.starts[is_such.argmax()])
    for place in {*range(0, len(beginning.text) - WORD + 1, WORD), len(beginning.text) - WORD}:
        is_such &= texts.at(starts + place) == int.from_bytes(beginning.text[place : place + WORD], "little")
    digits = texts.at(starts + len(beginning.text))
    is_such &= are_digits(digits)
    return eight_digits(digits) if is_such.all() else np.where(is_such, eight_digits(digits), -1)
