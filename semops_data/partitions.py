"""The calendar that the rooms share.

One daily calendar, open at the end: a day can be materialized once it is over. Keys are ISO dates, UTC.
"""

import dagster as dg

from semops_data.settings import load_settings

calendar = dg.DailyPartitionsDefinition(start_date=load_settings().start_date.isoformat(), timezone="UTC")


def days_back(count: int) -> dg.TimeWindowPartitionMapping:
    """What a day reads of another asset: the same day and so many days before, where the calendar has them."""
    return dg.TimeWindowPartitionMapping(start_offset=-count)
