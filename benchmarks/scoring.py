"""What a full score costs, where it goes, what a change costs, and how the seed's formulas compare.

    python benchmarks/scoring.py [--chunks 2000] [--patterns 100] [--synthetic] [--home FOLDER]

The corpus is made of the sentences of this repository's own documents and of sentences that say something about a
registered thing, some of them against its definition. Embedding is counted apart: each distinct sentence is encoded
once by the real model, a passage gets the mean of its sentences, and the pace of the model is measured, so that what
the passages would have cost can be told; with --synthetic words have random vectors, and no model takes part.
Everything else is what the assets run: a night that carries nothing over (full), one after which nothing changed, one
with one document changed, one with 1% of them, and the same from nothing, whose tables must be equal to the bit. The
seed scores all pairs of claims and sentences; it is run on a sample of the pairs and extrapolated, which the result
says.
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

from semops_data.coherence import assess, reading, summing
from semops_data.coherence.knowledge import load
from semops_data.coherence.rules import raw_contradiction
from semops_data.coherence.text import content
from semops_data.corpus import carrying
from semops_data.corpus.definitions import definitions
from semops_data.corpus.model import Reading, Version
from semops_data.corpus.sentences import claims
from semops_data.corpus.tables import definitions_table
from semops_data.embeddings import texts
from semops_data.embeddings.encoder import open_encoder
from semops_data.embeddings.store import VectorStore
from semops_data.lakehouse.carried import NOTHING, Carried
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


class Synthetic:
    """Texts as sums of random vectors of their words, with a direction that all of them share."""

    model_id, seconds, encoded = "synthetic words", 0.0, 0

    def __init__(self) -> None:
        self._known: dict[str, np.ndarray] = {}

    def _word(self, word: str) -> np.ndarray:
        if word not in self._known:
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
            self._known[word] = np.random.default_rng(seed).standard_normal(384).astype(np.float32)
        return self._known[word]

    def encode(self, given):
        sums = np.stack([np.sum([self._word(word) for word in content(text) or ["nothing"]], axis=0) for text in given])
        sums += 0.03 * np.linalg.norm(sums, axis=1, keepdims=True) * self._word("everything")
        return (sums / np.linalg.norm(sums, axis=1, keepdims=True)).astype(np.float32)


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

    def __init__(self, folder: Path, registry_yaml: str, *, synthetic: bool = False) -> None:
        self.lake, self.encoder = Lake(str(folder / "delta")), Synthetic() if synthetic else Composed(folder)
        self.vectors, self.registry = VectorStore(self.lake, self.encoder), parse(registry_yaml)
        self.history = (Version("registry.yaml", START, registry_yaml),)
        self.carried = Carried(folder / "carried")

    def read(self, documents: dict[str, str], since: dict[str, datetime]) -> None:
        reading = Reading(
            tuple(Version(name, since.get(name, START), text) for name, text in sorted(documents.items()))
        )
        tables = {"patterns": patterns_table, "edges": edges_table, "capabilities": capabilities_table}
        for name, table in tables.items():
            self.lake.replace(f"registry/{name}", table(self.registry))
        told = carrying.documents(self.lake, reading, self.carried)
        carrying.keep(self.carried, self.lake.replace("corpus/documents", told))
        cut = carrying.passages(self.lake, reading.current, self.carried)
        carrying.keep(self.carried, self.lake.replace("corpus/chunks", cut))
        found = definitions(self.registry, reading, self.history)
        self.lake.replace("corpus/definitions", definitions_table(found))

    def embed(self) -> None:
        chunks = self.lake.read("corpus/chunks")
        self.lake.replace("embeddings/chunks", texts.chunk_rows(chunks, self.vectors).rows)
        self.lake.replace("embeddings/sentences", texts.sentence_rows(chunks, self.vectors, carried=self.carried).rows)
        patterns, found = self.lake.read("registry/patterns"), self.lake.read("corpus/definitions")
        self.lake.replace("embeddings/patterns", texts.pattern_rows(patterns, found, self.vectors).rows)

    def score(self, carried: Carried | None = None) -> dict[str, float]:
        """Every table of the room; how long each took."""
        lake, spent = self.lake, {}
        over = self.carried if carried is None else carried
        reading._held.clear()  # noqa: SLF001  # as in a new process

        def step(name, rows):
            begin, before = time.perf_counter(), self.encoder.seconds
            data = rows()
            if name != "reading":
                lake.replace(f"coherence/{name}", data[0] if isinstance(data, tuple) else data)
            if name == "scores":
                lake.replace("coherence/organisation", data[1])
            spent[name] = round(time.perf_counter() - begin - (self.encoder.seconds - before), 3)

        step("reading", lambda: reading.knowledge_of(lake, over))
        step("pairs", lambda: assess.pair_rows(lake, carried=over))
        step("thresholds", lambda: assess.threshold_rows(lake, self.vectors, carried=over))
        step("usages", lambda: assess.usage_rows(lake, over))
        step("availability", lambda: assess.availability_rows(lake, over))
        step("consistency", lambda: assess.consistency_rows(lake, over))
        step("stability", lambda: assess.stability_rows(lake, self.vectors, carried=over))
        step("findings", lambda: assess.finding_rows(lake, over))
        step("scores", lambda: summing.score_rows(lake, carried=over))
        step("hotspots", lambda: summing.hotspot_rows(lake))
        return spent

    def tables(self) -> dict[str, object]:
        """What is held to be true after a night."""
        names = ("pairs", "thresholds", "usages", "availability", "consistency", "stability", "findings", "scores")
        return {name: self.lake.read(f"coherence/{name}") for name in names}


def changed(documents: dict[str, str], count: int) -> tuple[dict[str, str], dict[str, datetime]]:
    """Some documents with a sentence more in their first passage, that moves all lines, and one in their last."""
    names = [name for name in sorted(documents) if name.startswith("docs/")]
    names = names[:: max(len(names) // count, 1)][:count]
    rule = "The invoice retention is the contract owner that must not be kept for 10 days."
    moved = {}
    for place, name in enumerate(names):
        mark = hashlib.sha256(name.encode()).hexdigest()[:6]
        first = documents[name].replace("## Part 0\n\n", f"## Part 0\n\nThe page was read again in round {mark}.\n\n")
        last = rule if place % 10 == 0 else f"The page {mark} was revised by us."
        moved[name] = f"{first}\n{last}\n"
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


def night(base: Home, documents: dict[str, str], count: int) -> dict:
    """Change some documents, then read, embed and score; what each took."""
    edited, since = changed(documents, count)
    encoded = base.encoder.encoded
    reread, reembed = timed(lambda: base.read(edited, since)), timed(base.embed)
    steps = base.score()
    return {
        "documents": len(since),
        "score_seconds": round(sum(steps.values()), 2),
        "read_seconds": round(reread, 2),
        "embed_seconds": round(reembed, 2),
        "sentences_encoded": base.encoder.encoded - encoded,
        "where_it_goes": steps,
    }


def run(home: Path, chunks: int, patterns: int, *, synthetic: bool) -> dict:
    registry_yaml = registry_text(patterns)
    base = Home(home, registry_yaml, synthetic=synthetic)
    documents = corpus(base.registry, chunks, pool())
    count = max(round(sum(name.startswith("docs/") for name in documents) / 100), 1)
    reading_seconds = timed(lambda: base.read(documents, {}))
    embedding = timed(base.embed)
    model, encoded = base.encoder.seconds, base.encoder.encoded
    steps = base.score()
    full, again = sum(steps.values()), sum(base.score().values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    one, percent = night(base, documents, 1), night(base, documents, count)
    carried_over = base.tables()
    anew = sum(base.score(NOTHING).values())
    equal = all(table.equals(carried_over[name]) for name, table in base.tables().items())
    knowledge = load(base.lake)
    seed = seed_seconds(base.lake)
    result = {
        "cpus": os.cpu_count(),
        "chunks": len(knowledge.chunks),
        "sentences": len(knowledge.sentences),
        "patterns": patterns,
        "full_score_seconds": round(full, 2),
        "where_it_goes": steps,
        "reading_seconds": round(reading_seconds, 2),
        "embedding_without_model_seconds": round(embedding - model, 2),
        "nothing_changed_seconds": round(again, 2),
        "one_document_changed": one,
        "one_percent_changed": percent,
        "the_same_from_nothing_seconds": round(anew, 2),
        "tables_equal_those_from_nothing": equal,
        "share_of_full": {
            "nothing_changed": round(again / full, 4),
            "one_document_changed": round(one["score_seconds"] / full, 4),
            "one_percent_changed": round(percent["score_seconds"] / full, 4),
            "one_percent_above_nothing_changed": round((percent["score_seconds"] - again) / full, 4),
            "one_percent_above_one_document": round((percent["score_seconds"] - one["score_seconds"]) / full, 4),
        },
        "seed": seed | {"ours_times_as_quick": round(seed["seconds_extrapolated"] / max(full, 1e-9), 1)},
        "peak_memory_after_full_mb": round(peak / 1e3),
        "load_average": round(os.getloadavg()[0], 2),
    }
    if not synthetic:
        pace, whole = encoded / max(model, 1e-9), len(knowledge.sentences) + len(knowledge.chunks)
        everything = full + reading_seconds + embedding - model + whole / pace
        spent = percent["score_seconds"] + percent["read_seconds"] + percent["embed_seconds"]
        result["with_embedding"] = {
            "distinct_sentences_encoded": encoded,
            "texts_a_second": round(pace, 1),
            "all_texts_would_take_seconds": round(whole / pace, 1),
            "one_percent_share_of_full": round(spent / everything, 4),
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=2_000)
    parser.add_argument("--patterns", type=int, default=100)
    parser.add_argument("--synthetic", action="store_true", help="Random vectors of words instead of the model.")
    parser.add_argument("--home", type=Path, help="Where to keep the lake; a temporary folder by default.")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="semops-scoring-") as folder:
        print(
            json.dumps(
                run(chosen.home or Path(folder), chosen.chunks, chosen.patterns, synthetic=chosen.synthetic), indent=2
            )
        )


if __name__ == "__main__":
    main()
