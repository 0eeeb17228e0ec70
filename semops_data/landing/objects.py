"""The landed objects: where each lies, how rows become bytes, and how bytes become rows again."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from semops_data.contracts import table
from semops_data.contracts.types import NAME
from semops_data.landing.advice import first_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from semops_data.landing.store import ObjectStore, Stored

JSON_LINES = ("events",)
BLANK = " \t\r\x0b\x0c"


class UnreadableObjectError(ValueError):
    """A landed object is not what its name promises; names the object and what to do."""


@dataclass(frozen=True)
class Landed:
    """One landed object, read but not judged.

    Attributes:
        path: below the landing root.
        rows: raw rows in the columns of `landing/<table>`; of JSON Lines, every value as text (string views).
        texts: each row as JSON text, where it was landed as such.
        is_broken: for each row, whether its line is no JSON object; such a row has only nulls.
        extra: the columns that no contract knows, as they were landed; of JSON Lines as text.
    """

    path: str
    rows: pa.Table
    texts: pa.Array | None
    is_broken: np.ndarray[tuple[int], np.dtype[np.bool_]]
    extra: pa.Table = field(default_factory=lambda: pa.table({}))

    @property
    def unknown_columns(self) -> tuple[str, ...]:
        """Names of the columns that no contract knows."""
        return tuple(self.extra.column_names)


def object_path(name: str, day: str) -> str:
    """Path of a table's object for a day, below the landing root."""
    suffix = "jsonl" if name in JSON_LINES else "parquet"
    return f"landing/{name}/day={day}/part-0.{suffix}"


def encode(name: str, rows: pa.Table, cut_rows: Sequence[int] = ()) -> bytes:
    """The bytes of an object, the same for the same rows.

    Args:
        name: the exported table.
        rows: raw rows of `landing/<name>`.
        cut_rows: numbers of the rows whose line ends in the middle; JSON Lines only.
    """
    if name not in JSON_LINES:
        sink = io.BytesIO()
        pq.write_table(rows.replace_schema_metadata(None), sink, compression="zstd")
        return sink.getvalue()
    import polars as pl

    frame = pl.DataFrame(pl.from_arrow(rows))
    if not frame.height:
        return b""
    # A number is a JSON number; whatever else stands in its column stays a text.
    numbers = frame["quantity"].cast(pl.Int64, strict=False)
    odd = (numbers.is_null() & frame["quantity"].is_not_null()).arg_true().to_list()
    data = _lines(frame.with_columns(numbers))
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    other = dict(zip(odd, _lines(frame[odd]).split(b"\n"), strict=False))
    for number in cut_rows:
        line = other.get(number, data[starts[number] : ends[number]])
        other[number] = line[: len(line) // 2]
    parts, done = [], 0
    for number in sorted(other):
        parts += [data[done : starts[number]], other[number]]
        done = ends[number]
    return b"".join([*parts, data[done:]])


def _lines(frame: pl.DataFrame) -> bytes:
    sink = io.BytesIO()
    frame.write_ndjson(sink)
    return sink.getvalue()


def land(store: ObjectStore, name: str, day: str, rows: pa.Table, cut_rows: Sequence[int] = ()) -> Stored:
    """Put a table's object for a day; nothing is written where it already lies there.

    Raises:
        StoreError: where the store cannot be written.
    """
    return store.put(object_path(name, day), encode(name, rows, cut_rows))


def read_landed(store: ObjectStore, name: str, day: str) -> Landed:
    """Read a table's object for a day.

    Raises:
        MissingObjectError: where nothing was landed.
        UnreadableObjectError: where the object cannot be decoded or lacks a column.
        StoreError: where the store cannot be read.
    """
    path = object_path(name, day)
    data = store.get(path)
    if name in JSON_LINES:
        return decode_lines(name, data, path)
    try:
        rows = pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(store.uri(path), name, day, error) from error
    expected = table(f"landing/{name}").arrow_schema.names
    missing = [column for column in expected if column not in rows.column_names]
    if missing:
        raise UnreadableObjectError(
            f"{store.uri(path)} has no column {', '.join(missing)}: land an export with the columns "
            f"{', '.join(expected)}"
        )
    unknown = [column for column in rows.column_names if column not in expected]
    return Landed(path, rows.select(expected), None, np.zeros(rows.num_rows, np.bool_), rows.select(unknown))


def decode_lines(name: str, data: bytes, path: str) -> Landed:
    """Read JSON Lines; a line that is no JSON object becomes a broken row, never an error.

    Args:
        name: the exported table.
        data: the object's bytes; bytes that are no UTF-8 appear escaped in `texts`.
        path: of the object.
    """
    import polars as pl

    columns = table(f"landing/{name}").arrow_schema.names
    # Only the newline ends a line: splitlines would cut at the other separators that JSON allows inside a text.
    lines = pl.Series([data.decode(errors="backslashreplace")]).str.split("\n").explode()
    stripped = lines.str.strip_chars(BLANK)
    lines, stripped = lines.filter(stripped != ""), stripped.filter(stripped != "")
    numbers = np.flatnonzero((stripped.str.starts_with("{") & stripped.str.ends_with("}")).to_numpy())
    good, frame = _parse(lines.gather(numbers), numbers, columns)
    is_broken = np.ones(len(lines), np.bool_)
    is_broken[good] = False
    frame = frame.select(columns)
    if good.size < len(lines):
        where = pl.DataFrame({"_row": np.flatnonzero(~is_broken)}, schema={"_row": pl.Int64})
        every = pl.DataFrame({"_row": np.arange(len(lines))}, schema={"_row": pl.Int64})
        frame = every.join(where.hstack(frame.get_columns()), on="_row", how="left", maintain_order="left").drop("_row")
    unknown = _values(lines, is_broken, unknown_keys(lines.gather(good), columns))
    return Landed(path, frame.to_arrow(), lines.to_arrow(), is_broken, unknown)


def _values(lines: pl.Series, is_broken: np.ndarray[tuple[int], np.dtype[np.bool_]], keys: Sequence[str]) -> pa.Table:
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
    known = '"(?:' + "|".join(columns) + ')"[ ]*:'
    suspects = lines.filter(lines.str.count_matches('":', literal=True) != lines.str.count_matches(known))
    found: set[str] = set()
    for line in suspects.to_list():
        # Python reads less than the parser of the rows; such a line says nothing about its keys.
        with contextlib.suppress(ValueError, RecursionError):
            found |= json.loads(line).keys()
    return tuple(sorted(found - set(columns)))


def _parse(
    lines: pl.Series, numbers: np.ndarray[tuple[int], np.dtype[np.int64]], columns: Sequence[str]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], pl.DataFrame]:
    """Parse lines in one go, else those that are JSON: the numbers of those that parse, and their values."""
    whole = _parsed(lines, columns)
    if whole is not None:
        return numbers, whole
    is_json = lines.str.json_path_match("$").is_not_null().to_numpy()
    return _halved(lines.filter(is_json), numbers[is_json], columns)


def _halved(
    lines: pl.Series, numbers: np.ndarray[tuple[int], np.dtype[np.int64]], columns: Sequence[str]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], pl.DataFrame]:
    """Parse lines in one go, and where that fails in halves."""
    import polars as pl

    whole = _parsed(lines, columns)
    if whole is not None:
        return numbers, whole
    if len(lines) == 1:
        return numbers[:0], pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    half = len(lines) // 2
    first, second = _halved(lines[:half], numbers[:half], columns), _halved(lines[half:], numbers[half:], columns)
    return np.concatenate([first[0], second[0]]), pl.concat([first[1], second[1]])


def _parsed(lines: pl.Series, columns: Sequence[str]) -> pl.DataFrame | None:
    """The lines as rows; none where some line is no JSON object with values that are texts or numbers."""
    import polars as pl

    schema = dict.fromkeys(columns, pl.String)
    if not len(lines):
        return pl.DataFrame(schema=schema)
    try:
        frame = pl.read_ndjson(io.BytesIO(lines.str.join("\n").item().encode()), schema=schema)
    except pl.exceptions.PolarsError:
        return None
    return frame if frame.height == len(lines) else None


def raw_texts(landed: Landed, numbers: Sequence[int]) -> list[str]:
    """Rows as JSON texts: as they were landed, or written from their values."""
    import polars as pl

    if landed.texts is not None:
        return [str(text) for text in pl.Series(pl.from_arrow(landed.texts)).gather(list(numbers)).to_list()]
    picked = landed.rows.take(pa.array(numbers, pa.int64()))
    return pl.DataFrame(pl.from_arrow(picked)).write_ndjson().rstrip("\n").split("\n") if len(numbers) else []


def count_rows(store: ObjectStore, name: str, day: str) -> int:
    """Rows of a landed object, broken ones included, without decoding them.

    Raises:
        MissingObjectError: where nothing was landed.
        UnreadableObjectError: where a Parquet object has no readable footer.
    """
    path = object_path(name, day)
    data = store.get(path)
    if name in JSON_LINES:
        return sum(1 for line in data.split(b"\n") if line.strip())
    try:
        return int(pq.ParquetFile(io.BytesIO(data)).metadata.num_rows)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(store.uri(path), name, day, error) from error


def _unreadable(uri: str, name: str, day: str, error: Exception) -> UnreadableObjectError:
    return UnreadableObjectError(
        f"{uri} is no readable Parquet file ({first_line(error)}): delete it and materialize landing/{name} for {day} "
        "again"
    )
