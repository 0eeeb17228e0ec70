"""The project's own facets: `semops_coherence` on datasets and `semops_episode` on runs.

Their JSON schemas are published in `schemas/`, beside this file; a facet names its schema by that schema's `$id`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from semops_data.lineage.models import Facets

SCHEMAS = Path(__file__).parent / "schemas"
COHERENCE, EPISODE = "semops/coherence", "semops/episode"
_COHERENCE_MODEL, _EPISODE_MODEL = "SemopsCoherenceDatasetFacet", "SemopsEpisodeRunFacet"
_VERSION = "1-0-0"


def schema_url(model: str) -> str:
    """What a facet of that model gives as its `_schemaURL`."""
    return f"urn:semops-data:facets:{_VERSION}:{model}.json#/$defs/{model}"


def coherence(metadata: Mapping[str, Any]) -> Facets:
    """The coherence that a materialization or observation reports of its own dataset, under `semops/coherence`."""
    said = metadata.get(COHERENCE)
    return coherence_facet(said) if isinstance(said, dict) else {}


def coherence_facet(values: Mapping[str, Any]) -> Facets:
    """The facet of these values; see the schema."""
    return {"semops_coherence": _facet(_COHERENCE_MODEL, values)}


def episode(metadata: Mapping[str, Any]) -> Facets:
    """The episode that a materialization reports of its own step, under `semops/episode`."""
    said = metadata.get(EPISODE)
    return episode_facet(said) if isinstance(said, dict) else {}


def episode_facet(values: Mapping[str, Any]) -> Facets:
    """The facet of these values; see the schema."""
    return {"semops_episode": _facet(_EPISODE_MODEL, values)}


def _facet(model: str, values: Mapping[str, Any]) -> dict[str, Any]:
    from openlineage.client.generated.base import PRODUCER

    return {"_producer": PRODUCER, "_schemaURL": schema_url(model)} | dict(values)
