"""How long a receiver that failed is left alone: 30 s, doubling to 15 min, kept in the outbox across restarts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semops_data.lineage.outbox import Outbox

FIRST_SECONDS, LONGEST_SECONDS = 30.0, 900.0


@dataclass(frozen=True)
class Patience:
    """The failures of one outbox's receiver."""

    outbox: Outbox

    @property
    def is_waiting(self) -> bool:
        """Whether the receiver is to be left alone now."""
        return self.outbox.clock() < float(self.outbox.mark("retry_at", "0"))

    @property
    def error(self) -> str | None:
        """Why it failed last; None after a success."""
        return self.outbox.mark("error") or None

    def failed(self, error: str) -> bool:
        """Remember a failure; whether it is the first in a row, and so worth a warning."""
        failures = int(self.outbox.mark("failures", "0"))
        pause = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(failures, 10))
        self._remember(failures + 1, self.outbox.clock() + pause, error)
        return failures == 0

    def succeeded(self) -> None:
        """Forget the failures."""
        if self.error:
            self._remember(0, 0.0, "")

    def _remember(self, failures: int, retry_at: float, error: str) -> None:
        with self.outbox.transaction():
            self.outbox.set_mark("failures", str(failures))
            self.outbox.set_mark("retry_at", repr(retry_at))
            self.outbox.set_mark("error", error)
