"""Stability: has the definition's meaning been preserved since its baseline?

S = (identical sentences + sum over aligned pairs of P(the new one still says what the old one said)) / old sentences,
with pairs aligned at cosine >= 0.5. What was added lowers S only where it contradicts what was said. The probability
is estimated from words, vectors and rules (`method=embedding`), and with a contradiction model from that too.
The baseline is the version at which the pattern became active: the registry's date, or else the first version that is
known. A change that somebody decided is reported apart, and what it brought is the wording that later ones are held
against: uncontrolled drift lowers S, governed change does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from semops_data.coherence.alignment import Change, compare, questions
from semops_data.coherence.factor import Factor, measured, unmeasured

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from semops_data.coherence.alignment import Told

METHOD = "embedding"
HYBRID = "v4-hybrid"
DAYS_PER_QUARTER = 365.25 / 4
# A pattern that nobody has promised yet may change as it likes.
UNPROMISED = frozenset({"draft", "in_progress"})


@dataclass(frozen=True)
class Version:
    """One wording of a definition: its sentences, when it began, where it stood, and what decided it, if anything."""

    valid_from: datetime
    sentences: tuple[str, ...]
    document_id: str | None = None
    line: int | None = None
    commit: str | None = None
    decision: str | None = None


@dataclass(frozen=True)
class Course:
    """A definition's wordings since its baseline.

    Attributes:
        since: the baseline and everything after it, oldest first.
        from_registry: whether the registry dates the baseline.
        held: position in `since` of the wording that the current one is held against: the last one that was decided,
            or the baseline.
    """

    since: tuple[Version, ...]
    from_registry: bool
    held: int

    @property
    def transitions(self) -> list[tuple[Version, Version]]:
        """Each wording with the one before it, and the one held against with the current one."""
        ends = [(self.since[self.held], self.since[-1])] if len(self.since) > 1 else []
        return [*pairwise(self.since), *ends]


def course(versions: Sequence[Version], baseline: datetime | None) -> Course | None:
    """The wordings that stability is measured on; None where there is none."""
    known = [version for version in versions if version.sentences]
    if not known:
        return None
    before = [version for version in known if baseline is not None and version.valid_from <= baseline]
    since = tuple(known[len(before) - 1 if before else 0 :])
    held = max((place for place, version in enumerate(since) if place and version.decision), default=0)
    return Course(since, bool(before), held)


def asked(
    versions: Sequence[Version], vectors: Mapping[str, np.ndarray], baseline: datetime | None
) -> list[tuple[str, str]]:
    """The (premise, hypothesis) of which `stability` wants to know a model's answers."""
    found = course(versions, baseline)
    changes = found.transitions if found else []
    return [pair for old, new in changes for pair in questions(old.sentences, new.sentences, vectors)]


def stability(
    pattern_id: str,
    versions: Sequence[Version],
    vectors: Mapping[str, np.ndarray],
    *,
    baseline: datetime | None,
    as_of: datetime,
    told: Mapping[tuple[str, str], Told] | None = None,
    method: str = METHOD,
    lifecycle: str = "active",
    vocabulary: Collection[str] = (),
) -> Factor:
    """The pattern's stability: what its current wording keeps of its baseline.

    Args:
        pattern_id: the pattern.
        versions: its wordings, oldest first.
        vectors: unit vector of every sentence of every version.
        baseline: when it became active; the first version where None.
        as_of: the moment up to which the corpus was observed.
        told: a model's answers to `asked`; estimated without.
        method: what gave them; `v2-nli` leaves the rules out.
        lifecycle: of the pattern; a draft has no baseline.
        vocabulary: words that the corpus uses in several places, by which slips of the pen are told.
    """
    found = course(versions, baseline)
    if found is None:
        return unmeasured(pattern_id, "no version of the definition was found in the corpus or registry", method=method)
    since = found.since
    days = max((as_of - since[0].valid_from).total_seconds() / 86_400, 0.0)
    observed = _observed(found, days)
    if lifecycle in UNPROMISED and baseline is None:
        reason = f"no baseline: the pattern is {lifecycle} and not active yet, observed for {days:.0f} days"
        return unmeasured(pattern_id, reason, method=method, **observed)
    if len(since) == 1:
        reason = f"one version since the baseline, observed for {days:.0f} days"
        return unmeasured(pattern_id, reason, method=method, **observed)
    rules = told is None or method == HYBRID

    def change_of(old: Version, new: Version) -> Change:
        return compare(old.sentences, new.sentences, vectors, told, rules=rules, vocabulary=vocabulary)

    steps = [(new, change_of(old, new)) for old, new in pairwise(since)]
    change = change_of(since[found.held], since[-1])
    state = 1.0 - change.preserved
    quarters = max((as_of - since[found.held].valid_from).total_seconds() / 86_400 / DAYS_PER_QUARTER, 1.0)
    return measured(
        pattern_id,
        np.array(change.kept),
        method=method,
        evidence=observed
        | {
            "state": round(state, 4),
            "trend_per_quarter": round(state / quarters, 4),
            "kind": change.kind,
            "rule": change.rule,
            "old": change.old,
            "new": change.new,
            "still_holds": round(change.holds, 4),
            "governed": [_step(new, step) | {"decision": new.decision} for new, step in steps if new.decision],
            "transitions": [_step(new, step) for new, step in steps],
        },
    )


def _observed(found: Course, days: float) -> dict[str, Any]:
    first, held = found.since[0], found.since[found.held]
    return {
        "baseline": first.valid_from.isoformat(),
        "baseline_from": "registry" if found.from_registry else "first version",
        "baseline_document": first.document_id,
        "baseline_line": first.line,
        "baseline_commit": first.commit,
        "held_against": held.valid_from.isoformat(),
        "held_document": held.document_id,
        "held_line": held.line,
        "held_commit": held.commit,
        "versions": len(found.since),
        "days_observed": round(days, 1),
    }


def _step(new: Version, step: Change) -> dict[str, Any]:
    return {
        "at": new.valid_from.isoformat(),
        "commit": new.commit,
        "document": new.document_id,
        "line": new.line,
        "preserved": round(step.preserved, 4),
        "kind": step.kind,
        "rule": step.rule,
    }
