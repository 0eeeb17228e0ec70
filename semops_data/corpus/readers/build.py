"""`Builder`: collects the blocks of a document that is no Markdown, under headings with anchors."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import takewhile

from semops_data.corpus.inline import flat, slug
from semops_data.corpus.markdown import Block, Heading, Markdown, parse, split_lines

_MARKS = re.compile(r"([\\`*_\[\]<>|])")
_LEADING = re.compile(r"^(\s*)([-+#>~=]|\d{1,9}[.)])(?=\s|$)", re.MULTILINE)
_NO_TAG = re.compile(r"[^A-Za-z0-9-]")
DEEPEST = 6


def escape(text: str) -> str:
    """Plain text so that Markdown reads it as itself; line breaks stay where they are."""
    return _LEADING.sub(r"\1\\\2", _MARKS.sub(r"\\\1", text))


def code(text: str) -> str:
    """Text as a code span."""
    text = text.strip()
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text}{pad}{fence}" if text else ""


class Builder:
    """Blocks in their order.

    Args:
        content: the document as it lies in the corpus; its lines bound those of every block.
    """

    def __init__(self, content: str) -> None:
        self.last = max(len(split_lines(content)), 1)
        self.path: tuple[Heading, ...] = ()
        self.blocks: list[Block] = []
        self._anchors: dict[str, int] = {}
        self._front: dict[str, str] = {}

    def state(self, name: str, value: str) -> None:
        """Note what the document says of itself, such as its language or title."""
        value = " ".join(value.split())
        if value and name not in self._front:
            self._front[name] = _NO_TAG.sub("", value)[:35] if name == "language" else value[:500]

    def heading(self, level: int, text: str, line: int, *, end: int | None = None, anchor: str | None = None) -> None:
        """A heading, and with it the place of what follows."""
        name = flat(text)
        if not name:
            return
        base = anchor or slug(text)
        count = self._anchors.get(base, 0)
        self._anchors[base] = count + 1
        level = min(max(level, 1), DEEPEST)
        own = Heading(level, name, f"{base}-{count}" if count else base, self._within(line))
        self.path = (*takewhile(lambda above: above.level < level, self.path), own)
        self.add("heading", text, line, end or line)

    def add(self, kind: str, text: str, start: int, end: int | None = None) -> None:
        """A block of Markdown text; its lines are those of the source."""
        if text.strip():
            start = self._within(start)
            stop = max(start, self._within(end if end is not None else start + text.count("\n")))
            self.blocks.append(Block(kind, start, stop, text, self.path))

    def markdown(self, text: str, line: int, *, below: int | None = None) -> None:
        """A passage that is Markdown itself; its headings come below the current one."""
        level = below if below is not None else (self.path[-1].level if self.path else 0)
        for block in parse(text).blocks:
            start, end = line + block.start - 1, line + block.end - 1
            if block.kind == "heading":
                self.heading(level + block.path[-1].level, block.path[-1].text, start, end=end)
            else:
                self.add("comment" if block.kind == "front_matter" else block.kind, block.text, start, end)

    def document(self, problem: str | None = None) -> Markdown:
        """What was collected.

        Args:
            problem: what kept the rest of the document from being read.
        """
        blocks = self.blocks
        if self._front:
            told = "\n".join(f"{name}: {json.dumps(value)}" for name, value in self._front.items())
            blocks = [Block("front_matter", 1, 1, f"---\n{told}\n---"), *blocks]
        return replace(Markdown(tuple(blocks)), gap=2, problem=problem)

    def _within(self, line: int) -> int:
        return min(max(line, 1), self.last)
