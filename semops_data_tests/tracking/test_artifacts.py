"""A file that a run names is uploaded with it, once, if it is a file of ours."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from semops_data.lineage.outbox import Outbox
from semops_data.lineage.records import Graph, Record, RunLog
from semops_data.tracking import artifacts
from semops_data.tracking.fold import TrackedRun, fold
from semops_data.tracking.sink import Sink
from semops_data.tracking.sync import ledger_path


def folded(**files):
    """The tracked runs of one materialization that names files."""
    metadata = {f"semops/artifact:{name}": str(path) for name, path in files.items()} | {"semops/artifact:n": 3}
    record = Record(storage_id=1, timestamp=1.0, kind="ASSET_MATERIALIZATION", asset_key="a/b", metadata=metadata)
    log = RunLog(run_id="r", job_name="j", status="SUCCESS", created=datetime.now(UTC), records=(record,))
    return fold(log, Graph({}))


def deliver(settings, runs, *, times=1):
    """Deliver runs, each as often as said; the sink and the MLflow run of the last."""
    sink = Sink(settings)
    with Outbox(ledger_path(settings)) as ledger:
        ledger.add([(run.key, run.to_json()) for run in runs])
        sink.deliver(ledger, until=float("inf"))
        made = ledger.receipt(runs[-1].key)
    for _ in range(times - 1):
        sink._fill(made, runs[-1])
    return sink, made


def test_a_named_file_is_an_artifact_of_the_run_and_not_a_metric(settings):
    page = settings.home / "profiling" / "reports" / "orders.html"
    page.parent.mkdir(parents=True)
    page.write_text("<html>orders</html>")
    runs = folded(**{"orders-full.html": page})
    assert runs[-1].artifacts == {"orders-full.html": str(page)}
    assert set(runs[-1].metrics) == {"seconds"}
    assert TrackedRun.from_json(runs[-1].to_json()) == runs[-1]
    sink, made = deliver(settings, runs, times=2)
    assert [item.path for item in sink.client.list_artifacts(made, "reports")] == ["reports/orders-full.html"]
    assert Path(sink.client.download_artifacts(made, "reports/orders-full.html")).read_text() == "<html>orders</html>"


def test_a_second_delivery_uploads_nothing_again(settings):
    """The run is completed after a crash; what is there already stays as it was."""
    page = settings.home / "page.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("first")
    runs = folded(**{"page.html": page})
    sink, made = deliver(settings, runs)
    page.write_text("second")
    sink._fill(made, runs[-1])
    assert Path(sink.client.download_artifacts(made, "reports/page.html")).read_text() == "first"


def test_what_is_no_file_of_ours_is_named_and_not_uploaded(settings, tmp_path, monkeypatch):
    """Metadata come from anyone: a secret, a link out of the home, a folder, a file too large, one that is gone."""
    monkeypatch.setattr(artifacts, "MAX_BYTES", 10)
    home = settings.home
    (home / "folder").mkdir(parents=True)
    (tmp_path / "secret").write_text("key")
    (home / "link").symlink_to(tmp_path / "secret")
    (home / "large").write_text("x" * 11)
    runs = folded(
        secret=tmp_path / "secret", link=home / "link", folder=home / "folder", large=home / "large", gone="no"
    )
    sink, made = deliver(settings, runs)
    assert list(sink.client.list_artifacts(made, "reports")) == []
    run = sink.client.get_run(made)
    assert run.info.status == "FINISHED"
    told = run.data.tags[artifacts.SKIPPED]
    assert told.count("outside the platform's home") == 2
    for reason in ("folder: it is no file", "large: 11 bytes are more than 10", "gone: there is no such file"):
        assert reason in told


@pytest.mark.parametrize("name", ["../../evil", "a/b", "..", ""])
def test_a_name_never_leaves_the_folder(name):
    (found,) = folded(**{name: "x"})[-1].artifacts
    assert "/" not in found
    assert ".." not in found


def test_a_run_that_was_kept_before_there_were_artifacts_can_be_read():
    """The ledger outlives a version."""
    old = TrackedRun(key="k", name="n", status="FINISHED", start_ms=0, end_ms=1).to_json()
    assert TrackedRun.from_json(old.replace('"artifacts":{},', "")).artifacts == {}
