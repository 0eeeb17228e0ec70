"""Do several things side by side: those that spend their time in Arrow or NumPy, which let go of the interpreter."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
FEW = 20_000
"""So few rows are done before a thread has begun."""
MOST_THREADS = 4


def threads() -> int:
    """How many works are worth doing at a time."""
    return min(MOST_THREADS, os.cpu_count() or 1)


def together(works: Sequence[Callable[[], T]], rows: int) -> list[T]:
    """The results of some works on so many rows each, in their order."""
    if rows < FEW or len(works) < 2:
        return [work() for work in works]
    with ThreadPoolExecutor(min(threads(), len(works))) as pool:
        return list(pool.map(lambda work: work(), works))
