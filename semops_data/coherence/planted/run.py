"""The benchmark of a platform home: the corpus and registry of its lake, and the methods that its settings allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from semops_data.coherence.knowledge import load
from semops_data.coherence.planted.benchmark import CONCEPTS, measure
from semops_data.coherence.tables import from_rows
from semops_data.corpus.tables import reading_of

if TYPE_CHECKING:
    import pyarrow as pa

    from semops_data.coherence.planted.drift import Tell
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
    methods, tell = _methods(settings, with_model=with_model)
    current = reading_of(lake.read("corpus/documents")).current
    found = measure(knowledge, current, lambda texts: vectors.embed(list(texts)).vectors, methods, tell=tell, most=most)
    ranks: dict[str, int] = {}
    pairs = []
    for pair in found.natural:
        ranks[pair.method] = ranks.get(pair.method, 0) + 1
        pairs.append(vars(pair) | {"rank": ranks[pair.method]})
    sums = {"concepts": found.concepts, "registered_concepts": found.registered}
    rows = from_rows("coherence/benchmark", [result.row() for result in found.results])
    return rows, from_rows("coherence/benchmark_pairs", pairs), sums


def _methods(settings: Settings, *, with_model: bool) -> tuple[dict[str, Method], Tell | None]:
    methods: dict[str, Method] = {"v1-embedding": lambda pairs, raws: raws}  # noqa: ARG005
    if not with_model:
        return methods, None
    from semops_data.coherence.contradiction.judge import Judge
    from semops_data.coherence.contradiction.model import open_model
    from semops_data.coherence.contradiction.verdicts import VerdictCache
    from semops_data.coherence.entailment import EntailmentCache

    model = open_model(settings)
    cache = VerdictCache(settings.home / "coherence" / "verdicts.db")
    for name in MODEL_METHODS:
        methods[name] = Judge(name, model, cache).raws
    answers = EntailmentCache(settings.home / "coherence" / "entailments.db")
    return methods, lambda pairs: answers.told(model, pairs)
