"""The warehouse: from settings to a `Warehouse`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from semops_data.settings import Settings, load_settings

if TYPE_CHECKING:
    from semops_data.warehouse.warehouse import Warehouse


class WarehouseResource(dg.ConfigurableResource["Warehouse"]):
    """Hands out the `Warehouse` of the platform; the login is read from the settings, never from run config."""

    database: str

    @classmethod
    def from_settings(cls, settings: Settings) -> WarehouseResource:
        """The resource for these settings."""
        return cls(database=settings.snowflake_database)

    def create_resource(self, context: dg.InitResourceContext) -> Warehouse:  # noqa: ARG002
        """Build the `Warehouse`; connects to nothing yet."""
        from semops_data.warehouse.warehouse import Warehouse

        return Warehouse(load_settings().model_copy(update={"snowflake_database": self.database}))
