"""What was read of a landed object, before anything is judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np


@dataclass(frozen=True)
class Lines:
    """The lines of a text object, cut out only where somebody asks for them.

    Attributes:
        data: the object's bytes.
        starts: (n,) first byte of each line.
        ends: (n,) the byte behind each line.
    """

    data: bytes
    starts: np.ndarray[tuple[int], np.dtype[np.int64]]
    ends: np.ndarray[tuple[int], np.dtype[np.int64]]

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self.starts)

    def pick(self, numbers: Sequence[int]) -> list[str]:
        """Some lines; bytes that are no UTF-8 appear escaped."""
        bounds = zip(self.starts[numbers].tolist(), self.ends[numbers].tolist(), strict=True) if len(numbers) else ()
        return [self.data[start:end].decode(errors="backslashreplace") for start, end in bounds]


@dataclass(frozen=True)
class Landed:
    """One landed object, read but not judged.

    Attributes:
        path: below the landing root.
        rows: raw rows in the columns of `landing/<table>`; of JSON Lines, every value as text.
        texts: each row as JSON text, where it was landed as such.
        is_broken: for each row, whether its line is no JSON object; such a row has only nulls.
        extra: the columns that no contract knows, as they were landed; of JSON Lines as text.
    """

    path: str
    rows: pa.Table
    texts: Lines | None
    is_broken: np.ndarray[tuple[int], np.dtype[np.bool_]]
    extra: pa.Table = field(default_factory=lambda: pa.table({}))

    @property
    def unknown_columns(self) -> tuple[str, ...]:
        """Names of the columns that no contract knows."""
        return tuple(self.extra.column_names)
