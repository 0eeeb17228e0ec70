"""The assessment put together: from the lake's tables to the rows of the room's tables, one verb per asset."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from semops_data.coherence import labels, thresholds
from semops_data.coherence.consistency import consistency, pairs
from semops_data.coherence.entailment import EntailmentCache
from semops_data.coherence.findings import findings
from semops_data.coherence.governance import approvals, decided, records
from semops_data.coherence.history import newest
from semops_data.coherence.hit import Hit
from semops_data.coherence.labels import settled
from semops_data.coherence.lookup import lookup
from semops_data.coherence.neighbourhood import neighbourhoods
from semops_data.coherence.places import availabilities
from semops_data.coherence.reading import knowledge_of
from semops_data.coherence.rules import raw_contradiction
from semops_data.coherence.scores import DIMENSIONS
from semops_data.coherence.similarity import resolve_device
from semops_data.coherence.stability import METHOD, Version, asked, stability
from semops_data.coherence.tables import (
    factor_table,
    from_rows,
    pair_table,
    read_factors,
    read_pairs,
    read_usages,
    usage_table,
)
from semops_data.coherence.usages import canonical_chunks, usages
from semops_data.embeddings.arrays import matrix
from semops_data.embeddings.texts import definition_sentences
from semops_data.lakehouse.carried import NOTHING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pyarrow as pa

    from semops_data.coherence.calibration import Calibration
    from semops_data.coherence.consistency import Pair
    from semops_data.coherence.contradiction.judge import Judge
    from semops_data.coherence.governance import Decision
    from semops_data.coherence.knowledge import Pattern
    from semops_data.coherence.reliability import Reliability
    from semops_data.embeddings.store import VectorStore
    from semops_data.lakehouse.carried import Carried
    from semops_data.lakehouse.lake import Lake


def pair_rows(lake: Lake, device: str = "cpu", judge: Judge | None = None, carried: Carried = NOTHING) -> pa.Table:
    """Rows of `coherence/pairs`: every claim against its comparable sentences elsewhere; the rules judge by default.

    Args:
        lake: holds registry, corpus and vectors.
        device: `cpu`, `cuda` or `cuda:N`.
        judge: what judges beside the rules.
        carried: what the night before found: the same rows come out, sooner. So it is for every verb here.
    """
    knowledge = knowledge_of(lake, carried)
    canonical = {p.pattern_id: canonical_chunks(p, knowledge) for p in knowledge.patterns}
    near = neighbourhoods(knowledge, canonical, device=resolve_device(device))
    verdicts = carried.memo("verdicts-of-rules")

    def rules(claim: str, sentence: str, cosine: float) -> tuple[float, Hit | None]:
        raw, rule, detail = verdicts.told((claim, sentence, cosine), lambda: _told(claim, sentence, cosine))
        return raw, None if rule is None else Hit(rule, raw, detail)

    found = [
        pair
        for p, own in zip(knowledge.patterns, near, strict=True)
        for pair in pairs(p, knowledge, canonical[p.pattern_id], near=own, rules=rules)
    ]
    verdicts.keep()
    return pair_table(judge.judged(found, knowledge) if judge else found, knowledge)


def _told(claim: str, sentence: str, cosine: float) -> tuple[float, str | None, str | None]:
    raw, hit = raw_contradiction(claim, sentence, cosine)
    return float(raw), hit.rule if hit else None, hit.detail if hit else None


def threshold_rows(
    lake: Lake, vectors: VectorStore, judge: Judge | None = None, carried: Carried = NOTHING
) -> tuple[pa.Table, Reliability]:
    """Rows of `coherence/thresholds`, fitted on this corpus, on faults planted in its definitions and on its labels.

    Beside them what the calibration is worth on patterns that it was not fitted to.
    """
    knowledge, said = knowledge_of(lake, carried), settled(labels.read(lake))

    def embed(texts: Sequence[str]) -> np.ndarray:
        return vectors.embed(texts).vectors

    planted = thresholds.plant(knowledge, embed, judge) + thresholds.labelled(said, embed, judge)
    natural = thresholds.unlabelled(read_pairs(lake, knowledge), said, knowledge)
    found = thresholds.reliability(natural, planted)
    rows = [*thresholds.rows(natural, planted, knowledge), thresholds.error_row(found)]
    return from_rows("coherence/thresholds", rows), found


def calibration(lake: Lake) -> tuple[Calibration, float | None]:
    """The calibration of contradiction scores, and the attribution cosine, from `coherence/thresholds`."""
    rows = {row["name"]: row for row in lake.read("coherence/thresholds").to_pylist()}
    values = {name: row["value"] for name, row in rows.items()}
    return thresholds.read(values, rows[thresholds.NAMES[0]]["method"]), values[thresholds.NAMES[3]]


def usage_rows(lake: Lake, carried: Carried = NOTHING) -> pa.Table:
    """Rows of `coherence/usages`."""
    knowledge, (_, attribution) = knowledge_of(lake, carried), calibration(lake)
    found = {
        p.pattern_id: usages(p, knowledge, canonical_chunks(p, knowledge), attribution=attribution)
        for p in knowledge.patterns
    }
    return usage_table(found, knowledge)


def availability_rows(lake: Lake, carried: Carried = NOTHING) -> pa.Table:
    """Rows of `coherence/availability`."""
    knowledge = knowledge_of(lake, carried)
    canonical = {p.pattern_id: canonical_chunks(p, knowledge) for p in knowledge.patterns}
    factors = availabilities(knowledge, canonical, read_usages(lake, knowledge))
    return factor_table("availability", factors, carried)


def consistency_rows(lake: Lake, carried: Carried = NOTHING) -> pa.Table:
    """Rows of `coherence/consistency`."""
    knowledge, (fitted, _) = knowledge_of(lake, carried), calibration(lake)
    by_pattern: dict[str, list[Any]] = {}
    for pair in read_pairs(lake, knowledge):
        by_pattern.setdefault(pair.pattern_id, []).append(pair)
    factors = [consistency(p, by_pattern.get(p.pattern_id, []), fitted) for p in knowledge.patterns]
    return factor_table("consistency", factors, carried)


def stability_rows(
    lake: Lake, vectors: VectorStore, judge: Judge | None = None, decisions: str = "", carried: Carried = NOTHING
) -> pa.Table:
    """Rows of `coherence/stability`, as of the newest version of a document or a definition.

    Args:
        lake: holds definitions, documents and registry.
        vectors: where sentences are embedded.
        judge: its model judges entailment; estimated from words, vectors and rules where None.
        decisions: globs of the decision records.
        carried: what the night before found.
    """
    knowledge, known = knowledge_of(lake, carried), _records(lake, decisions)
    lifecycles = {row["pattern_id"]: row["lifecycle"] for row in lake.read("registry/patterns").to_pylist()}
    rows: dict[str, list[Version]] = {}
    for row in lake.read("corpus/definitions").sort_by("valid_from").to_pylist():
        sentences = tuple(definition_sentences(row["text"]))
        version = Version(row["valid_from"], sentences, row["document_id"], row["start_line"], row["commit"])
        rows.setdefault(row["pattern_id"], []).append(version)
    versions = {p.pattern_id: _decided(p, rows.get(p.pattern_id, []), known) for p in knowledge.patterns}
    texts = sorted({text for found in versions.values() for version in found for text in version.sentences})
    by_text = _embedded(lake, texts, vectors)
    told = None
    if judge is not None:
        pairs = [pair for p in knowledge.patterns for pair in asked(versions[p.pattern_id], by_text, p.baseline)]
        told = EntailmentCache(judge.cache.file.with_name("entailments.db")).told(judge.model, pairs)
    # Words are only asked for where a wording changed.
    has_changed = any(len(found) > 1 for found in versions.values())
    vocabulary = lookup(knowledge).vocabulary if has_changed else frozenset()
    as_of, method = newest(lake, "corpus/documents", "corpus/definitions"), judge.method if judge else METHOD
    return factor_table(
        "stability",
        [
            stability(p.pattern_id, versions[p.pattern_id], by_text, baseline=p.baseline, as_of=as_of, told=told,
                      method=method, lifecycle=lifecycles[p.pattern_id], vocabulary=vocabulary)
            for p in knowledge.patterns
        ],
        carried,
    )  # fmt: skip


def _embedded(lake: Lake, texts: Sequence[str], vectors: VectorStore) -> dict[str, np.ndarray]:
    """Vectors of the sentences of definitions: those of `embeddings/patterns`, and the store's where it lacks one."""
    held = lake.read("embeddings/patterns", columns=["role", "text", "model_id", "vector"])
    own = held.filter(pc.and_(pc.equal(held["role"], "version"), pc.equal(held["model_id"], vectors.model_id)))
    found = dict(zip(own["text"].to_pylist(), matrix(own["vector"]), strict=True))
    missing = [text for text in texts if text not in found]
    return found | (dict(zip(missing, vectors.embed(missing).vectors, strict=True)) if missing else {})


def _records(lake: Lake, globs: str) -> list[Decision]:
    """What decided changes: decision records of the corpus and approved episodes."""
    names = ["document_id", "valid_from", "commit", "content"]
    found = records(lake.read("corpus/documents", columns=names).to_pylist(), globs) if globs else []
    if lake.exists("episodes/episodes"):
        columns = ["id", "operation", "target_type", "target_id", "metadata", "created_at"]
        found += approvals(lake.read("episodes/episodes", columns=columns).to_pylist())
    return found


def _decided(pattern: Pattern, versions: list[Version], decisions: list[Decision]) -> list[Version]:
    found = decided(pattern.pattern_id, pattern.labels, versions, decisions)
    return [replace(version, decision=found.get(place)) for place, version in enumerate(versions)]


def finding_rows(lake: Lake, carried: Carried = NOTHING) -> pa.Table:
    """Rows of `coherence/findings`."""
    knowledge, (fitted, _) = knowledge_of(lake, carried), calibration(lake)
    factors = {name: read_factors(lake, name) for name in DIMENSIONS}
    judged: dict[str, list[Pair]] = {}
    for pair in read_pairs(lake, knowledge):
        judged.setdefault(pair.pattern_id, []).append(pair)
    return from_rows(
        "coherence/findings",
        [
            row
            for p in knowledge.patterns
            for row in findings(
                p,
                knowledge,
                pairs=judged.get(p.pattern_id, []),
                canonical=canonical_chunks(p, knowledge),
                factors={name: factors[name][p.pattern_id] for name in DIMENSIONS},
                calibration=fitted,
            )
        ],
    )
