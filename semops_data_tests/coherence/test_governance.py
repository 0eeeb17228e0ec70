"""Which changes of a definition somebody decided."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from semops_data.coherence.governance import Decision, approvals, decided, records
from semops_data.coherence.stability import Version
from semops_data.settings import Settings
from semops_data_tests.coherence.handbook import REFUND, Platform, glossary

FIRST, DAY = datetime(2026, 3, 1, tzinfo=UTC), timedelta(days=1)
VERSIONS = [Version(FIRST, ("Old.",), commit="a"), Version(FIRST + 9 * DAY, ("New.",), commit="b")]
LABELS = ("Refund", "money back")


def document(path, text, at=FIRST + 3 * DAY, commit=None):
    return {"document_id": path, "valid_from": at, "commit": commit, "content": text}


def found(*documents):
    globs = Settings().decision_records
    return decided("refund", LABELS, VERSIONS, records(documents, globs))


def test_a_record_that_names_the_pattern_and_came_with_the_wording_decides_it():
    """Between the two wordings, in the commit of the new one, or on the day after it."""
    assert found(document("docs/decisions/7.md", "We give money back later.")) == {1: "docs/decisions/7.md"}
    assert found(document("adr/0007.md", "A refund.", FIRST - 9 * DAY, "b")) == {1: "adr/0007.md"}
    assert found(document("adr/0007.md", "A refund.", FIRST + 9.5 * DAY)) == {1: "adr/0007.md"}


@pytest.mark.parametrize(
    "row",
    [
        document("docs/notes/7.md", "We give refunds later."),
        document("docs/decisions/7.md", "We change the churn rate."),
        document("docs/decisions/7.md", "A refund.", FIRST - DAY),
        document("docs/decisions/7.md", "A refund.", FIRST + 11 * DAY),
        document("docs/decisions/7.md", "# Refund\n\n## Status\n\nProposed\n"),
        document("docs/decisions/7.md", "---\nstatus: rejected\n---\n\nA refund."),
    ],
    ids=["elsewhere", "another pattern", "before", "long after", "proposed", "rejected"],
)
def test_what_decided_nothing_is_no_decision(row):
    """A note, a record of something else, of another time, or one that is open, excuses no drift."""
    assert found(row) == {}


def test_an_approved_episode_decides_and_one_without_a_name_does_not():
    """An agent may declare a pattern; only a person's name under it makes it governed."""
    row = {"id": "e1", "operation": "declare_pattern", "target_type": "pattern", "target_id": "refund",
           "created_at": FIRST + 9 * DAY}  # fmt: skip
    named = row | {"metadata": json.dumps({"approved_by": "finance"})}
    nobody, broken, other = (
        row | {"metadata": "{}"},
        row | {"metadata": "[1]"},
        named | {"operation": "publish"},
    )
    assert approvals([nobody, broken, other]) == []
    assert decided("refund", LABELS, VERSIONS, approvals([named])) == {1: "episode e1, approved by finance"}
    assert decided("churn", ("Churn",), VERSIONS, approvals([named])) == {}


def test_the_first_wording_is_never_a_change():
    """There is nothing that it could have moved away from."""
    assert decided("refund", LABELS, VERSIONS[:1], [Decision("d.md", FIRST, "a", "refund")]) == {}


def test_a_decision_record_in_the_corpus_keeps_stability_whole(tmp_path):
    """From end to end: the handbook's reversal, decided and written down."""
    platform = Platform(tmp_path)
    platform.repository.commit(
        **{
            "glossary.md": glossary(refund=REFUND.replace("14 days", "30 days")),
            "docs/decisions/0007-refund.md": "# Refund within 30 days\n\nStatus: accepted\n\nRefunds take longer.\n",
        }
    )
    platform.materialize(selection="*coherence/stability")
    row = platform.by_pattern("coherence/stability")["refund"]
    evidence = json.loads(row["evidence"])
    assert row["value"] == 1.0
    assert [step["decision"] for step in evidence["governed"]] == ["docs/decisions/0007-refund.md"]
    assert [step["kind"] for step in evidence["transitions"]] == ["reversal", "reversal"]
