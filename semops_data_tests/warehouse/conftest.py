"""One emulator for all tests of the room, a schema of its own for each test."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from semops_data.settings import Settings
from semops_data.warehouse import emulator
from semops_data.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCHEMAS = itertools.count(1)


@pytest.fixture(scope="session")
def shared_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    settings = Settings(home=tmp_path_factory.mktemp("warehouse-home"), snowflake_account=None)
    emulator.ensure_running(settings)
    yield settings
    emulator.stop(settings)


@pytest.fixture
def warehouse(shared_settings: Settings) -> Warehouse:
    return Warehouse(shared_settings, schema=f"TEST_{next(SCHEMAS)}")


@pytest.fixture
def own_settings(tmp_path: Path) -> Iterator[Settings]:
    """A home of its own, for tests that end the server."""
    settings = Settings(home=tmp_path / "home", snowflake_account=None)
    yield settings
    emulator.stop(settings)
