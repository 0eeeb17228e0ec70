"""Two tracked runs side by side, from the ledger: no server is asked.

A run is named by its MLflow id, its Dagster run id, its OpenLineage run id, or the start of one of them. A Dagster run
is compared asset by asset.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from semops_data.tracking.fold import TrackedRun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from semops_data.lineage.outbox import Outbox

_SHORTEST = 4
_IDS = ("dagster_run_id", "openlineage_run_id")


class UnknownRunError(LookupError):
    """No tracked run has that id, or several have it."""


@dataclass(frozen=True)
class Difference:
    """One value that two runs do not share; None where a run has none.

    Attributes:
        asset: asset key, with its partition where it has one; empty for the Dagster run itself.
        kind: param, metric, input, output or status.
        name: what differs.
        change: right less left, for metrics that both have.
    """

    asset: str
    kind: str
    name: str
    left: str | float | None
    right: str | float | None
    change: float | None = None


def find(ledger: Outbox, name: str) -> list[TrackedRun]:
    """The tracked runs of one name: a single materialization, or a Dagster run with all of its own, the parent first.

    Raises:
        UnknownRunError: where there is none, or the start of an id fits several.
    """
    if len(name) < _SHORTEST:
        raise UnknownRunError(f"{name!r} is too short: give at least {_SHORTEST} characters of a run's id")
    found: dict[str, list[TrackedRun]] = {}
    for key, body, receipt in ledger.told(name):
        run = TrackedRun.from_json(body)
        ids = [run.tags.get(kind, "") for kind in _IDS] + [receipt or "", key.rpartition("/")[2]]
        if run.parent_key is None:
            ids = [run.tags["dagster_run_id"], receipt or ""]
        for own in {own for own in ids if own.startswith(name)}:
            found.setdefault(own, []).append(run)
    if not found:
        raise UnknownRunError(
            f"no tracked run has an id that starts with {name!r}: `dst track status` lists the newest"
        )
    if len({tuple(run.key for run in runs) for runs in found.values()}) > 1:
        raise UnknownRunError(f"{name!r} is the start of several ids: {', '.join(sorted(found))}")
    return next(iter(found.values()))


def compare(left: Sequence[TrackedRun], right: Sequence[TrackedRun]) -> list[Difference]:
    """What two runs do not share, asset by asset, parameters first."""
    if len(left) == len(right) == 1:
        # Two materializations may be of two partitions, or even of two assets.
        return _differences(left[0].name if left[0].name == right[0].name else "", left[0], right[0])
    sides = _by_subject(left, right)
    return [
        difference
        for subject in sorted({*sides[0], *sides[1]})
        for difference in _differences(subject, sides[0].get(subject), sides[1].get(subject))
    ]


def _by_subject(left: Sequence[TrackedRun], right: Sequence[TrackedRun]) -> list[dict[str, TrackedRun]]:
    """Both sides by asset and partition; an asset of which each side has one other partition is compared as it is."""
    assets = [Counter(run.tags.get("asset_key", "") for run in runs) for runs in (left, right)]
    names = {run.name for run in left} & {run.name for run in right}

    def subject(run: TrackedRun) -> str:
        if run.parent_key is None:
            return ""
        key = run.tags.get("asset_key", "")
        is_pair = run.name not in names and assets[0][key] == assets[1][key] == 1
        return key if is_pair else run.name

    return [{subject(run): run for run in runs} for runs in (left, right)]


def _differences(subject: str, left: TrackedRun | None, right: TrackedRun | None) -> list[Difference]:
    if left is None or right is None:
        only = left or right
        status = only.status if only else None
        return [Difference(subject, "status", "status", status if left else None, status if right else None)]
    found = [Difference(subject, "status", "status", left.status, right.status)] * (left.status != right.status)
    found += _unequal(subject, "param", left.params, right.params)
    found += _unequal(subject, "metric", left.metrics, right.metrics)
    for context in ("input", "output"):
        digests = [
            {_dataset(d.name, subject, run): d.digest for d in run.datasets if d.context == context}
            for run in (left, right)
        ]
        found += _unequal(subject, context, *digests)
    return found


def _dataset(name: str, subject: str, run: TrackedRun) -> str:
    """A dataset's name, without its partition where two partitions of an asset are compared."""
    return name.partition(" ")[0] if subject == run.tags.get("asset_key") != run.name else name


def _unequal(
    subject: str,
    kind: str,
    left: Mapping[str, str] | Mapping[str, float],
    right: Mapping[str, str] | Mapping[str, float],
) -> list[Difference]:
    found = []
    for name in sorted({*left, *right}):
        a, b = left.get(name), right.get(name)
        if a != b:
            is_number = isinstance(a, float) and isinstance(b, float)
            found.append(Difference(subject, kind, name, a, b, b - a if is_number else None))  # type: ignore[operator]
    return found
