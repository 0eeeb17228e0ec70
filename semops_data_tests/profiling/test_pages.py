"""The long reports: made only on demand, on a stated sample, linked from the asset's page and kept with the run."""

from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from semops_data.cli.selection import resolve
from semops_data.definitions import defs
from semops_data.lakehouse.lake import Lake
from semops_data.profiling import assets
from semops_data.resources.event_log import InstanceLog, asset_graph
from semops_data.settings import Settings, load_settings
from semops_data.synthesis.business import clean_day
from semops_data.synthesis.parameters import Business
from semops_data.tracking.sink import Sink
from semops_data.tracking.sync import sync

KEY = dg.AssetKey(["profiling", "reports"])


def lake_of_products(folder: Path) -> Lake:
    lake = Lake(str(folder / "delta"))
    rows = clean_day(Business(orders_per_day=20), date(2026, 1, 1))["products"]
    lake.replace("lakehouse/products", rows)
    return lake


def test_everything_is_not_the_reports() -> None:
    """Neither `*` nor the room; their name is."""
    graph = defs.resolve_asset_graph()
    assert KEY not in resolve("*", graph)
    assert KEY not in resolve("group:profiling", graph)
    assert resolve("profiling/reports", graph) == {KEY}


def test_a_run_of_several_assets_leaves_the_reports_out(tmp_path: Path) -> None:
    """Dagster's own command with `*`, or the page's button for all: minutes that nobody asked for."""

    @dg.asset
    def other() -> None: ...

    job = dg.Definitions([assets.reports, other], resources={"lake": lake_of_products(tmp_path)})
    done = job.resolve_implicit_global_asset_job_def().execute_in_process(asset_selection=[KEY, dg.AssetKey("other")])
    assert done.success
    assert [event.asset_key for event in done.get_asset_materialization_events()] == [dg.AssetKey("other")]


@pytest.mark.slow
def test_reports_are_files_of_the_home_linked_and_logged_to_mlflow(tmp_path: Path, monkeypatch) -> None:
    """Minimal and full, each saying how many rows of how many; the same files are artifacts of the MLflow run."""
    pytest.importorskip("ydata_profiling")
    monkeypatch.setenv("SEMOPS_HOME", str(tmp_path / "home"))
    load_settings.cache_clear()
    lake = lake_of_products(tmp_path)
    config = {"tables": ["products", "orders"], "sample_rows": 30}
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        done = dg.materialize(
            [assets.reports],
            instance=instance,
            resources={"lake": lake},
            run_config=dg.RunConfig({"reports": assets.Reports(**config)}),
        )
        (event,) = done.get_asset_materialization_events()
        metadata = event.materialization.metadata
        graph = asset_graph(dg.Definitions([assets.reports], resources={"lake": lake}))
        settings = Settings(home=tmp_path / "home")
        assert sync(InstanceLog(instance), graph, settings).sent == 2
    load_settings.cache_clear()
    for kind in ("minimal", "full"):
        path = Path(str(metadata[f"semops/artifact:products-{kind}.html"].value))
        assert path == tmp_path / "home" / "profiling" / "reports" / f"products-{kind}.html"
        assert "lakehouse/products: 30 of 50 rows" in path.read_text()
        assert path.as_uri() in str(metadata["semops/reports"].value)
    sink = Sink(settings)
    runs = sink.client.search_runs([sink.experiment], "tags.asset_key = 'profiling/reports'")
    held = sink.client.list_artifacts(runs[0].info.run_id, "reports")
    assert sorted(item.path for item in held if item.path.endswith(".html")) == [
        "reports/products-full.html", "reports/products-minimal.html"
    ]  # fmt: skip
