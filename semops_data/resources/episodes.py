"""The episode log: from settings to an `EpisodeLog`."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
from pydantic import SecretStr

from semops_data.episodes.record import EpisodeLog
from semops_data.settings import Settings, load_settings


class EpisodesResource(dg.ConfigurableResource["EpisodeLog"]):
    """Hands out the `EpisodeLog`; it knows the configured secrets, to keep them out of what it records."""

    folder: str

    @classmethod
    def from_settings(cls, settings: Settings) -> EpisodesResource:
        """The resource for these settings."""
        return cls(folder=str(settings.home / "episodes"))

    def create_resource(self, context: dg.InitResourceContext) -> EpisodeLog:  # noqa: ARG002
        """Build the `EpisodeLog`."""
        return EpisodeLog(Path(self.folder), secrets_of(load_settings()))


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """The values of every secret that is configured."""
    values = (getattr(settings, name) for name in type(settings).model_fields)
    return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))
