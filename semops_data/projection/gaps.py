"""Classing each asset at the target factor; `report.py` states the rules in words."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from semops_data.projection.fit import ENOUGH_POINTS, MEMORY_NOISE, Fit, fit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from semops_data.projection.machine import Machine
    from semops_data.projection.measure import Cost

TARGET_FACTOR = 100.0
FEWEST_POINTS = 2
STEEP_ALPHA = 1.2
LONGEST_SECONDS = 24 * 3_600.0
LONG_SECONDS = 3_600.0
NOTICEABLE_SECONDS = 60.0
LARGE_MEMORY_SHARE = 0.5


@dataclass(frozen=True)
class Gap:
    """One asset at the target factor.

    Attributes:
        asset_key: the asset.
        grade: clean, concerning, blocking or unmeasured.
        reason: the rule that decided, with its figures and what few points do not allow to say.
        points: different factors that were measured.
        wall: fit of the seconds; None where unmeasured.
        memory: fit of the peak memory in bytes; None where unmeasured.
    """

    asset_key: str
    grade: str
    reason: str
    points: int
    wall: Fit | None = None
    memory: Fit | None = None


def classify(costs: Iterable[Cost], machine: Machine) -> list[Gap]:
    """Class every asset that was measured, gravest first."""
    by_asset: dict[str, list[Cost]] = defaultdict(list)
    for cost in costs:
        by_asset[cost.asset_key].append(cost)
    gaps = [_gap(key, measured, machine) for key, measured in by_asset.items()]
    order = ("blocking", "concerning", "unmeasured", "clean")
    return sorted(gaps, key=lambda gap: (order.index(gap.grade), gap.asset_key))


def _gap(key: str, costs: Sequence[Cost], machine: Machine) -> Gap:
    good = [cost for cost in costs if cost.wall_seconds is not None and cost.peak_memory_bytes is not None]
    failed = [cost for cost in costs if cost.reason is not None]
    factors = [cost.factor for cost in good]
    points = len(set(factors))
    broke = [cost for cost in failed if factors and cost.factor > min(factors)]
    if broke:
        return Gap(
            key,
            "blocking",
            f"succeeded at x{min(factors):g}, failed at x{broke[0].factor:g}: {broke[0].reason}",
            points,
        )
    if points < FEWEST_POINTS:
        why = failed[0].reason if failed else f"measured at {points} factor"
        return Gap(key, "unmeasured", f"{why}; a projection takes at least {FEWEST_POINTS} factors", points)
    wall = fit(factors, [cost.wall_seconds or 0.0 for cost in good])
    memory = fit(factors, [float(cost.peak_memory_bytes or 0) for cost in good], noise=MEMORY_NOISE)
    grade, reason = _grade(wall, memory, machine)
    caveat = f"; provisional: {wall.caveat}" if wall.caveat else ""
    return Gap(key, grade, reason + caveat, points, wall, memory)


def _grade(wall: Fit, memory: Fit, machine: Machine) -> tuple[str, str]:
    """The first rule that holds, and what it says."""
    seconds, peak = wall.best.at(TARGET_FACTOR), memory.best.at(TARGET_FACTOR)
    highest = memory.interval_at(TARGET_FACTOR)[1]
    limit, has_enough = gib(machine.memory_bytes), memory.points >= ENOUGH_POINTS
    rules = (
        ("blocking", peak > machine.memory_bytes, f"memory {gib(peak)} exceeds the machine's {limit}"),
        ("blocking", seconds > LONGEST_SECONDS, f"time {duration(seconds)} exceeds {duration(LONGEST_SECONDS)}"),
        ("concerning", _is_steep(wall, seconds), f"time grows with exponent {exponent(wall)}"),
        ("concerning", _is_steep(memory, seconds), f"memory grows with exponent {exponent(memory)}"),
        (
            "concerning", peak > LARGE_MEMORY_SHARE * machine.memory_bytes,
            f"memory {gib(peak)} is more than {LARGE_MEMORY_SHARE:.0%} of the machine's {limit}",
        ),
        (
            "concerning", has_enough and highest > machine.memory_bytes,
            f"memory may reach {gib(highest)}, the machine has {limit}",
        ),
        ("concerning", seconds > LONG_SECONDS, f"time {duration(seconds)} exceeds {duration(LONG_SECONDS)}"),
    )  # fmt: skip
    for grade, holds, reason in rules:
        if holds:
            return grade, reason
    return "clean", f"time {duration(seconds)}, memory {gib(peak)}"


def _is_steep(fitted: Fit, seconds: float) -> bool:
    is_certain = fitted.alpha_interval[0] > 1.0
    return fitted.best.alpha > STEEP_ALPHA and (is_certain or seconds > NOTICEABLE_SECONDS)


def exponent(fitted: Fit) -> str:
    """The exponent with its interval."""
    low, high = fitted.alpha_interval
    return f"{fitted.best.alpha:.2f} [{low:.2f}, {high:.2f}]"


def gib(size_bytes: float) -> str:
    """A size in GiB."""
    return f"{size_bytes / 2**30:,.2f} GiB"


def duration(seconds: float) -> str:
    """A time in the unit that reads best."""
    return f"{seconds:,.2f} s" if seconds < NOTICEABLE_SECONDS * 2 else f"{seconds / 3_600:,.2f} h"
