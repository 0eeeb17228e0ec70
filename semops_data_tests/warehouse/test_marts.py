"""From the invented business to the marts: every metric equals the answer that was known before."""

# ruff: noqa: S608 - names of the test's own schema

from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from semops_data.contracts import table
from semops_data.contracts.business import SHOP_TABLES, is_daily
from semops_data.contracts.formulas import formulas
from semops_data.contracts.marts import HISTORIES
from semops_data.lakehouse import aggregates
from semops_data.lakehouse.lake import Lake
from semops_data.landing.store import ObjectStore
from semops_data.settings import Settings
from semops_data.synthesis.faults import scenario_defects
from semops_data.synthesis.parameters import Business
from semops_data.warehouse import assets, checks, marts
from semops_data.warehouse.columns import column_constants, column_sources
from semops_data.warehouse.compare import against_rows, against_truth, customers_against_truth, days_of, rows_of, same
from semops_data.warehouse.follow import follow
from semops_data.warehouse.history import load_history, observe
from semops_data.warehouse.marts import bind, build_mart, mart_sql, sources
from semops_data.warehouse.render import rows_table
from semops_data.warehouse.session import Counts
from semops_data.warehouse.warehouse import Warehouse
from semops_data_tests.scenario import DAYS, settle_day, small_lake

ALL = [*dg.load_assets_from_modules([assets]), *dg.load_asset_checks_from_modules([checks])]
EMPTY_DAY = "2026-01-09"
DAILY = ("daily_revenue", "after_sales", "revenue_restated", "funnel")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Two settled days with their lakehouse aggregates; the landed objects lie beside it."""
    lake, store = small_lake(tmp_path_factory.mktemp("business"))
    for day in DAYS[:2]:
        settle_day(lake, store, day)
        for name in DAILY:
            lake.replace(f"lakehouse/{name}", aggregates.aggregate(lake, name, day), where={"day": day})
    lake.replace("lakehouse/customer_value", aggregates.aggregate(lake, "customer_value", None))
    return lake


def materialize(lake: Lake, warehouse: Warehouse, day: str) -> dg.ExecuteInProcessResult:
    resources = {"lake": lake, "warehouse": warehouse, "landing_store": store_beside(lake)}
    return dg.materialize(ALL, partition_key=day, resources=resources, raise_on_error=False)


def fill(lake: Lake, warehouse: Warehouse, day: str) -> None:
    """What the assets do, without Dagster."""
    for source in HISTORIES:
        load_history(warehouse, source, observe(lake, store_beside(lake), source, day), day=day)
    for source in (name for name in SHOP_TABLES if is_daily(name)):
        follow(warehouse, lake, f"warehouse/fct_{source}", f"lakehouse/{source}", day=day)
    for name in assets.MARTS:
        build_mart(warehouse, name, day=day if table(f"warehouse/{name}").partition_by else None)


def store_beside(lake: Lake) -> ObjectStore:
    """The landing store that `small_lake` makes beside the lake."""
    return ObjectStore(str(Path(lake.root).parent / "s3"))


def verdicts(result: dg.ExecuteInProcessResult) -> dict[tuple[str, str], bool]:
    return {
        (found.asset_key.to_user_string(), found.check_name): found.passed
        for found in result.get_asset_check_evaluations()
    }


def test_every_mart_equals_the_known_answers_and_again_changes_nothing(lake: Lake, warehouse: Warehouse) -> None:
    """The claim that the whole stream exists for; the second time every asset says that it changed nothing."""
    fill(lake, warehouse, DAYS[0])
    first = materialize(lake, warehouse, DAYS[1])
    assert first.success
    found = verdicts(first)
    assert len(found) == len({(key, name) for key, name in found}) == 40
    assert all(found.values()), found
    again = materialize(lake, warehouse, DAYS[1])
    assert again.success
    for event in again.get_asset_materialization_events():
        metadata = event.materialization.metadata
        assert metadata["semops/is_unchanged"].value is True, event.asset_key
        assert metadata["semops/emulated"].value is True
        assert str(metadata["dagster/uri"].value).startswith("snowflake://emulator/SEMOPS/")
    versions = [
        {e.asset_key: e.materialization.tags["dagster/data_version"] for e in run.get_asset_materialization_events()}
        for run in (first, again)
    ]
    assert versions[0] == versions[1]


def test_a_wrong_number_fails_the_check_and_the_run(lake: Lake, warehouse: Warehouse) -> None:
    """A check that cannot fail proves nothing: one cent is enough."""
    fill(lake, warehouse, DAYS[0])
    with warehouse.session() as session:
        session.execute(f"UPDATE {warehouse.name('daily_revenue')} SET net_revenue_cents = net_revenue_cents + 1")
        session.execute(f"UPDATE {warehouse.name('funnel')} SET conversion_rate = conversion_rate + 0.000001")
    for name in ("daily_revenue", "funnel"):
        mart = rows_of(warehouse, f"warehouse/{name}", day=DAYS[0])
        compared, differences = against_truth(mart, lake.read("synthesis/truth", where={"day": DAYS[0]}), DAYS[0])
        assert compared >= 8
        assert len(differences) == 1
        other = lake.read(f"lakehouse/{name}", where={"day": DAYS[0]})
        assert len(against_rows(mart, other, ("day",))) == 1
    result = dg.materialize(
        ALL,
        selection=dg.AssetSelection.checks_for_assets(["warehouse", "daily_revenue"]),
        resources={"lake": lake, "warehouse": warehouse, "landing_store": store_beside(lake)},
        raise_on_error=False,
    )
    # The SQL is as defined; what it was computed from, or its result, is not.
    assert {name: passed for (_, name), passed in verdicts(result).items()} == {
        "sql_computes_the_definitions": True,
        "metrics_equal_truth": False,
        "agrees_with_lakehouse": False,
    }


def test_a_silently_redefined_metric_is_seen_by_the_check_that_the_manifest_names(
    lake: Lake, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the day of the change on: every row is right, the SQL is valid, and revenue includes refunds."""
    planted = Settings(scenario="redefined_revenue=1", start_date=date.fromisoformat(DAYS[0]))
    (named,) = (
        row for row in scenario_defects(Business.from_settings(planted), date.fromisoformat(DAYS[1])).to_pylist()
    )
    assert named["caught_by"] == "check:warehouse/daily_revenue:sql_computes_the_definitions"
    monkeypatch.setattr(marts, "load_settings", lambda: planted)
    chosen = dg.AssetSelection.checks_for_assets(["warehouse", "daily_revenue"])
    resources = {"lake": lake, "warehouse": warehouse, "landing_store": store_beside(lake)}
    found = []
    for day in DAYS[:2]:
        fill(lake, warehouse, day)
        result = dg.materialize(ALL, selection=chosen, resources=resources, raise_on_error=False)
        found.append({name: passed for (_, name), passed in verdicts(result).items()})
    claims = ("sql_computes_the_definitions", "metrics_equal_truth", "agrees_with_lakehouse")
    assert found == [dict.fromkeys(claims, True), dict.fromkeys(claims, False)]


def test_customers_are_compared_over_all_loaded_days(lake: Lake, warehouse: Warehouse) -> None:
    """Customer value has no partition: it covers what has been loaded so far."""
    for day in DAYS[:2]:
        fill(lake, warehouse, day)
    mart, truth = rows_of(warehouse, "warehouse/customer_value"), lake.read("synthesis/truth")
    days = days_of(warehouse, "warehouse/fct_orders")
    assert days == list(DAYS[:2])
    compared, differences = customers_against_truth(mart, truth, days)
    assert (compared, differences) == (mart.num_rows, [])
    assert customers_against_truth(mart.slice(1), truth, days)[1][0]["actual"] is None
    assert customers_against_truth(mart, truth, days[:1])[1]


def test_a_day_without_data_gives_zeros_and_null_ratios(warehouse: Warehouse) -> None:
    """Unmeasured is null: a rate of nothing is not 0."""
    _, revenue = build_mart(warehouse, "daily_revenue", day=EMPTY_DAY)
    _, funnel = build_mart(warehouse, "funnel", day=EMPTY_DAY)
    _, customers = build_mart(warehouse, "customer_value")
    assert revenue.to_pylist()[0]["gmv_cents"] == 0
    assert revenue.to_pylist()[0]["average_order_value_cents"] is None
    assert funnel.to_pylist()[0] | {"day": EMPTY_DAY} == dict.fromkeys(funnel.column_names, 0) | {
        "day": EMPTY_DAY, "conversion_rate": None, "cart_abandonment_rate": None,
    }  # fmt: skip
    assert customers.num_rows == 0


def test_a_rebuilt_mart_is_known_by_its_digest(lake: Lake, warehouse: Warehouse) -> None:
    """The data version follows the rows, not the run."""
    fill(lake, warehouse, DAYS[0])
    done, _ = build_mart(warehouse, "funnel", day=DAYS[0])
    assert (done.is_skipped, done.counts) == (True, Counts())
    with warehouse.session() as session:
        session.execute(f"DELETE FROM {warehouse.name('fct_sessions')} WHERE day = ? AND device = 'tablet'", DAYS[0])
    changed, _ = build_mart(warehouse, "funnel", day=DAYS[0])
    assert changed.digest != done.digest
    assert changed.counts == Counts(updated=1)


@pytest.mark.parametrize("name", assets.MARTS)
def test_the_sql_names_every_column_and_its_sources_are_columns_of_contracts(name: str) -> None:
    """Column lineage is read from the SQL that runs, so it cannot drift from it."""
    lineage = column_sources(name)
    assert set(lineage) <= {column.name for column in table(f"warehouse/{name}").columns}
    for places in lineage.values():
        for key, column in places:
            assert table(key)[column].name == column
    assert {key for places in lineage.values() for key, _ in places} <= set(sources(name))
    assert lineage.keys() | column_constants(name).keys() == {
        column.name for column in table(f"warehouse/{name}").columns
    }
    assert {formula.column for formula in formulas(name)} <= lineage.keys()
    assert mart_sql(name).lstrip().startswith("--")


def test_the_day_is_bound_and_casts_are_left_alone() -> None:
    """`::` is a cast in Snowflake; only `:day` is a value."""
    assert bind("SELECT x::DOUBLE, :day FROM t WHERE day = :day", "2026-01-01") == (
        "SELECT x::DOUBLE, ? FROM t WHERE day = ?",
        ("2026-01-01", "2026-01-01"),
    )


@pytest.mark.parametrize(("name", "day"), [("funnel", None), ("customer_value", DAYS[0])])
def test_a_mart_is_built_as_it_is_partitioned(name: str, day: str | None, warehouse: Warehouse) -> None:
    """A daily mart without its day would replace all days by one."""
    with pytest.raises(ValueError, match="day by day"):
        build_mart(warehouse, name, day=day)


def test_null_equals_null_and_nothing_else() -> None:
    """An unmeasured ratio must not pass for 0."""
    assert same(None, None)
    assert not same(None, 0.0)
    assert not same(0.5, None)
    assert same(0.1 + 0.2, 0.3)
    assert not same(1, 2)


def test_markdown_of_rows_cannot_break_out_of_its_cells() -> None:
    """Titles and names are data of strangers."""
    import pyarrow as pa

    shown = rows_table(pa.table({"a": ["<script>|\n", None], "b": [1, 2]}))
    assert "<script>" not in shown
    assert "\\|" in shown
    assert shown.count("\n") == 3


def test_a_change_reaches_the_days_that_look_back_to_it() -> None:
    """A refund of Monday restates the revenue that Tuesday to Thursday report of Monday, here and in the lakehouse."""
    from semops_data.cli.plan import with_downstream
    from semops_data.definitions import defs

    days = [f"2026-01-0{number}" for number in range(1, 8)]
    graph = defs.resolve_asset_graph()
    changed = with_downstream(graph, [(dg.AssetKey(["lakehouse", "order_updates"]), days[1])], days)
    for name, expected in {
        "warehouse/fct_order_updates": days[1:2],
        "warehouse/revenue_restated": days[1:5],
        "lakehouse/revenue_restated": days[1:5],
    }.items():
        assert sorted(str(day) for key, day in changed if key.to_user_string() == name) == expected, name
    orders = with_downstream(graph, [(dg.AssetKey(["lakehouse", "orders"]), days[1])], days)
    assert sorted(str(day) for key, day in orders if key.to_user_string() == "lakehouse/returns") == days[1:5]
