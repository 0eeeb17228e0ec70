"""The landed objects: where each lies, how rows become bytes, and how bytes become rows again."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from semops_data.contracts import table
from semops_data.landing.advice import first_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from semops_data.landing.store import ObjectStore, Stored

JSON_LINES = ("events",)


class UnreadableObjectError(ValueError):
    """A landed object is not what its name promises; names the object and what to do."""


@dataclass(frozen=True)
class Landed:
    """One landed object, read but not judged.

    Attributes:
        path: below the landing root.
        rows: raw rows in the columns of `landing/<table>`; of JSON Lines, every value as text.
        texts: each row as JSON text, where it was landed as such.
        is_broken: for each row, whether its line is no JSON object; such a row has only nulls.
        unknown_columns: columns that no contract knows and that nobody reads.
    """

    path: str
    rows: pa.Table
    texts: pa.Array | None
    is_broken: np.ndarray[tuple[int], np.dtype[np.bool_]]
    unknown_columns: tuple[str, ...] = ()


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

    data = pl.DataFrame(pl.from_arrow(rows)).write_ndjson()
    lines = pl.Series(data.splitlines(), dtype=pl.String)
    # A number is a JSON number; whatever else stands in its column stays a text.
    lines = lines.str.replace(r'"quantity":"(-?\d+)"', r'"quantity":$1')
    if cut_rows:
        cut = np.array(cut_rows)
        halves = lines.gather(cut).map_elements(lambda line: line[: len(line) // 2], return_dtype=pl.String)
        lines = lines.scatter(cut, halves)
    return ("\n".join(lines.to_list()) + "\n").encode() if len(lines) else b""


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
    unknown = tuple(column for column in rows.column_names if column not in expected)
    return Landed(path, rows.select(expected), None, np.zeros(rows.num_rows, np.bool_), unknown)


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
    texts = [line for line in data.decode(errors="backslashreplace").split("\n") if line.strip()]
    lines = pl.Series(texts, dtype=pl.String)
    is_object = lines.str.strip_chars().str.starts_with("{") & lines.str.json_path_match("$").is_not_null()
    numbers = np.flatnonzero(is_object.to_numpy())
    good, frame = _parse(lines.gather(numbers), numbers, columns)
    is_broken = np.ones(len(lines), np.bool_)
    is_broken[good] = False
    where = np.full(len(lines), -1)
    where[good] = np.arange(good.size)
    rows = frame.to_arrow().cast(pa.schema([(column, pa.string()) for column in columns]))
    rows = rows.take(pa.array(where, mask=is_broken))
    return Landed(path, rows, pa.array(texts, pa.string()), is_broken)


def _parse(
    lines: pl.Series, numbers: np.ndarray[tuple[int], np.dtype[np.int64]], columns: Sequence[str]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], pl.DataFrame]:
    """Parse lines in one go, and where that fails in halves: the numbers of those that parse, and their values."""
    import polars as pl

    schema = dict.fromkeys(columns, pl.String)
    if not len(lines):
        return numbers[:0], pl.DataFrame(schema=schema)
    try:
        frame = pl.read_ndjson(io.BytesIO("\n".join(lines.to_list()).encode()), schema=schema)
        if frame.height == len(lines):
            return numbers, frame
    except pl.exceptions.PolarsError:
        pass
    if len(lines) == 1:
        return numbers[:0], pl.DataFrame(schema=schema)
    half = len(lines) // 2
    first, second = _parse(lines[:half], numbers[:half], columns), _parse(lines[half:], numbers[half:], columns)
    return np.concatenate([first[0], second[0]]), pl.concat([first[1], second[1]])


def raw_texts(landed: Landed, numbers: Sequence[int]) -> list[str]:
    """Rows as JSON texts: as they were landed, or written from their values."""
    if landed.texts is not None:
        return [str(text) for text in landed.texts.take(pa.array(numbers, pa.int64())).to_pylist()]
    picked = landed.rows.take(pa.array(numbers, pa.int64()))
    return [json.dumps(row, ensure_ascii=False, default=str) for row in picked.to_pylist()]


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
