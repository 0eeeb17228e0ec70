"""The project's own facets: coherence on what was scored, episodes as runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.contracts import table
from semops_data.lakehouse.lake import Lake
from semops_data.lineage.custom import SCHEMAS
from semops_data.lineage.events import Config, Writer, encode
from semops_data.lineage.knowledge import EPISODES, coherence_events, episode_events, new_events
from semops_data.lineage.naming import Places
from semops_data.lineage.outbox import Outbox
from semops_data.lineage.records import Graph, Node
from semops_data_tests.lineage.spec import findings

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEYS = ("corpus/documents", "warehouse/daily_revenue", "warehouse/dim_customers", "coherence/scores")


@pytest.fixture(scope="module")
def writer():
    graph = Graph({key: Node(key=key, storage_kind="deltalake") for key in KEYS})
    return Writer(graph, Config(Places("test", "/lake"), "test", "test"))


def score(pattern, sc, reason=None):
    values = dict.fromkeys(("availability", "consistency", "stability", "sc", "sc_low", "sc_high"), sc)
    return {"pattern_id": pattern, "reason": reason, "model_id": "minilm@1"} | values


def rows(*scores, sc=0.5):
    return {
        "coherence/scores": list(scores),
        "coherence/organisation": [{"sc": sc, "sc_low": 0.4, "sc_high": 0.6, "unmeasured_count": 1}],
        "coherence/thresholds": [{"name": "contradiction", "value": 0.7}, {"name": "usage", "value": None}],
        "coherence/findings": [
            {"finding_id": "f", "pattern_id": "net-revenue", "kind": "contradiction", "score": 0.9, "detail": "differs",
             "evidence_document": "a.md", "evidence_line": 3},
        ],
    }  # fmt: skip


def said(events, key):
    (event,) = [event for _, event in events if event["job"]["name"] == f"{key}/observe"]
    return event["inputs"][0]["facets"]["semops_coherence"]


def test_the_corpus_and_each_table_with_scored_metrics_carry_their_coherence(writer):
    measured = [score("net-revenue", 0.8), score("order", 0.6), score("availability", 0.9)]
    events = coherence_events(rows(*measured), 3, AT, writer)
    assert {event["job"]["name"] for _, event in events} == {
        "corpus/documents/observe", "warehouse/daily_revenue/observe",
    }  # fmt: skip
    corpus, revenue = said(events, "corpus/documents"), said(events, "warehouse/daily_revenue")
    assert (corpus["scope"], corpus["sc"], corpus["model"]) == ("corpus", 0.5, "minilm@1")
    assert corpus["thresholds"] == {"contradiction": 0.7, "usage": None}
    assert corpus["findings"][0]["source"] == "a.md:3"
    assert (revenue["scope"], revenue["sc"]) == ("metric", 0.6), "as coherent as its least coherent metric"
    assert {row["patternId"]: row["field"] for row in revenue["patterns"]} == {
        "net-revenue": "net_revenue_cents", "order": "orders",
    }  # fmt: skip
    assert findings([event for _, event in events]) == []


def test_an_unmeasured_metric_is_null_with_the_reason(writer):
    """Never 0, and never the mean of what is left."""
    events = coherence_events(rows(score("net-revenue", 0.8), score("order", None, "no usages")), 3, AT, writer)
    revenue = said(events, "warehouse/daily_revenue")
    assert revenue["sc"] is revenue["availability"] is None
    assert revenue["unmeasuredReason"] == "order: no usages"
    assert findings([event for _, event in events]) == []


def episode(**more):
    row = dict.fromkeys(table(EPISODES).arrow_schema.names)
    row |= {
        "id": "01900000-0000-7000-8000-000000000001", "run_id": "r", "operation": "measure", "target_type": "corpus",
        "target_id": "coherence/scores", "agent_name": "judge", "context_pattern_ids": ["order"],
        "context_entity_ids": [], "detected_edges": ["{}"], "chain_depth": 0, "created_at": AT,
        "token_usage": '{"prompt_tokens": 3}', "metadata": '{"duration_seconds": 2.5}',
    }  # fmt: skip
    return row | more


def test_an_episode_is_a_run_of_its_own_below_the_run_it_happened_in(writer):
    above = "01900000-0000-7000-8000-0000000000aa"
    events = [e for _, e in episode_events(episode(openlineage_run_id=above, asset_key="coherence/scores"), writer)]
    start, end = events
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    assert end["job"]["name"] == "agent/judge/measure"
    assert end["eventTime"] > start["eventTime"]
    assert end["run"]["facets"]["parent"]["run"]["runId"] == above
    assert end["run"]["facets"]["semops_episode"]["tokenUsage"] == {"prompt_tokens": 3}
    assert end["inputs"][0]["name"] == "/lake/coherence/scores"
    assert findings(events) == []


def test_an_episode_that_failed_fails_with_its_reason(writer):
    (_, start), (_, end) = episode_events(episode(error_message="model away: token=abcdefgh"), writer)
    assert end["eventType"] == "FAIL"
    assert end["run"]["facets"]["errorMessage"]["message"] == "model away: token=***"
    assert findings([start, end]) == []


@given(text=st.text(max_size=40), number=st.one_of(st.none(), st.floats(0, 1)))
def test_whatever_an_agent_calls_itself_the_event_is_valid(writer, text, number):
    events = [e for _, e in episode_events(episode(agent_name=text, coherence_score=number), writer)]
    assert findings(events) == []
    assert all(json.loads(writer.encode(event)) == event for event in events)
    assert all(writer.encode(event) == encode(event) for event in events)


def test_episodes_are_read_once_and_new_ones_are_found(writer, tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    schema = table(EPISODES).arrow_schema

    def write(*episodes):
        filled = [{"reasoning_pattern": None} | row for row in episodes]
        lake.replace(EPISODES, pa.Table.from_pylist(filled, schema=schema))

    def tick(outbox):
        events, marks = new_events(lake, writer, outbox)
        for name, value in marks.items():
            outbox.set_mark(name, value)
        return outbox.add((key, encode(event)) for key, event in events)

    with Outbox(tmp_path / "outbox.db") as outbox:
        assert tick(outbox) == 0, "a project without the tables has none of their events"
        write(episode())
        assert [tick(outbox), tick(outbox)] == [2, 0]
        write(episode(), episode(id="01900000-0000-7000-8000-000000000002", created_at=AT - timedelta(hours=1)))
        assert tick(outbox) == 2, "one that reached its table late"


def test_the_schemas_are_part_of_the_package():
    names = {path.name for path in SCHEMAS.glob("*.json")}
    assert names == {"SemopsCoherenceDatasetFacet.json", "SemopsEpisodeRunFacet.json"}
    for path in SCHEMAS.glob("*.json"):
        schema = json.loads(path.read_text())
        assert schema["$id"].endswith(path.name)
        assert path.stem in schema["$defs"]
