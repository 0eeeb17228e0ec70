"""Follow an event log into an outbox: which runs changed, read whole, folded, added with the watermark.

Belongs here: one bounded pass that may be repeated, overlapped and killed at any instant.
Does not belong here: what the fold makes; lineage and tracking follow the same way with folds of their own.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

    from semops_data.lineage.outbox import Outbox
    from semops_data.lineage.records import EventLog, Record, RunHead, RunLog

    FoldRun = Callable[[RunLog], Iterable[tuple[str, str]]]
    FoldRunless = Callable[[Sequence[Record]], Iterable[tuple[str, str]]]

# A row may be shown this long after its time: clocks differ, and a database shows rows when they are committed.
LATE_SECONDS = 60.0
# With one writer at a time only the clocks of one machine's processes differ.
ORDERED_LATE_SECONDS = 5.0
PAGE = 200
_RUNS, _RUNLESS, _SETTLED = "runs_updated", "runless_id", "runs_settled"


def follow(
    log: EventLog,
    outbox: Outbox,
    fold_run: FoldRun,
    fold_runless: FoldRunless | None = None,
    *,
    until: float,
    waits_for_end: bool = False,
    location: str | None = None,
    nodes: Container[str] = (),
) -> int:
    """Fold what changed since the watermark into the outbox.

    Args:
        log: where runs are read from.
        outbox: where items and the watermark go, in one transaction a run.
        fold_run: (key, body) pairs of one run.
        fold_runless: (key, body) pairs of records without a run.
        until: `time.monotonic()` after which no further run is begun; the next call goes on there.
        waits_for_end: skip runs that have not finished yet.
        location: follow the runs of this code location only, and those of no location that planned one of `nodes`.
        nodes: asset keys of the code location.

    Returns:
        How many items were new.
    """
    added, begun, is_whole = 0, outbox.clock(), True
    for head, is_ordered in _changed(log, outbox):
        if time.monotonic() > until:
            is_whole = False
            break
        if location is None or head.location in (None, location):
            folds = fold_run if location is None or head.location else _only(fold_run, nodes)
            added += _fold(log, outbox, head, folds, waits_for_end=waits_for_end)
        # Only the ordered pass moves the watermark: an open run may have changed after runs not yet looked at.
        if is_ordered and head.updated > float(outbox.mark(_RUNS, "0")):
            outbox.set_mark(_RUNS, repr(head.updated))
    if is_whole:
        _settle(log, outbox, begun)
    if fold_runless is not None:
        added += _follow_runless(log, outbox, fold_runless, until)
    return added


def _only(fold_run: FoldRun, nodes: Container[str]) -> FoldRun:
    """The fold, for runs that are about one of these assets."""

    def own(run: RunLog) -> Iterable[tuple[str, str]]:
        return fold_run(run) if any(record.asset_key in nodes for record in run.records if record.asset_key) else ()

    return own


def _settle(log: EventLog, outbox: Outbox, begun: float) -> None:
    """Write down, once, that nothing can appear any more before the watermark: an idle tick then asks for less."""
    seen = outbox.mark(_RUNS)
    if seen and seen != outbox.mark(_SETTLED) and begun > float(seen) + _late(log):
        outbox.set_mark(_SETTLED, seen)


def _late(log: EventLog) -> float:
    return ORDERED_LATE_SECONDS if log.is_ordered else LATE_SECONDS


def _changed(log: EventLog, outbox: Outbox) -> Iterator[tuple[RunHead, bool]]:
    waiting = log.heads(known := outbox.open_runs())
    for run_id in set(known) - {head.run_id for head in waiting}:
        outbox.forget(run_id)
    yield from ((head, False) for head in waiting)
    seen = outbox.mark(_RUNS, "0")
    after = max(0.0, float(seen) - (0.0 if seen == outbox.mark(_SETTLED) else _late(log)))
    done: set[str] = set()
    page = PAGE
    while heads := log.changed_runs(after, page):
        fresh = [head for head in heads if head.run_id not in done]
        yield from ((head, True) for head in fresh)
        done |= {head.run_id for head in fresh}
        if len(heads) < page:
            return
        # Runs of one instant may lie on both sides of a page's end, or fill more than a page.
        page = PAGE if fresh else page * 2
        after = max(after, heads[-1].updated - 1e-6)


def _fold(log: EventLog, outbox: Outbox, head: RunHead, fold_run: FoldRun, *, waits_for_end: bool) -> int:
    seen = outbox.seen(head.run_id)
    # Where a row may become visible after a later one, a run counts as read once it has been over for so long.
    is_settled = head.is_finished and (log.is_ordered or head.updated < outbox.clock() - LATE_SECONDS)
    if seen and seen[2] and seen[0] == head.updated:
        return 0
    last_id = log.last_id(head.run_id)
    if seen and not is_settled and seen[:2] == (head.updated, last_id):
        return 0
    run = None if waits_for_end and not head.is_finished else log.run(head.run_id)
    items = list(fold_run(run)) if run else []
    folded_to = run.records[-1].storage_id if run and run.records else 0
    with outbox.transaction():
        added = outbox.add(items)
        outbox.see(head, folded_to, is_finished=is_settled)
    return added


def _follow_runless(log: EventLog, outbox: Outbox, fold_runless: FoldRunless, until: float) -> int:
    added, after = 0, int(outbox.mark(_RUNLESS, "0"))
    mark, is_settled = after, True
    while time.monotonic() <= until and (records := log.runless(after, PAGE)):
        for record in records:
            # The watermark stays before rows so young that an older one may still appear between them.
            is_settled = is_settled and record.timestamp < outbox.clock() - LATE_SECONDS
            mark = record.storage_id if is_settled else mark
        items = list(fold_runless(records))
        with outbox.transaction():
            added += outbox.add(items)
            outbox.set_mark(_RUNLESS, str(mark))
        after = records[-1].storage_id
    return added
