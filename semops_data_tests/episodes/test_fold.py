"""From the spool into the tables: nothing lost, nothing twice, whatever is killed."""

import signal
import subprocess
import sys
import threading
import time

import pytest

from semops_data.episodes.fold import fold_episodes, fold_runs
from semops_data.episodes.record import EpisodeLog
from semops_data.lakehouse.lake import Lake

EMBED = {"operation": "embed", "target_type": "corpus", "target_id": "own", "agent_name": "embeddings/chunks"}
WRITER = """
import sys
from pathlib import Path
from semops_data.episodes.record import EpisodeLog
log = EpisodeLog(Path(sys.argv[1]))
while True:
    with log.episode(operation="embed", target_type="corpus", target_id="x" * 2000, agent_name="w", run_id="r") as e:
        pass
    print(e.id, flush=True)
"""


@pytest.fixture
def lake(tmp_path):
    return Lake(str(tmp_path / "delta"))


@pytest.fixture
def log(tmp_path):
    return EpisodeLog(tmp_path / "episodes")


def test_folding_twice_changes_nothing(lake, log):
    """Materializing again is always allowed."""
    with log.episode(**EMBED):
        pass
    first = fold_episodes(lake, log)
    version = lake.version("episodes/episodes")
    again = fold_episodes(lake, log)
    assert (first.rows, first.added, again.rows, again.added) == (1, 1, 1, 0)
    assert first.digest == again.digest
    assert lake.version("episodes/episodes") == version
    assert fold_runs(lake, log).digest == fold_runs(lake, log).digest


def test_a_crash_between_the_commit_and_the_spool_doubles_nothing(lake, log, monkeypatch):
    """The segment is read again; its rows are known."""
    with log.episode(**EMBED):
        pass

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("semops_data.episodes.spool.Spool.consume", die)
        with pytest.raises(KeyboardInterrupt):
            fold_episodes(lake, log)
        with pytest.raises(KeyboardInterrupt):
            fold_runs(lake, log)
    assert fold_episodes(lake, log).rows == fold_runs(lake, log).rows == 1
    assert list((log.folder / "spool").glob("*/sealed/*")) == []


@pytest.mark.parametrize("trial", range(3))
def test_writers_that_are_killed_lose_no_finished_episode(lake, log, tmp_path, trial):
    """Several processes append, the reader seals meanwhile, all die by kill -9: what was finished is there, once."""
    outputs = [tmp_path / f"writer-{number}" for number in range(3)]
    writers = []
    for output in outputs:
        with output.open("w") as file:
            command = [sys.executable, "-c", WRITER, str(log.folder)]
            writers.append(subprocess.Popen(command, stdout=file))
    try:
        deadline = time.monotonic() + 60
        while not all(output.stat().st_size > 400 for output in outputs) and time.monotonic() < deadline:
            time.sleep(0.02)
        fold_episodes(lake, log)
    finally:
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            writer.wait()
    with log.episode(**EMBED, run_id="r") as last:
        pass
    folded = fold_episodes(lake, log)
    ids = lake.read("episodes/episodes", columns=["id"])["id"].to_pylist()
    acknowledged = {line for output in outputs for line in output.read_text().split("\n")[:-1]}
    assert len(acknowledged) > 10
    assert acknowledged | {last.id} <= set(ids)
    assert len(ids) == len(set(ids)) == folded.rows


def test_a_torn_line_is_set_aside_and_the_next_one_is_whole(lake, log):
    """A writer was killed inside its line."""
    with log.episode(**EMBED) as whole:
        pass
    with log.spool("episodes").open_file.open("ab") as file:
        file.write(b'{"id": "torn", "operation": "em')
    with log.episode(**EMBED) as after:
        pass
    folded = fold_episodes(lake, log)
    assert set(lake.read("episodes/episodes")["id"].to_pylist()) == {whole.id, after.id}
    (torn,) = folded.set_aside
    assert (torn.line, "not a whole JSON line" in torn.reason) == (2, True)


def test_a_line_that_breaks_the_contract_is_set_aside(lake, log):
    """Another version of the software may have written it."""
    spool = log.spool("episodes")
    for record in ({"id": "x", "operation": "dance"}, [1], {"id": 5, "created_at": "yesterday"}):
        spool.append(record)
    with spool.open_file.open("ab") as file:
        file.write(b"\xff\xfe\n")
    folded = fold_episodes(lake, log)
    assert folded.rows == 0
    assert len(folded.set_aside) == 4


def test_a_finished_run_never_runs_again(lake, log):
    """Lines of two processes may arrive in any order."""
    with log.run() as run:
        pass
    fold_runs(lake, log)
    line = {"id": run.id, "run_type": "manual", "status": "running", "metadata": "{}"}
    log.spool("runs").append(line | {"started_at": "2020-01-01T00:00:00+00:00"})
    fold_runs(lake, log)
    (row,) = lake.read("episodes/runs").to_pylist()
    assert (row["status"], row["started_at"].year) == ("completed", 2020)
    assert row["ended_at"] is not None


def test_a_dagster_run_gets_its_end_from_dagster(lake, log):
    """Its processes do not see how it ends."""
    with log.episode(**EMBED, dagster_run_id="d1"):
        pass
    log.outcomes = lambda ids: {ids[0]: {"status": "failed", "run_type": "scheduled"}}
    fold_runs(lake, log)
    (row,) = lake.read("episodes/runs").to_pylist()
    assert (row["id"], row["status"], row["run_type"]) == ("d1", "failed", "scheduled")


def test_lists_and_nulls_come_back_as_they_were(lake, log):
    """Readers rely on the contract's types."""
    with log.episode(**EMBED, context_entity_ids=["a", "b"]):
        pass
    fold_episodes(lake, log)
    with log.episode(**EMBED):
        pass
    fold_episodes(lake, log)
    rows = lake.read("episodes/episodes").to_pylist()
    assert sorted((row["context_entity_ids"], row["coherence_score"]) for row in rows) == [
        ([], None),
        (["a", "b"], None),
    ]


@pytest.mark.parametrize(("fold", "name"), [(fold_episodes, "episodes"), (fold_runs, "runs")])
def test_two_folds_at_once_lose_and_double_nothing(lake, log, fold, name):
    """`dst run` settles the runs while the daemon materializes the same table."""
    count = 6

    def work():
        for _ in range(count):
            with log.episode(**EMBED):
                pass
            fold(lake, log)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fold(lake, log)
    ids = lake.read(f"episodes/{name}")["id"].to_pylist()
    assert len(ids) == len(set(ids)) == 2 * count
