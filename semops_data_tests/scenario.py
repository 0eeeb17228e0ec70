"""The one small business that all tests share."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from semops_data.lakehouse.lake import Lake
from semops_data.landing.store import ObjectStore
from semops_data.settings import Settings
from semops_data.synthesis.parameters import Business

if TYPE_CHECKING:
    from pathlib import Path

    from semops_data.synthesis.business import BusinessDay

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


def small_business(**overrides: Any) -> Business:
    """The business that `small_settings` describes."""
    values: dict[str, Any] = {"seed": 7, "orders_per_day": 200, "defect_rate": 0.02, "start_date": date(2026, 1, 1)}
    return Business(**(values | overrides))


def small_lake(tmp_path: Path) -> tuple[Lake, ObjectStore]:
    """An empty lake and an empty landing store below `tmp_path`."""
    return Lake(str(tmp_path / "delta")), ObjectStore(str(tmp_path / "s3"))


def land_day(store: ObjectStore, day: str, business: Business | None = None) -> BusinessDay:
    """Land all exports of a day; the day itself, with its answers and defects."""
    from semops_data.landing.objects import land
    from semops_data.synthesis.business import business_day

    made = business_day(business or small_business(), date.fromisoformat(day))
    for name, rows in made.tables.items():
        land(store, name, day, rows, made.cut_rows(name))
    return made


def settle_day(lake: Lake, store: ObjectStore, day: str, business: Business | None = None) -> BusinessDay:
    """Land a day, write its answers, and bring all its tables into the lake."""
    from semops_data.contracts.business import SHOP_TABLES
    from semops_data.lakehouse.settle import settle

    made = land_day(store, day, business)
    lake.replace("synthesis/truth", made.truth, where={"day": day})
    for name in SHOP_TABLES:
        settle(lake, store, name, day)
    return made
