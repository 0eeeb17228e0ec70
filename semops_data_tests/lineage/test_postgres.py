"""Dagster on a real PostgreSQL: the same assets, and the same mirror of their log."""

import json
import tempfile

import dagster as dg
import pytest

from semops_data.lineage.sync import sync
from semops_data.resources.event_log import InstanceLog, asset_graph
from semops_data.settings import Settings


@pytest.fixture
def instance(tmp_path):
    """An instance whose runs, events and ticks are in PostgreSQL, started for this test on a socket."""
    pgserver = pytest.importorskip("pgserver")
    home = tmp_path / "dagster"
    home.mkdir()
    # Not below pytest's folder, which another session of pytest closes to the user that PostgreSQL runs as.
    with tempfile.TemporaryDirectory(prefix="semops-postgres-", ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(folder)
        # SQLAlchemy 2.1 takes a bare postgresql:// for psycopg 3, which dagster-postgres does not use.
        url = f"postgresql+psycopg2://postgres@/postgres?host={folder}"
        storage = {"storage": {"postgres": {"postgres_url": url}}}
        try:
            with dg.DagsterInstance.local_temp(str(home), overrides=storage) as opened:
                yield opened
        finally:
            server.cleanup()


@dg.asset(key=["landing", "orders"], owners=["team:shop"], description="Orders as they were exported.")
def orders() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"dagster/row_count": 3}, data_version=dg.DataVersion("one"))


@dg.asset(key=["lakehouse", "orders"], deps=[orders], owners=["team:shop"], description="Orders, typed.")
def typed() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"dagster/row_count": 3}, data_version=dg.DataVersion("two"))


@dg.asset_check(asset=typed, name="rows_are_there")
def rows_are_there() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


def test_runs_are_kept_in_postgresql_and_mirrored_once(instance, tmp_path):
    """The compose file puts Dagster on PostgreSQL: staleness, log and mirror must be the same there as on SQLite."""
    definitions = dg.Definitions(assets=[orders, typed], asset_checks=[rows_are_there])
    result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(instance=instance)
    assert result.success
    assert "Postgres" in type(instance.event_log_storage).__name__
    settings, log, graph = Settings(home=tmp_path / "home"), InstanceLog(instance), asset_graph(definitions)
    first, again = sync(log, graph, settings), sync(log, graph, settings)
    assert (first.error, again.folded, again.sent) == (None, 0, 0)
    events = [json.loads(line) for line in settings.lineage_file.read_text().splitlines()]
    done = {event["job"]["name"]: event for event in events if event["eventType"] == "COMPLETE"}
    assert {"landing/orders", "lakehouse/orders", "lakehouse/orders/check/rows_are_there"} <= set(done)
    assert [source["name"] for source in done["lakehouse/orders"]["inputs"]]
    assert len(events) == first.sent
