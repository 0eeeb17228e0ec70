"""The registry as tables: patterns, the edges between them, and the capabilities that implement them."""

import dagster as dg

from semops_data import catalog
from semops_data.contracts import table
from semops_data.lakehouse.lake import Lake
from semops_data.registry.source import RegistryFile

registry_file = dg.AssetSpec(
    ["registry", "file"],
    kinds={"yaml"},
    owners=catalog.MEANING_OWNERS,
    description="The registry file that people edit; its data version is the sha256 of its content.",
)


def registry_asset(name: str) -> dg.AssetsDefinition:
    """The asset that writes one table of the registry: patterns, edges or capabilities."""
    key = f"registry/{name}"

    @dg.asset(
        key=key.split("/"),
        kinds={"deltalake"},
        owners=catalog.MEANING_OWNERS,
        deps=[registry_file],
        code_version="1",
        metadata=catalog.definition_metadata(table(key), storage_kind="deltalake"),
        description=table(key).description,
    )
    def registry_table(
        lake: dg.ResourceParam[Lake], registry_source: dg.ResourceParam[RegistryFile]
    ) -> dg.MaterializeResult[None]:
        from semops_data.registry import tables

        registry = registry_source.load()
        commit = lake.replace(key, getattr(tables, f"{name}_table")(registry))
        return dg.MaterializeResult(
            metadata=catalog.run_metadata(
                uri=lake.uri(key),
                rows=commit.rows,
                size_bytes=lake.size_bytes(key),
                file=registry.file,
                delta_version=commit.version,
            ),
            data_version=dg.DataVersion(commit.digest),
        )

    return registry_table


registry_patterns = registry_asset("patterns")
registry_edges = registry_asset("edges")
registry_capabilities = registry_asset("capabilities")
