"""The tables of the benchmark: what the scores see of planted faults, and the natural pairs to be read."""

from __future__ import annotations

from semops_data.contracts.types import Column, Table


def _share(name: str, description: str) -> Column:
    return Column(name, "float64", description, unit="share", nullable=True, minimum=0, maximum=1)


TABLES: tuple[Table, ...] = (
    Table(
        "coherence/benchmark",
        "One row per method and kind of planted fault or null: how much was flagged at 5% of clean concepts flagged.",
        (
            Column("family", "string", "What sort of case it is.", is_key=True,
                   allowed=("contradiction", "null", "drift", "structure", "handwritten", "clean")),
            Column("kind", "string", "The fault or null that was planted.", is_key=True),
            Column("method", "string", "What judged.", is_key=True),
            Column("cases", "int64", "How many cases there were.", minimum=0),
            Column("hits", "int64", "How many of them were flagged.", minimum=0),
            _share("share", "Flagged ones of all: recall of a fault, false alarms of a null."),
            _share("low", "Lower end of the 90% Wilson interval."),
            _share("high", "Upper end of the 90% Wilson interval."),
            _share("precision", "Faults among the flagged, where as many clean concepts are looked at."),
            _share("auc", "Probability that a fault scores higher than a null."),
            Column("threshold", "float64", "Score above which a case is flagged.", nullable=True),
            Column("reason", "string", "Why nothing could be measured.", nullable=True),
        ),
    ),
    Table(
        "coherence/benchmark_pairs",
        "One row per natural contradiction among the 25 that score highest by a method: for a person to judge.",
        (
            Column("method", "string", "What judged.", is_key=True),
            Column("rank", "int64", "Position, from 1.", is_key=True, minimum=1),
            _share("score", "Raw contradiction score."),
            Column("concept", "string", "What the claim is about."),
            Column("claim", "string", "The claim."),
            Column("claim_place", "string", "Document and line of the claim's statement."),
            Column("evidence", "string", "The sentence that was held against it."),
            Column("evidence_place", "string", "Document and line of that sentence."),
            Column("why", "string", "The rule that fired; null where a model alone judged.", nullable=True),
            Column("others", "int64", "How many more pairs say the same contradiction.", minimum=0),
        ),
    ),
)  # fmt: skip
