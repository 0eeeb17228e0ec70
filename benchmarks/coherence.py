"""How much the three dimensions see, beside the seed's formulas and plain embedding drift, on the same cases.

    .venv/bin/python benchmarks/coherence.py HOME

HOME is a platform home in which a corpus was scored (`dst run`, or `dst score --home HOME`). Faults are planted in
memory; nothing is written but vectors of the planted sentences. The peers:

- seed availability: (cosine of definition and corpus centroid + 1) / 2;
- seed consistency: 1 - mean contradiction over all pairs of claims and sentences, with the same verdicts as ours;
- seed stability: the constant 1;
- embedding drift: 1 - cosine of the old and the new wording, what drift monitors compute.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from semops_data.coherence.assess import calibration
from semops_data.coherence.availability import availability
from semops_data.coherence.consistency import consistency, pairs
from semops_data.coherence.knowledge import Knowledge, Sentence, load
from semops_data.coherence.planting import FAULTS, NULLS
from semops_data.coherence.rules import raw_contradiction
from semops_data.coherence.stability import Version, stability
from semops_data.coherence.usages import canonical_chunks, usages
from semops_data.embeddings.encoder import open_encoder
from semops_data.embeddings.store import VectorStore
from semops_data.lakehouse.lake import Lake
from semops_data.settings import Settings

FLAGGED = 0.05
MOST_PATTERNS = 30


def auc(faulty, clean) -> float | None:
    """P(a faulty case scores above a clean one), ties counted half."""
    if not len(faulty) or not len(clean):
        return None
    difference = np.asarray(faulty)[:, None] - np.asarray(clean)[None, :]
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())


def recall(faulty, clean) -> float:
    """Share of faulty cases above the value that at most 5% of the clean ones exceed."""
    limit = np.quantile(clean, 1 - FLAGGED, method="higher")
    return float((np.asarray(faulty) > limit).mean())


def without(knowledge: Knowledge, rows: list[int]) -> Knowledge:
    """The corpus without some of its chunks."""
    kept = [row for row in range(len(knowledge.chunks)) if row not in set(rows)]
    place = {row: number for number, row in enumerate(kept)}
    sentences = [(n, s) for n, s in enumerate(knowledge.sentences) if s.chunk in place]
    return dataclasses.replace(
        knowledge,
        chunks=[knowledge.chunks[row] for row in kept],
        chunk_vectors=knowledge.chunk_vectors[kept],
        sentences=[dataclasses.replace(s, chunk=place[s.chunk]) for _, s in sentences],
        sentence_vectors=knowledge.sentence_vectors[[n for n, _ in sentences]],
    )


def availability_cases(knowledge: Knowledge) -> dict:
    """Every pattern with its definition in the corpus, and with the definition deleted."""
    ours, seed = {"here": [], "gone": []}, {"here": [], "gone": []}
    for pattern in knowledge.patterns[:MOST_PATTERNS]:
        canonical = canonical_chunks(pattern, knowledge)
        if not canonical:
            continue
        gone = without(knowledge, canonical)
        for name, base in (("here", knowledge), ("gone", gone)):
            rows = canonical_chunks(pattern, base)
            ours[name].append(availability(pattern, base, rows, usages(pattern, base, rows)).value)
            centroid = base.chunk_vectors.mean(axis=0)
            cosine = pattern.definition.vector @ centroid / np.linalg.norm(centroid)
            seed[name].append((cosine + 1) / 2)
    return {
        "cases": len(ours["here"]),
        "auc_of_deletion": {"ours": auc(ours["here"], ours["gone"]), "seed": auc(seed["here"], seed["gone"])},
        "mean_change": {
            name: float(np.mean(found["here"]) - np.mean(found["gone"]))
            for name, found in (("ours", ours), ("seed", seed))
        },
    }


def consistency_cases(knowledge: Knowledge, vectors: VectorStore, fitted) -> dict:
    """Every pattern clean, and with one planted contradiction of each kind in another document."""
    clean: dict[str, list[float]] = {"ours": [], "seed": []}
    planted: dict[str, dict[str, list[float]]] = {}
    spent = {"ours": 0.0, "seed": 0.0}
    for pattern in knowledge.patterns[:MOST_PATTERNS]:
        canonical = canonical_chunks(pattern, knowledge)
        row = next((n for n, s in enumerate(knowledge.sentences) if s.document_id != pattern.source_path), None)
        if row is None or not pattern.claims:
            continue

        def score(base: Knowledge, pattern=pattern, canonical=canonical):
            begin = time.perf_counter()
            value = consistency(pattern, pairs(pattern, base, canonical), fitted).value
            middle = time.perf_counter()
            cosines = np.stack([c.vector for c in pattern.claims]) @ base.sentence_vectors.T
            mean = np.mean(
                [
                    raw_contradiction(c.text, s.text, float(cosines[i, j]))[0]
                    for i, c in enumerate(pattern.claims)
                    for j, s in enumerate(base.sentences)
                ]
            )
            spent["ours"] += middle - begin
            spent["seed"] += time.perf_counter() - middle
            return 1 - (1.0 if value is None else value), float(mean)

        found = score(knowledge)
        clean["ours"].append(found[0])
        clean["seed"].append(found[1])
        for kind, mutate in FAULTS.items():
            text = next((t for t in (mutate(c.text) for c in pattern.claims) if t), None)
            if text is None:
                continue
            host = knowledge.sentences[row]
            base = dataclasses.replace(
                knowledge,
                sentences=[*knowledge.sentences, Sentence(f"planted-{kind}", host.chunk, host.document_id, 1, text)],
                sentence_vectors=np.concatenate([knowledge.sentence_vectors, vectors.embed([text]).vectors]),
            )
            values = score(base)
            planted.setdefault(kind, {"ours": [], "seed": []})["ours"].append(values[0])
            planted[kind]["seed"].append(values[1])
    return {
        "clean_patterns": len(clean["ours"]),
        "seconds": spent,
        "recall_at_5_percent_flagged": {
            kind: {"n": len(values["ours"])} | {who: recall(values[who], clean[who]) for who in ("ours", "seed")}
            for kind, values in sorted(planted.items())
        },
    }


def stability_cases(knowledge: Knowledge, vectors: VectorStore) -> dict:
    """Every claim edited: faults, whose meaning changed, against nulls, whose meaning was kept."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    found: dict[str, dict[str, list[float]]] = {"fault": {"ours": [], "drift": []}, "null": {"ours": [], "drift": []}}
    for pattern in knowledge.patterns:
        for claim in pattern.claims:
            for kind, mutate in (FAULTS | NULLS).items():
                text = mutate(claim.text)
                if text is None or text == claim.text:
                    continue
                old, new = vectors.embed([claim.text, text]).vectors
                versions = [Version(start, (claim.text,)), Version(start + timedelta(days=1), (text,))]
                by_text = {claim.text: old, text: new}
                factor = stability("p", versions, by_text, baseline=None, as_of=start + timedelta(days=90))
                side = found["fault" if kind in FAULTS else "null"]
                side["ours"].append(1 - (factor.value or 0.0))
                side["drift"].append(1 - float(old @ new))
    return {
        "faults": len(found["fault"]["ours"]),
        "nulls": len(found["null"]["ours"]),
        "auc": {
            "ours": auc(found["fault"]["ours"], found["null"]["ours"]),
            "embedding_drift": auc(found["fault"]["drift"], found["null"]["drift"]),
            "seed": 0.5,
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    settings = Settings(home=parser.parse_args().home)
    lake = Lake(settings.lake_root)
    vectors, knowledge, (fitted, _) = VectorStore(lake, open_encoder(settings)), load(lake), calibration(lake)
    mutations = [m(c.text) for p in knowledge.patterns for c in p.claims for m in (FAULTS | NULLS).values()]
    vectors.embed(sorted({text for text in mutations if text}))
    report = {
        "patterns": len(knowledge.patterns),
        "chunks": len(knowledge.chunks),
        "sentences": len(knowledge.sentences),
        "availability": availability_cases(knowledge),
        "consistency": consistency_cases(knowledge, vectors, fitted),
        "stability": stability_cases(knowledge, vectors),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
