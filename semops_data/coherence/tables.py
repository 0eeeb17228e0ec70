"""Rows of the room's tables: factors, pairs and usages, to Arrow and back."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from semops_data.coherence.consistency import Pair
from semops_data.coherence.factor import Factor
from semops_data.coherence.usages import Usage
from semops_data.contracts import table
from semops_data.lakehouse.carried import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from semops_data.coherence.knowledge import Knowledge
    from semops_data.lakehouse.carried import Carried
    from semops_data.lakehouse.lake import Lake

SEED = 20_260_101


def from_rows(key: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as a table of that key's contract; a missing value is null."""
    schema = table(key).arrow_schema
    return pa.table({field.name: pa.array([row.get(field.name) for row in rows], field.type) for field in schema})


def factor_table(name: str, factors: Sequence[Factor], carried: Carried = NOTHING) -> pa.Table:
    """Rows of `coherence/<name>`; intervals of the night before hold for the units that they were drawn for."""
    rows, memo = [], carried.memo(f"intervals-of-{name}")
    for factor in factors:
        parts = (factor.pattern_id, SEED, factor.unit_scores, factor.unit_weights, factor.factor, factor.reason)
        low, high = memo.told(parts, partial(factor.interval, SEED)) or (None, None)
        rows.append(
            {
                "pattern_id": factor.pattern_id,
                "value": factor.value,
                "low": low,
                "high": high,
                "unit_count": len(factor.unit_scores),
                "status": factor.status,
                "reason": factor.reason,
                "method": factor.method,
                "unit_scores": factor.unit_scores.tolist(),
                "unit_weights": factor.unit_weights.tolist(),
                "factor": factor.factor,
                "evidence": json.dumps(factor.evidence, ensure_ascii=False, sort_keys=True),
            }
        )
    memo.keep()
    return from_rows(f"coherence/{name}", rows)


def read_factors(lake: Lake, name: str) -> dict[str, Factor]:
    """The latest rows of `coherence/<name>`, by pattern."""
    return {
        row["pattern_id"]: Factor(
            row["pattern_id"],
            np.array(row["unit_scores"], dtype=np.float64),
            _normalised(row["unit_weights"]),
            row["factor"],
            row["reason"],
            row["method"],
            json.loads(row["evidence"]),
        )
        for row in lake.read(f"coherence/{name}").to_pylist()
    }


def _normalised(weights: list[float]) -> np.ndarray:
    # Stored as float32: without this a sum of 0.99999994 would read as a score below 1.
    array = np.array(weights, dtype=np.float64)
    return array / array.sum() if len(array) else array


def pair_table(pairs: Sequence[Pair], knowledge: Knowledge) -> pa.Table:
    """Rows of `coherence/pairs`."""
    return from_rows(
        "coherence/pairs",
        [
            {
                "pattern_id": pair.pattern_id,
                "claim": pair.claim,
                "sentence_id": knowledge.sentences[pair.sentence].sentence_id,
                "cosine": min(pair.cosine, 1.0),
                "rule": pair.rule,
                "detail": pair.detail,
                "raw": pair.raw,
                "method": pair.method,
            }
            for pair in pairs
        ],
    )


def read_pairs(lake: Lake, knowledge: Knowledge) -> list[Pair]:
    """The latest pairs whose sentence is still in the corpus."""
    row_of = {sentence.sentence_id: row for row, sentence in enumerate(knowledge.sentences)}
    return [
        Pair(row["pattern_id"], row["claim"], row_of[row["sentence_id"]], row["cosine"], row["rule"], row["detail"],
             row["raw"], row["method"])
        for row in lake.read("coherence/pairs").to_pylist()
        if row["sentence_id"] in row_of
    ]  # fmt: skip


def usage_table(usages: Mapping[str, Sequence[Usage]], knowledge: Knowledge) -> pa.Table:
    """Rows of `coherence/usages`."""
    return from_rows(
        "coherence/usages",
        [
            {
                "pattern_id": pattern_id,
                "chunk_id": knowledge.chunks[usage.chunk].chunk_id,
                "kind": usage.kind,
                "label": usage.label,
                "cosine": usage.cosine,
            }
            for pattern_id, found in usages.items()
            for usage in found
        ],
    )


def read_usages(lake: Lake, knowledge: Knowledge) -> dict[str, list[Usage]]:
    """The latest usages by pattern, of the chunks that are still in the corpus."""
    row_of = {chunk.chunk_id: row for row, chunk in enumerate(knowledge.chunks)}
    found: dict[str, list[Usage]] = {pattern.pattern_id: [] for pattern in knowledge.patterns}
    for row in lake.read("coherence/usages").to_pylist():
        if row["chunk_id"] in row_of and row["pattern_id"] in found:
            usage = Usage(row_of[row["chunk_id"]], row["kind"], row["label"], row["cosine"])
            found[row["pattern_id"]].append(usage)
    return found
