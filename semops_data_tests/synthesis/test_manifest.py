"""Each planted defect is seen by what the manifest names, and a clean business raises nothing.

Defects of rows are proven in lakehouse/test_refine, row by row; here are those of whole days.
"""

from dataclasses import fields
from datetime import date

import dagster as dg
import pytest

from semops_data.contracts.business import SHOP_TABLES
from semops_data.contracts.rules import DUPLICATE
from semops_data.lakehouse import audit, checks
from semops_data.lakehouse.aggregates import READS, aggregate
from semops_data.lakehouse.assets import AGGREGATES, LAKEHOUSE
from semops_data.lakehouse.schema import SchemaChangeError
from semops_data.lakehouse.settle import settle
from semops_data.synthesis.business import business_day
from semops_data.synthesis.faults import DAY_FAULTS, WHOLE_OBJECT
from semops_data.synthesis.scenario import Scenario
from semops_data_tests.scenario import DAYS, land_day, small_business, small_lake

TRUTHS = ("daily_revenue", "after_sales", "funnel")
FOLLOWS = {
    "cents_as_euros": {"check:lakehouse/after_sales:equals_the_truth"},
    "dollars_as_euros": {"check:lakehouse/after_sales:equals_the_truth"},
    "refunds_in_revenue": {
        "check:lakehouse/revenue_restated:equals_the_truth",
        "check:lakehouse/customer_value:equals_the_truth",
    },
}
"""What else a fault falsifies: metrics over the same column."""


def alarms(lake, store, day, business) -> set[str]:
    """Settle a day and test every claim of the lakehouse; the names of those that do not hold."""
    made, found = land_day(store, day, business), set()
    lake.replace("synthesis/truth", made.truth, where={"day": day})
    for name in SHOP_TABLES:
        try:
            done = settle(lake, store, name, day)
        except SchemaChangeError:
            found.add(f"refusal:lakehouse/{name}")
            continue
        tested = {
            "rows_in_are_all_accounted_for": audit.rows_are_accounted_for(done.ledger),
            "keys_are_unique": audit.keys_are_unique(lake, name, day),
            "references_resolve": audit.references_resolve(lake, name, day),
            "contract_holds": audit.contract_holds(lake, name, day),
            "columns_are_known": audit.columns_are_known(lake, name, day),
            "quarantine_share_is_small": audit.quarantine_share_is_small(done.ledger, 0.05),
        }
        if name == "payments":
            tested["orders_are_paid_in_full"] = audit.orders_are_paid_in_full(lake, day)
        if name == "order_items":
            tested["orders_agree_with_their_items"] = audit.orders_agree_with_their_items(lake, day)
        if name == "inventory":
            tested["stock_adds_up"] = audit.stock_adds_up(lake, day)
        found |= {f"check:lakehouse/{name}:{claim}" for claim, finding in tested.items() if not finding.is_true}
    return found | _false_metrics(lake, day)


def _false_metrics(lake, day) -> set[str]:
    for name in READS:
        rows = aggregate(lake, name, day if name != "customer_value" else None)
        lake.replace(f"lakehouse/{name}", rows, where={"day": day} if name != "customer_value" else None)
    findings = {name: audit.equals_the_truth(lake, f"lakehouse/{name}", day) for name in TRUTHS}
    findings["revenue_restated"] = audit.restated_equals_the_truth(lake, day)
    findings["customer_value"] = audit.customers_equal_the_truth(lake)
    return {f"check:lakehouse/{name}:equals_the_truth" for name, finding in findings.items() if not finding.is_true}


def _business(defect_rate=0.0, **faults):
    return small_business(orders_per_day=60, defect_rate=defect_rate, scenario=Scenario(**faults))


def test_a_clean_business_raises_nothing(tmp_path):
    """An alarm on clean days would be an alarm that nobody reads."""
    lake, store = small_lake(tmp_path)
    for day in DAYS:
        assert alarms(lake, store, day, _business()) == set()
        assert lake.read("lakehouse/orders_quarantine", where={"day": day}).num_rows == 0


@pytest.mark.parametrize("fault", DAY_FAULTS, ids=lambda fault: fault.scenario)
def test_a_fault_of_whole_days_is_seen_by_the_check_that_the_manifest_names(tmp_path, fault):
    """From the day on which it begins, and by nothing else but the metrics over the same column."""
    lake, store = small_lake(tmp_path)
    later, business = _business(**{fault.scenario: 1}), _business(**{fault.scenario: 0})
    assert business_day(later, date.fromisoformat(DAYS[0])).defects.num_rows == 0
    named = business_day(later, date.fromisoformat(DAYS[1])).defects.to_pylist()
    assert [(row["kind"], row["table_name"], row["caught_by"]) for row in named] == [
        (fault.kind, fault.table, fault.caught_by)
    ]
    assert named[0]["row_number"] == WHOLE_OBJECT
    expected = {fault.caught_by} | FOLLOWS.get(fault.scenario, set())
    # Drift and a redefined metric are right data: no rule of the lakehouse may object; profiling/test_checks and
    # warehouse/test_marts prove that their checks do.
    lakehouse = {name for name in expected if not name.startswith(("check:profiling/", "check:warehouse/"))}
    assert alarms(lake, store, DAYS[0], business) == lakehouse


def test_the_checks_of_the_asset_graph_fail_where_the_manifest_says_so_and_nowhere_else(tmp_path):
    """The functions behind the checks are one thing, the checks that stop a run another."""
    lake, store = small_lake(tmp_path)
    together = {"dollars_as_euros", "new_column", "changed_type", "refunds_in_revenue"}
    business = _business(0.02, **dict.fromkeys(together, 0))
    resources = {"lake": lake, "landing_store": store}
    graph = [*LAKEHOUSE, *AGGREGATES, *dg.load_asset_checks_from_modules([checks])]
    made = land_day(store, DAYS[0], business)
    lake.replace("synthesis/truth", made.truth, where={"day": DAYS[0]})
    result = dg.materialize(graph, partition_key=DAYS[0], resources=resources, raise_on_error=False)
    named = {row["caught_by"] for row in made.defects.to_pylist() if row["row_number"] < 0}
    verdicts = result.get_asset_check_evaluations()
    failed = {f"check:{each.asset_key.to_user_string()}:{each.check_name}" for each in verdicts if not each.passed}
    refused = {f"refusal:lakehouse/{name}" for name in SHOP_TABLES if f"lakehouse__{name}" in _failed_steps(result)}
    follows = {claim for fault in together for claim in FOLLOWS.get(fault, ())}
    assert named == {fault.caught_by for fault in DAY_FAULTS if fault.scenario in together}
    assert named <= failed | refused <= named | follows
    quarantined = {
        (name, row["row_number"], row["reason"])
        for name in SHOP_TABLES
        if name != "inventory"
        for row in lake.read(f"lakehouse/{name}_quarantine").to_pylist()
    }
    assert quarantined == {
        (row["table_name"], row["row_number"], row["caught_by"])
        for row in made.defects.to_pylist()
        if row["row_number"] >= 0 and row["caught_by"] != DUPLICATE and row["table_name"] != "inventory"
    }


def _failed_steps(result) -> set[str]:
    return {event.step_key for event in result.all_node_events if event.is_step_failure}


def test_every_fault_names_a_check_of_the_asset_graph():
    """A manifest that names a check which nobody runs would be believed."""
    from semops_data.definitions import defs

    known = {f"check:{key.asset_key.to_user_string()}:{key.name}" for key in _check_keys(defs)}
    assert {fault.caught_by for fault in DAY_FAULTS if fault.caught_by.startswith("check:")} <= known


def _check_keys(defs) -> set[dg.AssetCheckKey]:
    return set(defs.resolve_asset_graph().asset_check_keys)


def test_every_fault_of_a_scenario_has_a_check():
    """A fault that nobody is named for would be seen by nobody."""
    assert [fault.scenario for fault in DAY_FAULTS] == [field.name for field in fields(Scenario)]


def test_a_scenario_is_read_from_a_setting_and_a_misspelt_one_is_refused():
    """What is switched on must be what was meant."""
    assert Scenario.parse(" drift=3, new_column=0") == Scenario(drift=3, new_column=0)
    assert Scenario.parse("") == Scenario()
    with pytest.raises(ValueError, match=r"refunds_in_revenue, redefined_revenue: correct SEMOPS_SCENARIO"):
        Scenario.parse("drifft=3")
