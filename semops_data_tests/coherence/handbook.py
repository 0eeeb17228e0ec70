"""A company handbook with a history and faults of every kind, for tests that score from end to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg
import numpy as np

from semops_data.coherence import assets, checks
from semops_data.corpus import assets as corpus_assets
from semops_data.corpus.source import CorpusPlace
from semops_data.embeddings import assets as embeddings_assets
from semops_data.embeddings.index import VectorIndex
from semops_data.embeddings.store import VectorStore
from semops_data.episodes.record import EpisodeLog
from semops_data.lakehouse.lake import Lake
from semops_data.registry import assets as registry_assets
from semops_data.registry.source import RegistryFile
from semops_data.settings import Settings
from semops_data_tests.coherence.knowledge_base import THINGS, vector
from semops_data_tests.corpus.repository import Repository

if TYPE_CHECKING:
    from pathlib import Path

RETENTION = "Invoice retention means that every invoice must be archived for 30 days before it is deleted."
CHURN = "Churn rate is the share of subscribers who cancel their contract within a calendar month."
REFUND = "A refund is money that is returned to a customer within 14 days of the purchase."
FILLER = "\n\n".join(
    f"## The {thing}\n\nThe {thing} team keeps its {thing} ledger in the {thing} cabinet of its own building."
    for thing in THINGS.split()
)
REGISTRY = f"""\
patterns:
  - {{id: invoice-retention, label: Invoice retention, owner: finance, visibility: 5, decision_weight: 5,
     source: "glossary.md#invoice-retention", definition: "{RETENTION}"}}
  - {{id: churn-rate, label: Churn rate, owner: sales, source: "glossary.md#churn-rate", definition: "{CHURN}"}}
  - {{id: refund, label: Refund, owner: finance, source: "glossary.md#refund", definition: "{REFUND}"}}
  - {{id: ghost-metric, label: Ghost metric, owner: sales, source: "glossary.md#ghost-metric",
     definition: "A ghost metric is a number that nobody has written down in any document."}}
"""
DEFINITIONS = [
    *dg.load_assets_from_modules([registry_assets, corpus_assets, embeddings_assets, assets], include_specs=True),
    *dg.load_asset_checks_from_modules([checks]),
]


class ToyEncoder:
    """Vectors from words: deterministic, and no model to load."""

    model_id = "toy@1"

    def __init__(self) -> None:
        self.encoded = 0

    def encode(self, texts):
        self.encoded += len(texts)
        return np.stack([vector(text) for text in texts])


def glossary(retention=RETENTION, refund=REFUND):
    return (
        f"# Glossary\n\n## Invoice retention\n\n{retention}\n\n## Churn rate\n\n{CHURN}\n\n## Refund\n\n{refund}\n\n"
        f"# Things\n\n{FILLER}\n"
    )


def handbook(root: Path) -> Repository:
    """Three days: a glossary, a contradicting finance page, and a refund definition that was turned round."""
    repo = Repository(root)
    repo.commit(**{"glossary.md": glossary()})
    repo.commit(
        **{
            "finance.md": "# Finance\n\n## Archive\n\nInvoice retention means that every invoice must be archived for "
            "90 days before it is deleted.\n\n## Reports\n\nThe monthly report shows the churn rate and the refund of "
            "each region.\n",
            "old/wiki.md": f"# Churn rate\n\nChurn rate churn rate. {CHURN}\n",
        }
    )
    repo.commit(**{"glossary.md": glossary(refund=REFUND.replace("is returned", "is not returned"))})
    return repo


class Platform:
    """The meaning stream on a handbook, materialized for real in a temporary home."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home, self.repository, self.encoder = home, handbook(home / "repo"), ToyEncoder()
        (home / "registry.yaml").write_text(REGISTRY)
        self.lake = Lake(str(home / "lake"))

    def materialize(self, *, vector_index=None, **options):
        resources = {
            "lake": self.lake,
            "corpus": CorpusPlace(Settings(home=self.home / "home", corpus=str(self.home / "repo"))),
            "registry_source": RegistryFile(self.home / "registry.yaml"),
            "episodes": EpisodeLog(self.home / "episodes"),
            "vectors": VectorStore(self.lake, self.encoder),
            "vector_index": vector_index or VectorIndex(self.home / "qdrant"),
        }
        return dg.materialize(DEFINITIONS, resources=resources, **options)

    def rows(self, key):
        return self.lake.read(key).to_pylist()

    def by_pattern(self, key):
        return {row["pattern_id"]: row for row in self.rows(key)}
