"""A corpus of another size holds the same documents, in texts that differ."""

import pytest

from semops_data.projection.corpus import write_scaled_corpus
from semops_data.settings import Settings


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "docs").mkdir()
    for name in ("a.md", "b.md"):
        (tmp_path / "docs" / name).write_text(f"# {name}\n\nA sentence.\n")
    return Settings(home=tmp_path / "home", corpus=str(tmp_path / "docs"))


@pytest.mark.parametrize(("factor", "count"), [(1, 2), (3, 6), (1.5, 3), (0.01, 1)])
def test_the_corpus_grows_with_the_factor(tmp_path, settings, factor, count):
    """Every text is another one: equal texts would be embedded once and cost nothing."""
    assert write_scaled_corpus(settings, factor, tmp_path / "out") == count
    texts = [path.read_text() for path in (tmp_path / "out").rglob("*.md")]
    assert len(texts) == len(set(texts)) == count


def test_the_first_edition_is_the_corpus_itself(tmp_path, settings):
    """Factor 1 is as configured."""
    write_scaled_corpus(settings, 1, tmp_path / "out")
    assert (tmp_path / "out" / "a.md").read_text() == (tmp_path / "docs" / "a.md").read_text()
