"""The contradiction model on sets it never saw, its speed, and what it sees of planted faults.

    python benchmarks/contradiction.py --data FOLDER [--most 500] [--model FOLDER] [--threads 2]

FOLDER holds test/*.jsonl.gz (premise, hypothesis, label). The planted faults are those of the thresholds, planted in
the definitions of this project's own registry.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
import torch
import yaml

from semops_data.coherence.contradiction.evaluation import auc, evaluate, judged_sets, wilson
from semops_data.coherence.contradiction.model import contradiction, open_model
from semops_data.coherence.contradiction.release import figure_table
from semops_data.coherence.planting import FAULTS, NULLS
from semops_data.coherence.rules import raw_contradiction
from semops_data.embeddings.encoder import open_encoder
from semops_data.embeddings.texts import definition_sentences
from semops_data.settings import REPOSITORY, Settings

REGISTRY = REPOSITORY / "semops_data" / "registry" / "semops.yaml"
FALSE_ALARMS = 0.05


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--most", type=int, help="pairs of each set; all by default")
    parser.add_argument("--model", help="folder of another model; the shipped adapter by default")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    settings = Settings(contradiction_model=options.model)
    model = open_model(settings)
    print(f"{model.model_id}, {options.threads} threads, load average {os.getloadavg()[0]:.1f}\n")
    if options.data:
        sets = judged_sets(options.data, most=options.most)
        began = time.perf_counter()
        print(figure_table([evaluate(model, name, pairs) for name, pairs in sets.items()]))
        count = 2 * sum(map(len, sets.values()))
        print(f"\n{count:,} passes in {time.perf_counter() - began:.1f} s\n")
    planted(model, settings)


def planted(model, settings):
    """Detected at 5% of nulls flagged, by kind: rules, model, and the stronger of both."""
    claims = [
        c for p in yaml.safe_load(REGISTRY.read_text())["patterns"] for c in definition_sentences(p["definition"])
    ]
    cases = [
        (kind, claim, mutated)
        for claim in claims
        for kind, mutate in (FAULTS | NULLS).items()
        for mutated in [mutate(claim)]
        if mutated is not None and mutated != claim
    ]
    texts = sorted({text for _, *pair in cases for text in pair})
    vectors = dict(zip(texts, open_encoder(settings).encode(texts), strict=True))
    by_rules = np.array([raw_contradiction(a, b, float(vectors[a] @ vectors[b]))[0] for _, a, b in cases])
    by_model = np.nan_to_num(contradiction(model, [(a, b) for _, a, b in cases]))
    kinds = np.array([kind for kind, _, _ in cases])
    is_fault = np.isin(kinds, list(FAULTS))
    print("| kind | cases | rules | model | hybrid |\n| --- | --- | --- | --- | --- |")
    methods = {"rules": by_rules, "model": by_model, "hybrid": np.maximum(by_rules, by_model)}
    limits = {name: np.quantile(raws[~is_fault], 1 - FALSE_ALARMS) for name, raws in methods.items()}
    for kind in FAULTS:
        chosen = kinds == kind
        shown = []
        for name, raws in methods.items():
            hits = int((raws[chosen] > limits[name]).sum())
            low, high = wilson(hits, int(chosen.sum()))
            shown.append(f"{hits / max(chosen.sum(), 1):.2f} ({low:.2f} to {high:.2f})")
        print(f"| {kind} | {chosen.sum()} | {' | '.join(shown)} |")
    print(f"| AUC | {len(cases)} | {' | '.join(f'{auc(raws, is_fault):.3f}' for raws in methods.values())} |")


if __name__ == "__main__":
    main()
