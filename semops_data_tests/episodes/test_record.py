"""What an operation did is recorded, and recording never decides."""

import json
import logging
import subprocess
import sys

import pytest

from semops_data.episodes.record import EpisodeLog
from semops_data.episodes.spool import read_segments
from semops_data.episodes.validate import InvalidRecordError

EMBED = {"operation": "embed", "target_type": "corpus", "target_id": "own", "agent_name": "embeddings/chunks"}


def spooled(log, name="episodes"):
    records, torn = read_segments(log.spool(name).seal())
    assert torn == []
    return records


@pytest.fixture
def log(tmp_path):
    return EpisodeLog(tmp_path / "episodes", ("configured-secret",))


def test_an_episode_holds_what_its_body_set(log):
    """The body knows what it saw and what it found."""
    edge = {"predicate": "cites", "target_id": "slo", "strength": 0.5, "rationale": "names it"}
    with log.episode(**EMBED, dagster_run_id="run-1", asset_key="embeddings/chunks") as episode:
        episode.context_pattern_ids.append("semantic-coherence")
        episode.coherence_score = 0.5
        episode.token_usage = {"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 3}
        episode.detected_edges.append(edge)
    (record,) = spooled(log)
    assert record["context_pattern_ids"] == ["semantic-coherence"]
    assert json.loads(record["token_usage"])["total_tokens"] == 3
    assert [json.loads(text) for text in record["detected_edges"]] == [edge]
    assert record["run_id"] == record["dagster_run_id"] == "run-1"
    assert json.loads(record["metadata"])["duration_seconds"] >= 0


def test_a_failed_operation_is_recorded_without_its_secrets_and_raised_on(log):
    """The caller decides what a failure means; the record says that it happened."""
    with pytest.raises(OSError, match="configured-secret"), log.episode(**EMBED):
        raise OSError("cannot reach https://u:hunter2@host with configured-secret")
    (record,) = spooled(log)
    assert record["error_message"] == "OSError: cannot reach https://***@host with ***"
    assert [run["status"] for run in spooled(log, "runs")] == ["running", "failed"]


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [("operation", "embedd", "ingest, classify"), ("target_type", "file", "entity, pattern")],
)
def test_an_unknown_enum_value_is_refused_before_the_work(log, field, value, allowed):
    """A misspelt operation is a programming error, told before an hour of embedding."""
    with pytest.raises(InvalidRecordError, match=f"{field}.*{value}.*{allowed}"), log.episode(**EMBED | {field: value}):
        pytest.fail("the body ran")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("coherence_score", 1.5),
        ("coherence_score", float("nan")),
        ("context_utilization", -0.1),
        ("reasoning_pattern", "guess"),
        ("chain_depth", True),
        ("context_pattern_ids", [1]),
        ("target_id", None),
        ("detected_edges", [{"predicate": "likes", "target_id": "x", "strength": 1, "rationale": ""}]),
        ("detected_edges", [{"predicate": "cites"}]),
    ],
)
def test_a_value_that_breaks_the_contract_is_refused_after_the_body(log, field, value):
    """The table would refuse it later, far from where it was set."""
    with pytest.raises(InvalidRecordError, match=field.removeprefix("detected_")[:4]), log.episode(**EMBED) as episode:
        setattr(episode, field, value)


def test_our_own_error_never_hides_that_of_the_body(log):
    """Who debugs needs the first error."""
    with pytest.raises(ZeroDivisionError), log.episode(**EMBED) as episode:  # noqa: PT012 - the body is the test
        episode.coherence_score = 7
        episode.input_hash = str(1 / len(episode.context_pattern_ids))


def test_nested_episodes_count_their_depth_and_share_the_run(log):
    """A chain of agents can be followed."""
    with (
        log.run(run_type="agent", agent_name="canary") as run,
        log.episode(**EMBED) as outer,
        log.episode(**EMBED) as inner,
    ):
        assert (outer.chain_depth, inner.chain_depth) == (0, 1)
    records = {record["id"]: record for record in spooled(log)}
    assert {record["run_id"] for record in records.values()} == {run.id}
    assert json.loads(records[inner.id]["metadata"])["parent_id"] == outer.id
    with log.episode(**EMBED) as later:
        assert later.chain_depth == 0


def test_a_run_is_seen_while_it_runs_and_after(log):
    """A run that was killed stays `running` instead of vanishing."""
    with log.run(run_type="scheduled") as run:
        assert [record["status"] for record in spooled(log, "runs")] == ["running"]
    last = spooled(log, "runs")[-1]
    assert (last["id"], last["status"], last["ended_at"] is not None) == (run.id, "completed", True)


def test_an_unwritable_spool_warns_once_and_the_work_goes_on(tmp_path, caplog):
    """Telemetry never decides."""
    (tmp_path / "episodes").write_text("a file where the folder should be")
    log = EpisodeLog(tmp_path / "episodes")
    done = 0
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            with log.episode(**EMBED):
                done += 1
    assert done == 3
    assert len(caplog.records) == 1


def test_importing_the_recorder_imports_nothing_heavy():
    """Every step of every run imports it."""
    heavy = "('numpy', 'pyarrow', 'dagster', 'deltalake')"
    code = f"import sys, semops_data.episodes.record; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
