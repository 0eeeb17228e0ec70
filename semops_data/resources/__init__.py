"""Configuration in, plain objects out: one file per system.

Belongs here: `dg.ConfigurableResource`s that turn `Settings` into a core object (`Lake`, `ObjectStore`, ...).
Does not belong here: what is done with the object. An asset takes `lake: dg.ResourceParam[Lake]`; a test passes
a real `Lake`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from semops_data.resources.embeddings import VectorIndexResource, VectorStoreResource
from semops_data.resources.episodes import EpisodesResource
from semops_data.resources.knowledge import CorpusResource, RegistryResource
from semops_data.resources.lake import LakeResource
from semops_data.resources.object_store import ObjectStoreResource
from semops_data.resources.warehouse import WarehouseResource

if TYPE_CHECKING:
    from semops_data.settings import Settings


def build_resources(settings: Settings) -> dict[str, Any]:
    """Every resource of the code location, by the name that assets ask for."""
    return {
        "lake": LakeResource.from_settings(settings),
        "landing_store": ObjectStoreResource.from_settings(settings),
        "warehouse": WarehouseResource.from_settings(settings),
        "vectors": VectorStoreResource.from_settings(settings),
        "vector_index": VectorIndexResource.from_settings(settings),
        "episodes": EpisodesResource.from_settings(settings),
        "registry_source": RegistryResource.from_settings(settings),
        "corpus": CorpusResource.from_settings(settings),
    }
