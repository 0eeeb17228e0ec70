"""The assessment from the lake's tables to the rows of the room's tables."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from semops_data.coherence import assess, summing
from semops_data.coherence.knowledge import MixedModelsError
from semops_data.corpus import tables
from semops_data.corpus.definitions import definitions
from semops_data.corpus.model import Reading, Version
from semops_data.embeddings import texts
from semops_data.embeddings.store import VectorStore
from semops_data.lakehouse.lake import Lake
from semops_data.registry.load import parse
from semops_data.registry.tables import patterns_table
from semops_data_tests.coherence.knowledge_base import vector

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REGISTRY = """
patterns:
  - id: net-revenue
    label: Net revenue
    definition: Net revenue is gross revenue less discounts and refunds.
    source: docs/glossary.md#net-revenue
"""


class Toy:
    """An encoder of hashed words."""

    model_id = "toy@1"

    def encode(self, given):
        return np.stack([vector(text) for text in given])


def assessed(lake: Lake, versions: list[Version]) -> dict[str, list[dict[str, object]]]:
    """Every table of the room over these documents, in the order of the graph."""
    store, registry, reading = VectorStore(lake, Toy()), parse(REGISTRY), Reading(tuple(versions))
    history = (Version("registry.yaml", versions[0].valid_from if versions else NOW, REGISTRY),)
    lake.replace("registry/patterns", patterns_table(registry))
    lake.replace("corpus/documents", tables.documents_table(reading))
    lake.replace("corpus/chunks", tables.chunks_table(reading.current))
    lake.replace("corpus/definitions", tables.definitions_table(definitions(registry, reading, history)))
    chunks = lake.read("corpus/chunks")
    lake.replace("embeddings/chunks", texts.chunk_rows(chunks, store).rows)
    lake.replace("embeddings/sentences", texts.sentence_rows(chunks, store).rows)
    rows = texts.pattern_rows(lake.read("registry/patterns"), lake.read("corpus/definitions"), store).rows
    lake.replace("embeddings/patterns", rows)
    lake.replace("coherence/pairs", assess.pair_rows(lake))
    lake.replace("coherence/thresholds", assess.threshold_rows(lake, store)[0])
    lake.replace("coherence/usages", assess.usage_rows(lake))
    lake.replace("coherence/availability", assess.availability_rows(lake))
    lake.replace("coherence/consistency", assess.consistency_rows(lake))
    lake.replace("coherence/stability", assess.stability_rows(lake, store))
    lake.replace("coherence/findings", assess.finding_rows(lake))
    scores, whole = summing.score_rows(lake)
    lake.replace("coherence/scores", scores)
    return {
        "scores": scores.to_pylist(),
        "whole": whole.to_pylist(),
        "hotspots": summing.hotspot_rows(lake).to_pylist(),
    }


@pytest.mark.parametrize("versions", [[], [Version("docs/empty.md", NOW, "<!-- nothing yet -->\n")]])
def test_a_corpus_without_any_text_leaves_every_pattern_unmeasured_with_a_reason(tmp_path, versions):
    """Documents that cannot be decoded, or are empty, are findings; the run goes on and invents no score."""
    found = assessed(Lake(str(tmp_path)), versions)
    assert [row["sc"] for row in found["scores"]] == [None]
    assert "0 chunks" in found["scores"][0]["reason"]
    assert found["whole"][0]["unmeasured_count"] == 1
    assert found["hotspots"] == []


def test_vectors_of_two_models_are_never_compared(tmp_path):
    """A cosine between two models is a number without a meaning: whoever changed the model is told what to do."""
    lake = Lake(str(tmp_path))
    assessed(lake, [Version("docs/a.md", NOW, "# A\n\nNet revenue is what is left of gross revenue.\n")])
    other = Toy()
    other.model_id = "toy@2"
    chunks = lake.read("corpus/chunks")
    lake.replace("embeddings/chunks", texts.chunk_rows(chunks, VectorStore(lake, other)).rows)
    with pytest.raises(MixedModelsError, match=r"embeddings/chunks toy@2; .*materialize group:embeddings"):
        assess.pair_rows(lake)
