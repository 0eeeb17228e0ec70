"""What a person reads when something goes wrong."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import subprocess
import sys

import pytest

from semops_data.cli.console import visible
from semops_data.cli.errors import FAILED, explain

DST = f"{sys.executable} -m semops_data.cli.main"


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "/data/x.parquet"),
        sqlite3.OperationalError("database or disk is full"),
        RuntimeError("Generic error: failed to write: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_told_in_one_way_whoever_met_it(error, monkeypatch):
    """SQLite, Delta and Python each say it in words of their own, mostly without the place."""
    monkeypatch.setenv("SEMOPS_HOME", "/data/home")
    code, message = explain(error)
    assert code == FAILED
    assert message.startswith("no room is left on the disk of /data/home: free some")


@pytest.mark.parametrize(
    "error", [OSError(errno.EROFS, "x", "/data/y"), sqlite3.OperationalError("attempt to write a readonly database")]
)
def test_a_home_that_cannot_be_written_is_named_with_the_setting(error, monkeypatch):
    """The folder is the user's to change."""
    monkeypatch.setenv("SEMOPS_HOME", "/data/home")
    assert explain(error) == (
        FAILED, "/data/home cannot be written: make it writable, or set SEMOPS_HOME to another folder"
    )  # fmt: skip


def test_a_quote_from_a_document_cannot_steer_the_terminal():
    """Escape sequences clear the screen or change its title; direction marks turn what is read."""
    assert visible("a\x1b[2Jb\u202ec\td\n") == "a\ufffd[2Jb\ufffdc\td\n"
    assert visible("Schön – „Größe“ 日本 🙂") == "Schön – „Größe“ 日本 🙂"


@pytest.mark.skipif(shutil.which("unshare") is None or os.geteuid() != 0, reason="mounting needs root")
def test_a_home_that_became_read_only_is_refused_before_anything_runs(tmp_path):
    """A home of an earlier run is there and complete: only writing tells that it cannot be written."""
    (tmp_path / "dagster").mkdir()
    script = f"mount --bind {tmp_path} {tmp_path} && mount -o remount,ro,bind {tmp_path} || exit 99; exec {DST} run"
    environment = os.environ | {"SEMOPS_HOME": str(tmp_path)}
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode == 99:
        pytest.skip("mounting is not allowed here")
    assert done.returncode == 2
    assert f"{tmp_path}: Read-only file system; set SEMOPS_HOME" in done.stderr


def test_the_faults_of_a_registry_that_cannot_be_used_are_json_too(tmp_path):
    """An editor that marks the lines asks for JSON, and needs it most where the file is broken."""
    file = tmp_path / "registry.yaml"
    text = (
        "patterns:\n  - id: net-revenue\n    label: Net revenue\n    definition: It is what is left.\n    colour: red\n"
    )
    file.write_text(text)
    command = [sys.executable, "-m", "semops_data.cli.main", "registry", "check", str(file), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    problems = json.loads(done.stdout)["problems"]
    assert done.returncode == 2
    assert (problems[0]["line"], problems[0]["severity"]) == (5, "error")
    assert str(file) in done.stderr
