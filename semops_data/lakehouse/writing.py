"""What every write to a Delta table shares: retries where another writer was first, and errors that say what to do."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from semops_data.landing.advice import advice, first_line, is_transient
from semops_data.landing.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from deltalake import CommitProperties, DeltaTable

T = TypeVar("T")
ATTEMPTS, STUMBLES = 12, 3
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0
RACES = ("already exists", "conflict", "concurrent", "transaction failed")


class LakeError(StoreError):
    """The lake could not be read or written; names the table's place, what went wrong and what to do."""


class ConflictError(LakeError):
    """Other writers of the same partition were first every time; names table and partition."""


@contextmanager
def guarded(verb: str, uri: str) -> Iterator[None]:
    """Turn what the storage below a table reports into an error that a person can act on.

    Raises:
        LakeError: naming the table's place, what went wrong and what to do.
    """
    from deltalake.exceptions import DeltaError

    try:
        yield
    except StoreError:
        raise
    except (OSError, DeltaError) as error:
        raise LakeError(f"cannot {verb} {uri}: {first_line(error)}; {advice(str(error), uri)}") from error


def retried(attempt: Callable[[], T], uri: str, what: str) -> T:
    """Run a write until no other writer was first, at most 12 times with growing, random pauses.

    Args:
        attempt: reads the latest version and writes; nothing of a failed one remains.
        uri: the table, for the error.
        what: table and partition, for the error.

    Raises:
        ConflictError: where others were first every time.
        LakeError: where the storage fails.
    """
    from deltalake.exceptions import CommitFailedError, DeltaError

    started = time.monotonic()
    with guarded("write", uri):
        for count in range(ATTEMPTS):
            try:
                return attempt()
            except (DeltaError, OSError) as error:
                is_race = isinstance(error, CommitFailedError) or any(word in str(error).lower() for word in RACES)
                # What was committed is recognised by its transaction, so an attempt may follow a lost answer.
                if not is_race and (not is_transient(error) or count >= STUMBLES):
                    raise
                if count == ATTEMPTS - 1:
                    raise ConflictError(
                        f"cannot write {what} at {uri}: other writers were first {ATTEMPTS} times in "
                        f"{time.monotonic() - started:.0f} s; nothing of this write remains: materialize it again when "
                        "they are done, or let one run at a time write this partition (a Dagster pool)"
                    ) from error
            pause = min(FIRST_PAUSE_SECONDS * 2**count, LONGEST_PAUSE_SECONDS)
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spreads writers, guards nothing
        raise AssertionError("the last attempt returns or raises")


@dataclass
class Transactions:
    """The application transactions of one write: who wrote which content into which partition.

    Delta refuses two writers of the same application id that commit at the same time, and remembers the last
    version of each. The id is table and partition; the version is that of the content, 60 bits of its digest.

    Attributes:
        key: the table.
        where: the partition; empty where the write concerns the whole table.
        content: sha256 of the rows, hexadecimal.
        origin: of what invented them, hexadecimal; none where nobody did.
        was_tried: whether a commit was attempted.
    """

    key: str
    where: Mapping[str, str]
    content: str
    origin: str | None = None
    was_tried: bool = False

    @property
    def app_id(self) -> str:
        """`lakehouse/orders/day=2026-01-01`, or `lakehouse/customers`."""
        return "/".join([self.key, *(f"{name}={value}" for name, value in self.where.items())])

    @property
    def version(self) -> int:
        """The version of the content, 0 to 2**60 - 1."""
        return int(self.content[:15], 16)

    def are_in(self, delta: DeltaTable) -> bool:
        """Whether the last write of this partition into the table was of this content."""
        return bool(delta.transaction_version(self.app_id) == self.version)

    def are_of_another_origin(self, delta: DeltaTable) -> bool:
        """Whether the table's rows were invented by something else; it is not known of rows that came without one."""
        held = delta.transaction_version(f"{self.key}/origin") if self.origin else None
        return held is not None and held != int(self.origin or "", 16)

    def properties(self, *, retries: int | None = None, rows: int | None = None, files: int = 1) -> CommitProperties:
        """What goes into the commit.

        Args:
            retries: how often Delta may rebase the commit on those of others; its own choice by default.
            rows: what the history is to say about the added rows, where Delta did not count them itself.
            files: and about the files that hold them.
        """
        from deltalake import CommitProperties, Transaction

        self.was_tried = True
        said = None if rows is None else {"operationMetrics": {"num_added_files": files, "num_added_rows": rows}}
        marks = [Transaction(self.app_id, self.version)]
        marks += [Transaction(f"{self.key}/origin", int(self.origin, 16))] if self.origin else []
        return CommitProperties(said, retries, marks)


def partition_text(where: Mapping[str, str] | None) -> str:
    """`, partition day=2026-01-01`; empty for a whole table."""
    return "".join(f", partition {name}={value}" for name, value in (where or {}).items())


def predicate(where: Mapping[str, str]) -> str:
    """Equality on columns as SQL.

    Raises:
        ValueError: where a value holds a quote or a backslash.
    """
    return " AND ".join(f"{name} = '{literal(value)}'" for name, value in where.items())


def literal(value: str) -> str:
    """The value, safe between single quotes in a predicate.

    Raises:
        ValueError: where it holds a quote or a backslash.
    """
    if "'" in value or "\\" in value:
        raise ValueError(f"partition value {value!r} holds a quote or a backslash")
    return value
