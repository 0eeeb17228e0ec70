"""What is wrong with the current documents: no text, no headings, dead references, statements that contradict."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from semops_data.corpus.facts.extract import corpus_conflicts
from semops_data.corpus.links import LINK, is_address, leads_to
from semops_data.corpus.model import Finding
from semops_data.corpus.readers.kinds import CONVERTED, DEFAULT_INCLUDE, MARKDOWN, read, suffix_of

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from semops_data.corpus.markdown import Markdown
    from semops_data.corpus.model import Reading

_REFERRED = frozenset(suffix_of(glob) for glob in DEFAULT_INCLUDE) - CONVERTED
_CODE_SPAN = re.compile(r"(`+)(?!`).{1,2000}?(?<!`)\1(?!`)")


def document_findings(
    reading: Reading, selects: Callable[[str], bool] = lambda _: True, *, only: Container[str] | None = None
) -> list[Finding]:
    """Findings on the current versions, each at its line.

    Args:
        reading: the corpus.
        selects: whether a path would be a document of the corpus; a reference to any other is not judged.
        only: the documents that are looked at; all of them by default.
    """
    parsed = {version.document_id: read(version.document_id, version.content) for version in reading.current}
    found: list[Finding] = []
    for document_id, document in parsed.items():
        if only is not None and document_id not in only:
            continue
        if document.problem is not None:
            found.append(Finding(document_id, "malformed", 0, document.problem[:500], "warning"))
        elif not any(block.kind not in {"front_matter", "comment", "rule"} for block in document.blocks):
            detail = "the document is empty: write it or remove it"
            found.append(Finding(document_id, "empty_document", 0, detail, "warning"))
        elif not document.headings:
            detail = "the document has no heading: its passages have no context; add a title"
            found.append(Finding(document_id, "no_headings", 1, detail, "info"))
        found += _broken_references(document_id, document, parsed, selects)
    return found


def contradicting_statements(reading: Reading) -> list[Finding]:
    """Where two places give one thing two values: a docstring and its signature, a description and its schema."""
    return [
        Finding(conflict.said.document_id, "contradicting_statements", conflict.said.line, conflict.detail, "warning")
        for conflict in corpus_conflicts(reading.current)
    ]


def _broken_references(
    document_id: str, document: Markdown, known: dict[str, Markdown], selects: Callable[[str], bool]
) -> Iterator[Finding]:
    for line, target in links(document):
        joined, anchor = leads_to(document_id, target)
        if joined.startswith("../") or suffix_of(joined) not in _REFERRED or not selects(joined):
            continue
        if joined not in known:
            detail = f"{target} leads to {joined}, which the corpus does not hold: correct the link"
            yield Finding(document_id, "broken_reference", line, detail, "warning")
        elif (
            anchor
            and suffix_of(joined) in MARKDOWN
            and anchor.lower() not in {heading.anchor for heading in known[joined].headings}
        ):
            detail = f"{target} leads to a heading that {joined} does not have: correct the anchor"
            yield Finding(document_id, "broken_reference", line, detail, "warning")


def links(document: Markdown) -> Iterator[tuple[int, str]]:
    """(line, target) of each relative inline link outside code."""
    for block in document.blocks:
        if block.kind in {"code", "comment", "front_matter"}:
            continue
        for offset, line in enumerate(block.text.split("\n")):
            for match in LINK.finditer(_CODE_SPAN.sub("", line)):
                if not is_address(match[1]):
                    yield block.start + offset, match[1]
