"""A small real stack for the audit: landed, settled, loaded and computed; one clean day, one of planted faults."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from semops_data.contracts.business import SHOP_TABLES, is_daily
from semops_data.lakehouse.aggregates import aggregate
from semops_data.lakehouse.lake import Lake
from semops_data.lakehouse.schema import SchemaChangeError
from semops_data.lakehouse.settle import settle
from semops_data.landing.store import ObjectStore
from semops_data.lineage.audit.material import Material
from semops_data.lineage.audit.walk import audit
from semops_data.lineage.columns import ColumnGraph, declared
from semops_data.profiling.drift import profile_and_drift
from semops_data.profiling.history import to_rows
from semops_data.registry.load import load
from semops_data.registry.model import Registry
from semops_data.registry.source import OWN
from semops_data.settings import Settings
from semops_data.synthesis.scenario import Scenario
from semops_data.warehouse.follow import follow
from semops_data.warehouse.marts import build_mart
from semops_data.warehouse.warehouse import Warehouse
from semops_data_tests.scenario import DAYS, land_day, small_business

CLEAN, FAULTY = DAYS[:2]
SCENARIO = Scenario(refunds_in_revenue=1, cents_as_euros=1, changed_type=1, new_column=1, drift=1)
ORDERS = 150
LOADED = {CLEAN: ("orders", "order_items", "payments", "returns"), FAULTY: ("orders", "order_items")}
"""What is loaded of each day: a load costs a third of a second, and a run would hold back the rest of the second."""
COMPUTED = {CLEAN: ("daily_revenue", "after_sales"), FAULTY: ("daily_revenue",)}
AUDITED = COMPUTED[CLEAN]


@dataclass(frozen=True)
class Stack:
    settings: Settings
    lake: Lake
    store: ObjectStore
    warehouse: Warehouse
    registry: Registry
    graph: ColumnGraph

    def material(self, day, *, registry=None, is_light=False):
        registry = registry or self.registry
        return Material(self.lake, self.store, self.warehouse, registry, day, is_light=is_light)

    def audit(self, mart, column, day, *, registry=None):
        with self.material(day, registry=registry) as material:
            return audit((mart if "/" in mart else f"warehouse/{mart}", column), self.graph, material)


def build(settings):
    """The stack in the home of these settings."""
    lake, store = Lake(settings.lake_root), ObjectStore(settings.landing_root)
    warehouse = Warehouse(settings)
    for day in (CLEAN, FAULTY):
        _fill(lake, store, warehouse, day)
    return Stack(settings, lake, store, warehouse, load(OWN), declared(*AUDITED))


def _fill(lake, store, warehouse, day):
    made = land_day(store, day, small_business(orders_per_day=ORDERS, scenario=SCENARIO))
    lake.replace("synthesis/truth", made.truth, where={"day": day})
    for name in SHOP_TABLES:
        # What the lakehouse refuses is not there for whoever comes after it, as in a run.
        with suppress(SchemaChangeError):
            settle(lake, store, name, day)
            if is_daily(name) and name in LOADED[day]:
                follow(warehouse, lake, f"warehouse/fct_{name}", f"lakehouse/{name}", day=day)
    for name in COMPUTED[day]:
        lake.replace(f"lakehouse/{name}", aggregate(lake, name, day), where={"day": day})
        build_mart(warehouse, name, day=day)
    if day == FAULTY:
        _compare_with_the_day_before(lake)


def _compare_with_the_day_before(lake):
    key = "lakehouse/order_items"
    before, after = (lake.read(key, where={"day": day}) for day in (CLEAN, FAULTY))
    profile, _ = profile_and_drift(before, key, {})
    _, moves = profile_and_drift(after, key, {CLEAN: profile})
    lake.replace("profiling/drift", to_rows(moves.values(), key, day=FAULTY), where={"day": FAULTY})
