"""The benchmark of a platform home: the corpus and registry of its lake, and the methods that its settings allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from semops_data.coherence.knowledge import load
from semops_data.coherence.planted.benchmark import CONCEPTS, measure
from semops_data.coherence.tables import from_rows
from semops_data.corpus.tables import reading_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from semops_data.coherence.contradiction.model import ContradictionModel
    from semops_data.coherence.planted.drift import Lost
    from semops_data.coherence.planted.stand import Method
    from semops_data.embeddings.store import VectorStore
    from semops_data.lakehouse.lake import Lake
    from semops_data.settings import Settings

MODEL_METHODS = ("v2-nli", "v4-hybrid")


def benchmark_rows(
    lake: Lake, vectors: VectorStore, settings: Settings, *, most: int = CONCEPTS, with_model: bool = True
) -> tuple[pa.Table, pa.Table, dict[str, Any]]:
    """Rows of `coherence/benchmark` and `coherence/benchmark_pairs`, and how many concepts there were.

    Args:
        lake: with corpus, registry and vectors.
        vectors: for what is planted.
        settings: which contradiction model is asked.
        most: concepts at most.
        with_model: whether the methods that need the contradiction model take part.
    """
    knowledge = load(lake)
    methods, losers = _methods(settings, with_model=with_model)
    current = reading_of(lake.read("corpus/documents")).current
    found = measure(
        knowledge, current, lambda texts: vectors.embed(list(texts)).vectors, methods, losers=losers, most=most
    )
    ranks: dict[str, int] = {}
    pairs = []
    for pair in found.natural:
        ranks[pair.method] = ranks.get(pair.method, 0) + 1
        pairs.append(vars(pair) | {"rank": ranks[pair.method]})
    sums = {"concepts": found.concepts, "registered_concepts": found.registered}
    rows = from_rows("coherence/benchmark", [result.row() for result in found.results])
    return rows, from_rows("coherence/benchmark_pairs", pairs), sums


def _methods(settings: Settings, *, with_model: bool) -> tuple[dict[str, Method], dict[str, Lost]]:
    methods: dict[str, Method] = {"v1-embedding": lambda pairs, raws: raws}  # noqa: ARG005
    if not with_model:
        return methods, {}
    from semops_data.coherence.contradiction.judge import Judge
    from semops_data.coherence.contradiction.model import open_model
    from semops_data.coherence.contradiction.verdicts import VerdictCache

    model = open_model(settings)
    cache = VerdictCache(settings.home / "coherence" / "verdicts.db")
    for name in MODEL_METHODS:
        methods[name] = Judge(name, model, cache).raws
    return methods, {"v2-nli": _entailed(model)}


def _entailed(model: ContradictionModel) -> Lost:
    """What of a sentence's meaning is gone: 1 - the smaller P(entailment) of both directions."""
    from semops_data.coherence.contradiction.network import LABELS

    column = LABELS.index("entailment")

    def lost(pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        forth = model.probabilities(pairs)[:, column]
        back = model.probabilities([(new, old) for old, new in pairs])[:, column]
        gone: np.ndarray = 1.0 - np.minimum(forth, back).astype(np.float64)
        return gone

    return lost
