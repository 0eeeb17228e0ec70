"""What deserves an alert: patterns whose SC fell, became unmeasured, or are watched no more."""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from semops_data.coherence.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from semops_data.lakehouse.lake import Lake
    from semops_data.settings import Settings

    Score = Mapping[str, Any]
    Moved = dict[str, tuple[float | None, float | None]]

logger = logging.getLogger(__name__)
SCORES, FINDINGS = "coherence/scores", "coherence/findings"
DIMENSIONS = ("availability", "consistency", "stability")
SMALLEST_FALL = 1e-3  # scores of two devices agree to this
ROUNDING = 1e-9  # a fall of exactly the threshold counts, though the subtraction of two floats comes out below it
MOST_FINDINGS = 3


@dataclass(frozen=True)
class Alert:
    """One pattern that lost coherence between two versions of the scores.

    Attributes:
        id: sha256 of what happened, hexadecimal: the same fall always has the same id.
        kind: `fell`, where SC did; `unmeasured`, where SC was measured before and is no more; `gone`, where the scored
            pattern is no longer in the registry; `dimension_fell`, where SC was not measured before, and a dimension
            fell that was, or stability was measured for the first time and is not whole.
        pattern_id: the pattern.
        sc_before: its SC in the version before, 0 to 1; None where unmeasured.
        sc_after: its SC now; None where unmeasured.
        dimensions: of each dimension that fell or became unmeasured, the value before and after, worst first.
        evidence: what stands behind it, in words.
        version_before: Delta version of the scores that is compared with.
        version_after: Delta version of the scores that raised the alert.
    """

    id: str
    kind: str
    pattern_id: str
    sc_before: float | None
    sc_after: float | None
    dimensions: Moved
    evidence: tuple[str, ...]
    version_before: int | None = None
    version_after: int | None = None

    @property
    def text(self) -> str:
        """The alert as one line for people."""
        after = "no longer in the registry" if self.kind == "gone" else _number(self.sc_after)
        moved = [f"{name} {_number(old)} -> {_number(new)}" for name, (old, new) in self.dimensions.items()]
        because = f" ({'; '.join(moved)})" if moved else ""
        if self.sc_before is None and self.sc_after is None:
            return f"semantic coherence of {self.pattern_id} stays unmeasured, but {'; '.join(moved)}"
        return f"semantic coherence of {self.pattern_id}: {_number(self.sc_before)} -> {after}{because}"

    @property
    def loss(self) -> float:
        """How much was lost, of SC or of the worst dimension."""
        if self.sc_before is not None:
            return self.sc_before - (self.sc_after or 0.0)
        return max(map(_loss, self.dimensions.values()), default=0.0)

    def as_json(self) -> dict[str, Any]:
        """The alert as it is written and posted; `text` is what chat systems show."""
        return asdict(self) | {"text": self.text}


def falls(
    previous_scores: Iterable[Score],
    current: Iterable[Score],
    drop: float,
    *,
    versions: tuple[int, int] | None = None,
) -> list[Alert]:
    """The alerts between two versions of the scores, gravest first.

    Args:
        previous_scores: rows with pattern_id, sc, availability, consistency, stability; None is unmeasured.
        current: the same, now; also `reason` where SC is unmeasured.
        drop: fall of SC that raises an alert, 0 to 1; falls within the tolerance of scores never do.
        versions: Delta versions of the two.
    """
    now = {row["pattern_id"]: row for row in current}
    alerts = []
    for before in previous_scores:
        after = now.get(before["pattern_id"])
        moved = _moved(before, after or {})
        kind = _kind(before, after, moved, drop)
        if kind is not None:
            alerts.append(_alert(kind, before, after or {}, moved, versions))
    return sorted(alerts, key=lambda alert: (-alert.loss, alert.pattern_id))


def alert_on_fall(lake: Lake, settings: Settings) -> list[Alert]:
    """Compare the scores with the versions since the last call, write and post what fell.

    The first call compares the two latest versions. An alert is written and posted once, however often this is
    called; what the webhook did not take is posted again by the next call.

    Returns:
        The alerts that are new with this call. Where they cannot be written the log says so, and the next call
        raises them again: an alert never stops the pipeline.
    """
    if not lake.exists(SCORES):
        return []
    outbox, latest = Outbox.of(settings), lake.version(SCORES)
    try:
        alerts = with_findings(_since(lake, outbox.cursor(), latest, settings.alert_drop), _findings(lake))
        new = deliver(alerts, settings)
        outbox.move_cursor(latest)
    except (OSError, sqlite3.Error) as error:
        logger.warning("alerts could not be kept below %s: %s", outbox.folder, error)
        return []
    return new


def _since(lake: Lake, compared: int | None, latest: int, drop: float) -> list[Alert]:
    """The alerts of every version after the one that was compared last."""
    # A table that was made anew counts from 0 again.
    start = max(0, latest - 1) if compared is None or compared > latest else compared
    alerts: list[Alert] = []
    for version in range(start, latest):
        before, after = _scores(lake, version), _scores(lake, version + 1)
        alerts += falls(before, after, drop, versions=(version, version + 1))
    return alerts


def deliver(alerts: Sequence[Alert], settings: Settings) -> list[Alert]:
    """Write the alerts to `<home>/alerts/alerts.ndjson` and post what is due to the webhook, if there is one.

    Returns:
        Those that had not been written before.
    """
    outbox = Outbox.of(settings)
    new = set(outbox.write([alert.as_json() for alert in alerts]))
    outbox.post_due()
    return [alert for alert in alerts if alert.id in new]


def with_findings(alerts: Sequence[Alert], findings: Iterable[Mapping[str, Any]]) -> list[Alert]:
    """The alerts with the gravest findings against their patterns added to the evidence."""
    by_pattern: dict[str, list[str]] = {}
    for row in sorted(findings, key=lambda row: -(row.get("score") or 0.0)):
        place = row.get("evidence_document") or row.get("claim_document")
        line = row.get("evidence_line") if row.get("evidence_document") else row.get("claim_line")
        where = f" ({place}:{line})" if place and line else f" ({place})" if place else ""
        by_pattern.setdefault(row["pattern_id"], []).append(f"{row['kind']}: {row['detail']}{where}")
    return [
        Alert(**(vars(alert) | {"evidence": (*alert.evidence, *by_pattern.get(alert.pattern_id, [])[:MOST_FINDINGS])}))
        for alert in alerts
    ]


def _kind(before: Score, after: Score | None, moved: Moved, drop: float) -> str | None:
    if before["sc"] is None:
        has_fallen = after is not None and any(_loss(pair) >= drop - ROUNDING for pair in moved.values())
        return "dimension_fell" if has_fallen else None
    if after is None:
        return "gone"
    if after["sc"] is None:
        return "unmeasured"
    loss = before["sc"] - after["sc"]
    return "fell" if loss > SMALLEST_FALL and loss >= drop - ROUNDING else None


def _moved(before: Score, after: Score) -> Moved:
    """Value before and after of each dimension that fell or became unmeasured, worst first."""
    pairs = {name: (before.get(name), after.get(name)) for name in DIMENSIONS}
    # Stability is the meaning preserved since the baseline: before its first change it could not be measured, and
    # the first value that it has is what that change has cost.
    moved = {
        name: pair
        for name, pair in pairs.items()
        if (pair[0] is not None and pair[1] is None)
        or ((pair[0] is not None or name == "stability") and _loss(pair) > SMALLEST_FALL)
    }
    return dict(sorted(moved.items(), key=lambda item: (item[1][1] is not None, -_loss(item[1]))))


def _loss(pair: tuple[float | None, float | None]) -> float:
    """How much was lost; nothing where the value after is not known."""
    before, after = pair
    return 0.0 if after is None else (1.0 if before is None else before) - after


def _alert(kind: str, before: Score, after: Score, moved: Moved, versions: tuple[int, int] | None) -> Alert:
    identity = [kind, before["pattern_id"], before["sc"], after.get("sc"), moved, versions]
    return Alert(
        id=hashlib.sha256(json.dumps(identity).encode()).hexdigest(),
        kind=kind,
        pattern_id=before["pattern_id"],
        sc_before=before["sc"],
        sc_after=after.get("sc"),
        dimensions=moved if kind != "gone" else {},
        evidence=tuple(_evidence(before, after)),
        version_before=versions[0] if versions else None,
        version_after=versions[1] if versions else None,
    )


def _evidence(before: Score, after: Score) -> list[str]:
    """What the two rows themselves say about the fall."""
    said = [f"unmeasured: {after['reason']}"] if after.get("reason") else []
    low, high = before.get("sc_low"), after.get("sc_high")
    if low is not None and high is not None:
        overlap = "overlap" if high >= low else "do not overlap"
        said.append(f"the intervals of SC before and after {overlap}")
    changed = [name for name in ("method", "model_id") if len({before.get(name), after.get(name), None}) == 3]
    said += [f"{name} changed from {before[name]} to {after[name]}: measured differently now" for name in changed]
    return said


def _scores(lake: Lake, version: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = lake.read(SCORES, version=version).to_pylist()
    return rows


def _findings(lake: Lake) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = lake.read(FINDINGS).to_pylist() if lake.exists(FINDINGS) else []
    return rows


def _number(value: float | None) -> str:
    return "unmeasured" if value is None else f"{value:.3f}"
