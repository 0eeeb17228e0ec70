"""`VerdictCache`: two sentences that a model ever judged are never judged again.

One SQLite file: a verdict is there when its block is committed, and a killed process loses its last block alone.
"""

from __future__ import annotations

import hashlib
import math
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.contradiction.model import contradiction

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from semops_data.coherence.contradiction.model import ContradictionModel

BLOCK = 512
BUSY_SECONDS = 30
SCHEMA = """CREATE TABLE IF NOT EXISTS verdicts (
    claim BLOB NOT NULL, sentence BLOB NOT NULL, model_id TEXT NOT NULL, raw REAL,
    PRIMARY KEY (claim, sentence, model_id)
) WITHOUT ROWID"""


@dataclass(frozen=True)
class VerdictCache:
    """Raw contradiction scores by (sha256 of the claim, sha256 of the sentence, model).

    Attributes:
        file: the SQLite file; made where it is missing.
    """

    file: Path

    def raws(self, model: ContradictionModel, pairs: Sequence[tuple[str, str]]) -> tuple[np.ndarray, int]:
        """Raw scores of (claim, sentence), NaN where the model cannot tell, and how many pairs it had to judge."""
        keys = [(_digest(a), _digest(b)) for a, b in pairs]
        name = model.model_id
        with closing(self._open()) as database:
            held = {key: raw for key in set(keys) if (raw := _look(database, key, name)) is not None}
            todo = {key: pair for key, pair in zip(keys, pairs, strict=True) if key not in held}
            # Pairs of like length share a block, so that little of it is padding.
            order = sorted(todo, key=lambda key: (sum(map(len, todo[key])), key))
            for start in range(0, len(order), BLOCK):
                block = order[start : start + BLOCK]
                found = contradiction(model, [todo[key] for key in block]).tolist()
                with database:
                    rows = [
                        (*key, name, None if math.isnan(raw) else raw) for key, raw in zip(block, found, strict=True)
                    ]
                    database.executemany("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?)", rows)
                held.update(zip(block, found, strict=True))
        return np.array([held[key] for key in keys], np.float64), len(order)

    def count(self) -> int:
        """How many verdicts the file holds."""
        with closing(self._open()) as database:
            return int(database.execute("SELECT count(*) FROM verdicts").fetchone()[0])

    def _open(self) -> sqlite3.Connection:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self.file, timeout=BUSY_SECONDS)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.execute(SCHEMA)
        return database


def _look(database: sqlite3.Connection, key: tuple[bytes, bytes], model_id: str) -> float | None:
    query = "SELECT raw FROM verdicts WHERE claim = ? AND sentence = ? AND model_id = ?"
    row = database.execute(query, (*key, model_id)).fetchone()
    return None if row is None else math.nan if row[0] is None else float(row[0])


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
