"""Faults of whole days: from which day on the shop's export is wrong, and which check must say so."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from semops_data.synthesis.parameters import Business


@dataclass(frozen=True)
class Scenario:
    """The number of the day on which each fault begins, 0 for the first day of trade; None where it never does.

    Attributes:
        cents_as_euros: payments are exported in cents, in the column that holds euros.
        dollars_as_euros: payments are exported in dollars, in the column that holds euros.
        new_column: orders are exported with a column that no contract knows.
        changed_type: quantities in stock are exported as texts with a unit.
        drift: customers order many more units of everything: the data are right, and different.
        refunds_in_revenue: refunds are exported as 0, so that net revenue silently includes them.
        redefined_revenue: the SQL of the mart no longer takes refunds off; every row of the exports is right.
    """

    cents_as_euros: int | None = None
    dollars_as_euros: int | None = None
    new_column: int | None = None
    changed_type: int | None = None
    drift: int | None = None
    refunds_in_revenue: int | None = None
    redefined_revenue: int | None = None

    @classmethod
    def parse(cls, text: str) -> Scenario:
        """Read `drift=3,new_column=5`.

        Raises:
            ValueError: naming what cannot be read, and the faults there are.
        """
        known = [field.name for field in fields(cls)]
        chosen: dict[str, int] = {}
        for part in (part.strip() for part in text.split(",") if part.strip()):
            name, _, number = part.partition("=")
            if name.strip() not in known or not number.strip().isdigit():
                raise ValueError(
                    f"scenario {part!r} is not NAME=DAY with a day from 0 and a name of {', '.join(known)}: "
                    "correct SEMOPS_SCENARIO"
                )
            chosen[name.strip()] = int(number)
        return cls(**chosen)

    def is_on(self, fault: str, business: Business, day: date) -> bool:
        """Whether the fault holds on the day."""
        begins = getattr(self, fault)
        return begins is not None and (day - business.start_date).days >= begins
