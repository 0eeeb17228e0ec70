"""Proposing a registry: what defines something is proposed, what does not is left out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from semops_data.corpus.derive import derive, identifier, propose
from semops_data.corpus.model import Reading, Version
from semops_data.corpus.source import open_source
from semops_data.registry.load import parse
from semops_data.registry.model import RegistryError
from semops_data.registry.rules import audit
from semops_data.settings import Settings

SHARED = Path(__file__).parents[3] / "shared" / "corpora" / "semops-docs.bundle"


def proposed(text: str, name: str = "docs/a.md"):
    version = Version(name, datetime(2026, 1, 1, tzinfo=UTC), text)
    return {p.pattern_id: p for p in derive(Reading((version,))).patterns}


@pytest.mark.parametrize(
    ("text", "pattern_id", "definition"),
    [
        ("# Drift Rate\n\nDrift rate is the share of definitions that moved.\n", "drift-rate",
         "Drift rate is the share of definitions that moved."),
        ("# T\n\n## What is a Data Contract?\n\nA data contract is a promise about the columns of a table.\n",
         "data-contract", "A data contract is a promise about the columns of a table."),
        ("# Physics of Data\n\n> A framing that emphasizes the mathematical properties of data.\n", "physics-of-data",
         "Physics of Data is a framing that emphasizes the mathematical properties of data."),
        ("# T\n\n## 2. Bounded Contexts\n\nA **bounded context** is a boundary within which a model applies.\n",
         "bounded-context", "A bounded context is a boundary within which a model applies."),
        ("# T\n\n## Systems Theory\n\n**What it is:** A science of feedback and control in systems.\n",
         "systems-theory", "Systems Theory is a science of feedback and control in systems."),
        ("# T\n\n**Dark Data** is the gap between what a model requires and what exists.\n", "dark-data",
         "Dark Data is the gap between what a model requires and what exists."),
    ],
)  # fmt: skip
def test_what_defines_something_is_proposed(text, pattern_id, definition):
    """Titles, headings, quotations, stated definitions, bold terms."""
    assert proposed(text)[pattern_id].definition == definition


def test_a_label_gives_its_abbreviation_source_and_edges_away():
    """What the registry needs to find the definition again."""
    found = proposed(
        "# Anti-Corruption Layer (ACL)\n\nAn anti-corruption layer is a layer that translates between two models.\n\n"
        "## Domain Model\n\nA domain model is what an anti-corruption layer protects from other models.\n"
    )
    layer = found["anti-corruption-layer"]
    assert layer.alternative_labels == ("ACL",)
    assert (layer.source_path, layer.source_anchor) == ("docs/a.md", "anti-corruption-layer-acl")
    assert layer.lifecycle == "draft"


@pytest.mark.parametrize(
    "text",
    [
        "# Overview\n\nThe overview is a list of everything in this folder.\n",
        "# T\n\n## How to install\n\nInstalling is the process of running a command twice.\n",
        "# T\n\n## Solution Landscape\n\nThe literature reveals a fundamental disconnect in the market.\n",
        "# T\n\n## Runtime Agents\n\nThe coherence score diagnoses problems. Runtime agents fix them.\n",
        "# T\n\n## Data Mesh\n\nSee below for all of it.\n",
        "# T\n\n## Data Mesh\n\nData mesh is not the answer to everything here.\n",
        "# T\n\n## Data Mesh\n\nData mesh is:\n\n- a\n- b\n",
        "# T\n\n## Why Data Mesh Fails\n\nData mesh is a way of splitting ownership by domain.\n",
        "no heading at all\n",
    ],
)
def test_what_defines_nothing_is_left_out(text):
    """A proposal would rather miss a concept than invent one; none at all is an error that says so."""
    with pytest.raises(RegistryError, match="no patterns"):
        proposed(text)


def test_one_label_is_proposed_once_from_its_best_place():
    """A title defines better than a bold term elsewhere."""
    day = datetime(2026, 1, 1, tzinfo=UTC)
    reading = Reading(
        (
            Version("a.md", day, "# T\n\n**Data Silos** are a thing that we mention here in passing.\n"),
            Version("b.md", day, "# Data Silo\n\nA data silo is a store that others cannot read.\n"),
        )
    )
    (only,) = derive(reading).patterns
    assert only.source_path == "b.md"


def test_ids_are_kebab_case_singular_and_short():
    """They stand in every table."""
    assert identifier("Bounded Contexts") == "bounded-context"
    assert identifier("Capabilities") == "capability"
    assert identifier("Physics & Business Analysis") == "physics-business-analysis"
    assert identifier("Automated metrics") == "automated-metrics"
    assert len(identifier("word " * 30)) <= 50


@pytest.mark.skipif(not SHARED.exists(), reason="the bundle of a real documentation repository is not here")
def test_a_real_documentation_repository_gives_a_registry_that_loads(tmp_path):
    """67 documents that others wrote."""
    registry = parse(propose(open_source(Settings(home=tmp_path, corpus=str(SHARED)))))
    assert 60 <= len(registry.patterns) <= 100
    assert {"domain-driven-design", "semantic-coherence", "bounded-context", "scale-projection"} <= set(registry.by_id)
    assert not [problem for problem in audit(registry) if problem.severity == "critical"]
