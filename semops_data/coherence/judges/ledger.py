"""`Ledger`: every verdict that was ever given, and every token that was ever spent, in one SQLite file.

A verdict is there when its transaction is, so a killed run asks again for the last one alone. Spending is reserved
before a request is sent, at its highest, and corrected after the answer: what is spent never exceeds the budget, and
a run that was killed in between leaves its reservation standing.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from semops_data.coherence.judges.verdict import Verdict

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

BUSY_SECONDS = 30
SCHEMA = """
CREATE TABLE IF NOT EXISTS verdicts (
    first BLOB NOT NULL, second BLOB NOT NULL, judge TEXT NOT NULL, label TEXT NOT NULL, status TEXT NOT NULL,
    reason TEXT NOT NULL, quote_first TEXT NOT NULL, quote_second TEXT NOT NULL,
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

    def find(self, first: str, second: str, judge: str) -> Verdict | None:
        """What the judge said of these texts; None where it was never asked."""
        columns = "label, status, reason, quote_first, quote_second"
        query = f"SELECT {columns} FROM verdicts WHERE first = ? AND second = ? AND judge = ?"  # noqa: S608
        with self._open() as database:
            row = database.execute(query, (_digest(first), _digest(second), judge)).fetchone()
        return None if row is None else Verdict(*row)

    def keep(self, first: str, second: str, judge: str, verdict: Verdict) -> Verdict:
        """Keep a verdict; gives the one that holds, which is the first where two processes asked at once."""
        row = (_digest(first), _digest(second), judge, verdict.label, verdict.status, verdict.reason,
               verdict.quote_first, verdict.quote_second)  # fmt: skip
        with self._open() as database, database:
            database.execute("INSERT OR IGNORE INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        return self.find(first, second, judge) or verdict

    def reserve(self, judge: str, tokens: int, money: float | None, budget: Budget) -> int:
        """Set the most that a request can cost aside; gives the number to settle it by.

        Raises:
            BudgetError: where the day's budget does not hold so much.
        """
        day = datetime.now(UTC).date().isoformat()
        with self._open() as database:
            database.isolation_level = None
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
        self.file.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self.file, timeout=BUSY_SECONDS)
        database.execute("PRAGMA journal_mode=WAL")
        database.executescript(SCHEMA)
        return closing(database)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
