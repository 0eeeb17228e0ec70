"""Four nights of a small knowledge base: pages come, change and go, and so do definitions, patterns and labels."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from semops_data.coherence import assess, summing
from semops_data.coherence.history import newest, remember
from semops_data.corpus import carrying, tables
from semops_data.corpus.definitions import definitions
from semops_data.corpus.model import Reading, Version
from semops_data.embeddings import texts
from semops_data.embeddings.store import VectorStore
from semops_data.registry.load import parse
from semops_data.registry.tables import capabilities_table, edges_table, patterns_table
from semops_data_tests.coherence.knowledge_base import FILLER
from semops_data_tests.coherence.test_assess import NOW, Toy

if TYPE_CHECKING:
    from semops_data.lakehouse.carried import Carried
    from semops_data.lakehouse.lake import Lake

DIMENSIONS = ("availability", "consistency", "stability")
NAMES = ("pairs", "thresholds", "usages", *DIMENSIONS, "findings", "scores", "organisation", "hotspots")
TABLES = ("corpus/documents", "corpus/chunks", "embeddings/sentences", *(f"coherence/{name}" for name in NAMES))
_ONE = """
  - id: net-revenue
    label: Net revenue
    definition: Net revenue is gross revenue less discounts and refunds{more}.
    source: docs/glossary.md#net-revenue
"""
_TWO = """
  - id: refund-window
    label: Refund window
    definition: The refund window is 14 days. Each refund is approved by two people of the finance team.
"""
REGISTRIES = tuple(
    "patterns:" + text
    for text in (_ONE.format(more=""), _ONE.format(more="") + _TWO, _ONE.format(more=" of 30 days") + _TWO, _TWO)
)
GLOSSARY = "# Glossary\n\n## Net revenue\n\nNet revenue is gross revenue less discounts and refunds.\n"
PAGES = (
    {
        "docs/glossary.md": GLOSSARY,
        "docs/a.md": "# A\n\nNet revenue is gross revenue less discounts and without refunds.\n",
    },
    {"docs/glossary.md": GLOSSARY, "docs/b.md": "# B\n\nThe refund window is 30 days. Net revenue is told weekly.\n"},
    {
        "docs/glossary.md": GLOSSARY.replace("refunds", "refunds of 30 days"),
        "docs/b.md": "# B\n\nThe refund window is 14 days.\n",
    },
    {"docs/c.md": "# Refund window\n\nThe refund window is 14 days. Each refund is approved by nobody.\n"},
)


def night(lake: Lake, number: int, carried: Carried) -> None:
    """Everything that the assets of a night write, in their order."""
    moment, registry = NOW + timedelta(days=number), parse(REGISTRIES[number])
    pages = PAGES[number] | {document: f"# {heading}\n\n{said}\n" for document, heading, said in FILLER[number:]}
    reading = Reading(tuple(Version(name, moment, text) for name, text in sorted(pages.items())))
    history = tuple(Version("registry.yaml", NOW + timedelta(days=n), REGISTRIES[n]) for n in range(number + 1))
    for name, rows in (("patterns", patterns_table), ("edges", edges_table), ("capabilities", capabilities_table)):
        lake.replace(f"registry/{name}", rows(registry))
    carrying.keep(carried, lake.replace("corpus/documents", carrying.documents(lake, reading, carried)))
    carrying.keep(carried, lake.replace("corpus/chunks", carrying.passages(lake, reading.current, carried)))
    lake.replace("corpus/definitions", tables.definitions_table(definitions(registry, reading, history)))
    store, chunks = VectorStore(lake, Toy()), lake.read("corpus/chunks")
    lake.replace("embeddings/chunks", texts.chunk_rows(chunks, store).rows)
    lake.replace("embeddings/sentences", texts.sentence_rows(chunks, store, carried=carried).rows)
    rows = texts.pattern_rows(lake.read("registry/patterns"), lake.read("corpus/definitions"), store).rows
    lake.replace("embeddings/patterns", rows)
    lake.replace("coherence/pairs", assess.pair_rows(lake, carried=carried))
    lake.replace("coherence/thresholds", assess.threshold_rows(lake, store, carried=carried)[0])
    lake.replace("coherence/usages", assess.usage_rows(lake, carried))
    lake.replace("coherence/availability", assess.availability_rows(lake, carried))
    lake.replace("coherence/consistency", assess.consistency_rows(lake, carried))
    lake.replace("coherence/stability", assess.stability_rows(lake, store, carried=carried))
    lake.replace("coherence/findings", assess.finding_rows(lake, carried))
    scores, whole = summing.score_rows(lake, carried=carried)
    lake.replace("coherence/scores", scores)
    lake.replace("coherence/organisation", whole)
    remember(lake, scores, as_of=newest(lake), known_from=moment)
    lake.replace("coherence/hotspots", summing.hotspot_rows(lake))
