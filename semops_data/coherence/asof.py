"""The corpus as it read at a moment, scored with what is known now: the same verbs over filtered tables.

Valid time alone: documents and definitions that had come to be by then and had not been replaced. A pattern whose
definition nobody had written yet is left out. Vectors are content-addressed, so that only texts which are gone since
then, and were never embedded, cost anything.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from semops_data.coherence import assess, summing
from semops_data.contracts import table
from semops_data.corpus.tables import chunks_table, documents_table, reading_of
from semops_data.embeddings import texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from semops_data.coherence.contradiction.judge import Judge
    from semops_data.embeddings.store import VectorStore
    from semops_data.lakehouse.lake import Lake
    from semops_data.settings import Settings


def score_as_of(
    lake: Lake, scratch: Lake, vectors: VectorStore, moment: datetime, settings: Settings, judge: Judge | None = None
) -> pa.Table:
    """Score the corpus as it read at a moment; gives rows of `coherence/scores`.

    Args:
        lake: holds documents, definitions and registry of all times.
        scratch: an empty lake that gets the tables of that moment, findings included.
        vectors: where texts are embedded.
        moment: the valid time, with its zone.
        settings: gives levels and bands.
        judge: what judges beside the rules.
    """
    reading_at(lake, scratch, moment)
    chunks, patterns = scratch.read("corpus/chunks"), scratch.read("registry/patterns")
    scratch.replace("embeddings/chunks", texts.chunk_rows(chunks, vectors).rows)
    scratch.replace("embeddings/sentences", texts.sentence_rows(chunks, vectors).rows)
    scratch.replace(
        "embeddings/patterns", texts.pattern_rows(patterns, scratch.read("corpus/definitions"), vectors).rows
    )
    if lake.exists("coherence/labels"):
        scratch.replace("coherence/labels", lake.read("coherence/labels"))
    scratch.replace("coherence/pairs", assess.pair_rows(scratch, settings.device, judge))
    scratch.replace("coherence/thresholds", assess.threshold_rows(scratch, vectors, judge)[0])
    scratch.replace("coherence/usages", assess.usage_rows(scratch))
    scratch.replace("coherence/availability", assess.availability_rows(scratch))
    scratch.replace("coherence/consistency", assess.consistency_rows(scratch))
    scratch.replace("coherence/stability", assess.stability_rows(scratch, vectors, judge, settings.decision_records))
    scratch.replace("coherence/findings", assess.finding_rows(scratch))
    scores, whole = summing.score_rows(scratch, settings.level_limits)
    scratch.replace("coherence/scores", scores)
    scratch.replace("coherence/organisation", whole)
    return scores


def reading_at(lake: Lake, scratch: Lake, moment: datetime) -> None:
    """Write documents, chunks, definitions and registry as they were at a moment."""
    reading = reading_of(lake.read("corpus/documents"))
    then = replace(
        reading,
        versions=tuple(
            replace(version, valid_to=None if version.valid_to and version.valid_to > moment else version.valid_to)
            for version in reading.versions
            if version.valid_from <= moment
        ),
    )
    rows = lake.read("corpus/definitions").sort_by("valid_from").to_pylist()
    first: dict[str, dict[str, Any]] = {}
    for row in rows:
        first.setdefault(row["pattern_id"], row)
    # A registry file outside version control does not say since when a definition holds: then it always did.
    undated = [row for row in first.values() if row["source"] == "registry" and row["commit"] is None]
    kept = [row for row in rows if row["valid_from"] <= moment or row in undated]
    newest = {row["pattern_id"]: row["text"] for row in kept}
    scratch.replace("corpus/documents", documents_table(then))
    scratch.replace("corpus/chunks", chunks_table(then.current))
    scratch.replace("corpus/definitions", _table("corpus/definitions", kept))
    patterns = [row for row in lake.read("registry/patterns").to_pylist() if row["pattern_id"] in newest]
    scratch.replace(
        "registry/patterns",
        _table("registry/patterns", [row | {"definition": newest[row["pattern_id"]]} for row in patterns]),
    )
    for key in ("registry/edges", "registry/capabilities"):
        scratch.replace(key, lake.read(key))


def _table(key: str, rows: Sequence[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=table(key).arrow_schema)
