"""What a pattern's definition said, since when, and where that stood."""

from __future__ import annotations

from datetime import UTC, datetime

from semops_data.corpus.definitions import definitions, missing_definitions, registry_history
from semops_data.corpus.source import open_source
from semops_data.registry.load import load, parse
from semops_data.settings import Settings
from semops_data_tests.corpus.repository import DAY, MONDAY, Repository, with_history

ENTRY = "  - {id: drift, label: Drift, definition: %s, source: 'docs/semantic-drift.md#drift'}\n"


def day(number: int) -> datetime:
    return datetime.fromtimestamp(MONDAY + number * DAY, tz=UTC)


def registry(source: str = "docs/semantic-drift.md#drift", label: str = "Drift"):
    text = f"patterns:\n  - id: drift\n    label: {label}\n    definition: Drift as the registry has it.\n"
    return parse(text + (f"    source: {source}\n" if source else ""), "r.yaml")


def reading(tmp_path, root):
    return open_source(Settings(home=tmp_path / "home", corpus=str(root))).read()


def test_a_definition_is_followed_through_edits_and_a_rename(tmp_path):
    """Stability is measured on these versions: text, instant, document, line, commit."""
    repo, commits = with_history(tmp_path / "repo")
    found = definitions(registry(), reading(tmp_path, repo.root), ())
    assert [(d.text, d.valid_from, d.document_id, d.start_line, d.commit) for d in found] == [
        ("Drift is any change.", day(0), "docs/drift.md", 3, commits[0]),
        ("Drift is a change of meaning.", day(1), "docs/drift.md", 3, commits[1]),
        ("Drift is a change of meaning that nobody decided.", day(2), "docs/semantic-drift.md", 3, commits[2]),
    ]
    assert {d.source for d in found} == {"document"}


def test_versions_that_read_the_same_are_one(tmp_path):
    """An edit elsewhere in the document, or of marks only, is no version of the definition."""
    repo = Repository(tmp_path / "repo")
    for text in (
        "Drift is a change.\n",
        "Drift is a\n**change**.\n\nMore.\n",
        "> Drift is a change.\n",
        "Drift is gone.\n",
    ):
        repo.commit(**{"a.md": f"# Drift\n\n{text}"})
    found = definitions(registry("a.md#drift"), reading(tmp_path, repo.root), ())
    assert [(d.text, d.valid_from) for d in found] == [("Drift is a change.", day(0)), ("Drift is gone.", day(3))]


def test_a_heading_that_was_renamed_is_found_by_its_label(tmp_path):
    """Anchors change with headings."""
    repo = Repository(tmp_path / "repo")
    repo.commit(**{"a.md": "# T\n\n## Drift\n\nDrift is a change.\n"})
    repo.commit(**{"a.md": "# T\n\n## Semantic drift\n\nDrift is another change.\n"})
    found = definitions(registry("a.md#semantic-drift"), reading(tmp_path, repo.root), ())
    assert [d.text for d in found] == ["Drift is a change.", "Drift is another change."]


def test_in_a_section_that_defines_several_terms_each_has_its_own(tmp_path):
    """The paragraph that opens with the label is the pattern's."""
    repo = Repository(tmp_path / "repo")
    repo.commit(**{"a.md": "# Terms\n\nOther is this.\n\nA **drift** is a change.\n"})
    found = definitions(registry("a.md#terms"), reading(tmp_path, repo.root), ())
    assert [(d.text, d.start_line) for d in found] == [("A drift is a change.", 5)]


def test_without_a_document_the_registry_file_tells_the_history(tmp_path):
    """Its own commits, the work tree last; a version that cannot be used is passed over."""
    repo = Repository(tmp_path / "repo")
    repo.commit(**{"a.md": "# A\n"})
    one = "patterns:\n" + ENTRY % "Drift is what was said first."
    commits = [repo.commit(**{"r.yaml": one}), repo.commit(**{"r.yaml": "patterns: ["})]
    commits.append(repo.commit(**{"r.yaml": one + "# a comment\n"}))
    repo.write("r.yaml", "patterns:\n" + ENTRY % "Drift is what is written now.")
    path = repo.root / "r.yaml"
    found = definitions(load(path), reading(tmp_path, repo.root), registry_history(path))
    assert [(d.text, d.source, d.commit) for d in found] == [
        ("Drift is what was said first.", "registry", commits[0]),
        ("Drift is what is written now.", "registry", None),
    ]
    assert found[0].valid_from == day(1)


def test_a_registry_outside_a_repository_has_one_version(tmp_path):
    """Its file time, not the time of the run: the same input gives the same rows."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A\n")
    path = tmp_path / "r.yaml"
    path.write_text("patterns:\n" + ENTRY % "Drift is a change of meaning.")
    found = [definitions(load(path), reading(tmp_path, tmp_path / "docs"), registry_history(path)) for _ in range(2)]
    assert found[0] == found[1]
    assert len(found[0]) == 1


def test_a_definition_that_is_not_where_the_registry_says_is_a_finding(tmp_path):
    """It names the registry's line, because that is what has to change."""
    repo, _ = with_history(tmp_path / "repo")
    here = reading(tmp_path, repo.root)
    assert missing_definitions(registry(), here) == []
    (gone,) = missing_definitions(registry("docs/gone.md#drift"), here)
    assert (gone.document_id, gone.kind) == ("docs/gone.md", "missing_definition")
    assert "drift (r.yaml:2)" in gone.detail
    (elsewhere,) = missing_definitions(registry("docs/semantic-drift.md#other"), here)
    assert "no paragraph stands there" in elsewhere.detail
