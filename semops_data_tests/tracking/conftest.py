"""The toy project of lineage, and what MLflow holds after it was tracked."""

from __future__ import annotations

import contextlib
import os
import sqlite3

import pytest

from semops_data.settings import Settings
from semops_data.tracking.sink import prepare
from semops_data_tests.lineage.conftest import toys

__all__ = ["toys"]


@pytest.fixture(autouse=True)
def environment_as_it_was():
    """Tracking sets MLflow's own variables for its process."""
    before = dict(os.environ)
    yield
    for name in set(os.environ) - set(before):
        if name.startswith("MLFLOW_"):
            del os.environ[name]


@pytest.fixture(scope="session")
def blank_store(tmp_path_factory):
    """An MLflow database with its schema, which takes seconds to make, and nothing in it."""
    home = tmp_path_factory.mktemp("blank")
    prepare(Settings(home=home))
    return home / "mlflow" / "mlflow.db"


@pytest.fixture
def settings(tmp_path, blank_store):
    """Settings of a home of its own, whose MLflow store is ready."""
    (tmp_path / "home" / "mlflow").mkdir(parents=True)
    # A copy of the file alone would miss what still lies in its write-ahead log.
    with (
        contextlib.closing(sqlite3.connect(blank_store)) as blank,
        contextlib.closing(sqlite3.connect(tmp_path / "home" / "mlflow" / "mlflow.db")) as own,
    ):
        blank.backup(own)
    return Settings(home=tmp_path / "home")
