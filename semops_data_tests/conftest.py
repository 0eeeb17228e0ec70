"""What every test gets: an environment that is not the user's, and one small materialized home to share."""

from __future__ import annotations

import os

import pytest

# Before anything is imported: the code location reads the settings once.
for name in [name for name in os.environ if name.startswith(("SEMOPS_", "DAGSTER_"))]:
    del os.environ[name]
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
os.environ["NO_COLOR"] = "1"


@pytest.fixture(scope="session", autouse=True)
def isolated_home(tmp_path_factory):
    """The platform's home of this session: nothing is ever written into the repository or the user's folders."""
    home = tmp_path_factory.mktemp("home")
    os.environ["SEMOPS_HOME"] = str(home)
    from semops_data.settings import load_settings

    load_settings.cache_clear()
    yield home
    os.environ.pop("SEMOPS_HOME", None)
    load_settings.cache_clear()
