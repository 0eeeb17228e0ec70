"""Blocks to chunks: passages small enough to embed whole, each under its headings.

A chunk never crosses a heading. Code and tables stand alone; prose and lists are gathered up to `MAX_WORDS`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from semops_data.corpus.inline import plain
from semops_data.corpus.markdown import Block, Heading, parse, split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semops_data.corpus.markdown import Markdown

# MiniLM reads 256 word pieces and drops the rest. 160 words and a heading path mostly stay below that: of these docs'
# chunks 6%, of a documentation repository's 1%, are longer (lists and tables full of names), and what they say last is
# found by words and by its own sentence's vector, not by the chunk's.
MAX_WORDS = 160
MOST_BLANK = 200
_EMBEDDED = {"prose", "list", "table", "code", "quote"}
_GATHERED = {"prose", "list", "quote"}
_QUOTE_MARK = re.compile(r"^[ \t]*>[ \t]?", re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[.!?])[ \t]+")


@dataclass(frozen=True)
class Chunk:
    """A passage of one document.

    Attributes:
        ordinal: position in the document, from 0.
        path: headings above, outermost first.
        start_line: first line, from 1.
        end_line: last line, inclusive.
        kind: prose, list, table, code, quote or heading (a heading with nothing below it).
        markdown: the passage as written.
        body: the passage without inline marks.
    """

    ordinal: int
    path: tuple[Heading, ...]
    start_line: int
    end_line: int
    kind: str
    markdown: str
    body: str

    @property
    def heading_path(self) -> str:
        """Headings joined by ` > `."""
        return " > ".join(heading.text for heading in self.path)

    @property
    def text(self) -> str:
        """What is embedded: the heading path, an empty line, the passage."""
        return "\n\n".join(part for part in (self.heading_path, self.body) if part)

    @property
    def word_count(self) -> int:
        """Words of the passage without its headings."""
        return len(self.body.split())

    def chunk_id(self, document_id: str) -> str:
        """sha256 of document, ordinal and text, hexadecimal."""
        return hashlib.sha256(f"{document_id}\0{self.ordinal}\0{self.text}".encode()).hexdigest()


def chunk(text: str, *, max_words: int = MAX_WORDS) -> list[Chunk]:
    """The chunks of a Markdown text, in order.

    Args:
        text: any text; one without headings has chunks with an empty path.
        max_words: words of a passage; only a single line of code or table may be longer.
    """
    return chunks_of(parse(text), max_words=max_words)


def chunks_of(document: Markdown, *, max_words: int = MAX_WORDS) -> list[Chunk]:
    """The chunks of a parsed document, in order."""
    found: list[Chunk] = []
    for blocks in _groups(document, max_words):
        first, last = blocks[0], blocks[-1]
        kind = max(blocks, key=lambda block: len(block.text.split())).kind
        body = "" if kind == "heading" else "\n\n".join(_body(block) for block in blocks).strip()
        written = _written(blocks, document.gap)
        if body or kind == "heading":
            found.append(Chunk(len(found), first.path, first.start, last.end, kind, written, body))
    return found


def _written(blocks: list[Block], gap: int) -> str:
    """The blocks as they stand in their source: as many lines apart as there, so that a line can be counted."""
    text = blocks[0].text
    for before, block in pairwise(blocks):
        text += "\n" * min(max(gap, block.start - before.end), MOST_BLANK) + block.text
    return text


def _groups(document: Markdown, max_words: int) -> Iterator[list[Block]]:
    """Blocks that make one chunk together."""
    open_group: list[Block] = []
    words = 0
    for block in _pieces(document, max_words):
        size = len(block.text.split())
        alone = block.kind not in _GATHERED
        if open_group and (alone or block.path != open_group[0].path or words + size > max_words):
            yield open_group
            open_group, words = [], 0
        if alone:
            yield [block]
        else:
            open_group.append(block)
            words += size
    if open_group:
        yield open_group


def _pieces(document: Markdown, max_words: int) -> Iterator[Block]:
    """The blocks that are embedded, the long ones cut; a heading only where nothing lies below it."""
    blocks = [block for block in document.blocks if block.kind in _EMBEDDED or block.kind == "heading"]
    for index, block in enumerate(blocks):
        if block.kind == "heading":
            after = blocks[index + 1] if index + 1 < len(blocks) else None
            if after is None or block.path[-1] not in after.path:
                yield block
        elif len(block.text.split()) <= max_words:
            yield block
        else:
            yield from _cut(block, max_words)


def _cut(block: Block, max_words: int) -> Iterator[Block]:
    """A long block in pieces of whole lines; a long line of prose in pieces of whole sentences, then of words."""
    held: list[str] = []
    start, words = block.start, 0
    for offset, line in enumerate(split_lines(block.text)):
        number = block.start + offset
        for part in _line_parts(line, block.kind, max_words):
            size = len(part.split())
            if held and words + size > max_words:
                yield Block(block.kind, start, max(start, number - (part is line)), "\n".join(held), block.path)
                held, words = [], 0
            start = start if held else number
            held.append(part)
            words += size
    if held:
        yield Block(block.kind, start, block.end, "\n".join(held), block.path)


def _line_parts(line: str, kind: str, max_words: int) -> list[str]:
    if kind in {"code", "table"} or len(line.split()) <= max_words:
        return [line]
    parts: list[str] = []
    for sentence in _SENTENCE_END.split(line):
        words = sentence.split()
        if parts and len(parts[-1].split()) + len(words) <= max_words:
            parts[-1] += " " + sentence
        else:
            parts += [" ".join(words[at : at + max_words]) for at in range(0, len(words), max_words)]
    return parts


def _body(block: Block) -> str:
    if block.kind == "code":
        return block.text
    if block.kind == "quote":
        return plain(_QUOTE_MARK.sub("", block.text)).strip()
    if block.kind == "table":
        rows = (line.strip().strip("|") for line in block.text.split("\n"))
        return "\n".join(plain(row).strip() for row in rows if row.strip(" |:-"))
    return plain(block.text).strip()
