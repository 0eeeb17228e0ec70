"""What we rely on Dagster to do: where one of these fails after an upgrade, the code that relies on it is named."""

import warnings

import dagster as dg
import pytest

from semops_data.cli.plan import report_version, stale
from semops_data_tests.cli.toy import DAYS, build


@pytest.fixture
def instance(tmp_path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as opened:
        yield opened


def materialize(instance, defs, *keys, day=None):
    job = defs.resolve_implicit_global_asset_job_def()
    selection = [dg.AssetKey(key.split("/")) for key in keys]
    return job.execute_in_process(asset_selection=selection, partition_key=day, instance=instance, raise_on_error=False)


def test_the_resolver_reads_materializations_of_an_external_asset_not_observations(instance):
    """cli/plan.py:report_version reports a materialization because of this."""
    defs = build()
    key = dg.AssetKey(["library", "source"])
    version = {"dagster/data_version": "a"}
    instance.report_runless_asset_event(dg.AssetObservation(key, tags=version))
    materialize(instance, defs, "library/documents")
    found = stale(instance, defs.resolve_asset_graph(), [])
    assert (dg.AssetKey(["library", "documents"]), None) in found, "observations count now: report_version may use them"
    report_version(instance, key, "a")
    materialize(instance, defs, "library/documents")
    assert (dg.AssetKey(["library", "documents"]), None) not in stale(instance, defs.resolve_asset_graph(), [])


def test_the_resolver_notices_code_data_and_absence(instance):
    """cli/plan.py:stale asks the resolver behind the badges of the UI."""
    defs = build()
    graph = defs.resolve_asset_graph()
    orders, day = dg.AssetKey(["shop", "orders"]), DAYS[0]
    assert stale(instance, graph, DAYS)[orders, day] == "never materialized"
    materialize(instance, defs, "shop/plan")
    materialize(instance, defs, "shop/orders", day=day)
    assert (orders, day) not in stale(instance, graph, DAYS)
    newer = build(version="2")
    assert "code version" in stale(instance, newer.resolve_asset_graph(), DAYS)[dg.AssetKey(["shop", "plan"]), None]
    materialize(instance, newer, "shop/plan")
    assert "data version" in stale(instance, graph, DAYS)[orders, day]


def test_an_event_listener_hears_every_step(instance):
    """cli/execute.py:Watcher turns these events into progress."""
    heard = []
    run_id = "4f0b3c52-0000-4000-8000-000000000001"
    instance.add_event_listener(run_id, lambda entry: heard.append(entry.dagster_event.event_type_value))
    job = build().resolve_implicit_global_asset_job_def()
    job.execute_in_process(asset_selection=[dg.AssetKey(["shop", "plan"])], instance=instance, run_id=run_id)
    assert {"ASSET_MATERIALIZATION", "STEP_SUCCESS", "PIPELINE_SUCCESS"} <= set(heard)


def test_a_blocking_check_that_fails_holds_back_the_rest_of_the_run(instance):
    """The platform's promise that nothing bad reaches the marts rests on this."""
    log = []
    defs = build(refuse=True, log=log)
    materialize(instance, defs, "shop/plan")
    result = materialize(instance, defs, "shop/orders", "shop/revenue", day=DAYS[0])
    assert not result.success
    assert ("shop/revenue", DAYS[0]) not in log


def test_a_warning_that_fails_holds_back_nothing(instance):
    defs = build()
    materialize(instance, defs, "shop/plan")
    assert materialize(instance, defs, "shop/total").success


def test_a_day_outside_the_calendar_is_refused_by_name(instance):
    with pytest.raises(Exception, match="1999-01-01"):
        materialize(instance, build(), "shop/orders", day="1999-01-01")


def test_a_room_is_selected_by_its_group():
    graph = build().resolve_asset_graph()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        selected = dg.AssetSelection.from_string("key:shop/*").resolve(graph)
    assert {key.path[0] for key in selected} == {"shop"}


def test_pools_limit_nothing_without_a_limit_in_dagster_yaml():
    """Which is why dagster.yaml sets one."""
    with dg.DagsterInstance.ephemeral() as bare:
        assert bare.get_concurrency_config().pool_config.default_pool_limit is None


def test_dagsters_sqlite_storages_make_their_engines_where_a_command_looks_for_it(tmp_path):
    """The engines of a command's instance are kept; another way of making them would be quietly slow."""
    from semops_data.cli.quick_sqlite import quick_sqlite

    made: set[int] = set()
    with quick_sqlite(), dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        for storage in (instance.event_log_storage.index_connection, instance.run_storage.connect):
            for _ in range(3):
                with storage() as connection:
                    made.add(id(connection.engine))
                    assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
                    assert connection.exec_driver_sql("PRAGMA synchronous").scalar() in (1, 2)
        assert len(made) == 2
        with instance.event_log_storage.index_connection() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
