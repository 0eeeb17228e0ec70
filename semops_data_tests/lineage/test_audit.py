"""The working-backwards audit names the layer where a meaning breaks, and no layer where none does."""

# ruff: noqa: S608 - names of the test's own warehouse

from __future__ import annotations

from dataclasses import replace
from datetime import date

import dagster as dg
import pytest

from semops_data.contracts.agreements import AGREEMENTS
from semops_data.contracts.formulas import FORMULAS
from semops_data.lineage.audit import material
from semops_data.lineage.audit.model import BREAKS, HOLDS, LAYERS, MOVED, NEW, UNMEASURED
from semops_data.lineage.audit.render import evidence
from semops_data.lineage.audit.walk import audit, metrics
from semops_data.lineage.audit.words import word_tests
from semops_data.lineage.checks import PARTITION_TAG, build_audit
from semops_data.registry.source import OWN, RegistryFile
from semops_data.settings import Settings
from semops_data.synthesis.scenario import Scenario
from semops_data.warehouse import emulator, marts
from semops_data_tests.lineage import stack as stacks
from semops_data_tests.lineage.stack import AUDITED, CLEAN, FAULTY
from semops_data_tests.scenario import DAYS, land_day, small_business

NET = ("daily_revenue", "net_revenue_cents")


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    settings = Settings(home=tmp_path_factory.mktemp("audited"), snowflake_account=None)
    emulator.ensure_running(settings)
    yield stacks.build(settings)
    emulator.stop(settings)


def of_layer(found, name):
    return next(layer for layer in found.layers if layer.name == name)


def test_on_a_clean_stack_every_metric_means_what_is_defined(stack):
    """An audit that cries wolf is switched off: with 2 % of planted row defects nothing is found."""
    with stack.material(CLEAN) as opened:
        found = [audit(place, stack.graph, opened) for mart in AUDITED for place in metrics(mart)]
    assert len(found) == sum(formula.mart in AUDITED for formula in FORMULAS)
    assert [one.conclusion for one in found if one.broken] == []
    for one in found:
        assert [layer.name for layer in one.layers] == list(LAYERS)
        assert [layer.verdict for layer in one.layers[1:4]] == [HOLDS] * 3, one.conclusion
        assert one.known in (None, one.published)


def test_refunds_that_are_left_out_break_the_meaning_at_the_source(stack):
    """Everything after the export is right, and computes net revenue with the refunds in it."""
    found = stack.audit(*NET, FAULTY)
    assert found.broken is not None
    assert found.broken.name == "source"
    assert [layer.verdict for layer in found.layers[:3]] == [HOLDS, HOLDS, HOLDS]
    (test,) = found.broken.having(BREAKS)
    assert test.place == ("landing/orders", "refund")
    assert "for refunded and cancelled orders all that was paid" in test.says
    assert "0.00 in sum where" in test.shows
    assert found.published != found.known
    assert found.definition in stack.registry.by_id["net-revenue"].definition


def test_a_metric_beside_the_fault_is_not_accused(stack):
    """Gross merchandise value is before refunds: the same landed table, another column."""
    for column in ("gmv_cents", "discount_cents", "orders"):
        assert stack.audit("daily_revenue", column, FAULTY).broken is None


def test_cents_in_a_column_of_euros_are_named_as_such_at_the_source(stack):
    found = stack.audit("after_sales", "captured_cents", FAULTY)
    assert found.broken is not None
    assert (found.broken.name, found.broken.having(BREAKS)[0].place) == ("source", ("landing/payments", "amount"))
    assert "each is 100 times what follows: cents where euros are declared" in found.broken.having(BREAKS)[0].shows


def test_another_currency_is_told_by_its_factor_before_anything_was_settled(stack):
    """The audit reads what was landed: it can be asked in the night in which the export came, before any load."""
    land_day(stack.store, DAYS[2], replace(small_business(defect_rate=0.0), scenario=Scenario(dollars_as_euros=0)))
    found = stack.audit("landing/payments", "amount", DAYS[2])
    assert found.broken is not None
    assert found.broken.name == "source"
    assert "1.08 times what follows: another unit or currency" in found.broken.having(BREAKS)[0].shows


def test_a_changed_type_breaks_at_the_schema_although_nothing_was_loaded(stack):
    """The lakehouse refused the day: behind the empty layers lies the reason for which they are empty."""
    found = stack.audit("warehouse/fct_inventory", "closing_quantity", FAULTY)
    assert of_layer(found, "transform").verdict == UNMEASURED
    assert found.broken is not None
    assert found.broken.name == "schema"
    (test,) = found.broken.having(BREAKS)
    assert "declared int64" in test.says
    assert "landed as string" in test.shows


def test_what_only_moved_breaks_nothing_and_is_told(stack):
    """Right and different is no fault; who reads the number wants to know it all the same."""
    found = stack.audit("daily_revenue", "units", FAULTY)
    assert found.broken is None
    assert of_layer(found, "source").verdict == MOVED
    assert "its data moved: landing/order_items.quantity" in found.conclusion


def test_a_column_without_a_declared_meaning_is_told_at_the_schema(stack):
    found = stack.audit("daily_revenue", "orders", FAULTY)
    assert of_layer(found, "schema").verdict == NEW
    assert "without a declared meaning: landing/orders.loyalty_tier" in found.conclusion


def test_sql_that_leaves_the_refunds_in_breaks_at_the_aggregation(stack, tmp_path, monkeypatch):
    """The other way in which revenue comes to include refunds: someone changes the mart."""
    for path in marts.SQL_FOLDER.glob("*.sql"):
        text = path.read_text().replace(
            "o.gmv_cents - o.discount_cents - o.refund_cents", "o.gmv_cents - o.discount_cents"
        )
        (tmp_path / path.name).write_text(text)
    monkeypatch.setattr(marts, "SQL_FOLDER", tmp_path)
    marts.build_mart(stack.warehouse, NET[0], day=CLEAN)
    found = stack.audit(*NET, CLEAN)
    monkeypatch.undo()
    marts.build_mart(stack.warehouse, NET[0], day=CLEAN)
    assert of_layer(found, "mart").verdict == HOLDS
    assert found.broken is not None
    assert found.broken.name == "aggregation"
    formula = found.broken.having(BREAKS)[0]
    assert "refund_cents" in formula.says
    assert "refund_cents" not in formula.shows
    assert stack.audit(*NET, CLEAN).broken is None


def test_a_redefinition_that_the_simulation_plants_is_found_where_it_was_planted(stack, monkeypatch):
    """The SQL that counts is the one that ran: here nothing in the repository was changed."""
    planted = Settings(scenario="redefined_revenue=0", start_date=date.fromisoformat(CLEAN))
    monkeypatch.setattr(marts, "load_settings", lambda: planted)
    marts.build_mart(stack.warehouse, NET[0], day=CLEAN)
    found = stack.audit(*NET, CLEAN)
    monkeypatch.undo()
    marts.build_mart(stack.warehouse, NET[0], day=CLEAN)
    assert found.broken is not None
    assert found.broken.name == "aggregation"
    assert "refund_cents" not in found.broken.having(BREAKS)[0].shows


@pytest.mark.parametrize(
    ("table", "column", "layer"),
    [("DAILY_REVENUE", "NET_REVENUE_CENTS", "mart"), ("FCT_ORDERS", "REFUND_CENTS", "mart")],
)
def test_a_number_that_its_sql_does_not_give_breaks_at_the_mart(stack, table, column, layer):
    """Changed by hand, or computed before its facts were corrected: the published number is not the one defined."""
    name = stack.warehouse.name(table)
    with stack.warehouse.session() as session:
        session.execute(f"UPDATE {name} SET {column} = {column} + 7 WHERE day = '{CLEAN}'")
        found = stack.audit(*NET, CLEAN)
        session.execute(f"UPDATE {name} SET {column} = {column} - 7 WHERE day = '{CLEAN}'")
    assert found.broken is not None
    assert found.broken.name == layer
    assert "shows" in found.broken.having(BREAKS)[0].shows


def test_facts_that_are_not_what_the_lakehouse_holds_break_at_the_transformation(stack):
    """Mart and SQL agree on wrong facts: the step that brought the facts is where the number changed."""
    name = stack.warehouse.name("FCT_PAYMENTS")
    with stack.warehouse.session() as session:
        session.execute(f"UPDATE {name} SET amount_cents = amount_cents * 2 WHERE day = '{CLEAN}'")
        stale = stack.audit("after_sales", "captured_cents", CLEAN)
        marts.build_mart(stack.warehouse, "after_sales", day=CLEAN)
        found = stack.audit("after_sales", "captured_cents", CLEAN)
        session.execute(f"UPDATE {name} SET amount_cents = amount_cents / 2 WHERE day = '{CLEAN}'")
    marts.build_mart(stack.warehouse, "after_sales", day=CLEAN)
    assert stale.broken is not None
    assert stale.broken.name == "mart"
    assert found.broken is not None
    assert found.broken.name == "transform"
    assert ("warehouse/fct_payments", "amount_cents") in {test.place for test in found.broken.having(BREAKS)}
    assert stack.audit("after_sales", "captured_cents", CLEAN).broken is None


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Net revenue is gross merchandise value less discounts, including refunds.", "including refunds"),
        ("Net revenue is gross merchandise value less discounts.", "nothing of refund"),
        ("Net revenue is gross merchandise value less discounts and refunds, with shipping and tax.", "shipping"),
    ],
)
def test_a_definition_that_says_otherwise_breaks_at_the_mart(stack, words, shown):
    """The registry was rewritten and nothing else: the published number no longer is what is defined."""
    changed = [replace(p, definition=words) if p.pattern_id == "net-revenue" else p for p in stack.registry.patterns]
    found = stack.audit(*NET, CLEAN, registry=replace(stack.registry, patterns=tuple(changed)))
    assert found.broken is not None
    assert found.broken.name == "mart"
    assert any(shown in test.says + test.shows for test in found.broken.having(BREAKS))
    assert len(found.layers) == 1, "the audit stops where the meaning breaks"


def test_no_definition_of_this_project_contradicts_its_column_or_formula(stack):
    for formula in FORMULAS:
        tests = word_tests((f"warehouse/{formula.mart}", formula.column), stack.registry)
        assert [test for test in tests if test.verdict == BREAKS] == []
    measured = {
        f.column
        for f in FORMULAS
        for t in word_tests((f"warehouse/{f.mart}", f.column), stack.registry)
        if t.verdict == HOLDS
    }
    assert measured >= {"net_revenue_cents", "gmv_cents", "refund_rate", "return_rate", "conversion_rate"}


def test_every_agreement_is_about_rows_and_can_fail(stack):
    """An agreement over no rows would hold for ever."""
    with stack.material(CLEAN) as first, stack.material(FAULTY) as second:
        for agreement in AGREEMENTS:
            # Nothing comes back on the first day.
            opened = second if "returns" in agreement.reads else first
            rows = opened.query(agreement.reads, f"SELECT count(*) FROM ({agreement.sql}) WHERE expected IS NOT NULL")
            assert rows[0] > 0, agreement.claim


def test_the_light_audit_comes_to_the_same_conclusions(stack):
    """The check of a run leaves out what that run has just asserted, and nothing else."""
    for day in (CLEAN, FAULTY):
        with stack.material(day) as whole, stack.material(day, is_light=True) as light:
            for place in [*metrics("daily_revenue"), ("warehouse/after_sales", "captured_cents")]:
                full, quick = (audit(place, stack.graph, opened) for opened in (whole, light))
                assert (full.broken and full.broken.name) == (quick.broken and quick.broken.name), place


def test_the_checks_of_a_run_read_its_day_once_and_hold_no_large_one(stack, monkeypatch):
    """Seven marts are read from the same exports; a large day must not stay in the memory of a server."""
    made = []

    def make():
        made.append(stack.material(CLEAN, is_light=True))
        return made[-1]

    for run_id in ("one", "one", "two"):
        with material.shared(run_id, CLEAN, make) as opened:
            assert audit(("warehouse/daily_revenue", "gmv_cents"), stack.graph, opened).broken is None
            assert opened.size_bytes > 0
    assert len(made) == 2
    assert made[0].size_bytes == 0
    monkeypatch.setattr(material, "MOST_SHARED_BYTES", 0)
    with material.shared("two", CLEAN, make):
        pass
    assert len(made) == 2
    assert made[1].size_bytes == 0
    assert material._SHARED == {}


def test_evidence_is_a_table_that_no_data_can_break_out_of(stack):
    found = stack.audit(*NET, FAULTY)
    test = replace(found.layers[-1].tests[0], shows="<script>|\n`x`", verdict=BREAKS)
    nasty = replace(found, layers=(replace(found.layers[-1], tests=(test,)),))
    text = evidence([found, nasty])
    assert "<script>" not in text
    assert "**breaks**" in text
    assert all(line.startswith("|") or not line for line in text.splitlines())


def test_the_check_of_a_run_warns_at_the_mart_with_both_sides_and_blocks_nothing(stack):
    """Who opens the asset's page after a night with a fault reads the layer, the definition and the data there."""

    @dg.asset(key=["warehouse", "daily_revenue"])
    def daily_revenue():
        return None

    resources = {
        "lake": stack.lake,
        "landing_store": stack.store,
        "warehouse": stack.warehouse,
        "registry_source": RegistryFile(OWN),
    }
    with dg.DagsterInstance.ephemeral() as instance:
        tags = {PARTITION_TAG: FAULTY}
        done = dg.materialize([daily_revenue, build_audit(NET[0])], resources=resources, instance=instance, tags=tags)
    (evaluation,) = done.get_asset_check_evaluations()
    assert done.success
    assert not evaluation.passed
    assert evaluation.severity == dg.AssetCheckSeverity.WARN
    shown = {name: str(value.value) for name, value in evaluation.metadata.items()}
    assert "net_revenue_cents breaks at the layer source: landing/orders.refund" in shown["actual"]
    assert "| net_revenue_cents | holds | holds | holds | new column | **breaks** |" in shown["evidence"]
    assert "for refunded and cancelled orders all that was paid" in shown["evidence"]
    assert shown["day"] == FAULTY
