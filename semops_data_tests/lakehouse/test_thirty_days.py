"""A month of trade with every kind of broken row, a drift and a new column: the metrics are the known answers.

Landed objects are read, judged and aggregated as the assets do it; the tables stay in memory, because that Delta
keeps what it is given is proven elsewhere and a month of commits takes a minute.
"""

from datetime import date, timedelta

import pyarrow as pa
import pytest

from semops_data.contracts import table
from semops_data.contracts.business import LOOK_BACK, SHOP_TABLES, is_daily
from semops_data.contracts.metrics import DEFECT_KINDS
from semops_data.contracts.rules import DUPLICATE
from semops_data.lakehouse.aggregates import DAYS_BEFORE, READS, query
from semops_data.lakehouse.refine import refine
from semops_data.landing.objects import read_landed
from semops_data.synthesis.faults import DAY_FAULTS
from semops_data.synthesis.scenario import Scenario
from semops_data_tests.scenario import land_day, small_business, small_lake

DAYS = [(date(2026, 1, 1) + timedelta(days=number)).isoformat() for number in range(30)]
BUSINESS = small_business(orders_per_day=40, defect_rate=0.3, scenario=Scenario(drift=15, new_column=20))
FALSIFYING = {"changed_type", "silent_redefinition"}
"""Kinds that make metrics wrong, so that a check must object: synthesis/test_manifest."""


class Month:
    """The kept rows of all tables, by day."""

    def __init__(self) -> None:
        self.kept: dict[str, list[pa.Table]] = {name: [] for name in SHOP_TABLES}

    def last(self, name: str, days: int) -> pa.Table:
        return pa.concat_tables(self.kept[name][-days:])

    def known(self, name: str) -> dict[str, pa.ChunkedArray]:
        found = {}
        for column, target, target_column in table(f"lakehouse/{name}").references:
            other = target.split("/")[1]
            found[column] = self.last(other, LOOK_BACK.get(name, 0) + 1 if is_daily(other) else 99)[target_column]
        return found

    def aggregate(self, name: str, day: str | None) -> list[dict]:
        days = DAYS_BEFORE.get(name, 0) + 1 if day else len(DAYS)
        return query(name, {source: self.last(source, days) for source in READS[name]}, day).to_pylist()


@pytest.mark.slow
def test_truth_equals_aggregates_on_thirty_days_with_all_defects_planted(tmp_path):
    """What was broken is quarantined for the reason that was planted, and what is left adds up to the cent."""
    _, store = small_lake(tmp_path)
    month, worth, kinds = Month(), {}, set()
    for day in DAYS:
        made = land_day(store, day, BUSINESS)
        defects = made.defects.to_pylist()
        kinds |= {row["kind"] for row in defects}
        for name in SHOP_TABLES:
            landed = read_landed(store, name, day)
            refined = refine(name, day, landed, month.known(name))
            planted = {r["row_number"]: r["caught_by"] for r in defects if r["table_name"] == name}
            reasons = {row["row_number"]: row["reason"] for row in refined.quarantined.to_pylist()}
            assert reasons == {n: by for n, by in planted.items() if by != DUPLICATE and n >= 0}, (day, name)
            assert refined.ledger.is_balanced
            assert refined.kept.num_rows == made.clean[name].num_rows
            month.kept[name].append(refined.kept)
        _compare(month, day, made.truth.to_pylist(), worth)
    shown = {row["customer_id"]: row["net_revenue_cents"] for row in month.aggregate("customer_value", None)}
    assert shown == worth
    assert kinds == set(DEFECT_KINDS) - FALSIFYING
    assert {fault.kind for fault in DAY_FAULTS} >= FALSIFYING


def _compare(month: Month, day: str, truth: list[dict], worth: dict[str, int]) -> None:
    """One day's aggregates against its answers; adds the customers' revenue of the day to `worth`."""
    answers = {(row["subject"], row["metric"]): row["ratio"] if row["value"] is None else row["value"] for row in truth}
    compared = 0
    for name in ("daily_revenue", "after_sales", "funnel"):
        (row,) = month.aggregate(name, day)
        for metric in (row.keys() - {"day"}) & {metric for subject, metric in answers if subject == "all"}:
            assert row[metric] == pytest.approx(answers["all", metric], rel=1e-9), (day, metric)
            compared += 1
    for row in month.aggregate("revenue_restated", day):
        for metric in ("orders", "gmv_cents", "discount_cents", "refund_cents", "net_revenue_cents"):
            assert row[metric] == answers[row["order_day"], f"restated_{metric}"], (day, row["order_day"], metric)
            compared += 1
    assert compared >= 30
    for (subject, metric), value in answers.items():
        if metric == "customer_net_revenue_cents":
            worth[subject] = worth.get(subject, 0) + value
