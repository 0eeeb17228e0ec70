"""Power fails in the middle of a materialization, fifty times."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def killed(folder: Path, root: str, options: dict[str, str], trials: int) -> dict[str, float]:
    """Run the trials; how many writers were killed, and how many had finished by then."""
    command = [sys.executable, "-m", "semops_data_tests.lakehouse.killing", str(folder), root, json.dumps(options),
               str(trials)]  # fmt: skip
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.slow
def test_fifty_kills_leave_readable_tables_and_repeated_runs_end_as_undisturbed_ones(tmp_path):
    """A first write, a MERGE, before, between and after data and commit: the old state or the new one, never else.

    A repeated run ends with the content of an undisturbed one, byte by byte, and vacuum takes what was left behind.
    """
    ends = killed(tmp_path, str(tmp_path / "delta"), {}, trials=52)
    assert ends["killed"] + ends.get("finished", 0) == 50
    assert ends["killed"] > 25
