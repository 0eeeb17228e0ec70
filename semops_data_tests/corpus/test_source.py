"""Folders, repositories and bundles: every version, and every reason why one could not be read."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from semops_data.corpus.model import CorpusError
from semops_data.corpus.source import open_source, source_digest
from semops_data.settings import Settings
from semops_data_tests.corpus.repository import DAY, MONDAY, Repository, with_history


def day(number: int) -> datetime:
    return datetime.fromtimestamp(MONDAY + number * DAY, tz=UTC)


def settings(tmp_path, corpus, **more) -> Settings:
    return Settings(home=tmp_path / "home", corpus=str(corpus), **more)


def read(tmp_path, corpus, **more):
    return open_source(settings(tmp_path, corpus, **more)).read()


def spans(reading):
    return [(v.document_id, v.valid_from, v.valid_to, v.commit) for v in reading.versions]


HISTORY = [
    ("docs/drift.md", 0, 1, 0),
    ("docs/drift.md", 1, 2, 1),
    ("docs/old.md", 2, 3, 2),
    ("docs/semantic-drift.md", 2, None, 2),
]


def expected(commits):
    return [(path, day(a), None if b is None else day(b), commits[c]) for path, a, b, c in HISTORY]


def test_a_repository_gives_every_version_with_its_commit_and_time(tmp_path):
    """Edits, a rename and a removal, laid end to end."""
    repo, commits = with_history(tmp_path / "repo")
    reading = read(tmp_path, repo.root)
    assert spans(reading) == expected(commits)
    assert reading.versions[3].previous_document_id == "docs/drift.md"
    assert [v.document_id for v in reading.current] == ["docs/semantic-drift.md"]
    assert reading.commits == 4
    assert not reading.is_shallow


def test_a_document_is_followed_back_through_its_rename(tmp_path):
    """Meaning outlives a file name."""
    repo, _ = with_history(tmp_path / "repo")
    lineage = read(tmp_path, repo.root).lineage("docs/semantic-drift.md")
    assert [(v.document_id, v.valid_from) for v in lineage] == [
        ("docs/drift.md", day(0)),
        ("docs/drift.md", day(1)),
        ("docs/semantic-drift.md", day(2)),
    ]


def test_a_path_that_lives_twice_is_two_documents(tmp_path):
    """What was removed and written anew is not a version of what was removed."""
    repo = Repository(tmp_path / "repo")
    repo.commit(**{"a.md": "# First life\n", "b.md": "# B\n"})
    repo.git("rm", "-q", "a.md")
    repo.commit()
    repo.commit(**{"a.md": "# Second life\n"})
    assert [v.valid_from for v in read(tmp_path, repo.root).lineage("a.md")] == [day(2)]


@pytest.mark.parametrize("kind", ["bundle", "bare", "subfolder"])
def test_a_bundle_a_bare_clone_and_a_subfolder_give_the_same_history(tmp_path, kind):
    """The place differs, the history does not; paths are relative to what was asked for."""
    repo, commits = with_history(tmp_path / "repo")
    wanted = expected(commits)
    if kind == "bundle":
        place = tmp_path / "docs.bundle"
        repo.git("bundle", "create", "-q", str(place), "main")
    elif kind == "bare":
        place = tmp_path / "bare.git"
        repo.git("clone", "-q", "--bare", str(repo.root), str(place))
    else:
        place = repo.root / "docs"
        wanted = [(path.removeprefix("docs/"), *rest) for path, *rest in wanted]
    assert spans(read(tmp_path, place)) == wanted
    assert spans(read(tmp_path, place)) == wanted, "the second reading is the first"


def test_a_shallow_clone_says_that_it_is_one(tmp_path):
    """Half a history is not to be taken for a whole one."""
    repo, _ = with_history(tmp_path / "repo")
    repo.git("clone", "-q", "--depth=1", repo.root.as_uri(), str(tmp_path / "shallow"))
    reading = read(tmp_path, tmp_path / "shallow")
    assert reading.is_shallow
    assert "shallow" in reading.origin
    assert len(reading.versions) == 1


def test_what_is_not_committed_is_the_current_version(tmp_path):
    """People look at what they just wrote; its time is the file's."""
    repo, _ = with_history(tmp_path / "repo")
    repo.write("docs/semantic-drift.md", "# Drift\n\nDrift is now something else.\n")
    repo.write("docs/new.md", "# New\n")
    repo.write(".gitignore", "ignored.md\n")
    repo.write("ignored.md", "# Ignored\n")
    for name in ("docs/semantic-drift.md", "docs/new.md"):
        os.utime(repo.root / name, (MONDAY + 10 * DAY, MONDAY + 10 * DAY))
    reading = read(tmp_path, repo.root)
    assert [(v.document_id, v.valid_from, v.commit) for v in reading.current] == [
        ("docs/new.md", day(10), None),
        ("docs/semantic-drift.md", day(10), None),
    ]
    assert reading.lineage("docs/semantic-drift.md")[-2].valid_to == day(10)


def test_an_uncommitted_removal_ends_the_document(tmp_path):
    """A file that is gone is not current."""
    repo, _ = with_history(tmp_path / "repo")
    repo.write("docs/other.md", "# Other\n")
    (repo.root / "docs/semantic-drift.md").unlink()
    assert [v.document_id for v in read(tmp_path, repo.root).current] == ["docs/other.md"]


def test_a_touched_file_is_no_new_version(tmp_path):
    """A checkout sets file times and perhaps line ends, not content."""
    repo, commits = with_history(tmp_path / "repo")
    path = repo.root / "docs/semantic-drift.md"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert spans(read(tmp_path, repo.root)) == expected(commits)


def test_clocks_that_go_backwards_do_not_turn_history_round(tmp_path):
    """A rebase stamps many commits at once; another machine's clock was late."""
    repo = Repository(tmp_path / "repo")
    for number, at in enumerate((MONDAY, MONDAY, MONDAY - DAY)):
        repo.commit(at=at, **{"a.md": f"# Version {number}\n"})
    versions = read(tmp_path, repo.root).versions
    assert [v.content for v in versions] == [f"# Version {n}\n" for n in range(3)]
    assert all(a.valid_to == b.valid_from > a.valid_from for a, b in pairwise(versions))


def test_a_merge_is_seen_from_the_mainline(tmp_path):
    """What a branch did becomes true when it is merged."""
    repo = Repository(tmp_path / "repo")
    repo.commit(**{"a.md": "# A\n"})
    repo.git("checkout", "-q", "-b", "topic")
    repo.commit(**{"b.md": "# B draft\n"})
    repo.commit(**{"b.md": "# B\n"})
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "topic", at=MONDAY + 7 * DAY)
    assert [(v.document_id, v.valid_from) for v in read(tmp_path, repo.root).versions] == [
        ("a.md", day(0)),
        ("b.md", day(7)),
    ]


def test_a_folder_gives_one_version_at_its_file_time(tmp_path):
    """No history, no commits: the file's own time."""
    place = tmp_path / "folder"
    (place / "deep").mkdir(parents=True)
    (place / ".hidden").mkdir()
    for name in ("a.md", "deep/b.md", ".hidden/c.md", "d.log"):
        (place / name).write_text("# T\n")
    os.utime(place / "a.md", (MONDAY, MONDAY))
    reading = read(tmp_path, place)
    assert [v.document_id for v in reading.versions] == ["a.md", "deep/b.md"]
    assert reading.versions[0].valid_from == day(0)
    assert reading.versions[0].commit is None


def test_the_globs_choose_the_documents(tmp_path):
    """`**/` is any depth and `*` stays in one folder, as git has it."""
    place = tmp_path / "folder"
    for name in ("a.md", "docs/b.md", "docs/deep/c.md", "docs/d.txt"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text("# T\n")
    for globs, wanted in (
        ("docs/*.md", ["docs/b.md"]),
        ("docs/**/*.md", ["docs/b.md", "docs/deep/c.md"]),
        ("a.md, **/*.txt", ["a.md", "docs/d.txt"]),
    ):
        assert [v.document_id for v in read(tmp_path, place, corpus_include=globs).versions] == wanted


def test_what_cannot_be_decoded_is_a_finding(tmp_path):
    """One broken file costs one document, not the run."""
    repo = Repository(tmp_path / "repo")
    repo.commit(**{"good.md": "# Good\n", "turned.md": "# Was text\n"})
    repo.write("latin.md", "caf\xe9".encode("latin-1"))
    repo.write("binary.md", b"# a\x00b")
    repo.write("turned.md", b"\xff\xfe")
    repo.commit()
    reading = read(tmp_path, repo.root)
    assert [v.document_id for v in reading.current] == ["good.md"]
    assert [(f.document_id, f.kind, f.severity) for f in reading.findings] == [
        ("binary.md", "undecodable", "error"),
        ("latin.md", "undecodable", "error"),
        ("turned.md", "undecodable", "error"),
    ]
    assert "byte 3 (line 1) is not UTF-8" in reading.findings[1].detail


def test_a_byte_order_mark_is_not_content(tmp_path):
    """It would hide the first heading."""
    place = tmp_path / "folder"
    place.mkdir()
    (place / "a.md").write_bytes(b"\xef\xbb\xbf# Title\n")
    assert read(tmp_path, place).versions[0].content == "# Title\n"


def test_a_document_that_is_too_large_is_a_finding(tmp_path, monkeypatch):
    """A limit that is reported, in the history and on disk."""
    monkeypatch.setattr("semops_data.corpus.source.MAX_DOCUMENT_BYTES", 100)
    repo = Repository(tmp_path / "repo")
    repo.commit(**{"a.md": "# A\n", "b.md": "x" * 101})
    for place in (repo.root, repo.root / ".git"):
        findings = read(tmp_path, place).findings
        assert [(f.document_id, f.kind) for f in findings] == [("b.md", "too_large")]


def test_links_are_not_followed(tmp_path):
    """What lies outside the root is not the corpus, whichever way it is linked."""
    secret = tmp_path / "secret.md"
    secret.write_text("# Secret\n")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "other.md").write_text("# Other\n")
    repo = Repository(tmp_path / "repo")
    repo.write("a.md", "# A\n")
    (repo.root / "link.md").symlink_to(secret)
    (repo.root / "folder").symlink_to(tmp_path / "elsewhere")
    repo.commit()
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "a.md").write_text("# A\n")
    (plain / "link.md").symlink_to(secret)
    (plain / "folder").symlink_to(tmp_path / "elsewhere")
    for place in (repo.root, repo.root / ".git", plain):
        reading = read(tmp_path, place)
        assert [v.document_id for v in reading.versions] == ["a.md"]
        assert [(f.document_id, f.kind) for f in reading.findings] == [("link.md", "outside_root")]


def test_a_repository_runs_nothing_of_its_own(tmp_path):
    """Hooks, monitors and filters of a repository are somebody else's programs."""
    repo, commits = with_history(tmp_path / "repo")
    trap = tmp_path / "trap"
    for key in ("core.fsmonitor", "diff.external", "filter.x.clean", "core.pager"):
        repo.git("config", key, f"touch {trap}; cat")
    repo.write(".gitattributes", "*.md filter=x diff=x\n")
    repo.git("config", "diff.x.textconv", f"touch {trap}; cat")
    assert spans(read(tmp_path, repo.root)) == expected(commits)
    assert not trap.exists()


def test_names_with_odd_characters_are_names(tmp_path):
    """Spaces, quotes, line feeds, globs and other alphabets are not syntax."""
    names = ["a b.md", 'quo"te.md', "new\nline.md", "-option.md", "[x]*.md", "sch\u00f6n.md", "docs/:(top)x.md"]
    repo = Repository(tmp_path / "repo")
    repo.commit(**{name: f"# {number}\n" for number, name in enumerate(names)})
    assert [v.document_id for v in read(tmp_path, repo.root).current] == sorted(names)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _: None, "does not exist: set SEMOPS_CORPUS"),
        (lambda p: p.write_text("# A file\n"), "is a file but no git bundle"),
        (lambda p: p.write_bytes(b"# v2 git bundle\nrubbish"), "the bundle holds no branch"),
        (lambda p: p.write_bytes(b"# v2 git bundle\n" + b"0" * 40 + b" refs/heads/main\n\nPACK"), "cannot be cloned"),
        (lambda p: p.mkdir(), r"holds no document: no file matches the kinds that are read"),
        (Repository, "holds no document"),
    ],
    ids=["missing", "file", "empty-bundle", "broken-bundle", "empty-folder", "empty-repository"],
)
def test_a_corpus_that_cannot_be_read_says_where_why_and_what_to_do(tmp_path, make, message):
    """The errors that a person meets when a path is wrong."""
    place = tmp_path / "place"
    make(place)
    with pytest.raises(CorpusError, match=message) as caught:
        read(tmp_path, place)
    assert str(place) in str(caught.value) or "home" in str(caught.value)
    corpora = tmp_path / "home" / "corpora"
    assert not corpora.exists() or not any(corpora.iterdir()), "nothing half-cloned is left"


def test_a_glob_may_not_leave_the_root(tmp_path):
    """The corpus ends at its root."""
    with pytest.raises(CorpusError, match="leaves the corpus root"):
        open_source(settings(tmp_path, tmp_path, corpus_include="../*.md"))


def test_the_digest_changes_with_the_documents_and_only_with_them(tmp_path):
    """What the nightly sensor looks at: code commits and file times start nothing."""
    repo, _ = with_history(tmp_path / "repo")
    configured = settings(tmp_path, repo.root)
    first = source_digest(configured)
    repo.commit(**{"code.js": "pass\n"})
    os.utime(repo.root / "docs/semantic-drift.md")
    assert source_digest(configured) == first
    repo.write("docs/semantic-drift.md", "# Drift\n\nAnother text.\n")
    second = source_digest(configured)
    repo.commit()
    third = source_digest(configured)
    assert len({first, second, third}) == 3
    assert source_digest(settings(tmp_path, tmp_path / "nowhere")).startswith("missing: ")


def test_this_repository_is_the_corpus_by_default(tmp_path):
    """Its README and its docs, wherever it was cloned or unpacked."""
    source = open_source(Settings(home=tmp_path))
    assert source.name == "own"
    assert source.selects("docs/glossary.md")
    assert source.selects("README.md")
    assert not source.selects("CHANGELOG.md")
    assert "docs/glossary.md" in {v.document_id for v in source.read().current}


def test_the_clone_of_a_bundle_is_made_once(tmp_path):
    """Content-addressed: another bundle under the same name is another clone."""
    repo, _ = with_history(tmp_path / "repo")
    place = tmp_path / "docs.bundle"
    repo.git("bundle", "create", "-q", str(place), "main")
    first = open_source(settings(tmp_path, place)).root
    before = first.stat().st_mtime_ns
    assert open_source(settings(tmp_path, place)).root == first
    assert first.stat().st_mtime_ns == before
    repo.commit(**{"docs/more.md": "# More\n"})
    repo.git("bundle", "create", "-q", str(place), "main")
    assert open_source(settings(tmp_path, place)).root != first


def test_without_git_a_repository_is_a_folder(tmp_path, monkeypatch):
    """An unpacked archive on a machine without git still has documents."""
    repo, _ = with_history(tmp_path / "repo")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError):
        subprocess.run(["git", "--version"], check=True)
    assert [v.document_id for v in read(tmp_path, repo.root).versions] == ["docs/semantic-drift.md"]


@pytest.mark.timeout(20)
def test_a_pipe_or_a_link_to_a_device_is_never_opened(tmp_path):
    """Reading a pipe waits for ever, and /dev/zero never ends: an unpacked archive could hold both."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "good.md").write_text("# Good\n\nA text.\n")
    os.mkfifo(corpus / "pipe.md")
    (corpus / "zero.md").symlink_to("/dev/zero")
    reading = read(tmp_path, corpus)
    assert len(source_digest(settings(tmp_path, corpus))) == 64
    assert [v.document_id for v in reading.current] == ["good.md"]
    assert {(f.document_id, f.kind) for f in reading.findings} == {
        ("pipe.md", "undecodable"), ("zero.md", "outside_root"),
    }  # fmt: skip
