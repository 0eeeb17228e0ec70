"""`GAPS.md`: the classes, what was measured, the rules and their limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semops_data.markdown import cell
from semops_data.projection.fit import ENOUGH_POINTS
from semops_data.projection.gaps import (
    FEWEST_POINTS,
    LARGE_MEMORY_SHARE,
    LONG_SECONDS,
    LONGEST_SECONDS,
    NOTICEABLE_SECONDS,
    STEEP_ALPHA,
    TARGET_FACTOR,
    Gap,
    duration,
    exponent,
    gib,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semops_data.projection.machine import Machine
    from semops_data.projection.measure import Cost

RULES = f"""\
- **unmeasured**: fewer than {FEWEST_POINTS} factors could be measured.
- **blocking** (rethink): the projected peak memory exceeds the machine's, the projected time exceeds
  {LONGEST_SECONDS / 3_600:g} h, or the asset failed at a larger factor after it had succeeded at a smaller one.
- **concerning** (the logic has to change): time or memory certainly grows faster than the data (exponent above
  {STEEP_ALPHA:g} and its whole interval above 1), or seems to while the projected time is above
  {NOTICEABLE_SECONDS:g} s; the projected memory exceeds {LARGE_MEMORY_SHARE:.0%} of the machine's, or its interval
  reaches the machine's, given at least {ENOUGH_POINTS} factors; the projected time exceeds
  {LONG_SECONDS / 3_600:g} h.
- **clean** (infrastructure only): none of these."""


def render(gaps: Sequence[Gap], costs: Sequence[Cost], machine: Machine, *, orders_per_day: int) -> str:
    """`GAPS.md`: the table of classes, what was measured, the rules and their limits."""
    factors = sorted({cost.factor for cost in costs})
    lines = [
        f"# Gaps at {TARGET_FACTOR:g} times the size", "",
        (f"Measured at {', '.join(f'x{factor:g}' for factor in factors)} of {orders_per_day:,} orders a day and the "
        f"configured corpus, each asset alone in a fresh process, on {machine.cpu_count} processors with "
        f"{gib(machine.memory_bytes)} of memory. Projected by y = a + b*s^alpha; in brackets what the measurements do "
        "not rule out."), "",
        "| asset | class | time | memory | time grows with s^ | memory grows with s^ | why |", f"|{' --- |' * 7}",
    ]  # fmt: skip
    lines += [_gap_line(gap) for gap in gaps]
    lines += [
        "",
        "## Measured",
        "",
        "| asset | factor | wall | cpu | peak memory | before | rows |",
        f"|{' --- |' * 7}",
    ]
    lines += [_cost_line(cost) for cost in costs]
    lines += ["", "## Rules", "", RULES, "", "## Limits", ""]
    lines += [
        "- One machine, its load included; one day of the calendar; a registry of fixed size.",
        f"- With fewer than {ENOUGH_POINTS} factors growth is taken as linear unless the measurements rule that out.",
        "- Time leaves out starting Python and importing the code location; loading a model counts, as a constant.",
        "- Memory is that of the asset's own process; a server beside it (the warehouse) is not counted.",
        f"- {TARGET_FACTOR:g} times lies far outside the measured factors: an estimate that names its uncertainty.",
        "",
    ]
    return "\n".join(lines)


def _gap_line(gap: Gap) -> str:
    if gap.wall is None or gap.memory is None:
        return f"| {gap.asset_key} | **{gap.grade}** | - | - | - | - | {cell(gap.reason)} |"
    low, high = gap.wall.interval_at(TARGET_FACTOR)
    least, most = gap.memory.interval_at(TARGET_FACTOR)
    time = f"{duration(gap.wall.best.at(TARGET_FACTOR))} [{duration(low)}, {duration(high)}]"
    memory = f"{gib(gap.memory.best.at(TARGET_FACTOR))} [{gib(least)}, {gib(most)}]"
    return (
        f"| {gap.asset_key} | **{gap.grade}** | {time} | {memory} | {exponent(gap.wall)} | {exponent(gap.memory)} | "
        f"{cell(gap.reason)} |"
    )


def _cost_line(cost: Cost) -> str:
    if cost.wall_seconds is None or cost.cpu_seconds is None:
        return f"| {cost.asset_key} | {cost.factor:g} | failed: {cell(cost.reason or '')} | | | | |"
    rows = "" if cost.row_count is None else f"{cost.row_count:,}"
    peak, before = ((value or 0) / 2**20 for value in (cost.peak_memory_bytes, cost.baseline_memory_bytes))
    return (
        f"| {cost.asset_key} | {cost.factor:g} | {cost.wall_seconds:.3f} s | {cost.cpu_seconds:.3f} s | "
        f"{peak:.0f} MiB | {before:.0f} MiB | {rows} |"
    )
