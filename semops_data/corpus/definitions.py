"""The history of each pattern's definition: what it said, since when, and where that stood.

A canonical definition is followed through its document's versions and renames; a pattern without one is followed
through the registry file's own history. Neighbouring versions that read the same are one.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from semops_data.corpus import git
from semops_data.corpus.inline import flat, slug
from semops_data.corpus.model import Finding, Version
from semops_data.corpus.readers.kinds import read
from semops_data.corpus.timeline import Timeline
from semops_data.registry.load import parse as parse_registry
from semops_data.registry.model import RegistryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from semops_data.corpus.markdown import Block, Markdown
    from semops_data.corpus.model import Reading
    from semops_data.registry.model import Pattern, Registry

_SAYING = {"prose", "quote"}


@dataclass(frozen=True)
class Definition:
    """A definition as it read from an instant on; `start_line` is None where its line is not known."""

    pattern_id: str
    valid_from: datetime
    text: str
    source: str
    document_id: str | None = None
    start_line: int | None = None
    commit: str | None = None

    @property
    def version_id(self) -> str:
        """sha256 of the text, hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def definitions(registry: Registry, reading: Reading, history: tuple[Version, ...]) -> list[Definition]:
    """Every version of every pattern's definition, by pattern and time.

    Args:
        registry: the patterns.
        reading: the corpus with its history.
        history: versions of the registry file, oldest first; see `registry_history`.
    """
    by_registry = _by_registry(history)
    found: list[Definition] = []
    for pattern in registry.patterns:
        own = _collapse(_in_documents(pattern, reading))
        if not own:
            own = _collapse(by_registry.get(pattern.pattern_id, []))
        found += own
    return sorted(found, key=lambda d: (d.pattern_id, d.valid_from))


def missing_definitions(registry: Registry, reading: Reading) -> list[Finding]:
    """A finding per pattern whose canonical definition is not where the registry says."""
    current = {version.document_id: version for version in reading.current}
    found = []
    for pattern in registry.patterns:
        path, anchor = pattern.source_path, pattern.source_anchor
        if path is None:
            continue
        where = f"pattern {pattern.pattern_id} ({pattern.file}:{pattern.line})"
        if path not in current:
            detail = f"{where} is defined here, but the corpus has no such document: correct `source`"
            found.append(Finding(path, "missing_definition", 0, detail, "warning"))
        elif lead(read(path, current[path].content), anchor) is None:
            detail = f"{where} is defined under #{anchor or ''}, but no paragraph stands there: correct `source`"
            found.append(Finding(path, "missing_definition", 0, detail, "warning"))
    return found


def registry_history(path: Path) -> tuple[Version, ...]:
    """Versions of a registry file: of its git history where it lies in a repository, else the one there is."""
    path = path.resolve()
    timeline = Timeline()
    top = git.toplevel(path.parent)
    name = path.name
    if top is not None:
        name = path.relative_to(top.resolve()).as_posix()
        _add_commits(timeline, top, name)
    raw = path.read_bytes()
    timeline.put(name, raw, datetime.fromtimestamp(path.stat().st_mtime_ns // 1_000 / 1e6, tz=UTC), size=len(raw))
    return tuple(v for v in timeline.reading(origin="registry").versions if v.document_id == name)


def _add_commits(timeline: Timeline, top: Path, name: str) -> None:
    """The file's committed versions; a repository that cannot be read leaves the file alone."""
    try:
        commit = git.revision(top)
        commits = git.history(top, commit, [f":(top,literal){name}"]) if commit else []
        blobs = git.contents(top, {c.blob for entry in commits for c in entry.changes if c.mode.startswith("100")})
    except git.GitError:
        return
    sizes = {blob: len(content) for blob, content in blobs.items()}
    for entry in commits:
        timeline.apply(entry, blobs, sizes)


def lead(document: Markdown, anchor: str | None) -> Block | None:
    """The paragraph or quotation that opens a section; of the document itself without an anchor."""
    if anchor is None:
        first = next((heading for heading in document.headings if heading.level == 1), None)
        if first is None:
            return next((block for block in document.blocks if _says(block)), None)
        anchor = first.anchor
    section = document.section(anchor)
    return next((block for block in section[1] if _says(block)), None) if section else None


def _says(block: Block) -> bool:
    return block.kind in _SAYING and bool(spoken(block))


def spoken(block: Block) -> str:
    """A block's text on one line, without marks."""
    lines = (line.lstrip().removeprefix(">") if block.kind == "quote" else line for line in block.text.split("\n"))
    return flat("\n".join(lines))


def _in_documents(pattern: Pattern, reading: Reading) -> Iterator[Definition]:
    if pattern.source_path is None:
        return
    for version in reading.lineage(pattern.source_path):
        block = _locate(read(version.document_id, version.content), pattern)
        if block is not None:
            yield Definition(
                pattern.pattern_id,
                version.valid_from,
                spoken(block),
                "document",
                version.document_id,
                block.start,
                version.commit,
            )


def _locate(document: Markdown, pattern: Pattern) -> Block | None:
    """The definition in one version: under its anchor, or under a heading that bears one of its labels."""
    if pattern.source_anchor is None:
        return lead(document, None)
    names = {slug(label) for label in pattern.labels}
    named = (heading.anchor for heading in document.headings if slug(heading.text) in names)
    for anchor in (pattern.source_anchor, *named):
        section = document.section(anchor)
        saying = [block for block in section[1] if _says(block)] if section else []
        if saying:
            # A section may define several terms: the paragraph that opens with the label is the pattern's own.
            return next((block for block in saying if _opens_with(block, pattern)), saying[0])
    return None


def _opens_with(block: Block, pattern: Pattern) -> bool:
    names = "|".join(re.escape(label) for label in pattern.labels)
    return re.match(rf"^(?:(?:an?|the)\s+)?(?:{names})\b", spoken(block), re.IGNORECASE) is not None


def _by_registry(history: Iterable[Version]) -> dict[str, list[Definition]]:
    """Definitions that the registry file gave over time; versions that cannot be used are passed over."""
    found: dict[str, list[Definition]] = {}
    for version in history:
        try:
            registry = parse_registry(version.content, version.document_id)
        except RegistryError:
            continue
        for pattern in registry.patterns:
            found.setdefault(pattern.pattern_id, []).append(
                Definition(
                    pattern.pattern_id,
                    version.valid_from,
                    pattern.definition,
                    "registry",
                    None,
                    pattern.line,
                    version.commit,
                )
            )
    return found


def _collapse(found: Iterable[Definition]) -> list[Definition]:
    kept: list[Definition] = []
    for definition in found:
        if not kept or kept[-1].text != definition.text:
            kept.append(definition)
    return kept
