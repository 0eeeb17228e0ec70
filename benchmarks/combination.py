"""The weights with which `v4-hybrid` puts rules and model together, fitted anew.

    dst benchmark --corpus PATH --home HOME        (once for each corpus)
    python benchmarks/combination.py HOME [HOME ...]

Cases are each corpus's natural pairs and planted faults and nulls, of the half that is not reported, and the seen half
of the written cases. Prints the weights for `semops_data/coherence/combination.py`; a new adapter needs new ones.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from semops_data.coherence.combination import TRUST, features, fit
from semops_data.coherence.consistency import COMPARABLE
from semops_data.coherence.contradiction.model import open_model
from semops_data.coherence.contradiction.verdicts import VerdictCache
from semops_data.coherence.knowledge import load
from semops_data.coherence.planted.benchmark import CONCEPTS, planted
from semops_data.coherence.planted.concepts import concepts
from semops_data.coherence.planted.handwritten import handwritten
from semops_data.coherence.planted.stand import judged
from semops_data.coherence.planting import FAULTS, NULLS
from semops_data.coherence.rules import raw_contradiction
from semops_data.embeddings.encoder import open_encoder
from semops_data.embeddings.store import VectorStore
from semops_data.lakehouse.lake import Lake
from semops_data.settings import Settings

WRITTEN = {"contradiction": True, "contradiction of a paraphrase": True, "paraphrase": False}
# Planted faults are many and easy, written cases few and like what people write.
WEIGHTS = {"natural": 1.0, "planted": 0.3, "written": 3.0}


def of_corpus(home: Path) -> tuple[list[tuple[str, str]], list[float], list[bool], list[float]]:
    """Pairs, the rules' scores, which are faults, and weights, of one corpus's calibration half."""
    settings = Settings(home=home)
    lake = Lake(settings.lake_root)
    knowledge, vectors = load(lake), VectorStore(lake, open_encoder(settings))
    chosen = concepts(knowledge, CONCEPTS)
    plants = planted(chosen)
    pairs, raws, faults, weights = [], [], [], []
    for pair in judged(knowledge, chosen, plants, lambda texts: vectors.embed(list(texts)).vectors):
        plant = plants[pair.plant] if pair.plant >= 0 else None
        is_told = plant is None or (plant.claim == pair.claim and plant.kind in FAULTS | NULLS)
        if chosen[pair.concept].is_reported or not is_told:
            continue
        is_fault = plant is not None and plant.kind in FAULTS
        pairs.append((pair.claim, pair.sentence))
        raws.append(pair.raw)
        faults.append(is_fault)
        weights.append(WEIGHTS["planted" if is_fault else "natural"])
    return pairs, raws, faults, weights


def of_people(home: Path) -> tuple[list[tuple[str, str]], list[float], list[bool], list[float]]:
    """The same of the seen half of the written cases."""
    vectors = VectorStore(Lake(Settings(home=home).lake_root), open_encoder(Settings(home=home)))
    chosen = [pair for pair in handwritten() if pair.kind in WRITTEN and not pair.is_unseen]
    left, right = (vectors.embed(texts).vectors for texts in ([p.claim for p in chosen], [p.text for p in chosen]))
    near = [(p, float(c)) for p, c in zip(chosen, (left * right).sum(axis=1), strict=True) if c >= COMPARABLE]
    return (
        [(p.claim, p.text) for p, _ in near],
        [raw_contradiction(p.claim, p.text, cosine)[0] for p, cosine in near],
        [WRITTEN[p.kind] for p, _ in near],
        [WEIGHTS["written"]] * len(near),
    )


def main(homes: list[Path]) -> None:
    parts = [*(of_corpus(home) for home in homes), of_people(homes[0])]
    pairs = [pair for part in parts for pair in part[0]]
    raws, faults, weights = ([one for part in parts for one in part[number]] for number in (1, 2, 3))
    cache = VerdictCache(homes[0] / "coherence" / "verdicts.db")
    told, _ = cache.raws(open_model(Settings(home=homes[0])), pairs)
    found = fit(features(pairs, np.array(raws), told), np.array(faults), np.array(weights)).trusting(TRUST)
    print({name: round(value, 2) for name, value in asdict(found).items()}, f"from {len(pairs)} cases")


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
