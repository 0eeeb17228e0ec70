"""The calendar that the rooms share.

One daily calendar, open at the end: a day can be materialized once it is over. Keys are ISO dates, UTC.
"""

import dagster as dg

from semops_data.settings import load_settings

calendar = dg.DailyPartitionsDefinition(start_date=load_settings().start_date.isoformat(), timezone="UTC")
