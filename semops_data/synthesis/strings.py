"""Many texts at once, put together as bytes: identifiers, moments, money, members of pools.

Arrow's own string functions make a new array at each step; a fixed layout is filled in one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semops_data.synthesis.chance import Ints

    Bools = np.ndarray[tuple[int], np.dtype[np.bool_]]
    Rows = np.ndarray[tuple[int], np.dtype[np.void]]

DAY_SECONDS = 86_400
GROUP = 10_000
"""Digits are written four at a time."""
KNOWN_CENTS = 1 << 17
"""Amounts below are looked up."""


def identifiers(prefix: str | Sequence[tuple[str, int]], numbers: Ints, width: int) -> pa.Array:
    """Texts such as `O20260101-000042`: what `numbered` writes, as an Arrow array."""
    return fixed(numbered(prefix, numbers, width))


def numbered(prefix: str | Sequence[tuple[str, int]], numbers: Ints, width: int) -> Rows:
    """The bytes of texts such as `O20260101-000042`, each a prefix and a number with leading zeros.

    Args:
        prefix: before the digits; or as many characters for each of several runs, with the length of the run.
        numbers: (n,) not negative.
        width: number of digits.

    Raises:
        ValueError: where a number has more digits.
    """
    runs = [(prefix, numbers.size)] if isinstance(prefix, str) else list(prefix)
    if numbers.size and numbers.max() >= 10**width:
        raise ValueError(f"{numbers.max()} has more than the {width} digits of an identifier")
    rows = np.empty(numbers.size, _layout(len(runs[0][0]) if runs else 0, width))
    first = 0
    for text, count in runs:
        rows["prefix"][first : first + count] = text.encode()
        first += count
    # Narrow numbers are divided faster.
    rest = numbers.astype(np.uint32) if width <= 9 else numbers
    for group in range(width // 4):
        whole = rest // GROUP
        rows[f"digits{group}"] = _digits(4).view("u4").take(rest - whole * GROUP)
        rest = whole
    if width % 4:
        rows["head"] = _digits(width % 4).take(rest)
    return rows


@lru_cache(maxsize=64)
def _layout(prefix: int, width: int) -> np.dtype[np.void]:
    groups = [(f"digits{group}", "u4") for group in reversed(range(width // 4))]
    head = [("head", f"S{width % 4}")] if width % 4 else []
    return np.dtype([("prefix", f"S{prefix}"), *head, *groups])


@lru_cache(maxsize=8)
def _digits(width: int) -> np.ndarray[tuple[int], np.dtype[np.bytes_]]:
    return np.array([f"{number:0{width}}" for number in range(10**width)], f"S{width}")


def fixed(rows: Rows) -> pa.Array:
    """Texts of equal length from their bytes: the array's own memory becomes Arrow's."""
    size = rows.dtype.itemsize
    offsets = np.arange(0, (rows.size + 1) * size, size or 1, dtype=np.int32)[: rows.size + 1]
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(rows).view(np.uint8))]
    return pa.Array.from_buffers(pa.string(), rows.size, buffers)


def constant(text: str | Sequence[tuple[str, int]], count: int) -> pa.Array:
    """One text so many times; or texts of equal length, each as often as it says."""
    return identifiers(text, np.zeros(count, np.int64), 0)


def sparse(known: pa.Array, is_known: Bools) -> pa.Array:
    """Texts of equal length where they are known, null elsewhere.

    Args:
        known: as many as `is_known` has true.
        is_known: (n,).
    """
    size = len(known[0].as_py()) if len(known) else 0
    offsets = np.zeros(is_known.size + 1, np.int32)
    np.cumsum(is_known, out=offsets[1:])
    bits = pa.py_buffer(np.packbits(is_known, bitorder="little"))
    data = known.buffers()[2] or pa.py_buffer(b"")
    return pa.Array.from_buffers(pa.string(), is_known.size, [bits, pa.py_buffer(offsets * np.int32(size)), data])


def pick(pool: Sequence[str], codes: Ints) -> pa.Array:
    """Members of a pool by their positions."""
    return _pool(tuple(pool)).take(pa.array(codes))


def whole(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array; not copied where it is one already."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def at(codes: pa.Array, texts: pa.Array) -> pa.DictionaryArray:
    """Texts by positions that are known to be there."""
    return pa.DictionaryArray.from_arrays(codes, texts, safe=False)


def coded(pool: Sequence[str] | pa.Array, codes: Ints) -> pa.DictionaryArray:
    """Members of a pool by their positions, kept as positions: Parquet writes these, and no text is copied.

    Args:
        pool: no member twice; fewer than 32,000.
        codes: (n,) positions.
    """
    members = pool if isinstance(pool, pa.Array) else _pool(tuple(pool))
    kind = np.int8 if len(members) < 100 else np.int16
    return at(pa.array(codes.astype(kind)), members)


def coded_runs(runs: Sequence[tuple[str, int]]) -> pa.DictionaryArray:
    """Texts, each as often as it says, kept as positions among the different ones."""
    pool = tuple(dict.fromkeys(text for text, _ in runs))
    codes = np.repeat([pool.index(text) for text, _ in runs], [count for _, count in runs])
    return coded(pool, codes)


@lru_cache(maxsize=64)
def _pool(pool: tuple[str, ...]) -> pa.Array:
    return pa.array(pool, pa.string())


def iso_moments(seconds: Ints) -> pa.Array:
    """Seconds since 1970 as texts such as `2026-01-01T09:30:00Z`; the days should lie within some years."""
    days = seconds // DAY_SECONDS
    rows = np.empty(seconds.size, np.dtype([("month", "u8"), ("day", "u2"), ("clock", "u8"), ("end", "u2")]))
    if seconds.size:
        first = int(days.min())
        dates = np.arange(first, int(days.max()) + 1).astype("datetime64[D]").astype("S10")
        month, day = _halves(dates)
        clock, end = _clock()
        rows["month"], rows["day"] = month[days - first], day[days - first]
        moment = seconds - days * DAY_SECONDS
        rows["clock"], rows["end"] = clock[moment], end[moment]
    return fixed(rows)


Halves = tuple[np.ndarray[tuple[int], np.dtype[np.uint64]], np.ndarray[tuple[int], np.dtype[np.uint16]]]


def _halves(texts: np.ndarray[tuple[int], np.dtype[np.bytes_]]) -> Halves:
    """Texts of ten bytes as numbers of eight and of two, which are copied faster than bytes."""
    rows = np.ascontiguousarray(texts).view([("first", "u8"), ("last", "u2")])
    return rows["first"].copy(), rows["last"].copy()


@lru_cache(maxsize=1)
def _clock() -> Halves:
    """`T09:30:00Z` for every second of a day."""
    texts = np.char.add(np.arange(DAY_SECONDS).astype("datetime64[s]").astype("S19"), b"Z")
    return _halves(texts.view("S10")[1::2])


def decimal(cents: pa.Array) -> pa.Array:
    """Cents as texts in euros with two decimals; null where they are."""
    texts, is_null = _amounts(), None
    if cents.null_count:
        is_null, cents = cents.is_null().to_numpy(zero_copy_only=False), cents.fill_null(0)
    values = cents.to_numpy()
    large = np.flatnonzero(values >= KNOWN_CENTS)
    if large.size:
        texts = pa.concat_arrays([texts, _written(pa.array(values[large]))])
        values = values.copy()
        values[large] = KNOWN_CENTS + np.arange(large.size)
    return texts.take(pa.array(values.astype(np.int32), mask=is_null))


def coded_decimal(cents: pa.Array) -> pa.DictionaryArray:
    """`decimal` of amounts that repeat, each text once and in the order of the amounts; none of them null."""
    values = cents.to_numpy()
    large = np.flatnonzero(values >= KNOWN_CENTS)
    beyond, places = np.unique(values[large], return_inverse=True)
    if large.size:
        values = values.copy()
        values[large] = KNOWN_CENTS + places
    is_there = np.zeros(KNOWN_CENTS + beyond.size, np.bool_)
    is_there[values] = True
    members = np.flatnonzero(is_there)
    rank = np.empty(is_there.size, np.int32)
    rank[members] = np.arange(members.size, dtype=np.int32)
    texts = _amounts().take(pa.array(members[: members.size - beyond.size]))
    if beyond.size:
        texts = pa.concat_arrays([texts, _written(pa.array(beyond))])
    return at(pa.array(rank.take(values)), texts)


@lru_cache(maxsize=1)
def _amounts() -> pa.Array:
    """The text of every small amount, which is faster to look up than to write."""
    return _written(pa.array(range(KNOWN_CENTS)))


def _written(cents: pa.Array) -> pa.Array:
    whole = pc.divide(cents, 100)
    rest = pc.subtract(cents, pc.multiply(whole, 100))
    return pc.binary_join_element_wise(whole.cast(pa.string()), pc.utf8_lpad(rest.cast(pa.string()), 2, "0"), ".")
