"""A mart whose SQL computes something else than its metric's definition is found, whatever the numbers say."""

import re

import pytest

from semops_data.contracts import table
from semops_data.contracts.formulas import FORMULAS, formulas
from semops_data.registry.load import load
from semops_data.registry.source import registry_path
from semops_data.settings import Settings
from semops_data.warehouse.assets import MARTS
from semops_data.warehouse.formulas import deviations
from semops_data.warehouse.marts import mart_sql

NO_METRICS = {"days_later", "week_number", "list_price_cents"}


@pytest.mark.parametrize("mart", MARTS)
def test_the_sql_that_runs_computes_the_definitions(mart: str) -> None:
    """The claim that the check makes in every run."""
    assert deviations(mart) == []


def test_every_metric_of_every_mart_has_a_formula() -> None:
    """A metric without one could be redefined without anybody noticing."""
    for mart in MARTS:
        numbers = {
            column.name
            for column in table(f"warehouse/{mart}").columns
            if column.type in ("int64", "float64") and column.name not in NO_METRICS
        }
        assert numbers <= {formula.column for formula in formulas(mart)}, mart


def test_every_business_metric_of_the_registry_is_computed_somewhere() -> None:
    """A definition that no column carries is a promise that nobody keeps."""
    registry = load(registry_path(Settings(registry=None)))
    defined = {
        p.pattern_id for p in registry.patterns if p.owner in ("finance", "growth") and p.pattern_type == "analytics"
    }
    computed = {table(f"warehouse/{formula.mart}")[formula.column].term for formula in FORMULAS}
    assert defined
    assert defined <= computed


def test_every_metric_says_what_it_is_and_in_which_unit() -> None:
    """Each has a definition in the registry: a ratio that of its own pattern, a count or a sum that of a measure."""
    registry = load(registry_path(Settings(registry=None)))
    patterns = {pattern.pattern_id for pattern in registry.patterns}
    measures = {measure.measure_id for measure in registry.measures}
    for formula in FORMULAS:
        column = table(f"warehouse/{formula.mart}")[formula.column]
        name = f"{formula.mart}.{formula.column}"
        assert column.term, name
        assert column.term in patterns | measures, name
        is_ratio = formula.column.endswith(("_rate", "_share"))
        assert not is_ratio or (column.unit == "ratio" and column.term in patterns and formula.denominator), name
        assert formula.column.endswith("_cents") == (column.unit == "EUR cent"), name
        assert column.unit or column.type == "bool", name
        sources = re.findall(r"(fct_\w+)\.(\w+)", formula.numerator)
        if column.unit == "EUR cent":
            summed = {table(f"warehouse/{fact}")[source].unit for fact, source in sources} - {None}
            assert summed - {"unit"} == {"EUR cent"}, name


def test_every_measure_of_the_registry_is_computed_somewhere() -> None:
    """What nobody counts needs no definition here."""
    registry = load(registry_path(Settings(registry=None)))
    computed = {table(f"warehouse/{formula.mart}")[formula.column].term for formula in FORMULAS}
    assert {measure.measure_id for measure in registry.measures} <= computed


REDEFINITIONS = {
    "revenue includes refunds": (
        "daily_revenue", "- o.discount_cents - o.refund_cents, 0)", "- o.discount_cents, 0)", "net_revenue_cents",
    ),
    "refunds are added": (
        "daily_revenue", "o.discount_cents - o.refund_cents, 0)", "o.discount_cents + o.refund_cents, 0)",
        "net_revenue_cents",
    ),
    "orders of customers without refunds only": (
        "customer_value", "GROUP BY o.customer_id", "WHERE o.refund_cents = 0 GROUP BY o.customer_id", "gmv_cents",
    ),
    "average of what was earned": (
        "daily_revenue", "o.gmv_cents::DOUBLE /", "(o.gmv_cents - o.refund_cents)::DOUBLE /",
        "average_order_value_cents",
    ),
    "average over customers": (
        "daily_revenue", "NULLIF(o.orders, 0)", "NULLIF(o.customers, 0)", "average_order_value_cents",
    ),
    "customers counted by order": (
        "daily_revenue", "COUNT(DISTINCT customer_id)", "COUNT(customer_id)", "customers",
    ),
    "conversion of sessions with a view": (
        "funnel", "/ NULLIF(t.sessions", "/ NULLIF(t.view_sessions", "conversion_rate",
    ),
    "another step": ("funnel", "event_name = 'add_to_cart'", "event_name = 'view'", "add_to_cart_sessions"),
    "only sessions with events": ("funnel", "LEFT JOIN steps", "INNER JOIN steps", "sessions"),
    "all days": ("funnel", "WHERE s.day = :day", "", "*"),
    "items repeat their order": (
        "customer_value", "LEFT JOIN items AS i ON", "LEFT JOIN fct_order_items AS i ON", "*",
    ),
    "a version of another time": ("product_performance", "AND p.valid_from <= o.order_day", "", "*"),
    "refunds as booked": (
        "revenue_restated", "COALESCE(u.refund_cents, o.refund_cents)", "o.refund_cents", "refund_cents",
    ),
    "one day less": ("revenue_restated", "'day', -3", "'day', -2", "orders"),
}  # fmt: skip


@pytest.mark.parametrize("what", REDEFINITIONS)
def test_a_silent_redefinition_is_found_and_named(what: str) -> None:
    """The planted defect: the SQL changes, the name and the definition stay."""
    mart, old, new, column = REDEFINITIONS[what]
    sql = mart_sql(mart)
    assert old in sql
    assert column in {found.column for found in deviations(mart, sql.replace(old, new))}


@pytest.mark.parametrize(
    ("mart", "old", "new"),
    [
        ("daily_revenue", "- o.discount_cents - o.refund_cents, 0", "- o.refund_cents - o.discount_cents, 0"),
        (
            "customer_value",
            "SUM(o.subtotal_cents - o.discount_cents - o.refund_cents)",
            "SUM(o.subtotal_cents) - (SUM(o.discount_cents) + SUM(o.refund_cents))",
        ),
        ("daily_revenue", "day_orders", "renamed"),
        ("daily_revenue", "o.gmv_cents::DOUBLE", "CAST(o.gmv_cents AS DOUBLE)"),
    ],
)  # fmt: skip
def test_the_same_written_differently_is_the_same(mart: str, old: str, new: str) -> None:
    """A check that cries at every refactoring is switched off."""
    sql = mart_sql(mart)
    assert old in sql
    assert deviations(mart, sql.replace(old, new)) == []
