"""This project's own registry, glossary and dictionary agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from semops_data.contracts import TABLES
from semops_data.corpus.definitions import lead, spoken
from semops_data.corpus.dictionary import render, term_anchor
from semops_data.corpus.markdown import parse
from semops_data.registry.load import load
from semops_data.registry.rules import audit
from semops_data.registry.source import OWN

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def glossary():
    return parse((ROOT / "docs/glossary.md").read_text(encoding="utf-8"))


def test_the_registry_has_nothing_to_complain_about():
    """It is the example that users copy."""
    assert audit(load(OWN)) == []


def test_the_registry_repeats_the_glossary_word_for_word(glossary):
    """Two wordings of one definition are two definitions."""
    registry = load(OWN)
    assert registry.measures
    for entry in (*registry.patterns, *registry.measures):
        block = lead(glossary, entry.source_anchor)
        assert block is not None, entry.label
        assert spoken(block) == entry.definition, entry.label


def test_every_term_of_a_contract_is_in_the_glossary(glossary):
    """A column that carries a term leads to its definition."""
    anchors = {heading.anchor for heading in glossary.headings}
    terms = {column.term for table in TABLES.values() for column in table.columns if column.term}
    assert {term for term in terms if term_anchor(term) not in anchors} == set()


def test_the_dictionary_that_is_checked_in_says_what_the_contracts_say():
    """It enters the corpus: a stale one would be scored. Run `dst dictionary`."""
    expected = render(TABLES.values())
    held = {f"docs/dictionary/{p.name}": p.read_text(encoding="utf-8") for p in (ROOT / "docs/dictionary").glob("*.md")}
    assert held == expected
