"""What was compared, from the tables: the newest of each method, how far each is behind the best, and by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from semops_data.coherence.experiments.measure import difference
from semops_data.coherence.experiments.methods import METHODS
from semops_data.coherence.experiments.run import CASES, EXPERIMENTS, VERDICTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semops_data.lakehouse.lake import Lake

Row = dict[str, Any]


def every(lake: Lake) -> list[Row]:
    """Every experiment, the newest first."""
    return sorted(lake.read(EXPERIMENTS).to_pylist(), key=lambda row: row["measured_at"], reverse=True)


def newest(lake: Lake) -> list[Row]:
    """The newest experiment of each method on the cases of the newest one, in the order of the methods.

    Figures on other cases are no comparison: they are left out.
    """
    rows, found = every(lake), dict[str, Row]()
    for row in rows:
        if row["cases_digest"] == rows[0]["cases_digest"]:
            found.setdefault(row["method"], row)
    return [found[name] for name in METHODS if name in found]


def behind_the_best(lake: Lake, rows: Sequence[Row]) -> list[Row]:
    """How much less often each experiment is right than the best one, on the cases that both were asked.

    Args:
        lake: with the verdicts.
        rows: experiments; those without an accuracy are left out, and so are those on other cases than the best.

    Returns:
        Rows of experiment_id, method, best, value, low, high; the best itself is not among them.
    """
    measured = [row for row in rows if row["accuracy"] is not None]
    if not measured:
        return []
    best = max(measured, key=lambda row: row["accuracy"])
    right, families = _right(lake), _families(lake)
    found = []
    for row in measured:
        if row is best or row["cases_digest"] != best["cases_digest"]:
            continue
        one, other = (right.get((each["experiment_id"], each["method"]), {}) for each in (row, best))
        shared = sorted(case for case in one.keys() & other.keys() if one[case] is not None and other[case] is not None)
        apart = difference([bool(one[case]) for case in shared], [bool(other[case]) for case in shared],
                           [families[case] for case in shared])  # fmt: skip
        if apart.value is not None:
            about = {"experiment_id": row["experiment_id"], "method": row["method"], "best": best["method"]}
            found.append(about | {"value": apart.value, "low": apart.low, "high": apart.high})
    return found


def by_kind(lake: Lake, rows: Sequence[Row]) -> dict[tuple[str, str], dict[str, str]]:
    """How many cases of each source and kind each method gets right, `9 of 12`, by method."""
    right = _right(lake)
    cases = {row["case_id"]: row for row in lake.read(CASES, columns=["case_id", "source", "kind"]).to_pylist()}
    hits: dict[tuple[str, str], dict[str, list[bool]]] = {}
    for row in rows:
        for case, hit in right.get((row["experiment_id"], row["method"]), {}).items():
            kind = (cases[case]["source"], cases[case]["kind"].replace("_", " "))
            if hit is not None:
                hits.setdefault(kind, {}).setdefault(row["method"], []).append(hit)
    return {
        kind: {method: f"{sum(found)} of {len(found)}" for method, found in of_kind.items()}
        for kind, of_kind in sorted(hits.items())
    }


def _right(lake: Lake) -> dict[tuple[str, str], dict[str, bool | None]]:
    found: dict[tuple[str, str], dict[str, bool | None]] = {}
    for row in lake.read(VERDICTS, columns=["experiment_id", "case_id", "judge", "is_right"]).to_pylist():
        found.setdefault((row["experiment_id"], row["judge"]), {})[row["case_id"]] = row["is_right"]
    return found


def _families(lake: Lake) -> dict[str, str]:
    return {row["case_id"]: row["family"] for row in lake.read(CASES, columns=["case_id", "family"]).to_pylist()}
