"""What a contradiction model says of premise and hypothesis, kept by text and model: nothing is asked twice."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from semops_data.coherence.alignment import Told
from semops_data.coherence.contradiction.model import can_read
from semops_data.coherence.contradiction.network import CONTRADICTION, LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from semops_data.coherence.contradiction.model import ContradictionModel

ENTAILMENT = LABELS.index("entailment")
BLOCK = 256
BUSY_SECONDS = 30
CANNOT_TELL = Told(float("nan"), float("nan"))
SCHEMA = """CREATE TABLE IF NOT EXISTS entailments (
    pair BLOB NOT NULL, model_id TEXT NOT NULL, entails REAL NOT NULL, contradicts REAL NOT NULL,
    PRIMARY KEY (pair, model_id)
) WITHOUT ROWID"""


@dataclass(frozen=True)
class EntailmentCache:
    """A model's answers by the sha256 of premise and hypothesis, in one SQLite file.

    Attributes:
        file: made where it is missing.
    """

    file: Path

    def told(self, model: ContradictionModel, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Told]:
        """The model's answers to (premise, hypothesis); NaN where it does not know the language of one of the two."""
        asked = list(dict.fromkeys(pairs))
        found = {pair: CANNOT_TELL for pair in asked if not (can_read(pair[0]) and can_read(pair[1]))}
        with closing(self._open()) as database:
            query = "SELECT entails, contradicts FROM entailments WHERE pair = ? AND model_id = ?"
            for pair in asked:
                row = None if pair in found else database.execute(query, (_digest(pair), model.model_id)).fetchone()
                if row is not None:
                    found[pair] = Told(*row)
            # Pairs of like length share a block, so that little of it is padding; a killed process loses one block.
            todo = sorted((pair for pair in asked if pair not in found), key=lambda pair: (sum(map(len, pair)), pair))
            for start in range(0, len(todo), BLOCK):
                block = todo[start : start + BLOCK]
                answers = model.probabilities(block)[:, [ENTAILMENT, CONTRADICTION]].astype(float).tolist()
                with database:
                    database.executemany(
                        "INSERT OR REPLACE INTO entailments VALUES (?, ?, ?, ?)",
                        [(_digest(pair), model.model_id, *answer) for pair, answer in zip(block, answers, strict=True)],
                    )
                found |= {pair: Told(*answer) for pair, answer in zip(block, answers, strict=True)}
        return found

    def _open(self) -> sqlite3.Connection:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self.file, timeout=BUSY_SECONDS)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.execute(SCHEMA)
        return database


def _digest(pair: tuple[str, str]) -> bytes:
    return hashlib.sha256("\x1f".join(pair).encode("utf-8", "surrogatepass")).digest()
