"""Texts of a column seen as eight bytes at a time, for what is known to stand at a fixed place in each of them.

Belongs here: looking at bytes, all rows at once. What they mean is for `reading` and `numbered` to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

    Integers = np.ndarray[tuple[int], np.dtype[np.int64]]
    Bytes8 = np.ndarray[tuple[int], np.dtype[np.uint64]]
    Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]

WORD = 8
MANY, FEW = 1 << 17, 1 << 16
"""Rows that are looked at at once: so many that a look costs little by itself, and its numbers stay in the processor's
own memory."""
HIGH, ZEROS, SIXES = np.uint64(0xF0F0F0F0F0F0F0F0), np.uint64(0x3030303030303030), np.uint64(0x0606060606060606)
PAIRS, LEFT, RIGHT = np.uint64(0x000000FF000000FF), np.uint64(0x000F424000000064), np.uint64(0x0000271000000001)


@dataclass(frozen=True)
class Texts:
    """One array of texts.

    Attributes:
        starts: (n,) where each begins in the bytes.
        lengths: (n,) how many bytes each has; 0 where there is none.
        words: the eight bytes from each place on, little-endian; empty where there are fewer than eight in all.
    """

    starts: Integers
    lengths: Integers
    words: Bytes8

    @classmethod
    def of(cls, array: pa.StringArray) -> Texts:
        """The texts of an array, without a copy of them."""
        _, offsets, text = array.buffers()
        bounds = np.zeros(1, np.int64)
        if len(array):
            bounds = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1].astype(np.int64)
        lengths = np.diff(bounds)
        if array.null_count:
            lengths[array.is_null().to_numpy(zero_copy_only=False)] = 0
        size = 0 if text is None else max(0, text.size - WORD + 1)
        words = np.ndarray((size,), "<u8", text, strides=(1,)) if size else np.zeros(0, np.uint64)
        return cls(bounds[:-1], lengths, words)

    def at(self, places: Integers) -> Bytes8:
        """The eight bytes from each place on.

        Args:
            places: (n,) inside the texts, with eight bytes from each place on.
        """
        found: Bytes8 = self.words[places]
        return found

    def last(self) -> Bytes8:
        """The last eight bytes of each text; of a shorter one, its bytes come last, behind whatever stands before."""
        if not len(self.words):
            return np.zeros(len(self.starts), np.uint64)
        places = self.starts + (self.lengths - WORD)
        if not len(places) or places[0] >= 0:
            return self.at(places)
        found = self.at(np.maximum(places, 0))
        early = np.flatnonzero(places < 0)
        found[early] <<= (8 * -places[early]).astype(np.uint64)
        return found


def pieces(column: pa.ChunkedArray) -> Iterator[pa.StringArray]:
    """The arrays of a column of texts, in pieces that are quickly looked at."""
    if column.num_chunks > 1 and len(column) < FEW * column.num_chunks:
        joined = column.combine_chunks()
        column = joined if isinstance(joined, pa.ChunkedArray) else pa.chunked_array([joined])
    for chunk in column.chunks:
        for start in range(0, len(chunk), MANY):
            yield chunk.slice(start, MANY)


def are_digits(words: Bytes8) -> Flags:
    """Whether all eight bytes are decimal digits."""
    found: Flags = ((words & HIGH) == ZEROS) & (((words + SIXES) & HIGH) == ZEROS)
    return found


def eight_digits(words: Bytes8) -> Integers:
    """Eight digits as a number, all at once: neighbours are joined into pairs, pairs into fours, fours into one."""
    ten, eight, sixteen, half = (np.uint64(value) for value in (10, 8, 16, 32))
    value = words - ZEROS
    value = value * ten + (value >> eight)
    return ((((value & PAIRS) * LEFT) + (((value >> sixteen) & PAIRS) * RIGHT)) >> half).astype(np.int64)


def word(text: bytes) -> np.uint64:
    """Eight bytes as they stand in `Texts.words`."""
    return np.uint64(int.from_bytes(text, "little"))
