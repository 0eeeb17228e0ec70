"""Two statements with a difference that may both be true are no finding, and one contradiction is told once."""

from __future__ import annotations

import pytest

from semops_data.coherence.exclusion import groups, innocent
from semops_data.coherence.rules import raw_contradiction

KNOWLEDGE = (
    "Semantic coherence is the degree to which human and machine knowledge is available, consistent, and stable across "
    "organizations and their systems."
)
MEANING = (
    "Semantic coherence is the degree to which meaning is available, consistent, and stable across an organization and "
    "its systems."
)
CONTRADICT = [
    ("A page holds at most 100 orders.", "A page holds at most 500 orders."),
    ("Refunds are counted in the net revenue.", "Refunds are not counted in the net revenue."),
    ("The source package may contain hard links.", "The source package must not contain hard links."),
    ("Coherence is not a “score”: it is the substrate.", "A coherence score measures the distance to the reference."),
    (KNOWLEDGE, MEANING),
]


@pytest.mark.parametrize(("claim", "sentence"), CONTRADICT)
def test_what_excludes_the_other_stays_a_finding(claim, sentence):
    """A filter that lost these would make the list of findings short and worthless."""
    _, hit = raw_contradiction(claim, sentence, 0.9)
    assert hit is not None
    assert innocent(claim, sentence, hit.rule) is None


COMPATIBLE = [
    ("The service stores orders.", "The service does not store orders if they are drafts.", "negation", "case"),
    ("If no class is specified, IN is assumed.", "If a class is specified, IN is assumed.", "negation", "case"),
    ("Version checks are not made.", "Version checks were made in version 2.1.", "negation", "another time"),
    ("These decide which limits exist.", "These decide which limits emerge.", "substitution", "named elsewhere"),
    ("The test: a prompt is long enough.", "The limit: a prompt is long enough.", "substitution", "labels"),
    (
        "Debian supports an ever-increasing number of natural languages.",
        "Debian supports an ever-increasing number of architectures.",
        "substitution",
        "named elsewhere",
    ),
    (
        "A handler is an internal Apache representation of the action to be performed.",
        "A handler is an internal httpd representation of the action to be performed.",
        "substitution",
        "room for both",
    ),
    ("A buyer must confirm the order by mail.", "A courier may confirm the order by mail.", "modality", "different"),
]


@pytest.mark.parametrize(("claim", "sentence", "rule", "reason"), COMPATIBLE)
def test_what_may_both_be_true_is_innocent_with_its_reason(claim, sentence, rule, reason):
    """Prohibitions in two words, cases, times, labels, pronouns, other subjects, values that leave room."""
    found = innocent(claim, sentence, rule)
    assert found is not None
    assert reason in found


def test_a_history_of_changes_contradicts_nothing():
    """What held before is not what holds now."""
    pair = ("A page holds at most 100 orders.", "A page holds at most 500 orders.", "number")
    assert innocent(*pair, documents=("docs/CHANGELOG.md", "docs/api.md")) == "one of them is a history of changes"
    assert innocent(*pair, documents=("docs/pages.md", "docs/api.md")) is None


def test_pairs_that_say_one_contradiction_are_one_group():
    """The same words differ and one sentence is the same; another difference of the same sentence is another one."""
    told = "negation: only the definition denies “score”"
    pairs = [
        ("X is not a score.", "The X score rises.", told),
        ("Y holds 3 rows.", "Y holds 4 rows.", "number: 3 against 4 (row)"),
        ("X is not a score.", "A score of X is kept.", told),
        ("The X score rises.", "X is no score.", "negation: only the other text denies “score”"),
        ("X is not a score.", "X is a sum.", "negation: only the definition denies “sum”"),
    ]
    assert groups(pairs) == [[0, 2, 3], [1], [4]]
