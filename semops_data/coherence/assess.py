"""The assessment put together: from the lake's tables to the rows of the room's tables, one verb per asset."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from semops_data.coherence import labels, thresholds
from semops_data.coherence.availability import availability
from semops_data.coherence.consistency import consistency, pairs
from semops_data.coherence.findings import findings
from semops_data.coherence.knowledge import load
from semops_data.coherence.labels import settled
from semops_data.coherence.scores import DIMENSIONS, Score, combine, organisation, usage_delta
from semops_data.coherence.similarity import resolve_device
from semops_data.coherence.stability import Version, stability
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
from semops_data.embeddings.texts import definition_sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from semops_data.coherence.calibration import Calibration
    from semops_data.coherence.contradiction.judge import Judge
    from semops_data.coherence.factor import Factor
    from semops_data.coherence.knowledge import Knowledge
    from semops_data.embeddings.store import VectorStore
    from semops_data.lakehouse.lake import Lake


def pair_rows(lake: Lake, device: str = "cpu", judge: Judge | None = None) -> pa.Table:
    """Rows of `coherence/pairs`: every claim against its comparable sentences elsewhere; the rules judge by default."""
    knowledge, where = load(lake), resolve_device(device)
    found = [
        pair for p in knowledge.patterns for pair in pairs(p, knowledge, canonical_chunks(p, knowledge), device=where)
    ]
    return pair_table(judge.judged(found, knowledge) if judge else found, knowledge)


def threshold_rows(lake: Lake, vectors: VectorStore, judge: Judge | None = None) -> pa.Table:
    """Rows of `coherence/thresholds`, fitted on this corpus, on faults planted in its definitions and on its labels."""
    knowledge, said = load(lake), settled(labels.read(lake))

    def embed(texts: Sequence[str]) -> np.ndarray:
        return vectors.embed(texts).vectors

    planted = thresholds.plant(knowledge, embed, judge) + thresholds.labelled(said, embed, judge)
    natural = thresholds.unlabelled(read_pairs(lake, knowledge), said, knowledge)
    return from_rows("coherence/thresholds", thresholds.rows(natural, planted, knowledge))


def calibration(lake: Lake) -> tuple[Calibration, float | None]:
    """The calibration of contradiction scores, and the attribution cosine, from `coherence/thresholds`."""
    rows = {row["name"]: row for row in lake.read("coherence/thresholds").to_pylist()}
    values = {name: row["value"] for name, row in rows.items()}
    return thresholds.read(values, rows[thresholds.NAMES[0]]["method"]), values[thresholds.NAMES[3]]


def usage_rows(lake: Lake) -> pa.Table:
    """Rows of `coherence/usages`."""
    knowledge, (_, attribution) = load(lake), calibration(lake)
    found = {
        p.pattern_id: usages(p, knowledge, canonical_chunks(p, knowledge), attribution=attribution)
        for p in knowledge.patterns
    }
    return usage_table(found, knowledge)


def availability_rows(lake: Lake) -> pa.Table:
    """Rows of `coherence/availability`."""
    knowledge = load(lake)
    found = read_usages(lake, knowledge)
    return factor_table(
        "availability",
        [availability(p, knowledge, canonical_chunks(p, knowledge), found[p.pattern_id]) for p in knowledge.patterns],
    )


def consistency_rows(lake: Lake) -> pa.Table:
    """Rows of `coherence/consistency`."""
    knowledge, (fitted, _) = load(lake), calibration(lake)
    by_pattern: dict[str, list[Any]] = {}
    for pair in read_pairs(lake, knowledge):
        by_pattern.setdefault(pair.pattern_id, []).append(pair)
    factors = [consistency(p, by_pattern.get(p.pattern_id, []), fitted) for p in knowledge.patterns]
    return factor_table("consistency", factors)


def stability_rows(lake: Lake, vectors: VectorStore) -> pa.Table:
    """Rows of `coherence/stability`, as of the newest version of a document or a definition."""
    knowledge = load(lake)
    versions: dict[str, list[Version]] = {}
    for row in lake.read("corpus/definitions").sort_by("valid_from").to_pylist():
        sentences = tuple(definition_sentences(row["text"]))
        version = Version(row["valid_from"], sentences, row["document_id"], row["start_line"], row["commit"])
        versions.setdefault(row["pattern_id"], []).append(version)
    seen = lake.read("corpus/documents", columns=["valid_from"])["valid_from"].to_pylist()
    seen += (version.valid_from for found in versions.values() for version in found)
    as_of = max(seen, default=datetime.fromtimestamp(0, tz=UTC))
    texts = sorted({text for found in versions.values() for version in found for text in version.sentences})
    by_text = dict(zip(texts, vectors.embed(texts).vectors, strict=True))
    return factor_table(
        "stability",
        [
            stability(p.pattern_id, versions.get(p.pattern_id, []), by_text, baseline=p.baseline, as_of=as_of)
            for p in knowledge.patterns
        ],
    )


def finding_rows(lake: Lake) -> pa.Table:
    """Rows of `coherence/findings`."""
    knowledge, (fitted, _) = load(lake), calibration(lake)
    factors = {name: read_factors(lake, name) for name in DIMENSIONS}
    judged = read_pairs(lake, knowledge)
    return from_rows(
        "coherence/findings",
        [
            row
            for p in knowledge.patterns
            for row in findings(
                p,
                knowledge,
                pairs=[pair for pair in judged if pair.pattern_id == p.pattern_id],
                canonical=canonical_chunks(p, knowledge),
                factors={name: factors[name][p.pattern_id] for name in DIMENSIONS},
                calibration=fitted,
            )
        ],
    )


def score_rows(lake: Lake) -> tuple[pa.Table, pa.Table]:
    """Rows of `coherence/scores` and of `coherence/organisation`."""
    knowledge = load(lake)
    factors = {name: read_factors(lake, name) for name in DIMENSIONS}
    found = read_usages(lake, knowledge)
    counts: dict[str, int] = {}
    for pattern_id in lake.read("coherence/findings", columns=["pattern_id"])["pattern_id"].to_pylist():
        counts[pattern_id] = counts.get(pattern_id, 0) + 1
    versions = {
        "corpus_version": lake.version("corpus/documents"),
        "registry_version": lake.version("registry/patterns"),
        "model_id": knowledge.model_id,
    }
    scores, rows = [], []
    for p in knowledge.patterns:
        own = [factors[name][p.pattern_id] for name in DIMENSIONS]
        score = combine(own)
        delta = usage_delta(*_cosines(p.pattern_id, knowledge, found))
        scores.append(score)
        rows.append(
            _score_row(score, own, delta)
            | versions
            | {
                "label": p.label,
                "surface_area": p.surface_area,
                "usage_count": len(found[p.pattern_id]),
                "finding_count": counts.get(p.pattern_id, 0),
            }
        )
    whole = organisation(scores, [p.surface_area for p in knowledge.patterns])
    summary = {
        "scope": "registry",
        "sc": whole.sc,
        "sc_low": whole.low,
        "sc_high": whole.high,
        "worst_decile": whole.worst_decile,
        "scored_count": whole.scored,
        "unmeasured_count": whole.unmeasured,
        "scored_surface_share": whole.surface_share,
    }
    return from_rows("coherence/scores", rows), from_rows("coherence/organisation", [summary])


def _score_row(score: Score, own: list[Factor], delta: float | None) -> dict[str, Any]:
    sc, missing = score.sc, 0.0 if delta is None else 1 - delta
    return {
        "pattern_id": score.pattern_id,
        "availability": score.availability,
        "consistency": score.consistency,
        "stability": score.stability,
        "sc": sc,
        "sc_low": score.low,
        "sc_high": score.high,
        "status": score.status,
        "reason": score.reason,
        "mean_measured": score.mean_measured,
        "bound_low": score.bound_low,
        "bound_high": score.bound_high,
        "coverage": score.coverage,
        "delta": delta,
        "kpi_low": None if sc is None else sc * missing,
        "kpi_high": None if sc is None else sc if delta is None else sc * missing,
        "level": score.level,
        "method": ", ".join(f"{name}={f.method}" for name, f in zip(DIMENSIONS, own, strict=True)),
    }


def _cosines(pattern_id: str, knowledge: Knowledge, found: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Cosines to one definition: of its own usages, and of the usages of other patterns of its type."""
    pattern = next(p for p in knowledge.patterns if p.pattern_id == pattern_id)
    own = {usage.chunk for usage in found[pattern_id]}
    others = {
        usage.chunk
        for p in knowledge.patterns
        if p.pattern_type == pattern.pattern_type and p.pattern_id != pattern_id
        for usage in found[p.pattern_id]
    }
    cosines = knowledge.chunk_vectors @ pattern.definition.vector if len(knowledge.chunks) else np.zeros(0)
    return cosines[sorted(own)], cosines[sorted(others - own)]


def hotspot_rows(lake: Lake) -> pa.Table:
    """Rows of `coherence/hotspots`: surface area x (1 - lower bound of SC), ties by number of findings."""
    worst: dict[str, str] = {}
    for row in lake.read("coherence/findings").sort_by([("score", "descending")]).to_pylist():
        worst.setdefault(row["pattern_id"], f"{row['kind']}: {row['detail']}")
    rows = []
    for row in lake.read("coherence/scores").to_pylist():
        if row["sc"] is None:
            continue
        rows.append(
            {
                "pattern_id": row["pattern_id"],
                "priority": row["surface_area"] * (1 - row["sc_low"]),
                "surface_area": row["surface_area"],
                "sc_low": row["sc_low"],
                "finding_count": row["finding_count"],
                "worst_finding": worst.get(row["pattern_id"]),
            }
        )
    rows.sort(key=lambda row: (-row["priority"], -row["finding_count"], row["pattern_id"]))
    return from_rows("coherence/hotspots", [row | {"rank": rank} for rank, row in enumerate(rows, 1)])
