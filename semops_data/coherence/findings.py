"""Findings: every fault with both quotes, where they stand, and what found it; the audit list behind the scores."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from semops_data.coherence.exclusion import groups, innocent
from semops_data.coherence.homonyms import homonyms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from semops_data.coherence.calibration import Calibration
    from semops_data.coherence.consistency import Pair
    from semops_data.coherence.factor import Factor
    from semops_data.coherence.knowledge import Knowledge, Pattern

# Nine of ten rewordings that people wrote lose less.
DRIFTED = 0.15
HARD_TO_FIND = 0.5
MOST_PLACES = 5
HOMONYM = 0.5


def findings(
    pattern: Pattern,
    knowledge: Knowledge,
    *,
    pairs: Sequence[Pair],
    canonical: Sequence[int],
    factors: Mapping[str, Factor],
    calibration: Calibration,
) -> list[dict[str, Any]]:
    """Rows of `coherence/findings` for one pattern, gravest first.

    Args:
        pattern: the pattern.
        knowledge: the corpus.
        pairs: its judged pairs.
        canonical: rows of the chunks that hold the definition.
        factors: its three dimensions by name.
        calibration: of the contradiction scores; without a threshold no contradiction is reported.
    """
    home = _home(pattern, knowledge, canonical)
    found = [
        *_contradictions(pattern, knowledge, pairs, calibration),
        *_availability(pattern, knowledge, factors["availability"], home),
        *_drift(pattern, factors["stability"], home),
        *_homonyms(pattern, knowledge, canonical),
    ]
    rows = [{"pattern_id": pattern.pattern_id, "claim_document": home[0], "claim_line": home[1]} | row for row in found]
    for row in rows:
        parts = (row["pattern_id"], row["kind"], row.get("claim"), row.get("evidence"), row.get("evidence_document"))
        row["finding_id"] = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()
    return sorted({row["finding_id"]: row for row in rows}.values(), key=lambda row: (-row["score"], row["finding_id"]))


def _home(pattern: Pattern, knowledge: Knowledge, canonical: Sequence[int]) -> tuple[str, int]:
    """Document and line of the definition: in the corpus, or in the registry file where the corpus lacks it."""
    if canonical:
        chunk = knowledge.chunks[canonical[0]]
        return chunk.document_id, chunk.start_line
    return pattern.registered_file, pattern.registered_line


def _contradictions(
    pattern: Pattern, knowledge: Knowledge, pairs: Sequence[Pair], calibration: Calibration
) -> list[dict[str, Any]]:
    if calibration.threshold is None:
        return []
    rows: list[dict[str, Any]] = []
    for pair in pairs:
        probability = calibration.probability(pair.raw)
        if pair.rule is None or probability < calibration.threshold:
            continue
        sentence, claim = knowledge.sentences[pair.sentence], pattern.claims[pair.claim].text
        documents = (pattern.source_path or "", sentence.document_id)
        if innocent(claim, sentence.text, pair.rule, documents=documents, names=pattern.labels) is not None:
            continue
        rows.append(
            {
                "kind": "contradiction",
                "score": probability,
                "detail": f"{pair.rule}: {pair.detail}",
                "rule": pair.rule,
                "claim": claim,
                "evidence": sentence.text,
                "evidence_document": sentence.document_id,
                "evidence_line": sentence.line,
                "evidence_version": knowledge.chunks[sentence.chunk].version_id,
                "method": pair.method,
            }
        )
    rows.sort(key=lambda row: -row["score"])
    told = groups([(row["claim"], row["evidence"], row["detail"]) for row in rows])
    return [rows[group[0]] | {"detail": rows[group[0]]["detail"] + _more(rows, group[1:])} for group in told]


def _more(rows: Sequence[Mapping[str, Any]], others: Sequence[int]) -> str:
    """Where else the same contradiction stands."""
    places = list(dict.fromkeys(f"{rows[n]['evidence_document']}:{rows[n]['evidence_line']}" for n in others))
    if not places:
        return ""
    return f" (also {', '.join(places[:MOST_PLACES])}{' and elsewhere' if len(places) > MOST_PLACES else ''})"


def _availability(
    pattern: Pattern, knowledge: Knowledge, factor: Factor, home: tuple[str, int]
) -> list[dict[str, Any]]:
    if factor.value is None:
        return []
    base = {"claim": pattern.definition.text, "method": factor.method}
    if factor.status == "measured_zero" and not factor.evidence.get("canonical"):
        detail = f"the corpus does not hold the definition (looked for in {factor.evidence.get('searched_for')})"
        return [base | {"kind": "missing_definition", "score": 1.0, "detail": detail, "rule": "canonical_chunk"}]
    rows = []
    if copy := factor.evidence.get("outranked_by"):
        document, _, line = copy.rpartition(":")
        chunk = next((c for c in knowledge.chunks if c.document_id == document and c.start_line == int(line)), None)
        rows.append(
            base
            | {
                "kind": "stale_copy",
                "score": 0.5,
                "detail": f"a copy under the same heading is found before the definition in {home[0]}",
                "rule": "precedence",
                "evidence": chunk.passage[:400] if chunk else None,
                "evidence_document": document,
                "evidence_line": int(line),
                "evidence_version": chunk.version_id if chunk else None,
            }
        )
    elif factor.value < HARD_TO_FIND:
        worst = factor.evidence["worst_query"]
        detail = f"rank {worst['rank']} for the query “{worst['text']}”"
        rows.append(base | {"kind": "hard_to_find", "score": 1 - factor.value, "detail": detail, "rule": "rank"})
    return rows


def _homonyms(pattern: Pattern, knowledge: Knowledge, canonical: Sequence[int]) -> list[dict[str, Any]]:
    rows = []
    for found in homonyms(pattern, knowledge, canonical):
        sentence = knowledge.sentences[found.sentence]
        rows.append(
            {
                "kind": "homonym",
                "score": HOMONYM * (1 - found.shared),
                "detail": f"“{pattern.label}” is defined in another sense under a heading of its own",
                "rule": "homonym",
                "claim": pattern.definition.text,
                "evidence": sentence.text,
                "evidence_document": sentence.document_id,
                "evidence_line": sentence.line,
                "evidence_version": knowledge.chunks[sentence.chunk].version_id,
                "method": "rules",
            }
        )
    return rows


def _drift(pattern: Pattern, factor: Factor, home: tuple[str, int]) -> list[dict[str, Any]]:
    value = factor.value
    if value is None or 1 - value < DRIFTED:
        return []
    evidence = factor.evidence
    what = f"{evidence['kind']} since the wording of {evidence['held_against'][:10]}"
    if evidence["kind"] == "extension":
        what += f", of which {evidence['still_holds']:.0%} still holds"
    return [
        {
            "kind": "drift",
            "score": 1 - value,
            "detail": f"{what}: {value:.0%} of the meaning kept"
            + (f"; {evidence['rule']}" if evidence["rule"] else ""),
            "rule": evidence["kind"],
            "claim": evidence["new"] or pattern.definition.text,
            "evidence": evidence["old"],
            "evidence_document": evidence["held_document"] or home[0],
            "evidence_line": evidence["held_line"],
            "evidence_version": evidence["held_commit"],
            "method": factor.method,
        }
    ]
