"""What several judges say together: the majority, and how far they agree beyond chance."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

FEWEST_RATINGS = 2


def majority(labels: Sequence[str]) -> str | None:
    """The label of more than half of the votes; None where there is none."""
    if not labels:
        return None
    label, count = Counter(labels).most_common(1)[0]
    return label if count * 2 > len(labels) else None


def krippendorff_alpha(units: Sequence[Sequence[str | None]]) -> float | None:
    """Krippendorff's alpha for named categories.

    Args:
        units: what each judge said of each unit; None where it said nothing. Units with fewer than two say nothing.

    Returns:
        1 for agreement throughout, 0 for what chance would give, below 0 for less; None where it is not defined:
        fewer than two ratings of any unit, or only one category in all of them.
    """
    rated = [values for unit in units if len(values := [v for v in unit if v is not None]) >= FEWEST_RATINGS]
    totals = Counter(value for values in rated for value in values)
    count = totals.total()
    if len(totals) < FEWEST_RATINGS:
        return None
    disagreed = 0.0
    for values in rated:
        held = Counter(values)
        disagreed += (len(values) ** 2 - sum(n * n for n in held.values())) / (len(values) - 1)
    expected = (count**2 - sum(n * n for n in totals.values())) / (count - 1)
    return 1 - disagreed / expected
