"""The samples run as they are written, each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLES = sorted(path.name for path in (ROOT / "samples").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_ends_with_every_metric_right(tmp_path, name):
    """Whoever begins here begins by copying one of them."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SEMOPS_", "DAGSTER_"))}
    found = subprocess.run(
        [sys.executable, str(ROOT / "samples" / name)],
        env=kept | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-3_000:] + found.stderr[-3_000:]


def test_the_readme_names_every_sample():
    """A sample that nobody finds helps nobody."""
    text = (ROOT / "samples" / "README.md").read_text()
    assert len(SAMPLES) == 3
    assert all(f"python samples/{name}" in text for name in SAMPLES)
