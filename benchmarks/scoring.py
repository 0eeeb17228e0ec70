"""What a full score costs, where it goes, what a change costs, and how the seed's formulas compare.

    python benchmarks/scoring.py [--chunks 2000] [--patterns 100] [--home FOLDER]

The corpus is made of the sentences of this repository's own documents and of sentences that say something about a
registered thing, some of them against its definition. Embedding is counted apart: each distinct sentence is encoded
once by the real model, a passage gets the mean of its sentences, and the pace of the model is measured, so that what
the passages would have cost can be told. Everything else is what the assets run. The seed scores all pairs of claims
and sentences; it is run on a sample of the pairs and extrapolated, which the result says.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from semops_data.coherence import assess, summing
from semops_data.coherence.knowledge import load
from semops_data.coherence.rules import raw_contradiction
from semops_data.corpus.definitions import definitions
from semops_data.corpus.model import Reading, Version
from semops_data.corpus.sentences import claims
from semops_data.corpus.tables import chunks_table, definitions_table, documents_table
from semops_data.embeddings import texts
from semops_data.embeddings.encoder import open_encoder
from semops_data.embeddings.store import VectorStore
from semops_data.lakehouse.lake import Lake
from semops_data.registry.load import parse
from semops_data.registry.tables import capabilities_table, edges_table, patterns_table
from semops_data.settings import Settings

ROOT = Path(__file__).parents[1]
START = datetime(2026, 1, 1, tzinfo=UTC)
THINGS = ["invoice", "order", "refund", "ledger", "contract", "shipment", "customer", "budget", "forecast", "audit",
          "payment", "voucher"]  # fmt: skip
SIDES = ["retention", "rate", "window", "limit", "owner", "review", "archive", "approval", "value", "threshold",
         "backlog", "period"]  # fmt: skip
SEED_PAIRS = 20_000


class Composed:
    """The real model for sentences, each once; a passage is the mean of its sentences."""

    def __init__(self, home: Path) -> None:
        self._encoder = open_encoder(Settings(home=home))
        self._known: dict[str, np.ndarray] = {}
        self.seconds, self.encoded = 0.0, 0

    @property
    def model_id(self) -> str:
        return f"{self._encoder.model_id}, passages composed"

    def encode(self, given):
        parts = [[claim.text for claim in claims(text)] or [text[:400]] for text in given]
        missing = sorted(
            {part for own in parts for part in own} - self._known.keys(), key=lambda part: (len(part), part)
        )
        begin = time.perf_counter()
        if missing:
            self._known.update(zip(missing, self._encoder.encode(missing), strict=True))
        self.seconds, self.encoded = self.seconds + time.perf_counter() - begin, self.encoded + len(missing)
        sums = np.stack([np.sum([self._known[part] for part in own], axis=0) for own in parts])
        return (sums / np.linalg.norm(sums, axis=1, keepdims=True)).astype(np.float32)


def pool() -> list[str]:
    """Sentences that people wrote: of this repository's documents."""
    found = {claim.text for path in sorted((ROOT / "docs").glob("*.md")) for claim in claims(path.read_text())}
    return sorted(text for text in found if 40 < len(text) < 240)


def registry_text(patterns: int) -> str:
    names = [f"{thing} {side}" for side in SIDES for thing in THINGS]
    rows = []
    for number in range(patterns):
        name = names[number % len(names)] + (f" {number // len(names) + 1}" if number >= len(names) else "")
        days, word = 10 + number % 50, names[(number * 7 + 3) % len(names)]
        rows.append(
            f"  - id: {name.replace(' ', '-')}\n    label: {name.capitalize()}\n    owner: team\n"
            f"    source: glossary/{number:04}.md#{name.replace(' ', '-')}\n"
            f"    definition: The {name} is the {word} that must be kept for {days} days. "
            f"Each {name} is reviewed by two people of the {word} team.\n"
        )
    return "patterns:\n" + "".join(rows)


def corpus(registry, chunks: int, sentences: list[str], seed: int = 7) -> dict[str, str]:
    """Documents of ten passages; each pattern has its home, and about one passage in eight speaks of a pattern."""
    rng = random.Random(seed)  # noqa: S311
    documents = {p.source_path: f"# Glossary\n\n## {p.label}\n\n{p.definition}\n" for p in registry.patterns}
    for number in range(max(chunks - len(documents), 10) // 10):
        passages = []
        for place in range(10):
            own = rng.sample(sentences, 3)
            if rng.random() < 0.125:
                pattern = rng.choice(registry.patterns)
                claim = rng.choice([claim.text for claim in claims(pattern.definition)])
                own[1] = claim if rng.random() < 0.9 else claim.replace("must", "must not")
            passages.append(f"## Part {place}\n\n{' '.join(own)}\n")
        documents[f"docs/{number % 17}/{number:05}.md"] = f"# Document {number}\n\n" + "\n".join(passages)
    return documents


class Home:
    """A lake with a registry and a corpus, scored step by step as the assets do."""

    def __init__(self, folder: Path, registry_yaml: str) -> None:
        self.lake, self.encoder = Lake(str(folder / "delta")), Composed(folder)
        self.vectors, self.registry = VectorStore(self.lake, self.encoder), parse(registry_yaml)
        self.history = (Version("registry.yaml", START, registry_yaml),)

    def read(self, documents: dict[str, str], since: dict[str, datetime]) -> None:
        reading = Reading(
            tuple(Version(name, since.get(name, START), text) for name, text in sorted(documents.items()))
        )
        tables = {"patterns": patterns_table, "edges": edges_table, "capabilities": capabilities_table}
        for name, table in tables.items():
            self.lake.replace(f"registry/{name}", table(self.registry))
        self.lake.replace("corpus/documents", documents_table(reading))
        self.lake.replace("corpus/chunks", chunks_table(reading.current))
        found = definitions(self.registry, reading, self.history)
        self.lake.replace("corpus/definitions", definitions_table(found))

    def embed(self) -> None:
        chunks = self.lake.read("corpus/chunks")
        self.lake.replace("embeddings/chunks", texts.chunk_rows(chunks, self.vectors).rows)
        self.lake.replace("embeddings/sentences", texts.sentence_rows(chunks, self.vectors).rows)
        patterns, found = self.lake.read("registry/patterns"), self.lake.read("corpus/definitions")
        self.lake.replace("embeddings/patterns", texts.pattern_rows(patterns, found, self.vectors).rows)

    def score(self) -> dict[str, float]:
        lake, spent = self.lake, {}

        def step(name, rows):
            begin, before = time.perf_counter(), self.encoder.seconds
            data = rows()
            lake.replace(f"coherence/{name}", data[0] if isinstance(data, tuple) else data)
            if name == "scores":
                lake.replace("coherence/organisation", data[1])
            spent[name] = round(time.perf_counter() - begin - (self.encoder.seconds - before), 3)

        step("pairs", lambda: assess.pair_rows(lake))
        step("thresholds", lambda: assess.threshold_rows(lake, self.vectors))
        step("usages", lambda: assess.usage_rows(lake))
        step("availability", lambda: assess.availability_rows(lake))
        step("consistency", lambda: assess.consistency_rows(lake))
        step("stability", lambda: assess.stability_rows(lake, self.vectors))
        step("findings", lambda: assess.finding_rows(lake))
        step("scores", lambda: summing.score_rows(lake))
        step("hotspots", lambda: summing.hotspot_rows(lake))
        return spent


def changed(documents: dict[str, str], share: float) -> tuple[dict[str, str], dict[str, datetime]]:
    """One sentence more in a share of the documents, and since when."""
    names = [name for name in sorted(documents) if name.startswith("docs/")]
    names = names[:: max(int(1 / share), 1)][: max(round(len(names) * share), 1)]
    moved = {name: f"{documents[name]}\nThe page {hashlib.sha256(name.encode()).hexdigest()[:6]} was revised by us.\n"
             for name in names}  # fmt: skip
    return documents | moved, dict.fromkeys(names, START + timedelta(days=1))


def seed_seconds(lake: Lake) -> dict[str, float]:
    """The seed's consistency: the mean verdict over all pairs of claims and sentences, on a sample of the pairs."""
    knowledge, rng = load(lake), random.Random(3)  # noqa: S311
    claims_of = [claim for p in knowledge.patterns for claim in p.claims]
    total, begin = len(claims_of) * len(knowledge.sentences), time.perf_counter()
    for _ in range(SEED_PAIRS):
        claim, row = rng.choice(claims_of), rng.randrange(len(knowledge.sentences))
        sentence = knowledge.sentences[row]
        raw_contradiction(claim.text, sentence.text, float(claim.vector @ knowledge.sentence_vectors[row]))
    sample = time.perf_counter() - begin
    return {"pairs": total, "sampled_pairs": SEED_PAIRS, "sample_seconds": round(sample, 2),
            "seconds_extrapolated": round(sample * total / SEED_PAIRS, 1)}  # fmt: skip


def timed(work) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def run(home: Path, chunks: int, patterns: int) -> dict:
    registry_yaml = registry_text(patterns)
    base = Home(home, registry_yaml)
    documents = corpus(base.registry, chunks, pool())
    reading = timed(lambda: base.read(documents, {}))
    before = base.encoder.seconds
    embedding = timed(base.embed)
    model, encoded = base.encoder.seconds - before, base.encoder.encoded
    steps = base.score()
    full = sum(steps.values())
    again = base.score()
    edited, since = changed(documents, 0.01)
    reread = timed(lambda: base.read(edited, since))
    count, before = base.encoder.encoded, base.encoder.seconds
    reembed = timed(base.embed)
    small = base.score()
    knowledge = load(base.lake)
    pace = encoded / max(model, 1e-9)
    texts_in_all = len(knowledge.sentences) + len(knowledge.chunks)
    everything = full + reading + embedding - model + texts_in_all / pace
    night = sum(small.values()) + reread + reembed
    constant = sum(again.values())
    seed = seed_seconds(base.lake)
    return {
        "cpus": os.cpu_count(),
        "chunks": len(knowledge.chunks),
        "sentences": len(knowledge.sentences),
        "patterns": patterns,
        "full_score_seconds": round(full, 2),
        "where_it_goes": steps,
        "reading_seconds": round(reading, 2),
        "embedding": {
            "distinct_sentences_encoded": encoded,
            "model_seconds": round(model, 2),
            "texts_a_second": round(pace, 1),
            "all_texts_would_take_seconds": round(texts_in_all / pace, 1),
            "store_and_tables_seconds": round(embedding - model, 2),
        },
        "nothing_changed_seconds": round(constant, 2),
        "one_percent_changed": {
            "documents": len(since),
            "score_seconds": round(sum(small.values()), 2),
            "read_and_embed_seconds": round(reread + reembed, 2),
            "sentences_encoded": base.encoder.encoded - count,
            "where_it_goes": small,
            "share_of_full_with_embedding": round(night / everything, 4),
            "above_the_constant_share": round(max(sum(small.values()) - constant, 0) / full, 4),
        },
        "seed": seed | {"ours_times_as_quick": round(seed["seconds_extrapolated"] / max(full, 1e-9), 1)},
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3),
        "load_average": round(os.getloadavg()[0], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=2_000)
    parser.add_argument("--patterns", type=int, default=100)
    parser.add_argument("--home", type=Path, help="Where to keep the lake; a temporary folder by default.")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="semops-scoring-") as folder:
        print(json.dumps(run(chosen.home or Path(folder), chosen.chunks, chosen.patterns), indent=2))


if __name__ == "__main__":
    main()
