"""JSON Lines that all look alike: the same keys in the same order, cut at their places without a parser.

Belongs here: the proof that lines are what they seem, and the cutting. What is not proved is no error: it is parsed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

    Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]
    Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]
    Letters = np.ndarray[tuple[int], np.dtype[np.uint8]]

SLICE = 1 << 18
QUOTE, COLON, CLOSE, FIRST_PRINTABLE = ord('"'), ord(":"), ord("}"), ord(" ")
INTEGER = r"^(?:0|-?[1-9][0-9]{0,17})$"
NULL = int.from_bytes(b"null", "little")


def cut(text: bytes, columns: Sequence[str], is_broken: Flags) -> pa.Table | None:
    r"""The values of lines, each as text, if they can be cut out with the certainty of a parser.

    Every line is proved to be one JSON object with exactly these keys, in the order of the first line, without any
    blank between, and with values that are printable ASCII texts without escapes, integers, or null.

    Args:
        text: a newline, and the lines that are not broken, each with its newline.
        columns: the keys.
        is_broken: (n,) for each row of the result whether there is no line for it; it then has only nulls.

    Returns:
        n rows in the order of `columns`, as texts; none where that proof fails.
    """
    count = len(is_broken) - int(is_broken.sum())
    if not count or b"\\" in text or not text.isascii():
        return None
    letters = np.frombuffer(text, np.uint8)
    keys = _keys(text[1 : text.index(b"\n", 1)])
    found, quotes, controls = _marks(letters)
    if keys is None or sorted(keys) != sorted(columns) or len(found) != count * len(keys) or controls != count + 1:
        return None
    bounds = _bounds(text, letters, keys, found.reshape(count, len(keys)))
    if bounds is None:
        return None
    # A row without a line takes the place of the line before it, and is null.
    places = None if not is_broken.any() else np.maximum(np.cumsum(~is_broken) - 1, 0)
    buffer, values, texts = pa.py_buffer(text), {}, 0
    for key, (starts, ends) in zip(keys, bounds, strict=True):
        value = _Values(letters, starts, ends)
        texts += value.texts
        values[key] = value.column(buffer, text, places, is_broken)
    # As many quotes as keys and texts have, so that none stands inside a text.
    if quotes != 2 * (len(found) + texts) or any(column is None for column in values.values()):
        return None
    return pa.table({name: values[name] for name in columns})


def _keys(line: bytes) -> list[str] | None:
    """The keys of the first line in their order; none where it is no object or has one twice."""
    try:
        pairs = json.loads(line, object_pairs_hook=lambda pairs: pairs)
    except (ValueError, RecursionError):
        return None
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
        return None
    return [key for key, _ in pairs]


def _marks(letters: Letters) -> tuple[Numbers, int, int]:
    """Where a quote is followed by a colon, how many quotes there are, and how many control characters."""
    found, quotes, controls = [], 0, 0
    # Slices that stay in the processor's own memory.
    for start in range(0, len(letters), SLICE):
        part = letters[start : start + SLICE + 1]
        is_quote = part == QUOTE
        found.append(np.flatnonzero(is_quote[:-1] & (part[1:] == COLON)) + start)
        quotes += int(np.count_nonzero(is_quote[:SLICE]))
        controls += int(np.count_nonzero(part[:SLICE] < FIRST_PRINTABLE))
    return np.concatenate(found), quotes, controls


def _bounds(
    text: bytes, letters: Letters, keys: Sequence[str], found: np.ndarray[tuple[int, int], np.dtype[np.int64]]
) -> list[tuple[Numbers, Numbers]] | None:
    """Where the values of each key begin and end; none where a line does not have the keys at their places."""
    marks = [(b'\n{"' if not place else b',"') + key.encode() + b'":' for place, key in enumerate(keys)]
    begins = []
    for place, mark in enumerate(marks):
        begin = found[:, place] + 2 - len(mark)
        if len(mark) < 8 or begin[0] < 0 or not _stands_at(text, begin, mark):
            return None
        begins.append(begin)
    ends = np.append(begins[0][1:], len(text) - 1) - 1
    if (letters[ends] != CLOSE).any():
        return None
    bounds = [(found[:, place] + 2, end) for place, end in enumerate([*begins[1:], ends])]
    return None if any((ends <= starts).any() for starts, ends in bounds) else bounds


def _stands_at(text: bytes, begins: Numbers, mark: bytes) -> bool:
    """Whether the mark stands at each place, eight bytes at a time."""
    words = np.ndarray((len(text) - 7,), "<u8", text, strides=(1,))
    for start in {*range(0, len(mark) - 7, 8), len(mark) - 8}:
        if (words[begins + start] != int.from_bytes(mark[start : start + 8], "little")).any():
            return False
    return True


class _Values:
    """The values of one key."""

    def __init__(self, letters: Letters, starts: Numbers, ends: Numbers) -> None:
        is_text = (letters[starts] == QUOTE) & (letters[ends - 1] == QUOTE) & (ends - starts > 1)
        self.texts = int(is_text.sum())
        self.is_text, self.starts, self.ends = is_text, starts + is_text, ends - is_text

    def column(self, buffer: pa.Buffer, text: bytes, places: Numbers | None, is_broken: Flags) -> pa.Array | None:
        """The values as texts; none where one is neither text nor null nor integer."""
        count, is_null = len(self.starts), None
        if self.texts < count:
            words = np.ndarray((len(text) - 3,), "<u4", text, strides=(1,))
            is_null = ~self.is_text & (self.ends - self.starts == 4)
            is_null[is_null] = words[self.starts[is_null]] == NULL
        # One array of all bytes whose every second piece is a value: to take these is to cut them out.
        offsets = np.empty(2 * count, np.int32)
        offsets[0::2], offsets[1::2] = self.starts, self.ends
        pieces = pa.StringArray.from_buffers(2 * count - 1, pa.py_buffer(offsets), buffer)
        if is_null is not None:
            odd = np.flatnonzero(~self.is_text & ~is_null)
            numbers = pieces.take(pa.array(odd * 2))
            if len(odd) and not pc.all(pc.match_substring_regex(numbers, INTEGER)).as_py():
                return None
        if places is not None:
            is_null = is_broken if is_null is None else is_broken | is_null[places]
        wanted = np.arange(0, 2 * count, 2) if places is None else places * 2
        return pieces.take(pa.array(wanted, mask=is_null))
