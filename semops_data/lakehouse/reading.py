"""Landed columns in the types of a contract, read where their texts look as exports write them: without a parser.

What does not look so, be it right or wrong, is read by `typing`, row by row of the same column: nobody can tell from
a value which way it took.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts.business import raw_name
from semops_data.lakehouse.typing import typed
from semops_data.lakehouse.words import HIGH, SIXES, WORD, ZEROS, Texts, are_digits, eight_digits, pieces, word

if TYPE_CHECKING:
    from collections.abc import Callable

    from semops_data.contracts import Column
    from semops_data.lakehouse.words import Bytes8, Flags, Integers

    Reader = Callable[[Texts], tuple[Integers, Flags]]

MOMENT_LENGTH, MOST_DAYS = 20, 4
"""Exports hold a day, and some of those beside it."""
CLOCK, NOT_CLOCK = word(b"00:00:00"), word(b"\xf0\xf0\xff\xf0\xf0\xff\xf0\xf0")
DAY_BYTES = word(b"\xff\xff\xff\x00\x00\x00\x00\x00")
BYTE, TEN = np.uint64(255), np.uint64(10)
SECONDS_A_DAY, MICROSECONDS = 86_400, 1_000_000


def read(column: Column, raw: pa.ChunkedArray) -> pa.ChunkedArray:
    """One landed column in its contract's type.

    Args:
        column: the contract's column; money (`*_cents`) is landed as a decimal number of euros.
        raw: (n,) the landed values.

    Returns:
        (n,) the values, null where none was landed or it is unreadable; an empty text says no more than none.
    """
    if pa.types.is_dictionary(raw.type):
        raw = raw.cast(raw.type.value_type)
    wanted = column.arrow_field.type
    if raw.type == wanted:
        return raw if column.type != "string" else _filled(raw)
    if not pa.types.is_string(raw.type):
        return slowly(column, raw)
    readers: dict[str, Reader] = {"timestamp": moments, "int64": cents if raw_name(column) != column.name else integers}
    reader = readers.get(column.type)
    return slowly(column, raw) if reader is None else _read(column, raw, reader)


def _filled(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts, null where one has no byte."""
    is_empty = pc.equal(pc.binary_length(texts), 0)
    return pc.if_else(is_empty, None, texts) if pc.any(is_empty).as_py() else texts


def _read(column: Column, raw: pa.ChunkedArray, reader: Reader) -> pa.ChunkedArray:
    """Texts as numbers, each by the quick way where that proves itself, else by the other."""
    wanted = column.arrow_field.type
    if raw.null_count == len(raw):
        return pa.chunked_array([pa.nulls(len(raw), wanted)])
    values, is_read, done = np.zeros(len(raw), np.int64), np.zeros(len(raw), np.bool_), 0
    for piece in pieces(raw):
        if piece.null_count < len(piece):
            values[done : done + len(piece)], is_read[done : done + len(piece)] = _of_piece(piece, reader)
        done += len(piece)
    if int(is_read.sum()) < len(raw) - raw.null_count:
        odd = np.flatnonzero(~is_read & raw.is_valid().to_numpy())
        rest = slowly(column, raw.take(pa.array(odd)))
        values[odd], is_read[odd] = rest.cast(pa.int64()).fill_null(0).to_numpy(), rest.is_valid().to_numpy()
    return pa.chunked_array([pa.array(values, pa.int64(), mask=None if is_read.all() else ~is_read).view(wanted)])


def _of_piece(piece: pa.StringArray, reader: Reader) -> tuple[Integers, Flags]:
    if not piece.null_count:
        return reader(Texts.of(piece))
    is_there = piece.is_valid().to_numpy(zero_copy_only=False)
    if piece.null_count * 2 > len(piece):
        # Where most values are not there, those that are there are looked at alone.
        values, is_read = np.zeros(len(piece), np.int64), np.zeros(len(piece), np.bool_)
        values[is_there], is_read[is_there] = reader(Texts.of(piece.drop_null()))
        return values, is_read
    found, is_such = reader(Texts.of(piece))
    return found, is_such & is_there


def slowly(column: Column, raw: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values as `typing` reads them, whatever they look like."""
    import polars as pl

    rows = pl.DataFrame({raw_name(column): pl.Series(pl.from_arrow(raw))})
    values = rows.select(typed(column, rows.schema[raw_name(column)])).to_series()
    found = values.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(column.arrow_field.type)
    return pa.chunked_array([found])


def moments(texts: Texts) -> tuple[Integers, Flags]:
    """Texts like `2026-01-01T10:00:00Z` of a few days: microseconds since 1970, and where they are such."""
    is_long = texts.lengths == MOMENT_LENGTH
    if not is_long.any():
        return np.zeros(len(is_long), np.int64), is_long
    # What has another length is looked at in the place of the first that has it, and not used.
    starts = texts.starts if is_long.all() else np.where(is_long, texts.starts, texts.starts[is_long.argmax()])
    first, middle, last = texts.at(starts), texts.at(starts + 8), texts.at(starts + 12)
    rest = middle & DAY_BYTES
    values, is_dated, left = np.zeros(len(starts), np.int64), np.zeros(len(starts), np.bool_), is_long
    for _ in range(MOST_DAYS):
        if not left.any():
            break
        at = int(left.argmax())
        is_such = left & (first == first[at]) & (rest == rest[at])
        midnight = _midnight(first[at].tobytes() + rest[at].tobytes()[:3])
        if midnight is not None:
            values[is_such] = midnight
            is_dated |= is_such
        left = left & ~is_such
    # Five bytes of the clock are the last of the middle, three are the last but one of the end.
    seconds, is_clock = _clock((middle >> np.uint64(24)) | ((last >> np.uint64(32)) << np.uint64(40)))
    is_clock &= (last >> np.uint64(56)) == ord("Z")
    return (values + seconds) * MICROSECONDS, is_dated & is_clock


def _midnight(text: bytes) -> int | None:
    """Seconds to the begin of the day of `2026-01-01T`."""
    if text[10:] != b"T" or text[:1] == b"0" or text[4:5] + text[7:8] != b"--":
        return None
    try:
        digits = text[:4] + text[5:7] + text[8:10]
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:])) if digits.isdigit() else None
    except ValueError:
        return None
    return None if day is None else (day - date(1970, 1, 1)).days * SECONDS_A_DAY


def _clock(words: Bytes8) -> tuple[Integers, Flags]:
    """Seconds since midnight of `10:00:00`, and which are such."""
    digits = words ^ CLOCK
    # A digit differs from zero in its lower four bits, and a colon from itself not at all.
    is_clock = ((digits & NOT_CLOCK) == 0) & (((digits + SIXES) & HIGH) == 0)
    pairs = digits * TEN + (digits >> np.uint64(8))
    hours, minutes, seconds = pairs & BYTE, (pairs >> np.uint64(24)) & BYTE, (pairs >> np.uint64(48)) & BYTE
    is_clock &= (hours < 24) & (minutes < 60) & (seconds < 60)
    return ((hours * np.uint64(60) + minutes) * np.uint64(60) + seconds).astype(np.int64), is_clock


def integers(texts: Texts) -> tuple[Integers, Flags]:
    """Texts of one to eight digits: their numbers, and where they are such."""
    digits = _padded(texts.last(), texts.lengths)
    is_read = (texts.lengths > 0) & (texts.lengths <= WORD) & bool(len(texts.words))
    return eight_digits(digits), is_read & are_digits(digits)


def cents(texts: Texts) -> tuple[Integers, Flags]:
    """Texts like `12345.67`, of at most eight bytes with both decimals: cents, and where they are such."""
    found = texts.last()
    is_read = (texts.lengths > 3) & (texts.lengths <= WORD) & bool(len(texts.words))
    is_read &= ((found >> np.uint64(40)) & BYTE) == ord(".")
    # The point goes out, and what stands before it moves up: bytes 0 to 4 become 1 to 5.
    decimals, whole = found & np.uint64(0xFFFF000000000000), found & np.uint64(0x000000FFFFFFFFFF)
    digits = _padded(decimals | (whole << np.uint64(8)), texts.lengths - 1)
    return eight_digits(digits), is_read & are_digits(digits)


def _padded(found: Bytes8, lengths: Integers) -> Bytes8:
    """The last bytes of each word, with the digit zero before them."""
    strange = np.uint64(8) * (np.uint64(WORD) - np.clip(lengths, 1, WORD).astype(np.uint64))
    before = (np.uint64(1) << strange) - np.uint64(1)
    padded: Bytes8 = (found & ~before) | (ZEROS & before)
    return padded


def dates(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The days of moments in UTC, as ISO dates: few different ones."""
    days = pc.floor_temporal(values, unit="day").cast(pa.int64()) if len(values) else values.cast(pa.int64())
    encoded = days.dictionary_encode().unify_dictionaries()
    chunks = []
    for chunk in encoded.chunks:
        names = np.datetime_as_string(chunk.dictionary.to_numpy().astype("datetime64[us]"), unit="D")
        chunks.append(pa.DictionaryArray.from_arrays(chunk.indices, pa.array(names.tolist(), pa.string())))
    return pa.chunked_array(chunks, pa.dictionary(pa.int32(), pa.string())).cast(pa.string())
