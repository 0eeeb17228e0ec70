"""The meaning stream from end to end, on a handbook with one fault of every kind."""

import json

import dagster as dg
import pytest

from semops_data.embeddings.index import VectorIndex
from semops_data_tests.coherence.handbook import REGISTRY, Platform


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    platform = Platform(tmp_path_factory.mktemp("handbook"))
    result = platform.materialize()
    assert result.success
    platform.result = result
    return platform


def findings(platform, kind):
    return [row for row in platform.rows("coherence/findings") if row["kind"] == kind]


def test_the_planted_contradiction_is_found_with_both_quotes_and_their_lines(scored):
    """The handbook says 90 days where the glossary says 30: a person must be able to jump to both."""
    (found,) = [row for row in findings(scored, "contradiction") if row["rule"] == "number"]
    assert found["pattern_id"] == "invoice-retention"
    assert found["detail"].startswith("number: 30 against 90")
    assert (found["evidence_document"], found["evidence_line"]) == ("finance.md", 5)
    assert found["claim_document"] == "glossary.md"
    assert "30 days" in found["claim"]
    assert "90 days" in found["evidence"]
    assert scored.by_pattern("coherence/consistency")["invoice-retention"]["value"] < 1


def test_a_definition_that_no_document_holds_is_zero_available_and_a_finding(scored):
    """The registry alone is not where people look."""
    row = scored.by_pattern("coherence/availability")["ghost-metric"]
    assert (row["value"], row["status"]) == (0.0, "measured_zero")
    assert [found["pattern_id"] for found in findings(scored, "missing_definition")] == ["ghost-metric"]


def test_the_copy_in_the_old_wiki_that_is_found_first_is_named(scored):
    """Two wordings under one heading: searching finds the wrong one."""
    (copy,) = findings(scored, "stale_copy")
    assert (copy["pattern_id"], copy["evidence_document"]) == ("churn-rate", "old/wiki.md")


def test_a_definition_that_was_turned_round_is_a_reversal_with_the_old_words(scored):
    """Few words changed, and the meaning is the opposite."""
    row = scored.by_pattern("coherence/stability")["refund"]
    evidence = json.loads(row["evidence"])
    assert evidence["kind"] == "reversal"
    assert evidence["versions"] == 2
    (drift,) = findings(scored, "drift")
    assert "is not returned" in drift["claim"]
    assert "is returned" in drift["evidence"]


def test_what_could_not_be_measured_says_why_and_has_no_score(scored):
    """Churn never changed: its stability, and so its SC, is unmeasured, not 1."""
    row = scored.by_pattern("coherence/scores")["churn-rate"]
    assert (row["stability"], row["sc"]) == (None, None)
    assert "one version since the baseline" in row["reason"]
    assert row["bound_low"] == 0.0
    assert row["coverage"] == pytest.approx(2 / 3)


def test_every_score_can_be_traced_to_its_versions_and_model(scored):
    """Score, corpus version, registry version, model: by key, not by memory."""
    for row in scored.rows("coherence/scores"):
        assert row["model_id"] == "toy@1"
        assert row["corpus_version"] == scored.lake.version("corpus/documents")
        assert row["method"] == "availability=retrieval, consistency=embedding, stability=embedding"


def test_hotspots_rank_by_surface_area_and_what_is_uncertain(scored):
    """Only patterns with a measured SC are ranked."""
    scores = scored.by_pattern("coherence/scores")
    ranked = sorted(scored.rows("coherence/hotspots"), key=lambda row: row["rank"])
    assert {row["pattern_id"] for row in ranked} == {p for p, row in scores.items() if row["sc"] is not None}
    priorities = [row["priority"] for row in ranked]
    assert priorities == sorted(priorities, reverse=True)
    for row in ranked:
        assert row["priority"] == pytest.approx(row["surface_area"] * (1 - row["sc_low"]))


def test_the_blocking_checks_hold_and_the_audit_ones_warn(scored):
    """A missing definition and a contradiction are listed; they do not stop the night."""
    checks = {check.check_name: check for check in scored.result.get_asset_check_evaluations()}
    assert checks["every_audited_pattern_has_a_score"].passed
    assert checks["sc_is_the_geometric_mean_of_its_dimensions"].passed
    for name in ("definitions_are_in_the_corpus", "nothing_contradicts_a_definition"):
        assert not checks[name].passed
        assert checks[name].severity == dg.AssetCheckSeverity.WARN


def test_the_page_of_the_scores_carries_the_table_and_the_plot(scored):
    """What a person sees in the UI is in the metadata."""
    (event,) = [
        event
        for event in scored.result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey(["coherence", "scores"])
    ]
    metadata = event.materialization.metadata
    assert "| churn-rate |" in metadata["semops/scores"].value
    assert metadata["semops/plot"].value.startswith("![semantic coherence by pattern](data:image/png;base64,")


def test_scoring_again_encodes_nothing_and_changes_no_table(scored):
    """Same corpus and model, same scores: every data version stays."""
    before, encoded = versions(scored.result), scored.encoder.encoded
    assert versions(scored.materialize()) == before
    assert scored.encoder.encoded == encoded


def test_one_corrected_sentence_changes_its_pattern_and_no_other(tmp_path):
    """A night costs what changed, and says so."""
    platform = Platform(tmp_path)
    platform.materialize()
    before, encoded = platform.by_pattern("coherence/consistency"), platform.encoder.encoded
    file = tmp_path / "repo" / "finance.md"
    platform.repository.commit(**{"finance.md": file.read_text().replace("90 days", "30 days")})
    platform.materialize()
    after = platform.by_pattern("coherence/consistency")
    assert platform.encoder.encoded - encoded <= 3
    assert after["invoice-retention"]["value"] == 1.0 > before["invoice-retention"]["value"]
    assert after["churn-rate"]["value"] == before["churn-rate"]["value"]
    assert [row for row in findings(platform, "contradiction") if row["rule"] == "number"] == []


def test_a_vector_server_that_is_away_fails_nothing_and_is_caught_up(tmp_path):
    """Side effects never decide: the run succeeds, the index is not called fresh, and the next run fills it."""
    platform = Platform(tmp_path)
    result = platform.materialize(vector_index=VectorIndex(tmp_path / "qdrant", url="http://127.0.0.1:9"))
    assert result.success
    assert "embeddings/index" not in versions(result)
    assert "coherence/scores" in versions(result)
    assert "embeddings/index" in versions(platform.materialize())


def test_a_pattern_that_is_only_planned_is_not_audited(tmp_path):
    """Nobody promised its definition yet."""
    platform = Platform(tmp_path)
    (tmp_path / "registry.yaml").write_text(REGISTRY.replace("label: Refund,", "label: Refund, lifecycle: planned,"))
    platform.materialize()
    assert "refund" not in platform.by_pattern("coherence/scores")


def versions(result):
    events = result.get_asset_materialization_events()
    return {e.asset_key.to_user_string(): e.materialization.tags["dagster/data_version"] for e in events}
