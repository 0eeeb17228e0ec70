"""What every write to a Delta table shares: retries where another writer was first, and errors that say what to do."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from semops_data.landing.advice import advice, first_line
from semops_data.landing.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
ATTEMPTS = 12
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0
RACES = ("already exists", "conflict", "concurrent")


class LakeError(StoreError):
    """The lake could not be read or written; names the table's place, what went wrong and what to do."""


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


def retried(attempt: Callable[[], T], uri: str) -> T:
    """Run a write until no other writer was first, at most 12 times with growing, random pauses.

    Args:
        attempt: reads the latest version and writes; nothing of a failed one remains.
        uri: the table, for the error.

    Raises:
        LakeError: where the storage fails, or others were first every time.
    """
    from deltalake.exceptions import CommitFailedError, DeltaError

    with guarded("write", uri):
        for count in range(ATTEMPTS):
            try:
                return attempt()
            except DeltaError as error:
                is_race = isinstance(error, CommitFailedError) or any(word in str(error).lower() for word in RACES)
                if not is_race or count == ATTEMPTS - 1:
                    raise
            pause = min(FIRST_PAUSE_SECONDS * 2**count, LONGEST_PAUSE_SECONDS)
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spreads writers, guards nothing
        raise AssertionError("the last attempt returns or raises")


def literal(value: str) -> str:
    """The value, safe between single quotes in a predicate.

    Raises:
        ValueError: where it holds a quote or a backslash.
    """
    if "'" in value or "\\" in value:
        raise ValueError(f"partition value {value!r} holds a quote or a backslash")
    return value
