"""The spool: lines that survive a kill, from several processes, until a table holds them.

Writers append to `open.ndjson` under a file lock. The reader seals it (a rename under the same lock), reads the
sealed segments, which nobody writes to any more, and moves them to `consumed/` once the table is committed.
A crash in between leaves the segment sealed: it is read again, and the table's key keeps rows single.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semops_data.episodes.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOCK_TIMEOUT_SECONDS = 5.0
FOLD_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Torn:
    """A line that is no record: a writer was killed inside it, or the file was damaged.

    Attributes:
        segment: the file's name, kept under `consumed/`.
        line: number of the line, from 1.
        reason: what is wrong with it.
    """

    segment: str
    line: int
    reason: str


@dataclass(frozen=True)
class Spool:
    """One stream of records below a folder; made at the first append."""

    folder: Path

    @property
    def open_file(self) -> Path:
        """The file that writers append to."""
        return self.folder / "open.ndjson"

    def append(self, record: Mapping[str, Any]) -> None:
        """Append one record durably: it is on the disk, whole, when this returns.

        Raises:
            OSError: where the spool cannot be written, or its lock not be had in `LOCK_TIMEOUT_SECONDS`.
        """
        line = json.dumps(record, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace") + b"\n"
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked() as descriptor:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                line = b"\n" + line  # the writer before was killed inside its line: it ends here
            try:
                _write_whole(descriptor, line)
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, size)
                raise

    def seal(self) -> list[Path]:
        """Close the open file to writers and return all sealed segments, oldest first."""
        sealed = self.folder / "sealed"
        if self.open_file.exists():
            sealed.mkdir(exist_ok=True)
            with self._locked() as descriptor:
                if os.fstat(descriptor).st_size:
                    self.open_file.rename(sealed / f"{new_id()}.ndjson")
        return sorted(sealed.glob("*.ndjson")) if sealed.is_dir() else []

    def consume(self, segments: list[Path]) -> None:
        """Move segments aside whose records a table holds."""
        for segment in segments:
            target = self.folder / "consumed" / segment.name
            target.parent.mkdir(exist_ok=True)
            segment.rename(target)

    @contextmanager
    def folding(self) -> Iterator[None]:
        """Hold the right to bring this spool into its table: two readers at once could undo each other's rows.

        Raises:
            TimeoutError: where another process holds it for longer than `FOLD_TIMEOUT_SECONDS`.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "fold.lock").open("w") as file:
            _lock(file.fileno(), FOLD_TIMEOUT_SECONDS)
            yield

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The open file, locked: not the one that a reader sealed while we waited for the lock."""
        deadline = time.monotonic() + LOCK_TIMEOUT_SECONDS
        while True:
            descriptor = os.open(self.open_file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                _lock(descriptor, max(0.0, deadline - time.monotonic()))
                if _is_same(descriptor, self.open_file):
                    yield descriptor
                    return
            finally:
                os.close(descriptor)


def read_segments(segments: list[Path]) -> tuple[list[dict[str, Any]], list[Torn]]:
    """The records of sealed segments in their order, and the lines that are none."""
    records: list[dict[str, Any]] = []
    torn: list[Torn] = []
    for segment in segments:
        for number, line in enumerate(segment.read_bytes().split(b"\n"), start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except ValueError as error:  # JSON and UTF-8 errors alike
                torn.append(Torn(segment.name, number, f"not a whole JSON line: {error}"))
                continue
            if isinstance(record, dict):
                records.append(record)
            else:
                torn.append(Torn(segment.name, number, f"not a JSON object but a {type(record).__name__}"))
    return records, torn


def _lock(descriptor: int, seconds: float) -> None:
    """Take the lock; a writer that was stopped while it held it must not stop the pipeline."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the spool's lock was not free for {seconds:.0f} s") from None
            time.sleep(0.002)
        else:
            return


def _is_same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _write_whole(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
