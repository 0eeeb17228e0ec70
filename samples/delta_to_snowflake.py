"""Delta to Snowflake: Delta tables are loaded in one transaction per partition, and marts are computed there.

    python samples/delta_to_snowflake.py [FOLDER]

The Delta tables are made in the folder (a temporary one by default). The warehouse is the embedded emulator there, or
the account of SEMOPS_SNOWFLAKE_* where one is configured.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from semops_data.contracts.business import SHOP_TABLES, is_daily
from semops_data.lakehouse.lake import Lake
from semops_data.settings import Settings
from semops_data.synthesis.business import business_day
from semops_data.synthesis.parameters import Business
from semops_data.warehouse import emulator
from semops_data.warehouse.compare import against_truth
from semops_data.warehouse.follow import follow
from semops_data.warehouse.marts import build_mart
from semops_data.warehouse.warehouse import Warehouse

FACTS = [name for name in SHOP_TABLES if is_daily(name) and name not in {"inventory", "order_updates"}]
MARTS = ("daily_revenue", "funnel", "after_sales")


def pipeline(lake: Lake, warehouse: Warehouse, business: Business, days: int = 1) -> bool:
    """Load some days and compute their marts; whether each metric is the known one and nothing is loaded twice."""
    is_right = True
    for number in range(days):
        made = business_day(business, business.start_date + timedelta(days=number))
        day = (business.start_date + timedelta(days=number)).isoformat()
        for name in FACTS:
            lake.replace(f"lakehouse/{name}", made.clean[name], where={"day": day})
            done = follow(warehouse, lake, f"warehouse/fct_{name}", f"lakehouse/{name}", day=day)
            again = follow(warehouse, lake, f"warehouse/fct_{name}", f"lakehouse/{name}", day=day)
            is_right &= again.is_skipped
            print(f"{day} fct_{name:14}{done.rows:7,} rows, loaded again: {'nothing' if again.is_skipped else 'rows'}")
        for mart in MARTS:
            _, rows = build_mart(warehouse, mart, day=day)
            compared, differences = against_truth(rows, made.truth, day)
            is_right &= compared > 0 and not differences
            print(f"{day} {mart:14} {compared} metrics, {len(differences)} differ from the known answers")
    return is_right


def main() -> int:
    """Run the sample; 0 where every metric is right."""
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        settings = Settings(home=home)
        try:
            lake = Lake(str(home / "delta"))
            return 0 if pipeline(lake, Warehouse(settings), Business(orders_per_day=200)) else 1
        finally:
            emulator.stop(settings)


if __name__ == "__main__":
    sys.exit(main())
