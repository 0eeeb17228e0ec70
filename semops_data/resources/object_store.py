"""The landing store: from settings to an `ObjectStore`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from semops_data.settings import Settings, load_settings

if TYPE_CHECKING:
    from semops_data.landing.store import ObjectStore


class ObjectStoreResource(dg.ConfigurableResource["ObjectStore"]):
    """Hands out the store of landed objects; credentials are read from the settings, never from run config."""

    root: str

    @classmethod
    def from_settings(cls, settings: Settings) -> ObjectStoreResource:
        """The resource for these settings."""
        return cls(root=settings.landing_root)

    def create_resource(self, context: dg.InitResourceContext) -> ObjectStore:  # noqa: ARG002
        """Build the `ObjectStore`."""
        from semops_data.landing.store import ObjectStore, store_options

        return ObjectStore(self.root, {} if "://" not in self.root else store_options(load_settings()))
