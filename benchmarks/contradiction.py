"""The contradiction model on sets it never saw, and what rules, model and both see of planted faults.

    python benchmarks/contradiction.py [--data FOLDER [--most 500]] [--home HOME ...] [--model FOLDER] [--threads 2]

FOLDER holds test/*.jsonl.gz (premise, hypothesis, label). A HOME is a platform home in which a corpus was scored
(`dst run`, or `dst score --home HOME`): faults and nulls are planted in the claims of its patterns and, because few
of these hold a number, in its sentences with a quantity; its own comparable pairs stand beside them as what must not
be flagged. Half of the patterns and documents choose the threshold, for a precision of 0.9; the others are reported.
Several homes are reported together as well. Without a home the faults are planted in this project's registry.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import yaml

from semops_data.coherence.contradiction.evaluation import auc, evaluate, judged_sets, wilson
from semops_data.coherence.contradiction.model import contradiction, open_model
from semops_data.coherence.contradiction.release import figure_table
from semops_data.coherence.planting import FAULTS, NULLS, change_number, change_unit
from semops_data.coherence.rules import raw_contradiction
from semops_data.embeddings.encoder import open_encoder
from semops_data.embeddings.texts import definition_sentences
from semops_data.settings import REPOSITORY, Settings

REGISTRY = REPOSITORY / "semops_data" / "registry" / "semops.yaml"
PRECISION = 0.9
QUANTITIES = ("number", "unit")
GOAL = (*QUANTITIES, "negation")
MOST_MEASURED = 200
NATURAL = "natural"


@dataclass(frozen=True)
class Case:
    """Two sentences: a planted fault, a planted null or a natural pair, and the pattern or document it is from."""

    origin: str
    kind: str
    claim: str
    other: str

    @property
    def is_fault(self) -> bool:
        return self.kind in FAULTS

    @property
    def is_reported(self) -> bool:
        return hashlib.sha256(self.origin.encode()).digest()[0] % 2 == 1


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--most", type=int, help="pairs of each set; all by default")
    parser.add_argument("--home", type=Path, action="append", default=[])
    parser.add_argument("--model", help="folder of another model; the shipped adapter by default")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--read", type=int, default=0, help="natural pairs to print, the highest by the hybrid first")
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
    found = []
    for home in options.home or [None]:
        cases = planted(claims_of_registry()) if home is None else cases_of(home)
        print(f"{home or REGISTRY.name}: {len(cases):,} cases\n")
        found.append((cases, scored(cases, model, settings)))
        report(*found[-1], most=options.read)
    if len(found) > 1:
        together = [case for cases, _ in found for case in cases]
        print(f"together: {len(together):,} cases\n")
        report(together, {name: np.concatenate([scores[name] for _, scores in found]) for name in found[0][1]}, most=0)


def claims_of_registry():
    """(pattern, claim) of this project's own registry."""
    patterns = yaml.safe_load(REGISTRY.read_text())["patterns"]
    return [(p["id"], claim) for p in patterns for claim in definition_sentences(p["definition"])]


def cases_of(home):
    """Planted and natural cases of a scored corpus."""
    from semops_data.coherence.consistency import pairs
    from semops_data.coherence.knowledge import load
    from semops_data.coherence.usages import canonical_chunks
    from semops_data.lakehouse.lake import Lake

    knowledge = load(Lake(Settings(home=home).lake_root))
    found = planted([(p.pattern_id, claim.text) for p in knowledge.patterns for claim in p.claims])
    measured = [(s.document_id, s.text) for s in knowledge.sentences if change_unit(s.text) or change_number(s.text)]
    chosen = np.random.default_rng(0).permutation(len(measured))[:MOST_MEASURED]
    found += [case for case in planted([measured[row] for row in chosen]) if case.kind in (*QUANTITIES, *NULLS)]
    for pattern in knowledge.patterns:
        for pair in pairs(pattern, knowledge, canonical_chunks(pattern, knowledge)):
            texts = pattern.claims[pair.claim].text, knowledge.sentences[pair.sentence].text
            found.append(Case(pattern.pattern_id, NATURAL, *texts))
    return found


def planted(claims):
    """Every claim with each fault and null that applies to it."""
    return [
        Case(pattern, kind, claim, mutated)
        for pattern, claim in claims
        for kind, mutate in (FAULTS | NULLS).items()
        for mutated in [mutate(claim)]
        if mutated is not None and mutated != claim
    ]


def scored(cases, model, settings):
    """Raw scores by method."""
    texts = sorted({text for case in cases for text in (case.claim, case.other)})
    vectors = dict(zip(texts, open_encoder(settings).encode(texts), strict=True))
    by_rules = np.array(
        [raw_contradiction(c.claim, c.other, float(vectors[c.claim] @ vectors[c.other]))[0] for c in cases]
    )
    by_model = np.nan_to_num(contradiction(model, [(case.claim, case.other) for case in cases]))
    return {"rules": by_rules, "model": by_model, "hybrid": np.maximum(by_rules, by_model)}


def threshold(scores, is_fault):
    """The lowest score from which nine of ten cases are faults; above all of them where there is none."""
    order = np.argsort(-scores, kind="stable")
    precision = np.cumsum(is_fault[order]) / np.arange(1, len(order) + 1)
    last = np.append(scores[order][:-1] != scores[order][1:], True)
    reached = np.flatnonzero((precision >= PRECISION) & last & (scores[order] > 0))
    return float(scores[order][reached[-1]]) if len(reached) else np.inf


def report(cases, methods, *, most):
    """Recall by kind, precision and false alarms at the threshold that the other half of the patterns chose."""
    kinds, is_fault = np.array([case.kind for case in cases]), np.array([case.is_fault for case in cases])
    shown = np.array([case.is_reported for case in cases])
    limits = {name: threshold(scores[~shown], is_fault[~shown]) for name, scores in methods.items()}
    print(f"| kind | cases | {' | '.join(methods)} |\n| --- | --- |{' --- |' * len(methods)}")
    groups = {kind: kinds == kind for kind in FAULTS} | {", ".join(GOAL): np.isin(kinds, GOAL)}
    groups |= {f"alarm: {kind}": kinds == kind for kind in [*NULLS, NATURAL]}
    for name, chosen in groups.items():
        rows = chosen & shown
        if rows.any():
            cells = [share(scores[rows] >= limits[method]) for method, scores in methods.items()]
            print(f"| {name} | {rows.sum()} | {' | '.join(cells)} |")
    flagged = {method: shown & (scores >= limits[method]) for method, scores in methods.items()}
    print(f"| precision | {shown.sum()} | {' | '.join(share(is_fault[rows]) for rows in flagged.values())} |")
    areas = [f"{auc(scores[shown], is_fault[shown]):.3f}" for scores in methods.values()]
    print(f"| AUC | {shown.sum()} | {' | '.join(areas)} |")
    print(f"| threshold | | {' | '.join(f'{limit:.3f}' for limit in limits.values())} |\n")
    natural = np.flatnonzero(kinds == NATURAL)
    best = natural[np.argsort(-methods["hybrid"][natural], kind="stable")][:most]
    for row in best:
        told = ", ".join(f"{method} {scores[row]:.2f}" for method, scores in methods.items())
        print(f"- {told}\n  - {cases[row].claim}\n  - {cases[row].other}")


def share(hits):
    """A share with its 90% interval."""
    low, high = wilson(int(hits.sum()), len(hits))
    return f"{hits.mean():.3f} ({low:.2f} to {high:.2f})" if len(hits) else "-"


if __name__ == "__main__":
    main()
