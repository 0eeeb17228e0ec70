"""The vector store and the vector index: from settings to a `VectorStore` and a `VectorIndex`."""

from __future__ import annotations

import dagster as dg

from semops_data.embeddings.index import VectorIndex
from semops_data.embeddings.store import VectorStore
from semops_data.settings import Settings, load_settings


class VectorStoreResource(dg.ConfigurableResource[VectorStore]):
    """Hands out the store of vectors in front of the configured model; the model loads at the first new text."""

    @classmethod
    def from_settings(cls, settings: Settings) -> VectorStoreResource:  # noqa: ARG003
        """The resource for these settings."""
        return cls()

    def create_resource(self, context: dg.InitResourceContext) -> VectorStore:  # noqa: ARG002
        """Open the model's folder and the lake."""
        from semops_data.embeddings.encoder import open_encoder
        from semops_data.lakehouse.lake import Lake, storage_options

        settings = load_settings()
        return VectorStore(Lake(settings.lake_root, storage_options(settings)), open_encoder(settings))


class VectorIndexResource(dg.ConfigurableResource[VectorIndex]):
    """Hands out the Qdrant collection of the chunks."""

    folder: str
    url: str | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> VectorIndexResource:
        """The resource for these settings."""
        return cls(folder=str(settings.home / "qdrant"), url=settings.qdrant_url)

    def create_resource(self, context: dg.InitResourceContext) -> VectorIndex:  # noqa: ARG002
        """Name the collection; nothing is opened until it is used."""
        from pathlib import Path

        key = load_settings().qdrant_api_key
        return VectorIndex(Path(self.folder), self.url, key.get_secret_value() if key else None)
