"""Where the documents come from: a folder, a git repository with its history, or a git bundle.

Nothing outside the root is followed, nothing is written to it, and what cannot be read becomes a finding.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from semops_data.corpus import git
from semops_data.corpus.docling import MOST_BYTES, Docling, open_docling
from semops_data.corpus.model import CorpusError, Finding, Reading
from semops_data.corpus.readers.kinds import CONVERTED, DEFAULT_INCLUDE, suffix_of
from semops_data.corpus.timeline import Timeline
from semops_data.settings import REPOSITORY, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator


OWN_DOCUMENTS = ("README.md", "docs/**/*.md")
MAX_DOCUMENT_BYTES = 2_000_000
_BUNDLE = re.compile(rb"^# v[23] git bundle\n")
_SKIPPED_FOLDERS = {"node_modules", "__pycache__"}


@dataclass(frozen=True)
class Source:
    """A corpus that can be read.

    Attributes:
        root: the folder that document paths are relative to; of a bundle, its bare clone.
        kind: folder, git (a work tree), bare (a repository without one) or bundle.
        include: globs of the documents below the root.
        repository: the repository's root, where there is history.
        bundle: the bundle file.
        name: what the user called it; this repository's documents are `own`.
        docling: what converts PDF and office files; None where nothing does.
    """

    root: Path
    kind: str
    include: tuple[str, ...] = DEFAULT_INCLUDE
    repository: Path | None = None
    bundle: Path | None = None
    name: str = "own"
    docling: Docling | None = None

    def read(self) -> Reading:
        """Every version of every document, and what could not be read.

        Raises:
            CorpusError: where there is no document at all, or git cannot read the history.
        """
        try:
            reading = self._from_git() if self.repository else self._from_folder()
        except git.GitError as error:
            raise CorpusError(f"corpus {self.root}: its history cannot be read: {error}") from error
        if not reading.current and not reading.findings:
            is_default = self.include == DEFAULT_INCLUDE
            globs = "the kinds that are read (**/*.md, **/*.html, ...)" if is_default else ", ".join(self.include)
            raise CorpusError(
                f"corpus {self.root} holds no document: no file matches {globs}; "
                "set SEMOPS_CORPUS to another place or SEMOPS_CORPUS_INCLUDE to other globs"
            )
        return reading

    def digest(self) -> str:
        """sha256 that changes when a document or its history does, hexadecimal; cheap enough for a sensor."""
        sink = hashlib.sha256("\n".join(self.include).encode())
        if self.docling is not None and self.docling.url is not None:
            sink.update(b"\0converted")
        if self.bundle:
            sink.update(self.bundle.read_bytes())
            return sink.hexdigest()
        if self.repository:
            commit = git.revision(self.repository)
            sink.update(git.last_change(self.repository, commit, self._pathspecs()).encode() if commit else b"")
        for path in self._on_disk() if self.kind != "bare" else ():
            sink.update(f"\0{path}\0".encode(errors="surrogateescape"))
            sink.update(_fingerprint(self.root / path))
        return sink.hexdigest()

    @property
    def prefix(self) -> str:
        """The root below the repository's root, with a slash at its end; empty where they are the same."""
        if self.repository is None or self.root == self.repository:
            return ""
        return self.root.relative_to(self.repository).as_posix() + "/"

    def selects(self, path: str) -> bool:
        """Whether a path below the root is that of a document, be it there or not."""
        return any(_glob(glob).fullmatch(path) for glob in self.include)

    def _pathspecs(self) -> list[str]:
        escaped = re.sub(r"([*?\[\\])", r"\\\1", self.prefix)
        return [f":(top,glob){escaped}{glob}" for glob in self.include]

    def _from_git(self) -> Reading:
        root = self.repository or self.root
        timeline = Timeline(self.docling)
        commit = git.revision(root)
        commits = git.history(root, commit, self._pathspecs()) if commit else []
        wanted = {c.blob for entry in commits for c in entry.changes if c.mode.startswith(git.REGULAR_FILE)}
        held = git.sizes(root, wanted) if wanted else {}
        converted = {c.blob for entry in commits for c in entry.changes if suffix_of(c.path) in CONVERTED}
        small = [blob for blob, size in held.items() if size <= _most_bytes(is_converted=blob in converted)]
        contents = git.contents(root, small) if small else {}
        for entry in commits:
            timeline.apply(entry, contents, held, prefix=self.prefix)
        if self.kind == "git":
            self._add_work_tree(timeline)
        shallow = git.is_shallow(root)
        origin = f"git history, commits: {len(commits)}" + (", shallow: older ones are not here" if shallow else "")
        return timeline.reading(origin=origin, commits=len(commits), is_shallow=shallow)

    def _from_folder(self) -> Reading:
        timeline = Timeline(self.docling)
        self._add_work_tree(timeline)
        return timeline.reading(origin="folder without history")

    def _add_work_tree(self, timeline: Timeline) -> None:
        """What lies on disk, where it differs from the last commit; a file that is gone ends its document."""
        present = set()
        for path in self._on_disk():
            present.add(path)
            file = self.root / path
            if file.is_symlink() or not file.resolve().is_relative_to(self.root.resolve()):
                timeline.find(Finding(path, "outside_root", 0, "a symbolic link is not followed: copy the file"))
                continue
            try:
                known = file.stat()
                if not stat.S_ISREG(known.st_mode):
                    # Reading a pipe would wait for its writer for ever.
                    detail = "this is a pipe, a socket or a device, not a file: remove it"
                    timeline.find(Finding(path, "undecodable", 0, detail, "error"))
                    continue
                limit = _most_bytes(is_converted=suffix_of(path) in CONVERTED)
                raw = file.read_bytes() if known.st_size <= limit else None
            except OSError as error:
                timeline.find(Finding(path, "undecodable", 0, f"the file cannot be read: {error.strerror}", "error"))
                continue
            at = datetime.fromtimestamp(known.st_mtime_ns // 1_000 / 1e6, tz=UTC)
            timeline.put(path, raw, at, size=known.st_size)
        for path in timeline.open_documents() - present:
            folder = next(p for p in (self.root / path).parents if p.is_dir())
            timeline.remove(path, datetime.fromtimestamp(int(folder.stat().st_mtime), tz=UTC))

    def _on_disk(self) -> Iterator[str]:
        """Paths of the documents in the work tree or folder, sorted."""
        if self.kind == "git" and self.repository:
            below = (path.removeprefix(self.prefix) for path in git.listed(self.repository, self._pathspecs()))
            yield from (path for path in below if os.path.lexists(self.root / path))
            return
        patterns = [_glob(glob) for glob in self.include]
        for folder, names, files in os.walk(self.root):
            names[:] = sorted(n for n in names if not n.startswith(".") and n not in _SKIPPED_FOLDERS)
            for name in sorted(files):
                path = (Path(folder) / name).relative_to(self.root).as_posix()
                if any(pattern.fullmatch(path) for pattern in patterns):
                    yield path


@dataclass(frozen=True)
class CorpusPlace:
    """The corpus of a platform home, as it is configured; it is looked for at each `open`."""

    settings: Settings

    def open(self) -> Source:
        """The corpus.

        Raises:
            CorpusError: where there is none.
        """
        return open_source(self.settings)


def open_source(settings: Settings) -> Source:
    """The configured corpus; by default this repository's README and docs.

    Raises:
        CorpusError: where the path does not exist, or is neither folder, repository nor bundle.
    """
    include = tuple(glob.strip() for glob in (settings.corpus_include or "").split(",") if glob.strip())
    for glob in include:
        if glob.startswith("/") or ".." in PurePosixPath(glob).parts:
            raise CorpusError(f"SEMOPS_CORPUS_INCLUDE: glob {glob!r} leaves the corpus root")
    if settings.corpus is None:
        return _folder(REPOSITORY, OWN_DOCUMENTS, "own")
    return replace(_opened(settings, include or DEFAULT_INCLUDE), docling=open_docling(settings))


def _opened(settings: Settings, include: tuple[str, ...]) -> Source:
    path = Path(settings.corpus or ".").expanduser().absolute()
    if path.is_dir():
        return _folder(path, include, settings.corpus or "own")
    if path.is_file():
        return _bundle(path, include, settings)
    raise CorpusError(f"corpus {path} does not exist: set SEMOPS_CORPUS to a folder, a git repository or a git bundle")


def source_digest(settings: Settings) -> str:
    """Digest of the configured corpus; `missing: <why>` where it cannot be opened or read."""
    try:
        return open_source(settings).digest()
    except (CorpusError, git.GitError, OSError) as error:
        return f"missing: {error}"


def _most_bytes(*, is_converted: bool) -> int:
    return MOST_BYTES if is_converted else MAX_DOCUMENT_BYTES


def _fingerprint(file: Path) -> bytes:
    """What changes when a document does; a link, a pipe or a device is never opened, a large file not read."""
    try:
        known = file.lstat()
        if not stat.S_ISREG(known.st_mode):
            return f"no file {known.st_mode}".encode()
        if known.st_size > MAX_DOCUMENT_BYTES:
            return f"large {known.st_size} {known.st_mtime_ns}".encode()
        return hashlib.sha256(file.read_bytes()).digest()
    except OSError:
        return b"unreadable"


def _folder(path: Path, include: tuple[str, ...], name: str) -> Source:
    path = path.resolve()
    top = git.toplevel(path)
    # A folder that its surrounding repository ignores has no history there.
    if top is not None and not _ignored(top, path):
        return Source(path, "git", include, top.resolve(), name=name)
    if git.is_available() and git.is_git_directory(path):
        return Source(path, "bare", include, path, name=name)
    return Source(path, "folder", include, name=name)


def _ignored(top: Path, path: Path) -> bool:
    if top.resolve() == path:
        return False
    try:
        git.run(top, "check-ignore", "-q", "--", str(path))
    except git.GitError:
        return False
    return True


def _bundle(path: Path, include: tuple[str, ...], settings: Settings) -> Source:
    """A bundle as a bare clone below the platform's home, made once per content."""
    with path.open("rb") as file:
        if not _BUNDLE.match(file.read(32)):
            raise CorpusError(f"corpus {path} is a file but no git bundle: give a folder, a repository or a bundle")
        file.seek(0)
        name = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    home = settings.home / "corpora"
    clone = home / name
    if not clone.is_dir():
        try:
            home.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=home, prefix="clone-") as scratch:
                git.run(Path(scratch), "clone", "--bare", "--quiet", "--", str(path), "clone")
                if git.revision(Path(scratch) / "clone") is None:
                    hint = "bundle one with `git bundle create FILE main`"
                    raise CorpusError(f"corpus {path}: the bundle holds no branch: {hint}")
                _keep(Path(scratch) / "clone", clone)
        except git.GitError as error:
            raise CorpusError(f"corpus {path}: the bundle cannot be cloned: {error}") from error
        except OSError as error:
            raise CorpusError(f"corpus {path}: no room for its clone in {home}: {error.strerror}") from error
    return Source(clone, "bare", include, clone, path, settings.corpus or str(path))


def _keep(made: Path, wanted: Path) -> None:
    """Move the finished clone into place; another process may have been first."""
    try:
        made.rename(wanted)
    except OSError:
        if not wanted.is_dir():
            raise
        shutil.rmtree(made, ignore_errors=True)


def _glob(glob: str) -> re.Pattern[str]:
    """A glob as git reads it: `**/` is any depth, `*` stays inside one folder."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    translated = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(translated.get(part, re.escape(part)) for part in parts), re.DOTALL)
