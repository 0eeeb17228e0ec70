"""`Ledger`: every verdict that was ever given, and every token that was ever spent, in one SQLite file.

A verdict is there when its transaction is, so a killed run asks again for the last one alone. Spending is reserved
before a request is sent, at its highest, and corrected after the answer: what is spent never exceeds the budget, and
a run that was killed in between leaves its reservation standing.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from semops_data.coherence.judges.verdict import Judgement, Verdict

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

BUSY_SECONDS = 30
SCHEMA = """
CREATE TABLE IF NOT EXISTS verdicts (
    first BLOB NOT NULL, second BLOB NOT NULL, judge TEXT NOT NULL, label TEXT NOT NULL, status TEXT NOT NULL,
    reason TEXT NOT NULL, quote_first TEXT NOT NULL, quote_second TEXT NOT NULL,
    seconds REAL NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, money REAL,
    PRIMARY KEY (first, second, judge)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spending (
    id INTEGER PRIMARY KEY, day TEXT NOT NULL, judge TEXT NOT NULL, tokens INTEGER NOT NULL, money REAL NOT NULL,
    is_settled INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS spending_day ON spending (day);
"""


class BudgetError(RuntimeError):
    """The next request could exceed the budget: it was not sent."""


@dataclass(frozen=True)
class Budget:
    """What judges may use in a day, UTC.

    Attributes:
        tokens: in and out.
        money: in the currency of the judges' prices; no limit where None.
    """

    tokens: int
    money: float | None = None


@dataclass(frozen=True)
class Ledger:
    """The file; made where it is missing."""

    file: Path
    _opened: threading.local = field(default_factory=threading.local, repr=False, compare=False)

    def find(self, first: str, second: str, judge: str) -> Judgement | None:
        """What the judge said of these texts, and what that cost; None where it was never asked."""
        columns = "label, status, reason, quote_first, quote_second, seconds, input_tokens, output_tokens, money"
        query = f"SELECT {columns} FROM verdicts WHERE first = ? AND second = ? AND judge = ?"  # noqa: S608
        with self._open() as database:
            row = database.execute(query, (_digest(first), _digest(second), judge)).fetchone()
        return None if row is None else Judgement(Verdict(*row[:5]), *row[5:])

    def keep(self, first: str, second: str, judge: str, given: Judgement) -> Judgement:
        """Keep a verdict; gives the one that holds, which is the first where two processes asked at once."""
        said = given.verdict
        row = (_digest(first), _digest(second), judge, said.label, said.status, said.reason, said.quote_first,
               said.quote_second, given.seconds, given.input_tokens, given.output_tokens, given.money)  # fmt: skip
        with self._open() as database, database:
            marks = ", ".join("?" * len(row))
            database.execute(f"INSERT OR IGNORE INTO verdicts VALUES ({marks})", row)  # noqa: S608
        held = self.find(first, second, judge)
        return given if held is None else replace(held, request_count=given.request_count)

    def reserve(self, judge: str, tokens: int, money: float | None, budget: Budget) -> int:
        """Set the most that a request can cost aside; gives the number to settle it by.

        Raises:
            BudgetError: where the day's budget does not hold so much.
        """
        day = datetime.now(UTC).date().isoformat()
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                spent, paid = self._spent(database, day)
                if spent + tokens > budget.tokens:
                    raise BudgetError(
                        f"the day's budget of {budget.tokens:,} tokens holds {max(budget.tokens - spent, 0):,} more, "
                        f"and the next request may need {tokens:,} (SEMOPS_JUDGE_BUDGET_TOKENS)"
                    )
                if budget.money is not None and paid + (money or 0.0) > budget.money:
                    raise BudgetError(
                        f"the day's budget of {budget.money:g} holds {max(budget.money - paid, 0):.4f} more, and the "
                        f"next request may cost {money or 0:.4f} (SEMOPS_JUDGE_BUDGET_MONEY)"
                    )
                row = (day, judge, tokens, money or 0.0)
                made = database.execute("INSERT INTO spending (day, judge, tokens, money) VALUES (?, ?, ?, ?)", row)
                return int(made.lastrowid or 0)
            finally:
                database.execute("COMMIT")

    def settle(self, number: int, tokens: int, money: float | None) -> None:
        """Put what a request did cost in the place of what was set aside."""
        change = "UPDATE spending SET tokens = ?, money = ?, is_settled = 1 WHERE id = ?"
        with self._open() as database, database:
            database.execute(change, (tokens, money or 0.0, number))

    def spent(self) -> tuple[int, float]:
        """Tokens and money of this day, reservations included."""
        with self._open() as database:
            return self._spent(database, datetime.now(UTC).date().isoformat())

    def count(self) -> int:
        """How many verdicts the file holds."""
        with self._open() as database:
            return int(database.execute("SELECT count(*) FROM verdicts").fetchone()[0])

    @staticmethod
    def _spent(database: sqlite3.Connection, day: str) -> tuple[int, float]:
        query = "SELECT coalesce(sum(tokens), 0), coalesce(sum(money), 0) FROM spending WHERE day = ?"
        tokens, money = database.execute(query, (day,)).fetchone()
        return int(tokens), float(money)

    def _open(self) -> AbstractContextManager[sqlite3.Connection]:
        """The thread's connection, which stays open: closing the last one costs more than all that it did."""
        database: sqlite3.Connection | None = getattr(self._opened, "database", None)
        if database is None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(self.file, timeout=BUSY_SECONDS)
            database.execute("PRAGMA journal_mode=WAL")
            # A killed process loses nothing; a power cut may take the last verdicts back.
            database.execute("PRAGMA synchronous=NORMAL")
            database.executescript(SCHEMA)
            self._opened.database = database
        return nullcontext(database)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
