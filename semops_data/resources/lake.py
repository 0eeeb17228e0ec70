"""The lake: from settings to a `Lake`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from semops_data.settings import Settings, load_settings

if TYPE_CHECKING:
    from semops_data.lakehouse.lake import Lake


class LakeResource(dg.ConfigurableResource["Lake"]):
    """Hands out the `Lake` of the platform; credentials are read from the settings, never from run config."""

    root: str

    @classmethod
    def from_settings(cls, settings: Settings) -> LakeResource:
        """The resource for these settings."""
        return cls(root=settings.lake_root)

    def create_resource(self, context: dg.InitResourceContext) -> Lake:  # noqa: ARG002
        """Build the `Lake`."""
        from semops_data.lakehouse.lake import Lake, storage_options

        return Lake(self.root, storage_options(load_settings()))
