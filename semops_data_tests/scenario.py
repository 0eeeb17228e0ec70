"""The one small business that all tests share."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from semops_data.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
DAY = DAYS[0]


def small_settings(tmp_path: Path, **overrides: Any) -> Settings:
    """Settings of a platform home below `tmp_path`, with about 200 orders a day from 1 January 2026."""
    values: dict[str, Any] = {
        "home": tmp_path / "home",
        "start_date": date(2026, 1, 1),
        "orders_per_day": 200,
        "seed": 7,
        "defect_rate": 0.02,
    }
    return Settings(**(values | overrides))
