"""The sources of knowledge: from settings to the registry file and the corpus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from semops_data.settings import Settings, load_settings

if TYPE_CHECKING:
    from semops_data.corpus.source import CorpusPlace
    from semops_data.registry.source import RegistryFile


class RegistryResource(dg.ConfigurableResource["RegistryFile"]):
    """Hands out the `RegistryFile`; whether it can be used is found by the asset that loads it."""

    path: str

    @classmethod
    def from_settings(cls, settings: Settings) -> RegistryResource:
        """The resource for these settings."""
        from semops_data.registry.source import registry_path

        return cls(path=str(registry_path(settings)))

    def create_resource(self, context: dg.InitResourceContext) -> RegistryFile:  # noqa: ARG002
        """Build the `RegistryFile`."""
        from pathlib import Path

        from semops_data.registry.source import RegistryFile

        return RegistryFile(Path(self.path))


class CorpusResource(dg.ConfigurableResource["CorpusPlace"]):
    """Hands out the `CorpusPlace`; whether a corpus is there is found by the asset that opens it."""

    place: str

    @classmethod
    def from_settings(cls, settings: Settings) -> CorpusResource:
        """The resource for these settings."""
        return cls(place=settings.corpus or "this repository's documents")

    def create_resource(self, context: dg.InitResourceContext) -> CorpusPlace:  # noqa: ARG002
        """Build the `CorpusPlace`."""
        from semops_data.corpus.source import CorpusPlace

        return CorpusPlace(load_settings())
