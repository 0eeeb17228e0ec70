"""The parameters of the invented business: what decides every byte of it."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from semops_data.synthesis.scenario import Scenario

if TYPE_CHECKING:
    from semops_data.settings import Settings

GENERATOR_VERSION = "4"
"""Raised when the same parameters yield other rows."""


@dataclass(frozen=True)
class Business:
    """One business.

    Attributes:
        seed: seed of every draw.
        orders_per_day: mean number of orders a day, over a year.
        defect_rate: defective rows beside the clean ones, as a share of these, 0-0.5.
        start_date: the first day of trade.
        scenario: faults of whole days; none by default.
    """

    seed: int = 7
    orders_per_day: int = 3_400
    defect_rate: float = 0.01
    start_date: date = date(2026, 1, 1)
    scenario: Scenario = field(default_factory=Scenario)

    @classmethod
    def from_settings(cls, settings: Settings) -> Business:
        """The business that the settings describe."""
        scenario = Scenario.parse(settings.scenario or "")
        return cls(settings.seed, settings.orders_per_day, settings.defect_rate, settings.start_date, scenario)

    @property
    def digest(self) -> str:
        """Eight hexadecimal characters that change with every parameter and with the generator's version."""
        text = "|".join(str(value) for value in (*astuple(self), GENERATOR_VERSION))
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    @property
    def opening_customers(self) -> int:
        """Customers who signed up in the year before the first day."""
        return 5 * self.orders_per_day

    @property
    def sign_ups_per_day(self) -> int:
        """New customers on each day."""
        return max(1, self.orders_per_day // 5)

    @property
    def product_count(self) -> int:
        """Products of the catalogue."""
        return min(5_000, max(50, self.orders_per_day // 7))

    def days_open(self, day: date) -> int:
        """Days of trade before `day`.

        Raises:
            ValueError: where the day lies before the first day of trade.
        """
        elapsed = (day - self.start_date).days
        if elapsed < 0:
            raise ValueError(
                f"{day} lies before the first day of trade, {self.start_date}: choose a later day or set "
                "SEMOPS_START_DATE to an earlier one"
            )
        return elapsed
