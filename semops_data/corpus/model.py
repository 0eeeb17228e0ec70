"""The values of a corpus: versions of documents, and what is wrong with them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property


class CorpusError(ValueError):
    """A corpus cannot be read at all: where it was looked for, what is wrong, what to do."""


@dataclass(frozen=True)
class Version:
    """One version of one document.

    Attributes:
        document_id: path below the corpus root, with forward slashes.
        valid_from: commit time, UTC; file time outside a commit.
        content: the text, line ends as written.
        valid_to: when it was replaced or removed; None while it is current.
        commit: commit that brought it; None outside version control.
        previous_document_id: path before the rename that it came with.
    """

    document_id: str
    valid_from: datetime
    content: str
    valid_to: datetime | None = None
    commit: str | None = None
    previous_document_id: str | None = None

    @property
    def is_current(self) -> bool:
        """Whether it holds now."""
        return self.valid_to is None

    @cached_property
    def version_id(self) -> str:
        """sha256 of the content, hexadecimal."""
        return hashlib.sha256(self.content.encode()).hexdigest()


@dataclass(frozen=True, order=True)
class Finding:
    """Something wrong with a document; `line` is 0 where it concerns the whole file."""

    document_id: str
    kind: str
    line: int
    detail: str
    severity: str = "warning"


@dataclass(frozen=True)
class Reading:
    """Everything that a corpus holds.

    Attributes:
        versions: by document, then time.
        findings: what could not be read, once each.
        origin: how it was read, one sentence.
        commits: commits that touched a document.
        is_shallow: whether older history was cut off when the repository was cloned.
    """

    versions: tuple[Version, ...]
    findings: tuple[Finding, ...] = ()
    origin: str = ""
    commits: int = 0
    is_shallow: bool = False

    @cached_property
    def current(self) -> tuple[Version, ...]:
        """The versions that hold now, by document."""
        return tuple(version for version in self.versions if version.is_current)

    def lineage(self, document_id: str) -> tuple[Version, ...]:
        """Every version of a document, oldest first, followed back through renames."""
        found: list[Version] = []
        wanted: str | None = document_id
        until: datetime | None = None
        while wanted is not None:
            held = [v for v in self.versions if v.document_id == wanted and (until is None or v.valid_from < until)]
            # A path can live twice: only the life that the rename ended, or the latest one, is this document.
            start = max((i for i, v in enumerate(held) if _starts_life(held, i)), default=0)
            life = held[start:]
            found = [*life, *found]
            wanted, until = (life[0].previous_document_id, life[0].valid_from) if life else (None, None)
        return tuple(found)


def _starts_life(versions: list[Version], index: int) -> bool:
    """Whether the path was free just before this version, or given to it by a rename."""
    if index == 0 or versions[index].previous_document_id is not None:
        return True
    return versions[index - 1].valid_to != versions[index].valid_from
