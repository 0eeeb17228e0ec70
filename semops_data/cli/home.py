"""The platform's home and Dagster's, made ready for a command."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from semops_data.cli.errors import ConfigurationError
from semops_data.settings import REPOSITORY, Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import dagster as dg

# Used where the package was installed without the repository around it.
MINIMAL = "telemetry:\n  enabled: false\nnux:\n  enabled: false\nconcurrency:\n  pools:\n    default_limit: 1\n"


def settings_with(environment: Mapping[str, str]) -> Settings:
    """The settings after these variables were set for this process and its children.

    To be called before `semops_data.definitions` is imported: the code location reads the settings once.
    """
    os.environ.update(environment)
    load_settings.cache_clear()
    return load_settings()


def dagster_home(settings: Settings) -> Path:
    """Dagster's home: `DAGSTER_HOME` where that is set, else a folder of the platform's home."""
    given = os.environ.get("DAGSTER_HOME")
    return Path(given).expanduser().absolute() if given else settings.home / "dagster"


def prepare(settings: Settings) -> Path:
    """Make both homes exist, put `dagster.yaml` into Dagster's, and point this process at them.

    Returns:
        Dagster's home.

    Raises:
        ConfigurationError: where a folder cannot be written.
    """
    home = dagster_home(settings)
    try:
        for folder in (settings.home, home):
            folder.mkdir(parents=True, exist_ok=True)
            # A home of an earlier run may have become read-only: SQLite would only say that it cannot open a file.
            with tempfile.TemporaryFile(dir=folder):
                pass
        _install_config(home / "dagster.yaml", ours=home.is_relative_to(settings.home))
    except OSError as error:
        raise ConfigurationError(
            f"{settings.home}: {error.strerror}; set SEMOPS_HOME to a folder that can be written"
        ) from error
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["SEMOPS_HOME"] = str(settings.home)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    return home


def _install_config(target: Path, *, ours: bool) -> None:
    source = REPOSITORY / "dagster.yaml"
    wanted = source.read_text() if source.exists() else MINIMAL
    # A Dagster home of the user's own keeps the configuration that it has.
    if target.exists() and (not ours or target.read_text() == wanted):
        return
    target.write_text(wanted)


@contextmanager
def instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """The persistent Dagster instance of this home."""
    home = prepare(settings)
    import dagster as dg

    from semops_data.cli.quick_sqlite import quick_sqlite

    with quick_sqlite(), dg.DagsterInstance.from_config(str(home)) as opened:
        yield opened
