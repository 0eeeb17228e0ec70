"""Fill a table or a partition that holds no row: Parquet files by Arrow, side by side, then one Delta commit.

Delta's own writer takes twice as long for the same file. What it would promise is promised here: the contract's
constraints are tested on the rows, and the commit stands only where nobody committed since the emptiness was seen.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction

from semops_data.lakehouse.changes import FEED
from semops_data.lakehouse.schema import CONSTRAINT, constraints, violations
from semops_data.lakehouse.together import threads, together
from semops_data.lakehouse.writing import LakeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deltalake import DeltaTable

    from semops_data.contracts import Table
    from semops_data.lakehouse.lake import Lake
    from semops_data.lakehouse.writing import Transactions

RACES_AT_ONCE = 4
LONGEST_BOUND = 64
SAMPLE = 4000
FEWEST_ROWS, MOST_ROWS = 150_000, 5_000_000
"""Of a file, where there are several. Each holds a range of keys, so that a MERGE rewrites only those that it meets."""
HIGHEST_WRITER_VERSION = 4
PLAIN = re.compile(r"^[A-Za-z0-9_.-]+$")


def is_empty(delta: DeltaTable, where: dict[str, str]) -> bool:
    """Whether a version of a table, or of its partition, names no file."""
    pruned = [(name, "=", value) for name, value in where.items()]
    return not delta.file_uris(file_pruning_predicate=pruned or None)


@dataclass(frozen=True)
class Fill:
    """The rows that an empty table or partition is to hold.

    Attributes:
        lake: holds the table.
        contract: its contract, further columns included.
        data: the rows, in the contract's types and key order, inside the partition.
        where: the partition; empty for a table without any.
    """

    lake: Lake
    contract: Table
    data: pa.Table
    where: dict[str, str]

    def fits(self, delta: DeltaTable) -> bool:
        """Whether the table asks of a writer nothing beyond what is done here."""
        by = delta.metadata().partition_columns
        known = {FEED, *(f"{CONSTRAINT}{name}" for name in constraints(self.contract))}
        return (
            by == list(self.where)
            and {field.name for field in delta.schema().fields} == set(self.data.column_names)
            and delta.protocol().min_writer_version <= HIGHEST_WRITER_VERSION
            and delta.metadata().configuration.keys() <= known
            and not any(key.startswith("delta.") for field in delta.schema().fields for key in field.metadata)
            and all(PLAIN.match(value) for value in self.where.values())
        )

    def write(self) -> None:
        """Test the rows, and write their files: orphans, and vacuumed, until a commit names them.

        Raises:
            LakeError: where rows break the contract, or a file cannot be written.
        """
        _ = self._added

    def commit(self, delta: DeltaTable, transactions: Transactions) -> int | None:
        """Commit the rows; their files are written once, however often this is tried.

        Returns:
            The version that holds them, or None where the table or partition is no longer empty.

        Raises:
            LakeError: where rows break the contract.
            CommitFailedError: where other writers of the table were first several times.
        """
        added = self._added
        for count in range(RACES_AT_ONCE):
            if count:
                delta.update_incremental()
                if not is_empty(delta, self.where) or not self.fits(delta):
                    return None
            try:
                delta.create_write_transaction(
                    added, "append", delta.schema(), list(self.where),
                    # Whoever commits in between may have filled the partition: look again, do not rebase.
                    commit_properties=transactions.properties(retries=0, rows=self.data.num_rows, files=len(added)),
                )  # fmt: skip
            except CommitFailedError:
                if count == RACES_AT_ONCE - 1:
                    raise
            else:
                return int(delta.version()) + 1
        raise AssertionError("the last race returns or raises")

    def _refuse_breaches(self) -> None:
        """Test the rows as the table's constraints would."""
        if self._broken:
            found = ", ".join(f"{name}: {count}" for name, count in self._broken.items())
            raise LakeError(
                f"cannot write {self.lake.uri(self.contract.key)}: rows failed validation ({found}); nothing was "
                "changed: the rows break the table's contract"
            )

    @property
    def _broken(self) -> dict[str, int]:
        """How many values break the contract, by column."""
        columns = self.contract.columns
        works = [partial(violations, column, self.data.column(column.name)) for column in columns]
        counts = zip(columns, together(works, self.data.num_rows), strict=True)
        return {column.name: count for column, count in counts if count}

    @cached_property
    def _added(self) -> list[AddAction]:
        self._refuse_breaches()
        count = files(self.data.num_rows)
        rows = self.data.drop(list(self.where)).replace_schema_metadata(None)
        size, repeated = -(-rows.num_rows // count), repetitive(rows)
        works = [partial(self._write, number, rows.slice(number * size, size), repeated) for number in range(count)]
        return together(works, rows.num_rows)

    def _write(self, number: int, rows: pa.Table, repeated: Sequence[str]) -> AddAction:
        """Write one file."""
        folder = "/".join(f"{name}={value}" for name, value in self.where.items())
        path = f"{folder}/part-{number:05d}-{uuid4()}-c000.snappy.parquet".lstrip("/")
        size, metadata = _written(self.lake, f"{self.contract.key}/{path}", rows, repeated)
        return AddAction(path, size, dict(self.where), time.time_ns() // 1_000_000, True, json.dumps(stats(metadata)))


def files(rows: int) -> int:
    """Into how many files so many rows go: as many as are written side by side, or more where one would be large."""
    return max(1, min(rows // FEWEST_ROWS, threads()), -(-rows // MOST_ROWS))


def _written(lake: Lake, path: str, rows: pa.Table, repeated: Sequence[str]) -> tuple[int, pq.FileMetaData]:
    """Write a Parquet file below the lake's root; its size and its footer."""
    footers: list[pq.FileMetaData] = []
    options: dict[str, Any] = {
        "compression": "snappy",
        "store_schema": False,
        "metadata_collector": footers,
        "use_dictionary": list(repeated) or False,
    }
    if "://" in lake.root:
        from semops_data.landing.store import ObjectStore

        sink = pa.BufferOutputStream()
        pq.write_table(rows, sink, **options)
        buffer = sink.getvalue()
        ObjectStore(lake.root, lake.storage_options).write(path, buffer.to_pybytes())
        return buffer.size, footers[0]
    place = Path(lake.uri(path))
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        pq.write_table(rows, place, **options)
    except BaseException:
        place.unlink(missing_ok=True)
        raise
    return place.stat().st_size, footers[0]


def repetitive(rows: pa.Table) -> list[str]:
    """The columns with few different values, by a sample: a dictionary of the others would be built and thrown away."""
    # From everywhere: values that only repeat in runs are as short without a dictionary, and sooner written.
    places = pa.array(range(0, rows.num_rows, max(1, rows.num_rows // SAMPLE)))
    return [
        name
        for name, column in zip(rows.column_names, rows.columns, strict=True)
        if pa.types.is_nested(column.type) or _repeats(column.take(places))
    ]


def _repeats(sample: pa.ChunkedArray) -> bool:
    count = len(sample) - sample.null_count
    return bool(pc.count_distinct(sample).as_py() * 4 <= count * 3 or not count)


def stats(metadata: pq.FileMetaData) -> dict[str, Any]:
    """What Delta keeps about a file, so that readers may skip it: rows, bounds and nulls by column.

    Bounds of texts that are longer than 64 characters, of floats (which may be NaN) and of lists are left out.
    """
    found: dict[str, Any] = {"numRecords": metadata.num_rows, "minValues": {}, "maxValues": {}, "nullCount": {}}
    for place in range(metadata.num_columns):
        parts = [metadata.row_group(number).column(place) for number in range(metadata.num_row_groups)]
        name, each = metadata.schema.column(place).path, [part.statistics for part in parts]
        if "." in name or any(one is None or not one.has_null_count for one in each):
            continue
        found["nullCount"][name] = sum(one.null_count for one in each)
        valued = [one for one in each if one.num_values]
        if valued and all(one.has_min_max and one.physical_type not in ("FLOAT", "DOUBLE") for one in valued):
            low, high = _bound(min(one.min for one in valued)), _bound(max(one.max for one in valued))
            if max(len(str(low)), len(str(high))) <= LONGEST_BOUND:
                found["minValues"][name], found["maxValues"][name] = low, high
    return found


def _bound(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value
