"""A day's exports as files below a folder, written batch by batch: a day of any size needs the memory of a few."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from semops_data.landing.objects import JSON_LINES, encode, object_path, parquet_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from concurrent.futures import Future
    from datetime import date
    from typing import BinaryIO

    import pyarrow as pa
    import pyarrow.parquet as pq

    from semops_data.synthesis.business import BusinessDay
    from semops_data.synthesis.parameters import Business

BESIDE = ("truth", "defects")
"""What is no export: the known answers and the planted defects."""


def write_day(business: Business, day: date, folder: Path) -> dict[str, int]:
    """Write one day's files below `folder`, where they would be landed, with the answers and the defects beside them.

    Returns:
        Rows by table, the known answers and the defects among them.
    """
    from semops_data.synthesis.business import stream
    from semops_data.synthesis.sales import batch_count
    from semops_data.synthesis.texts import texts

    with _Files(folder, day.isoformat()) as files:
        for batch in stream(business, day):
            # What is not written need not be kept until it is.
            files.later(partial(files.add, replace(batch, clean={})))
        for number in range(batch_count(business, day)):
            files.later(partial(files.append, "texts", texts(business, day, number)))
    return files.rows


def write_trade(business: Business, day: date, folder: Path) -> dict[str, int]:
    """Write only the day's orders and items below `folder`, as `write_day` writes them; rows by table."""
    from semops_data.synthesis.business import trade

    with _Files(folder, day.isoformat()) as files:
        for tables in trade(business, day):
            files.later(partial(files.append_all, tables))
    return files.rows


def write_documents(business: Business, day: date, folder: Path) -> int:
    """Write the day's free texts as Markdown below `folder`, for a corpus to include; how many documents."""
    from semops_data.synthesis.texts import documents

    found = documents(business, day)
    for path, text in found.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return len(found)


class _Files:
    """The files of one day, open until all batches are written.

    One thread writes while the next batch is made; it is at most one batch behind.
    """

    def __init__(self, folder: Path, day: str) -> None:
        self.folder, self.day = folder, day
        self.rows: dict[str, int] = {}
        self.parquet: dict[str, pq.ParquetWriter] = {}
        self.lines: dict[str, BinaryIO] = {}
        self.stack = ExitStack()
        self.writer = self.stack.enter_context(ThreadPoolExecutor(1))
        self.pending: Future[None] | None = None

    def __enter__(self) -> _Files:
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self._wait()
        finally:
            self.stack.close()

    def later(self, work: Callable[[], None]) -> None:
        """Write in the background, once what was given before is written.

        Raises:
            OSError: where that could not be written.
        """
        self._wait()
        self.pending = self.writer.submit(work)

    def _wait(self) -> None:
        pending, self.pending = self.pending, None
        if pending is not None:
            pending.result()

    def add(self, batch: BusinessDay) -> None:
        """Append a batch's rows."""
        for name, rows in batch.tables.items():
            first = self.rows.get(name, 0)
            cut = [number - first for number in batch.cut_rows(name)]
            self.append(name, rows, cut)
        self.append_all({"truth": batch.truth, "defects": batch.defects})

    def append_all(self, tables: Mapping[str, pa.Table]) -> None:
        """Append rows to the files of several tables."""
        for name, rows in tables.items():
            self.append(name, rows)

    def _path(self, name: str) -> Path:
        if name in BESIDE:
            return self.folder / "synthesis" / name / f"day={self.day}" / "part-0.parquet"
        return self.folder / object_path(name, self.day)

    def append(self, name: str, rows: pa.Table, cut: Iterable[int] = ()) -> None:
        """Append rows to one file."""
        import pyarrow.parquet as pq

        path = self._path(name)
        if name in JSON_LINES:
            if name not in self.lines:
                path.parent.mkdir(parents=True, exist_ok=True)
                self.lines[name] = self.stack.enter_context(path.open("wb"))
            self.lines[name].write(encode(name, rows, list(cut)))
        else:
            plain = rows.replace_schema_metadata(None)
            if name not in self.parquet:
                path.parent.mkdir(parents=True, exist_ok=True)
                writer = pq.ParquetWriter(path, plain.schema, **parquet_options(name, plain.column_names))
                self.parquet[name] = self.stack.enter_context(writer)
            if rows.num_rows or not self.rows.get(name):
                self.parquet[name].write_table(plain)
        self.rows[name] = self.rows.get(name, 0) + rows.num_rows
