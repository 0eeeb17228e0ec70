"""The project's own facets: `semops_coherence` on datasets and `semops_episode` on runs.

Their JSON schemas lie in `schemas/`, beside this file; a facet names its schema by that schema's `$id`, a URN.
Where a deployment publishes the schemas at an address (`dst lineage schemas`), its facets name that one instead.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from semops_data.lineage.models import Facets

SCHEMAS = Path(__file__).parent / "schemas"
COHERENCE, EPISODE = "semops/coherence", "semops/episode"
_COHERENCE_MODEL, _EPISODE_MODEL = "SemopsCoherenceDatasetFacet", "SemopsEpisodeRunFacet"
_VERSION = "1-0-0"
_URN = f"urn:semops-data:facets:{_VERSION}:"
_base = [_URN]


def publish_at(address: str | None) -> None:
    """Say where the schemas of this process's facets are published; by their URN where nobody does."""
    _base[0] = f"{address.rstrip('/')}/" if address else _URN


def schema_url(model: str) -> str:
    """What a facet of that model gives as its `_schemaURL`."""
    return f"{_base[0]}{model}.json#/$defs/{model}"


def published(address: str | None) -> dict[str, str]:
    """The schemas as files to publish at that address, by file name: each has it as its `$id`."""
    found = {}
    for path in sorted(SCHEMAS.glob("*.json")):
        schema = json.loads(path.read_text())
        schema["$id"] = f"{address.rstrip('/')}/{path.name}" if address else schema["$id"]
        found[path.name] = json.dumps(schema, indent=2) + "\n"
    return found


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
