"""The graph from synthesis to the aggregates, run by Dagster on a real lake."""

from datetime import date

import dagster as dg
import pyarrow.compute as pc
import pytest

from semops_data.contracts.business import SHOP_TABLES
from semops_data.lakehouse import assets as lakehouse_assets
from semops_data.lakehouse import checks as lakehouse_checks
from semops_data.lakehouse.aggregates import READS, SOURCES
from semops_data.landing.assets import landing_asset
from semops_data.synthesis.assets import synthesis_asset
from semops_data.synthesis.business import business_day
from semops_data_tests.scenario import DAY, DAYS, settle_day, small_business, small_lake


def _graph(business):
    return [
        *(synthesis_asset(name, business) for name in ("truth", "defects")),
        *(landing_asset(name, business) for name in SHOP_TABLES),
        *(lakehouse_assets.lakehouse_asset(name, business) for name in SHOP_TABLES),
        *lakehouse_assets.AGGREGATES,
        *dg.load_asset_checks_from_modules([lakehouse_checks]),
    ]


@pytest.fixture
def platform(tmp_path):
    lake, store = small_lake(tmp_path)
    instance = dg.DagsterInstance.ephemeral()

    def run(day=DAY, business=None, **options):
        return dg.materialize(
            _graph(business or small_business()),
            resources={"lake": lake, "landing_store": store},
            partition_key=day,
            instance=instance,
            **options,
        )

    with instance:
        yield lake, store, run


def _failed(result) -> set[tuple[str, str]]:
    return {(c.asset_key.path[-1], c.check_name) for c in result.get_asset_check_evaluations() if not c.passed}


def test_three_days_settle_and_every_check_holds(platform):
    """Sums equal the known answers exactly, although one row in fifty was broken on purpose."""
    lake, _, run = platform
    for day in DAYS:
        result = run(day)
        assert result.success
        assert _failed(result) == set()
    assert len(result.get_asset_check_evaluations()) == len(SHOP_TABLES) * len(lakehouse_checks.CLAIMS) + 8
    assert lake.count("lakehouse/daily_revenue") == len(DAYS)


def test_a_second_materialization_changes_no_version_and_no_data_version(platform):
    """Nothing downstream may look stale because somebody pressed the button twice."""
    lake, _, run = platform
    keys = [f"lakehouse/{name}" for name in (*SHOP_TABLES, *READS)]
    first = run()
    versions = {key: lake.version(key) for key in keys}
    second = run()
    assert {key: lake.version(key) for key in keys} == versions

    def data_versions(result):
        events = result.get_asset_materialization_events()
        return {e.asset_key: e.materialization.tags["dagster/data_version"] for e in events}

    assert data_versions(first) == data_versions(second)


def test_another_business_in_the_same_home_leaves_nobody_of_the_first(platform):
    """A smaller one has fewer customers, and only its own."""
    lake, _, run = platform
    smaller = small_business(seed=8, orders_per_day=100)
    run()
    run(business=smaller)
    clean = business_day(smaller, date.fromisoformat(DAY)).clean
    for name in ("customers", "products"):
        assert lake.count(f"lakehouse/{name}") == clean[name].num_rows


def test_the_ledger_and_the_reasons_are_on_every_run(platform):
    """Whoever looks at the asset sees where the rows went."""
    _, _, run = platform
    result = run()
    for name in SHOP_TABLES:
        event = next(e for e in result.get_asset_materialization_events() if e.asset_key.path == ["lakehouse", name])
        seen = {key: value.value for key, value in event.materialization.metadata.items()}
        assert seen["semops/rows_in"] == (
            seen["dagster/partition_row_count"] + seen["semops/rows_duplicate"] + seen["semops/rows_quarantined"]
        )
        assert sum(seen["semops/quarantine_reasons"].values()) == seen["semops/rows_quarantined"]


def test_a_row_that_vanishes_from_the_lake_is_noticed(platform):
    """The check counts the storage again; it does not believe the asset."""
    lake, store, run = platform
    run()
    rows = lake.read("lakehouse/sessions", where={"day": DAY})
    lake.replace("lakehouse/sessions", rows.slice(1), where={"day": DAY})
    from semops_data.lakehouse import audit

    ledger = audit.ledger(lake, store, "sessions", DAY, {"rows_duplicate": 0})
    assert not audit.rows_are_accounted_for(ledger).is_true
    assert not audit.references_resolve(lake, "events", DAY).is_true


def test_a_false_metric_is_noticed_to_the_cent(tmp_path):
    """A sum that is one cent off is as wrong as any other."""
    from semops_data.lakehouse import audit
    from semops_data.lakehouse.aggregates import aggregate

    lake, store = small_lake(tmp_path)
    settle_day(lake, store, DAY)
    rows = aggregate(lake, "daily_revenue", DAY)
    position = rows.column_names.index("net_revenue_cents")
    lake.replace("lakehouse/daily_revenue", rows, where={"day": DAY})
    assert audit.equals_the_truth(lake, "lakehouse/daily_revenue", DAY).is_true
    wrong = rows.set_column(position, rows.schema.field(position), pc.add(rows.column(position), 1))
    lake.replace("lakehouse/daily_revenue", wrong, where={"day": DAY})
    assert not audit.equals_the_truth(lake, "lakehouse/daily_revenue", DAY).is_true
    assert audit.equals_the_truth(lake, "lakehouse/daily_revenue", DAYS[2]) is None


def test_an_upstream_that_is_missing_is_named_and_nothing_is_quarantined_for_it(tmp_path):
    """Without the day's orders every item would look orphaned."""
    from semops_data.lakehouse.lake import MissingTableError
    from semops_data.lakehouse.settle import settle
    from semops_data_tests.scenario import land_day

    lake, store = small_lake(tmp_path)
    settle_day(lake, store, DAY)
    land_day(store, DAYS[1])
    with pytest.raises(MissingTableError, match=r"lakehouse/orders holds no rows for 2026-01-02.*materialize"):
        settle(lake, store, "order_items", DAYS[1])
    assert lake.read("lakehouse/order_items_quarantine", where={"day": DAYS[1]}).num_rows == 0


def test_a_damaged_object_fails_its_table_and_leaves_the_lake_as_it_was(platform):
    """Half a day in the lake would be worse than none."""
    from semops_data.lakehouse.settle import settle
    from semops_data.landing.objects import UnreadableObjectError, object_path

    lake, store, run = platform
    run()
    version = lake.version("lakehouse/orders")
    store.put(object_path("orders", DAY), b"cut off")
    with pytest.raises(UnreadableObjectError, match="delete it"):
        settle(lake, store, "orders", DAY)
    assert lake.version("lakehouse/orders") == version


def test_another_business_in_the_same_home_replaces_the_days(platform):
    """A changed setting re-materializes the day: no row of the old business may remain in its metrics."""
    _, _, run = platform
    assert run().success
    result = run(business=small_business(seed=11, orders_per_day=120))
    assert result.success
    assert _failed(result) == set()


def test_column_lineage_leads_to_columns_that_exist():
    """A lineage edge to a renamed column is worse than none."""
    from semops_data.contracts import table

    for name, columns in SOURCES.items():
        assert set(columns) == {column.name for column in table(f"lakehouse/{name}").columns} - {"day"}
        for key, column in (source for sources in columns.values() for source in sources):
            assert table(key)[column]


def test_a_changed_setting_changes_the_code_version():
    """That is how Dagster knows that landed days are stale."""
    versions = {
        next(iter(landing_asset("orders", business).code_versions_by_key.values()))
        for business in (small_business(), small_business(seed=8))
    }
    assert len(versions) == 2
