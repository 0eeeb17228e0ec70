"""Campaigns: every two weeks one begins, for six weeks, so that mail, ads and social media have one each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from semops_data.contracts import table
from semops_data.contracts.shop import TRAFFIC_SOURCES
from semops_data.synthesis.chance import DAY_SECONDS, lasting, midnight, moments
from semops_data.synthesis.strings import identifiers, pick

if TYPE_CHECKING:
    from datetime import date

    from semops_data.synthesis.chance import Ints
    from semops_data.synthesis.parameters import Business

EVERY_DAYS = 14
SOURCES = tuple(TRAFFIC_SOURCES.index(name) for name in ("email", "paid", "social"))
LENGTH_DAYS = EVERY_DAYS * len(SOURCES)
PLANNED_DAYS = 30
STATUSES = ("planned", "running", "ended")
THEMES = ("Spring", "Sale", "New in", "Members", "Outdoor", "Clearance", "Gifts", "Home")


def campaign_ids(index: Ints) -> pa.Array:
    """Identifiers of campaigns by number."""
    return identifiers("K", index, 4)


def running(business: Business, day: date) -> Ints:
    """Number of the campaign that runs on the day, for each traffic source; -1 where none does."""
    found = np.full(len(TRAFFIC_SOURCES), -1)
    latest = _latest(business, day, 0)
    for number in range(latest - len(SOURCES) + 1, latest + 1):
        found[SOURCES[number % len(SOURCES)]] = number
    return found


def _latest(business: Business, day: date, ahead_days: int) -> int:
    """Number of the latest campaign that begins within so many days; the first three began before the first day."""
    return (business.days_open(day) + ahead_days) // EVERY_DAYS + len(SOURCES) - 1


def campaigns(business: Business, day: date) -> pa.Table:
    """All campaigns that were planned by the day: rows of `lakehouse/campaigns`."""
    index = np.arange(_latest(business, day, PLANNED_DAYS) + 1)
    start = midnight(business.start_date) + (index - len(SOURCES) + 1) * EVERY_DAYS * DAY_SECONDS
    end = start + LENGTH_DAYS * DAY_SECONDS
    now = midnight(day)
    status = (now >= start).astype(np.int64) + (now >= end)
    changed = np.select([status == 0, status == 1], [start - PLANNED_DAYS * DAY_SECONDS, start], end)
    theme = (lasting(business, "theme", index) * len(THEMES)).astype(np.int64)
    source = np.array(SOURCES)[index % len(SOURCES)]
    names = [f"{THEMES[t]} by {TRAFFIC_SOURCES[s]} {n}" for n, (t, s) in enumerate(zip(theme, source, strict=True))]
    return pa.Table.from_arrays(
        [
            campaign_ids(index),
            pa.array(names, pa.string()),
            pick(TRAFFIC_SOURCES, source),
            pick(STATUSES, status),
            pa.array(10_000 + (lasting(business, "budget", index) * 90).astype(np.int64) * 1_000),
            moments(start),
            moments(end),
            moments(changed),
        ],
        schema=table("lakehouse/campaigns").arrow_schema,
    )
