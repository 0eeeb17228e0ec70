"""JSON Lines as rows: each line is a row, whatever stands in it.

Nearly every line is what it should be: a block of what ends as objects end is cut where the keys stand (`regular`), or
parsed in one go, and one count over its bytes proves that no line has a key that nobody knows. Only where that fails
is any line looked at by itself.
"""

from __future__ import annotations

import contextlib
import io
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from semops_data.contracts import table
from semops_data.contracts.types import NAME
from semops_data.landing.landed import Landed, Lines
from semops_data.landing.regular import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]
    Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]

BLANK = b" \t\r\x0b\x0c"
BLOCK_BYTES = 4 << 20
OPEN, CLOSE, NEWLINE = ord("{"), ord("}"), ord("\n")


def decode_lines(name: str, data: bytes, path: str, *, block_bytes: int = BLOCK_BYTES) -> Landed:
    """Read JSON Lines; a line that is no JSON object becomes a broken row, never an error.

    Args:
        name: the exported table.
        data: the object's bytes; bytes that are no UTF-8 appear escaped in `texts`.
        path: of the object.
        block_bytes: about how much is read at once; says nothing about the result.
    """
    columns = table(f"landing/{name}").arrow_schema.names
    bounds = _blocks(data, block_bytes)
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(lambda bound: _block(data, bound[0], bound[1], columns), bounds))
    lines = Lines(data, *(np.concatenate([getattr(part.lines, each) for part in parts]) for each in ("starts", "ends")))
    rows = pa.concat_tables([part.rows for part in parts])
    is_broken = np.concatenate([part.is_broken for part in parts])
    keys = sorted({key for part in parts for key in part.extra.column_names})
    extra = {key: pa.chunked_array([part.values(key) for part in parts], pa.string()) for key in keys}
    return Landed(path, rows, lines, is_broken, pa.table(extra))


@dataclass(frozen=True)
class _Block:
    """Some lines: where they are, their values with nulls where they are broken, and the values of unknown keys."""

    lines: Lines
    rows: pa.Table
    is_broken: Flags
    extra: pa.Table

    def values(self, key: str) -> pa.Array:
        """The values of an unknown key, null in each line that lacks it."""
        is_there = key in self.extra.column_names
        return self.extra.column(key).combine_chunks() if is_there else pa.nulls(len(self.lines), pa.string())


def _blocks(data: bytes, size: int) -> list[tuple[int, int]]:
    """Runs of whole lines of about that size: small enough to lie in the memory of the block before."""
    bounds, start = [], 0
    while start < len(data):
        end = data.find(b"\n", min(start + size, len(data)) - 1)
        end = len(data) if end < 0 else end + 1
        bounds.append((start, end))
        start = end
    return bounds or [(0, 0)]


def _block(data: bytes, start: int, end: int, columns: Sequence[str]) -> _Block:
    """Cut one block where its lines are all alike, else parse it in one go, and where that fails line by line."""
    import polars as pl

    lines, is_object = split(data, start, end)
    good = joined(lines, is_object)
    rows = cut(good, columns, ~is_object)
    if rows is not None:
        return _Block(lines, rows, ~is_object, pa.table({}))
    quick = _in_one_go(good[1:], is_object, columns)
    frame, is_broken, extra = quick if quick is not None else _one_by_one(lines, is_object, columns)
    rows = _spread(frame, is_broken).to_arrow(compat_level=pl.CompatLevel.oldest())
    return _Block(lines, rows.cast(pa.schema([(name, pa.string()) for name in columns])), is_broken, extra)


def split(data: bytes, start: int, end: int) -> tuple[Lines, Flags]:
    """The lines of a block that are not blank, and whether each begins and ends as a JSON object does.

    Only the newline ends a line: JSON allows the other separators inside a text.
    """
    letters = np.frombuffer(data, np.uint8, end - start, start)
    ends = np.flatnonzero(letters == NEWLINE)
    if not len(letters) or letters[-1] != NEWLINE:
        ends = np.append(ends, len(letters))
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])
    is_filled = ends > starts
    is_object = is_filled.copy()
    is_object[is_filled] = (letters[starts[is_filled]] == OPEN) & (letters[ends[is_filled] - 1] == CLOSE)
    for number in np.flatnonzero(is_filled & ~is_object).tolist():
        line = data[start + starts[number] : start + ends[number]].strip(BLANK)
        is_filled[number] = bool(line)
        is_object[number] = line.startswith(b"{") and line.endswith(b"}")
    return Lines(data, start + starts[is_filled], start + ends[is_filled]), is_object[is_filled]


def _in_one_go(good: bytes, is_object: Flags, columns: Sequence[str]) -> tuple[pl.DataFrame, Flags, pa.Table] | None:
    """The values of the good lines, which are broken, and no extra; none where some line needs a look by itself."""
    frame = _parsed(good, int(is_object.sum()), columns)
    if frame is None or not _has_only(good, frame):
        return None
    return frame, ~is_object, pa.table({})


def joined(lines: Lines, is_wanted: Flags) -> bytes:
    """A newline, and the wanted lines, each with its newline, copied in runs."""
    if not is_wanted.any():
        return b"\n"
    # A run ends where a line is left out, or where blank ones lie between two lines.
    follows = np.append(is_wanted[1:] & (lines.starts[1:] == lines.ends[:-1] + 1), False)
    is_last = is_wanted & ~follows
    is_first = is_wanted & ~np.concatenate([np.zeros(1, np.bool_), (is_wanted & follows)[:-1]])
    view = memoryview(lines.data)
    runs = zip(lines.starts[is_first].tolist(), lines.ends[is_last].tolist(), strict=True)
    return b"\n".join([b"", *(view[start:end] for start, end in runs), b""])


def _has_only(good: bytes, frame: pl.DataFrame) -> bool:
    """Whether each line has each column as a key, and no key else.

    A colon behind a quote is a key, or stands in a text: as many as there are known keys, and there is no other.
    """
    if not frame.height:
        return True
    if any(space in good and b'"' + space in good for space in (b" ", b"\t", b"\r")):
        return False
    if good.count(b'":') != frame.height * frame.width:
        return False
    # A value proves its key; a null may be written, or the key is not there.
    unproved = [name for name in frame.columns if frame[name].null_count()]
    return all(good.count(f'"{name}":'.encode()) == frame.height for name in unproved)


def _one_by_one(lines: Lines, is_object: Flags, columns: Sequence[str]) -> tuple[pl.DataFrame, Flags, pa.Table]:
    """The values of the lines that are JSON objects, which are not, and the values of unknown keys."""
    import polars as pl

    texts = pl.Series(lines.pick(np.arange(len(lines)).tolist()), dtype=pl.String)
    numbers = np.flatnonzero(is_object)
    good, frame = _parse(texts.gather(numbers), numbers, columns)
    is_broken = np.ones(len(lines), np.bool_)
    is_broken[good] = False
    return frame, is_broken, _values(texts, is_broken, unknown_keys(texts.gather(good), columns))


def _spread(frame: pl.DataFrame, is_broken: Flags) -> pl.DataFrame:
    """One row for each line: of nulls where it is broken."""
    import polars as pl

    if is_broken.any():
        places = pl.Series(np.cumsum(~is_broken) - 1).set(pl.Series(is_broken), None)
        return frame.select(pl.all().gather(places)) if frame.height else frame.clear(len(is_broken))
    return frame


def _values(lines: pl.Series, is_broken: Flags, keys: Sequence[str]) -> pa.Table:
    """The values of keys as texts, null in broken lines."""
    import polars as pl

    readable = lines.set(pl.Series(is_broken), None) if is_broken.any() else lines
    return pa.table({key: _value(readable, key) for key in keys})


def _value(lines: pl.Series, key: str) -> pa.Array:
    """The key's value in each JSON object, as text."""
    if NAME.match(key):
        return lines.str.json_path_match(f"$.{key}").to_arrow().cast(pa.string())
    # A name that is no word would have to be escaped into a path; Python needs no path.
    values = []
    for line in lines.to_list():
        try:
            value = json.loads(line).get(key) if line else None
        except (ValueError, RecursionError):
            value = None
        values.append(value if value is None or isinstance(value, str) else json.dumps(value))
    return pa.array(values, pa.string())


def unknown_keys(lines: pl.Series, columns: Sequence[str]) -> tuple[str, ...]:
    """Keys of JSON objects that are no column, sorted.

    Args:
        lines: each a JSON object.
        columns: the names that are known.
    """
    # A line with as many keys as it has known ones has no other; counting is a hundred times faster than parsing.
    known = '"(?:' + "|".join(columns) + ')"[ \\t\\r]*:'
    suspects = lines.filter(lines.str.count_matches('"[ \\t\\r]*:') != lines.str.count_matches(known))
    found: set[str] = set()
    for line in suspects.to_list():
        # Python reads less than the parser of the rows; such a line says nothing about its keys.
        with contextlib.suppress(ValueError, RecursionError):
            found |= json.loads(line).keys()
    return tuple(sorted(found - set(columns)))


def _parse(lines: pl.Series, numbers: Numbers, columns: Sequence[str]) -> tuple[Numbers, pl.DataFrame]:
    """Parse lines in one go, else those that are JSON: the numbers of those that parse, and their values."""
    whole = _parsed_lines(lines, columns)
    if whole is not None:
        return numbers, whole
    is_json = lines.str.json_path_match("$").is_not_null().to_numpy()
    return _halved(lines.filter(is_json), numbers[is_json], columns)


def _halved(lines: pl.Series, numbers: Numbers, columns: Sequence[str]) -> tuple[Numbers, pl.DataFrame]:
    """Parse lines in one go, and where that fails in halves."""
    import polars as pl

    whole = _parsed_lines(lines, columns)
    if whole is not None:
        return numbers, whole
    if len(lines) == 1:
        return numbers[:0], pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    half = len(lines) // 2
    first, second = _halved(lines[:half], numbers[:half], columns), _halved(lines[half:], numbers[half:], columns)
    return np.concatenate([first[0], second[0]]), pl.concat([first[1], second[1]])


def _parsed_lines(lines: pl.Series, columns: Sequence[str]) -> pl.DataFrame | None:
    return _parsed(lines.str.join("\n").item().encode() if len(lines) else b"", len(lines), columns)


def _parsed(data: bytes, count: int, columns: Sequence[str]) -> pl.DataFrame | None:
    """So many lines as rows; none where some line is no JSON object with values that are texts or numbers."""
    import polars as pl

    schema = dict.fromkeys(columns, pl.String)
    if not count:
        return pl.DataFrame(schema=schema)
    try:
        frame = pl.read_ndjson(io.BytesIO(data), schema=schema)
    except pl.exceptions.PolarsError:
        return None
    return frame.select(columns) if frame.height == count else None
