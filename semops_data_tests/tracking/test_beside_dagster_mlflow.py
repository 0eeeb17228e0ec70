"""`dagster-mlflow`, which users know, stays usable in the same project and the same MLflow store."""

from __future__ import annotations

import dagster as dg
import pytest

from semops_data.resources.event_log import InstanceLog, asset_graph
from semops_data.tracking.sink import Sink
from semops_data.tracking.sync import sync
from semops_data_tests.lineage import toy


@pytest.mark.slow
def test_its_resource_and_our_runs_stand_side_by_side(tmp_path, settings):
    """Its run holds what the step logged; ours hold what was made; neither touches the other's."""
    theirs = pytest.importorskip("dagster_mlflow")

    @dg.asset(key=["toy", "trained"], required_resource_keys={"mlflow"})
    def trained(context):
        context.resources.mlflow.log_metric("loss", 0.5)

    resource = theirs.mlflow_tracking.configured(
        {"experiment_name": "theirs", "mlflow_tracking_uri": settings.tracking_uri}
    )
    defs = dg.Definitions([trained], resources={"mlflow": resource})
    with toy.instance_in(tmp_path) as instance:
        assert defs.resolve_implicit_global_asset_job_def().execute_in_process(instance=instance).success
        assert sync(InstanceLog(instance), asset_graph(defs), settings).sent == 2
    sink = Sink(settings)
    other = sink.client.get_experiment_by_name("theirs")
    (logged,) = sink.client.search_runs([other.experiment_id])
    assert logged.data.metrics == {"loss": 0.5}
    ours = sink.client.search_runs([sink.experiment])
    assert {run.data.tags["semops.kind"] for run in ours} == {"run", "materialization"}
    assert all("loss" not in run.data.metrics for run in ours)
