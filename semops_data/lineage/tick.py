"""One bounded tick, the same for lineage and tracking: fill an outbox, deliver what waits, say what is left.

Belongs here: the lease, the patience with a receiver that failed, and that nothing of it is ever raised into a run.
Does not belong here: what is folded, and where it goes.
"""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from semops_data.lineage.outbox import DeliveryError, Outbox
from semops_data.lineage.patience import Patience
from semops_data.lineage.secrets import scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from semops_data.lineage.store import Place

logger = logging.getLogger(__name__)
KEPT_DAYS = 30.0


@dataclass(frozen=True)
class Report:
    """What a tick did, and what is left.

    Attributes:
        folded: items that were new.
        sent: items that the receiver took in this tick.
        pending: items that wait.
        dead: items that the receiver refused for good.
        oldest_pending_seconds: age of the oldest that waits; the alarm. None where none waits.
        error: why delivery stopped; None where it did not.
        is_busy: another process held the outbox, and this tick did nothing.
    """

    folded: int = 0
    sent: int = 0
    pending: int = 0
    dead: int = 0
    oldest_pending_seconds: float | None = None
    error: str | None = None
    is_busy: bool = False


@dataclass(frozen=True)
class Tick:
    """What a tick does.

    Attributes:
        fill: adds what happened to the outbox; how many items were new.
        deliver: delivers what waits, as far as it can; raises `DeliveryError` or OSError where the receiver is away.
        what: what is delivered to whom, for the log: "OpenLineage events".
        is_patient: after failures, leave the receiver alone for a while (30 s, doubling to 15 min).
        kept_days: how long delivered items are kept; for ever where None.
        secrets: texts that never leave.
    """

    fill: Callable[[Outbox], int]
    deliver: Callable[[Outbox], object]
    what: str
    is_patient: bool = False
    kept_days: float | None = KEPT_DAYS
    secrets: Sequence[str] = ()

    def run(self, place: Place) -> Report:
        """Do it with the outbox at that place. A receiver that is down, or a home without room, is in the report."""
        try:
            with Outbox(place) as outbox:
                return self.run_in(outbox)
        except (OSError, sqlite3.Error) as error:
            problem = scrub(f"{place}: {error}", self.secrets)
            logger.warning("%s are not kept (%s)", self.what, problem)
            return Report(error=problem)

    def run_in(self, outbox: Outbox) -> Report:
        """Do it with an open outbox."""
        with outbox.lease() as is_ours:
            if not is_ours:
                return Report(is_busy=True)
            folded, before = self.fill(outbox), outbox.delivered
            backlog = outbox.backlog()
            error = self._deliver(outbox) if backlog.new else None
            left = outbox.backlog() if backlog.new else backlog
            if self.kept_days is not None:
                outbox.prune(self.kept_days)
        return Report(folded, outbox.delivered - before, left.new, left.dead, left.oldest_pending_seconds, error)

    def _deliver(self, outbox: Outbox) -> str | None:
        patience = Patience(outbox)
        if self.is_patient and patience.is_waiting:
            return patience.error
        try:
            self.deliver(outbox)
        except (DeliveryError, OSError) as error:
            problem = scrub(str(error), self.secrets)
            if patience.failed(problem):
                logger.warning("%s are not taken (%s); they wait in %s", self.what, problem, outbox.place)
            return problem
        patience.succeeded()
        return None
