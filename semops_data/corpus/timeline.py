"""Commits and files, laid end to end: when each document read what.

A version opens when its content comes and closes when other content, a rename or a removal ends it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from semops_data.corpus.docling import Docling
from semops_data.corpus.model import Finding, Reading, Version
from semops_data.corpus.readers.kinds import CONVERTED, encoding, is_data, suffix_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from semops_data.corpus.git import CommitChanges

_TICK = timedelta(microseconds=1)


def decode(raw: bytes, encoding: str = "utf-8-sig") -> str:
    """A document's text, a byte order mark dropped.

    Args:
        raw: the file.
        encoding: what the file says of itself; UTF-8 by default.

    Raises:
        ValueError: saying at which byte it is no text.
    """
    zero = raw.find(b"\0")
    if zero >= 0:
        raise ValueError(f"byte {zero} is zero: this is no UTF-8 text; save it as UTF-8 or leave it out")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        name = "UTF-8" if encoding.startswith("utf-8") else encoding
        raise ValueError(f"byte {error.start} (line {line}) is not {name}: save the file as UTF-8") from None


class Timeline:
    """Collects versions in the order of time.

    Args:
        docling: what converts PDF and office files; without one they are not read.
    """

    def __init__(self, docling: Docling | None = None) -> None:
        self._docling = docling
        self._closed: list[Version] = []
        self._open: dict[str, Version] = {}
        self._ended: dict[str, datetime] = {}
        self._findings: dict[str, Finding] = {}

    def apply(
        self, entry: CommitChanges, contents: Mapping[str, bytes], sizes: Mapping[str, int], *, prefix: str = ""
    ) -> None:
        """Take in one commit; paths outside the prefix are not documents."""
        # A rename frees its old path before another file of the same commit may take it.
        for change in entry.changes:
            gone = change.old_path if change.status == "R" else change.path if change.status == "D" else None
            if gone is not None and gone.startswith(prefix):
                self._findings.pop(gone.removeprefix(prefix), None)
                self.remove(gone.removeprefix(prefix), entry.at)
        for change in entry.changes:
            if change.status == "D" or not change.path.startswith(prefix):
                continue
            path = change.path.removeprefix(prefix)
            old = change.old_path if change.old_path and change.old_path.startswith(prefix) else None
            if not change.mode.startswith("100"):
                self.remove(path, entry.at)
                self.find(Finding(path, "outside_root", 0, "a link or submodule is not followed: add the file itself"))
                continue
            raw = contents.get(change.blob)
            self.put(
                path,
                raw,
                entry.at,
                commit=entry.commit,
                old=old and old.removeprefix(prefix),
                size=sizes.get(change.blob),
            )

    def put(
        self,
        path: str,
        raw: bytes | None,
        at: datetime,
        *,
        commit: str | None = None,
        old: str | None = None,
        size: int | None = None,
    ) -> None:
        """A document reads so from an instant on; content that is no text ends it with a finding."""
        self._findings.pop(path, None)
        try:
            text = self._text(path, raw, size)
        except ValueError as error:
            kind = "undecodable" if raw is not None or size is None else "too_large"
            self.remove(path, at)
            self.find(Finding(path, "not_read" if suffix_of(path) in CONVERTED else kind, 0, str(error), "error"))
            return
        if is_data(path, text):
            self.remove(path, at)
            self.find(Finding(path, "not_read", 0, "the file describes nothing: it holds data or code alone", "info"))
            return
        held = self._open.get(path)
        if held is not None and _same(held.content, text, exact=commit is not None):
            return
        after = held.valid_from if held else self._ended.get(path)
        at = max(at, after + _TICK) if after and commit is None else at
        if held is not None:
            self._close(held, at)
        self._open[path] = Version(path, at, text, commit=commit, previous_document_id=old)

    def remove(self, path: str, at: datetime) -> None:
        """A document ends."""
        held = self._open.pop(path, None)
        if held is not None:
            self._close(held, max(at, held.valid_from + _TICK))

    def find(self, finding: Finding) -> None:
        """Note what is wrong with a document now; a later version that can be read withdraws it."""
        self._findings[finding.document_id] = finding

    def open_documents(self) -> set[str]:
        """Paths of the documents that hold now."""
        return set(self._open)

    def reading(self, *, origin: str, commits: int = 0, is_shallow: bool = False) -> Reading:
        """All versions by document and time."""
        versions = sorted([*self._closed, *self._open.values()], key=lambda v: (v.document_id, v.valid_from))
        return Reading(tuple(versions), tuple(sorted(self._findings.values())), origin, commits, is_shallow)

    def _close(self, version: Version, at: datetime) -> None:
        self._closed.append(replace(version, valid_to=at))
        self._ended[version.document_id] = at

    def _text(self, path: str, raw: bytes | None, size: int | None) -> str:
        if raw is not None and suffix_of(path) in CONVERTED:
            return (self._docling or Docling(None, Path())).convert(path, raw)
        if raw is not None:
            return decode(raw, encoding(path, raw))
        if size is None:
            raise ValueError("the content is not in this clone: fetch it, or clone without a filter")
        raise ValueError(f"the document has {size:,} bytes, too many to read: split it up or leave it out")


def _same(held: str, text: str, *, exact: bool) -> bool:
    """Whether two texts are one; a checkout may have changed the line ends."""
    return held == text or (not exact and held.replace("\r\n", "\n") == text.replace("\r\n", "\n"))
