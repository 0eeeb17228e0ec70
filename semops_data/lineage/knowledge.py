"""Events from the platform's own tables: coherence of the corpus and of metrics, and each agent's episode as a run.

Belongs here: rows of `coherence/*` and `episodes/episodes` as events; pure, but for reading them.
Does not belong here: when to look (`sync`). A project without these tables has none of these events.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from semops_data.contracts import TABLES
from semops_data.lineage import custom, run_facets
from semops_data.lineage.ids import derived_id, run_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from semops_data.lakehouse.lake import Lake
    from semops_data.lineage.events import Event, Writer
    from semops_data.lineage.outbox import Outbox

    Keyed = tuple[str, Event]
    Row = Mapping[str, Any]

SCORES, WHOLE, FINDINGS, THRESHOLDS = (f"coherence/{n}" for n in ("scores", "organisation", "findings", "thresholds"))
EPISODES = "episodes/episodes"
CORPUS, MARTS = "corpus/", "warehouse/"
# An episode may reach its table so long after it happened; less than what was sent is kept.
LATE_DAYS = 7
_MOST_FINDINGS = 20
_SCORES_MARK, _EPISODES_MARK = "scores_version", "episodes_seen"
_FACTORS = {"availability": "availability", "consistency": "consistency", "stability": "stability", "sc": "sc",
            "scLow": "sc_low", "scHigh": "sc_high", "unmeasuredReason": "reason"}  # fmt: skip
_FIELDS = {
    "episodeId": "id", "runId": "run_id", "operation": "operation", "targetType": "target_type",
    "targetId": "target_id", "agentName": "agent_name", "agentVersion": "agent_version", "modelName": "model_name",
    "promptHash": "prompt_hash", "inputHash": "input_hash", "contextPatternIds": "context_pattern_ids",
    "contextEntityIds": "context_entity_ids", "coherenceScore": "coherence_score",
    "reasoningPattern": "reasoning_pattern", "contextAssemblyMethod": "context_assembly_method",
    "chainDepth": "chain_depth", "dagsterRunId": "dagster_run_id", "assetKey": "asset_key",
}  # fmt: skip


def new_events(lake: Lake, writer: Writer, outbox: Outbox) -> tuple[list[Keyed], dict[str, str]]:
    """What the tables tell that was not told: the events, and the marks to set with them."""
    events: list[Keyed] = []
    marks: dict[str, str] = {}
    if lake.exists(SCORES) and lake.exists(WHOLE):
        opened = lake.open(SCORES)
        version = str(opened.version())
        if version != outbox.mark(_SCORES_MARK):
            at = datetime.fromtimestamp(opened.history(1)[0]["timestamp"] / 1000, UTC)
            events += coherence_events(read_coherence(lake), int(version), at, writer)
            marks[_SCORES_MARK] = version
    if lake.exists(EPISODES):
        rows = lake.read(EPISODES).to_pylist()
        seen = outbox.mark(_EPISODES_MARK)
        since = datetime.fromisoformat(seen) - timedelta(days=LATE_DAYS) if seen else None
        fresh = [row for row in rows if since is None or row["created_at"] > since]
        events += [pair for row in fresh for pair in episode_events(row, writer)]
        if fresh:
            marks[_EPISODES_MARK] = max(row["created_at"] for row in fresh).isoformat()
    return events, marks


def read_coherence(lake: Lake) -> dict[str, list[dict[str, Any]]]:
    """Rows of the four tables of coherence; none where a table was not made yet."""
    return {
        key: lake.read(key).to_pylist() if lake.exists(key) else [] for key in (SCORES, WHOLE, FINDINGS, THRESHOLDS)
    }


def coherence_events(rows: Mapping[str, Sequence[Row]], version: int, at: datetime, writer: Writer) -> list[Keyed]:
    """One event per dataset of the corpus, and per table with metrics whose meaning was scored."""
    scored = {row["pattern_id"]: row for row in rows[SCORES]}
    shared: dict[str, Any] = {
        "model": next((row["model_id"] for row in rows[SCORES]), None),
        "thresholds": {row["name"]: row["value"] for row in rows[THRESHOLDS]},
        "scoresVersion": version,
    }
    events = []
    for key in sorted(writer.graph.nodes):
        if key.startswith(CORPUS) and not writer.graph.node(key).is_external:
            said = _corpus(rows) | shared | _findings(rows[FINDINGS])
        elif key.startswith(MARTS) and (carried := _metrics(key, scored)):
            said = _metric(carried, scored) | shared | _findings(rows[FINDINGS], set(carried))
        else:
            continue
        identity = derived_id(at, "coherence", key, version)
        facet = custom.coherence_facet(said)
        event = writer.observed(at.timestamp(), identity, key, facet)
        events.append((f"{identity}/COMPLETE", event))
    return events


def _corpus(rows: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    whole = rows[WHOLE][0] if rows[WHOLE] else {}
    patterns = [_pattern(row, None) for row in rows[SCORES]]
    factors = {
        name: _mean([row[name] for row in rows[SCORES]]) for name in ("availability", "consistency", "stability")
    }
    unmeasured = f"{whole.get('unmeasured_count', len(patterns))} patterns are unmeasured"
    sc = whole.get("sc")
    return {
        "scope": "corpus", **factors, "sc": sc, "scLow": whole.get("sc_low"), "scHigh": whole.get("sc_high"),
        "unmeasuredReason": unmeasured if sc is None or whole.get("unmeasured_count") else None,
        "patterns": patterns,
    }  # fmt: skip


def _metrics(key: str, scored: Mapping[str, Row]) -> dict[str, str]:
    """Patterns that columns of the table carry, each with its column."""
    contract = TABLES.get(key)
    columns = contract.columns if contract else ()
    return {column.term: column.name for column in columns if column.term in scored and column.term}


def _metric(carried: Mapping[str, str], scored: Mapping[str, Row]) -> dict[str, Any]:
    rows = [scored[name] for name in carried]
    values = [row["sc"] for row in rows]
    # A table is as coherent as its least coherent metric; one that is unmeasured leaves the table unmeasured.
    worst = None if None in values else min(rows, key=lambda row: row["sc"])
    missing = "; ".join(f"{row['pattern_id']}: {row['reason']}" for row in rows if row["sc"] is None)
    own = {name: worst[column] for name, column in _FACTORS.items()} if worst else dict.fromkeys(_FACTORS)
    return {
        "scope": "metric", **own, "unmeasuredReason": missing or None,
        "patterns": [_pattern(scored[name], column) for name, column in sorted(carried.items())],
    }  # fmt: skip


def _pattern(row: Row, column: str | None) -> dict[str, Any]:
    return {"patternId": row["pattern_id"], "field": column} | {name: row[own] for name, own in _FACTORS.items()}


def _findings(rows: Iterable[Row], patterns: set[str] | None = None) -> dict[str, Any]:
    found = [row for row in rows if patterns is None or row["pattern_id"] in patterns]
    worst = sorted(found, key=lambda row: (-row["score"], row["finding_id"]))[:_MOST_FINDINGS]
    listed = [
        {
            "kind": row["kind"], "patternId": row["pattern_id"], "gravity": row["score"], "detail": row["detail"],
            "source": f"{row['evidence_document']}:{row['evidence_line']}" if row["evidence_document"] else None,
        }
        for row in worst
    ]  # fmt: skip
    return {"findingCount": len(found), "findings": listed}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def episode_events(row: Row, writer: Writer) -> list[Keyed]:
    """One operation of an agent as a run of its own, below the run that it happened in."""
    at: datetime = row["created_at"]
    identity = run_id(at, row["id"])
    values = {name: row[column] for name, column in _FIELDS.items()}
    values["tokenUsage"] = json.loads(row["token_usage"]) if row["token_usage"] else None
    values["detectedEdges"] = len(row["detected_edges"] or [])
    values |= {name: values[name] or [] for name in ("contextPatternIds", "contextEntityIds")}
    more = custom.episode_facet(values)
    if row["openlineage_run_id"] and row["asset_key"]:
        more |= run_facets.parent((row["openlineage_run_id"], row["asset_key"]), writer.config.namespace)
    state = "FAIL" if row["error_message"] else "COMPLETE"
    if row["error_message"]:
        more |= run_facets.error_text(row["error_message"], writer.config.secrets)
    inputs = [writer.dataset(row["target_id"], {})] if row["target_id"] in writer.graph.nodes else []
    job = f"agent/{row['agent_name']}/{row['operation']}"
    seconds = json.loads(row["metadata"] or "{}").get("duration_seconds")
    ended = at.timestamp() + (seconds if isinstance(seconds, int | float) else 0.0)
    return [
        (f"{identity}/START", writer.episode("START", at.timestamp(), (identity, more), job, inputs)),
        (f"{identity}/{state}", writer.episode(state, ended, (identity, more), job, inputs)),
    ]
