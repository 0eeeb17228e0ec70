"""What every test gets: an environment that is not the user's, and one small materialized home to share."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

# Before anything is imported: the code location reads the settings once.
for name in [name for name in os.environ if name.startswith(("SEMOPS_", "DAGSTER_"))]:
    del os.environ[name]
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
os.environ["NO_COLOR"] = "1"

ROOT = Path(__file__).parents[1]


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


@dataclass(frozen=True)
class Platform:
    """A platform home, and `dst` in a process of its own on it."""

    home: Path
    environment: dict[str, str]
    first_run: dict

    def dst(self, *arguments, timeout=200, **environment):
        """Run `dst`; the finished process, with text output."""
        command = [sys.executable, "-m", "semops_data.cli.main", *map(str, arguments)]
        env = self.environment | {key: str(value) for key, value in environment.items()}
        return subprocess.run(
            command, env=env, cwd=self.home, capture_output=True, text=True, timeout=timeout, check=False
        )


@pytest.fixture(scope="session")
def materialized_home(tmp_path_factory):
    """One `dst run` over one small day and the project's own glossary, for all tests that look at its result."""
    home = tmp_path_factory.mktemp("platform")
    corpus = home / "corpus"
    (corpus / "docs").mkdir(parents=True)
    shutil.copy(ROOT / "docs" / "glossary.md", corpus / "docs")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("SEMOPS_", "DAGSTER_"))}
    environment |= {
        "SEMOPS_HOME": str(home / "semops"),
        "SEMOPS_CORPUS": str(corpus),
        "SEMOPS_DAYS": "1",
        "SEMOPS_ORDERS_PER_DAY": "150",
        "DAGSTER_DISABLE_TELEMETRY": "yes",
    }
    platform = Platform(home, environment, {})
    done = platform.dst("run", "--json")
    assert done.returncode == 0, done.stderr[-3000:]
    platform.first_run.update(json.loads(done.stdout))
    yield platform
    code = "from semops_data.settings import load_settings; from semops_data.warehouse.emulator import stop; "
    subprocess.run([sys.executable, "-c", f"{code}stop(load_settings())"], env=environment, timeout=60, check=False)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI a browser test that is skipped is a failure: nobody reads the skips of a green run."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("CI") == "true" and item.get_closest_marker("browser"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where it must run: {report.longrepr}"
