"""What to do about a storage error: the words that landing and lake share."""

from __future__ import annotations

import random
import re
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def first_line(error: Exception) -> str:
    """The first line of an error that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


TRANSIENT = ("HTTP error", "error sending request", "retries", "SlowDown", "InternalError", "timed out", "body error",
             "connection", "503", "500 Internal")  # fmt: skip
EXHAUSTED = re.compile(r"after (\d+) retries, max_retries: \1\b")
REFUSED = re.compile(r"status(?: code)?: 4(?!08|09|29)\d\d\b")
"""An answer that will be the same a moment later: not there, not allowed, not understood."""
ATTEMPTS, PAUSE_SECONDS = 4, 0.2


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed a moment later: throttled, failed inside, or the connection was lost."""
    text = str(error)
    if isinstance(error, FileNotFoundError) or REFUSED.search(text):
        return False
    # Where the client below has tried as often as it may, the endpoint is not stumbling but down.
    return any(word in text for word in TRANSIENT) and not EXHAUSTED.search(text)


def patiently(work: Callable[[], T]) -> T:
    """Run what may be run again, at most four times where the network or the endpoint stumbles.

    Args:
        work: reads, or writes in a way that a second time changes nothing.
    """
    for attempt in range(ATTEMPTS):
        try:
            return work()
        except Exception as error:
            if attempt == ATTEMPTS - 1 or not is_transient(error):
                raise
        time.sleep(PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - spreads clients, guards nothing
    raise AssertionError("the last attempt returns or raises")


def advice(text: str, place: str) -> str:
    """What to do, by the error's text and the place where it happened.

    Args:
        text: of the error.
        place: a path, or an `s3://` address.
    """
    if "No space left" in text or "File too large" in text or "quota" in text.lower():
        return "nothing was changed: free some space there or set SEMOPS_HOME to another disk, then materialize again"
    if "failed validation" in text or "Invariant" in text:
        return "nothing was changed: the rows break the table's contract"
    if "://" in place:
        return "check the bucket, SEMOPS_S3_ENDPOINT_URL and the credentials, then materialize again"
    return "check that the folder is writable and undamaged, or set SEMOPS_HOME to another, then materialize again"
