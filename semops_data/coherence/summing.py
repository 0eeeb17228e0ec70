"""The dimensions put together: from the room's tables to the rows of scores, organisation and hotspots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from semops_data.coherence.knowledge import SKIPPED
from semops_data.coherence.organisation import connectivity, coverage, organisation
from semops_data.coherence.reading import knowledge_of
from semops_data.coherence.scores import (
    BAND_NAMES,
    DIMENSIONS,
    LEVEL_NAMES,
    Delta,
    Score,
    band,
    combine,
    kpi,
    usage_delta,
)
from semops_data.coherence.similarity import cosines
from semops_data.coherence.tables import from_rows, read_factors, read_usages
from semops_data.lakehouse.carried import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from semops_data.coherence.factor import Factor
    from semops_data.coherence.knowledge import Knowledge
    from semops_data.coherence.usages import Usage
    from semops_data.lakehouse.carried import Carried
    from semops_data.lakehouse.lake import Lake

PATTERNS = 256
LEVELS = (0.8, 0.6, 0.4)
BANDS = (12.0, 6.0)


def score_rows(lake: Lake, levels: Sequence[float] = LEVELS, carried: Carried = NOTHING) -> tuple[pa.Table, pa.Table]:
    """Rows of `coherence/scores` and of `coherence/organisation`.

    Args:
        lake: holds the dimensions, usages and findings.
        levels: SC from which a pattern is coherent, fair, weak.
        carried: what the night before found: the same rows come out, sooner.
    """
    knowledge = knowledge_of(lake, carried)
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
    deltas = usage_deltas(knowledge, found)
    rows = []
    for p in knowledge.patterns:
        own = [factors[name][p.pattern_id] for name in DIMENSIONS]
        score = combine(own)
        rows.append(
            _score_row(score, own, deltas[p.pattern_id], levels)
            | versions
            | {
                "label": p.label,
                "surface_area": p.surface_area,
                "usage_count": len(found[p.pattern_id]),
                "finding_count": counts.get(p.pattern_id, 0),
            }
        )
    summary = summary_row(rows) | _beside(lake, knowledge, found)
    return from_rows("coherence/scores", rows), from_rows("coherence/organisation", [summary])


def _score_row(score: Score, own: list[Factor], delta: Delta, levels: Sequence[float]) -> dict[str, Any]:
    whole = kpi(score, delta)
    return {
        "pattern_id": score.pattern_id,
        "availability": score.availability,
        "consistency": score.consistency,
        "stability": score.stability,
        "sc": score.sc,
        "sc_low": score.low,
        "sc_high": score.high,
        "status": score.status,
        "reason": score.reason,
        "mean_measured": score.mean_measured,
        "bound_low": score.bound_low,
        "bound_high": score.bound_high,
        "coverage": score.coverage,
        "delta": delta.value,
        "delta_low": delta.low,
        "delta_high": delta.high,
        "delta_reason": delta.reason,
        "kpi": whole.value,
        "kpi_low": whole.low,
        "kpi_high": whole.high,
        "kpi_reason": whole.reason,
        "level": band(score.sc, levels, LEVEL_NAMES),
        "method": ", ".join(f"{name}={f.method}" for name, f in zip(DIMENSIONS, own, strict=True)),
    }


def summary_row(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The organisation's row from rows of `coherence/scores`, or of its history."""
    whole = organisation(
        [row["sc"] for row in rows],
        [None if row["sc"] is None else (row["sc_low"], row["sc_high"]) for row in rows],
        [row["surface_area"] for row in rows],
    )
    return {
        "scope": "registry",
        "sc": whole.sc,
        "sc_low": whole.low,
        "sc_high": whole.high,
        "reason": whole.reason,
        "worst_decile": whole.worst_decile,
        "worst_decile_low": whole.worst_low,
        "worst_decile_high": whole.worst_high,
        "scored_count": whole.scored,
        "unmeasured_count": whole.unmeasured,
        "scored_surface_share": whole.surface_share,
    }


def _beside(lake: Lake, knowledge: Knowledge, found: Mapping[str, Sequence[Usage]]) -> dict[str, float | None]:
    """Pattern coverage and graph connectivity: reported beside SC, not mixed into it."""
    explained = {knowledge.chunks[usage.chunk].document_id for usages in found.values() for usage in usages}
    explained |= {p.source_path for p in knowledge.patterns if p.source_path}
    edges: list[tuple[str, str]] = []
    if lake.exists("registry/edges"):
        held = lake.read("registry/edges", columns=["source_id", "target_id"]).to_pylist()
        edges += [(row["source_id"], row["target_id"]) for row in held]
    if lake.exists("registry/capabilities"):
        for row in lake.read("registry/capabilities", columns=["capability_id", "implements", "lifecycle"]).to_pylist():
            if row["lifecycle"] not in SKIPPED:
                edges += [(f"capability {row['capability_id']}", pattern_id) for pattern_id in row["implements"]]
    return {
        "pattern_coverage": coverage([chunk.document_id for chunk in knowledge.chunks], explained),
        "graph_connectivity": connectivity([p.pattern_id for p in knowledge.patterns], edges),
    }


def usage_deltas(knowledge: Knowledge, found: Mapping[str, Sequence[Usage]]) -> dict[str, Delta]:
    """The corpus-artifact delta of every pattern: its usages against those of other patterns of its type."""
    rows = {p.pattern_id: np.unique([usage.chunk for usage in found[p.pattern_id]]) for p in knowledge.patterns}
    by_type: dict[str, np.ndarray] = {}
    for p in knowledge.patterns:
        # How many patterns of the type use a chunk: those that only this one uses are not usages of others.
        counts = by_type.setdefault(p.pattern_type, np.zeros(len(knowledge.chunks), np.int64))
        counts[rows[p.pattern_id].astype(np.int64)] += 1
    deltas = {}
    for start in range(0, len(knowledge.patterns), PATTERNS):
        block = knowledge.patterns[start : start + PATTERNS]
        for kind in dict.fromkeys(p.pattern_type for p in block):
            patterns, used = [p for p in block if p.pattern_type == kind], np.flatnonzero(by_type[kind])
            near = cosines(np.stack([p.definition.vector for p in patterns]), knowledge.chunk_vectors[used])
            for p, own in zip(patterns, near, strict=True):
                mine = np.isin(used, rows[p.pattern_id], assume_unique=True)
                deltas[p.pattern_id] = usage_delta(p.pattern_id, own[mine], own[~mine])
    return deltas


def hotspot_rows(lake: Lake, bands: Sequence[float] = BANDS) -> pa.Table:
    """Rows of `coherence/hotspots`: surface area x (1 - lower bound of SC), ties by number of findings.

    Args:
        lake: holds scores and findings.
        bands: priorities from which a hotspot is urgent, or due soon.
    """
    worst: dict[str, str] = {}
    for row in lake.read("coherence/findings").sort_by([("score", "descending")]).to_pylist():
        worst.setdefault(row["pattern_id"], f"{row['kind']}: {row['detail']}")
    rows = []
    for row in lake.read("coherence/scores").to_pylist():
        if row["sc"] is None:
            continue
        priority = row["surface_area"] * (1 - row["sc_low"])
        rows.append(
            {
                "pattern_id": row["pattern_id"],
                "priority": priority,
                "band": band(priority, bands, BAND_NAMES),
                "surface_area": row["surface_area"],
                "sc_low": row["sc_low"],
                "finding_count": row["finding_count"],
                "worst_finding": worst.get(row["pattern_id"]),
            }
        )
    rows.sort(key=lambda row: (-row["priority"], -row["finding_count"], row["pattern_id"]))
    return from_rows("coherence/hotspots", [row | {"rank": rank} for rank, row in enumerate(rows, 1)])
