"""What makes a passage a usage of a pattern."""

from __future__ import annotations

import pytest

from semops_data.coherence.usages import usages
from semops_data_tests.coherence.knowledge_base import FILLER, knowledge, pattern

SOURCE = "docs/glossary.md#drift"


def kinds(document: str, passage: str, source: str = SOURCE) -> list[str]:
    drift = pattern("semantic-drift", "Drift is a movement of meaning between two versions.", source=source)
    base = knowledge([drift], [*FILLER, (document, "Elsewhere", passage)])
    return [usage.kind for usage in usages(drift, base, []) if usage.chunk == len(FILLER)]


@pytest.mark.parametrize(
    ("document", "target"),
    [
        ("docs/guide.md", "glossary.md#drift"),
        ("docs/deep/guide.md", "../glossary.md#drift"),
        ("README.md", "docs/glossary.md#drift"),
        ("docs/deep/guide.md", "/docs/glossary.md#drift"),
        ("docs/glossary.md", "#drift"),
    ],
)
def test_a_link_to_the_definition_is_a_usage(document, target):
    """Wherever it stands, and however its path is written."""
    assert kinds(document, f"That is told [there]({target}) at length.") == ["link"]


@pytest.mark.parametrize(
    ("document", "target"),
    [
        ("other/guide.md", "glossary.md#drift"),
        ("docs/guide.md", "old/glossary.md#drift"),
        ("docs/guide.md", "glossary.md#other"),
        ("docs/guide.md", "https://example.org/docs/glossary.md#drift"),
    ],
)
def test_a_link_to_another_file_of_the_same_name_is_no_usage(document, target):
    """A repository has many README.md and glossary.md: the name alone says nothing."""
    assert kinds(document, f"That is told [there]({target}) at length.") == []


def test_a_document_that_links_to_its_own_headings_does_not_use_its_pattern():
    """A table of contents is part of the definition's home, not a usage of it."""
    assert kinds("docs/drift.md", "See [below](#details) for more.", source="docs/drift.md") == []
