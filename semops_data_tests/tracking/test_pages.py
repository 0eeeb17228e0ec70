"""What an asset shows on its page is a file of its MLflow run: tables, plots, statements."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.lineage.records import Graph, Record, RunLog
from semops_data.tracking.artifacts import content
from semops_data.tracking.fold import Context, TrackedRun, fold
from semops_data.tracking.pages import pages
from semops_data.tracking.sink import Sink

PIXEL = base64.b64encode(b"\x89PNG picture").decode()
METADATA = {
    "semops/scores": "| pattern | SC |\n| --- | --- |\n| net-revenue | 0.9 |",
    "semops/plot": f"![scores](data:image/png;base64,{PIXEL})",
    "semops/picture": f"![profile](data:image/svg+xml;base64,{base64.b64encode(b'<svg/>').decode()})",
    "semops/sql": "```sql\nSELECT 1\n```",
    "semops/quarantine_reasons": {"null:total": 3},
    "semops/set_aside": [],
    "semops/model": "minilm@1",
    "semops/rows_in": 7,
    "semops/column_transformations": {"a": {"type": "DIRECT"}},
    "other/table": "a\nb",
}


def test_tables_plots_and_statements_become_the_files_that_they_are():
    found = pages(METADATA)
    assert sorted(found) == ["picture.svg", "plot.png", "quarantine_reasons.json", "scores.md", "sql.sql"]
    assert found["sql.sql"] == "SELECT 1\n"
    assert content(found["plot.png"]) == b"\x89PNG picture"
    assert content(found["picture.svg"]) == b"<svg/>"
    assert content(found["scores.md"]).decode() == METADATA["semops/scores"]


def test_no_secret_enters_a_page():
    said = pages({"semops/log": "one\npassword=hunter2-hunter2\nthe-secret"}, ["the-secret"])["log.md"]
    assert "hunter2" not in said
    assert "the-secret" not in said


@given(st.dictionaries(st.text(max_size=30), st.one_of(st.text(), st.lists(st.text()), st.integers()), max_size=5))
def test_whatever_is_reported_gives_names_that_stay_in_their_folder(metadata):
    for name, page in pages({f"semops/{key}\n": value for key, value in metadata.items()}).items():
        assert Path(name).name == name
        assert isinstance(content(page), bytes)


def test_pages_are_delivered_once_and_can_be_opened(settings):
    record = Record(storage_id=1, timestamp=1.0, kind="ASSET_MATERIALIZATION", asset_key="a/b", metadata=METADATA)
    log = RunLog(run_id="r", job_name="j", status="SUCCESS", created=datetime.now(UTC), records=(record,))
    run = fold(log, Graph({}), Context(about={"scale.days": "3", "seed": "7", "device": "cpu"}))[-1]
    assert TrackedRun.from_json(run.to_json()) == run
    assert (run.params["scale.days"], run.params["seed"], run.params["model"]) == ("3", "7", "minilm@1")
    sink = Sink(settings)
    made = sink._create(run, None)
    for _ in range(2):
        sink._fill(made, run)
    assert len(sink.client.list_artifacts(made, "reports")) == 5
    assert Path(sink.client.download_artifacts(made, "reports/plot.png")).read_bytes() == b"\x89PNG picture"


@pytest.mark.parametrize("value", ["![x](data:image/png;base64,not*base64)\nmore", "![x](javascript:alert)\n", "![a"])
def test_what_only_looks_like_a_picture_is_text(value):
    assert set(pages({"semops/x": value})) <= {"x.md"}
