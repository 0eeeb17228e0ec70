"""Markdown to blocks: what each line belongs to, under which headings.

Every line that is not blank belongs to exactly one block, with its exact line numbers; nothing is repaired.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import yaml

from semops_data.corpus.inline import flat, slug

_NEWLINE = re.compile(r"\r\n|\n|\r")
_ATX = re.compile(r"^ {0,3}(#{1,6})(?:[ \t](.*))?$")
_CLOSING = re.compile(r"(?:^|(?<=[ \t]))#+$")
_SETEXT = re.compile(r"^ {0,3}(=+|-+)[ \t]*$")
_FENCE = re.compile(r"^[ \t]*(?:[-*+][ \t]+|\d{1,9}[.)][ \t]+)?(`{3,}|~{3,})(?P<info>.*)$")
_RULE = re.compile(r"^ {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$")
_ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]+|$)")
_DELIMITER = re.compile(r"^[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_REFERENCE = re.compile(r"^ {0,3}\[[^\[\]]+\]:[ \t]*\S+")


@dataclass(frozen=True)
class Heading:
    """A heading without its marks, its anchor (numbered where it repeats) and its line."""

    level: int
    text: str
    anchor: str
    line: int


@dataclass(frozen=True)
class Block:
    """Lines that belong together.

    Attributes:
        kind: heading, prose, list, table, code, quote, comment, rule, reference or front_matter.
        start: first line, from 1.
        end: last line, inclusive.
        text: the lines as written, joined by line feeds.
        path: the headings above, outermost first; a heading's own block ends with itself.
    """

    kind: str
    start: int
    end: int
    text: str
    path: tuple[Heading, ...] = ()


@dataclass(frozen=True)
class Markdown:
    """A parsed document.

    Attributes:
        blocks: in their order.
        gap: fewest line breaks between two blocks of a passage; 2 where the source may have them on one line.
        problem: what kept the rest of the document from being read; None where all of it was.
    """

    blocks: tuple[Block, ...]
    gap: int = 1
    problem: str | None = None

    @cached_property
    def headings(self) -> tuple[Heading, ...]:
        """Every heading, in order."""
        return tuple(block.path[-1] for block in self.blocks if block.kind == "heading")

    @cached_property
    def front_matter(self) -> dict[str, str]:
        """The texts between the leading `---` lines, as written; empty where there are none or they are no YAML.

        Lists and mappings are left out: a few lines of aliases can stand for more text than there is memory.
        """
        if not self.blocks or self.blocks[0].kind != "front_matter":
            return {}
        try:
            # The base loader knows texts only: `language: no` is Norwegian, not false.
            values = yaml.load("\n".join(self.blocks[0].text.split("\n")[1:-1]), Loader=yaml.BaseLoader)  # noqa: S506
        except (yaml.YAMLError, ValueError, RecursionError):
            return {}
        pairs = values.items() if isinstance(values, dict) else ()
        return {key: value for key, value in pairs if isinstance(key, str) and isinstance(value, str)}

    @cached_property
    def title(self) -> str | None:
        """The first heading of level one, or the front matter's title."""
        first = next((heading.text for heading in self.headings if heading.level == 1 and heading.text), None)
        return first or self.front_matter.get("title") or None

    def section(self, anchor: str) -> tuple[Heading, tuple[Block, ...]] | None:
        """The heading with that anchor and the blocks below it, up to the next heading of any level."""
        for heading in self.headings:
            if heading.anchor == anchor:
                inside = (b for b in self.blocks if b.kind != "heading" and b.path and b.path[-1] == heading)
                return heading, tuple(inside)
        return None


def split_lines(text: str) -> list[str]:
    """The lines of a text, whichever way they end."""
    return _NEWLINE.split(text.removeprefix("\ufeff"))


def parse(text: str) -> Markdown:
    """The blocks of a document; any text is a document."""
    return Markdown(tuple(_Parser(split_lines(text)).run()))


class _Parser:
    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.at = 0
        self.comment_end = 0
        self.path: tuple[Heading, ...] = ()
        self.anchors: dict[str, int] = {}
        self.blocks: list[Block] = []

    def run(self) -> list[Block]:
        if self.lines and self.lines[0].rstrip() == "---":
            self._front_matter()
        while self.at < len(self.lines):
            if not self.lines[self.at].strip():
                self.at += 1
                continue
            self._block()
        return self.blocks

    def _add(self, kind: str, end: int) -> None:
        """Close the block that starts at the current line and ends before the line with index `end`."""
        while end > self.at + 1 and not self.lines[end - 1].strip():
            end -= 1
        text = "\n".join(self.lines[self.at : end])
        self.blocks.append(Block(kind, self.at + 1, end, text, self.path))
        self.at = end

    def _front_matter(self) -> None:
        for index in range(1, len(self.lines)):
            if self.lines[index].rstrip() in {"---", "..."}:
                self._add("front_matter", index + 1)
                return

    def _block(self) -> None:
        line = self.lines[self.at]
        if fence := _FENCE.match(line):
            self._fenced(fence)
        elif match := _ATX.match(line):
            self._heading(len(match[1]), _CLOSING.sub("", (match[2] or "").strip()), self.at + 1)
        elif line.lstrip().startswith("<!--"):
            self._comment()
        elif _RULE.match(line):
            self._add("rule", self.at + 1)
        elif self._is_table(self.at):
            self._add("table", self._while(lambda index: "|" in self.lines[index]))
        elif line.lstrip().startswith(">"):
            self._add("quote", self._while(lambda index: self.lines[index].lstrip().startswith(">")))
        elif _ITEM.match(line):
            self._list()
        elif line.startswith(("    ", "\t")):
            self._add("code", self._while(lambda index: self.lines[index].startswith(("    ", "\t"))))
        elif _REFERENCE.match(line):
            self._add("reference", self.at + 1)
        else:
            self._paragraph()

    def _while(self, holds: object) -> int:
        end = self.at + 1
        while end < len(self.lines) and self.lines[end].strip() and holds(end):  # type: ignore[operator]
            end += 1
        return end

    def _fenced(self, fence: re.Match[str]) -> None:
        mark = fence[1]
        if mark[0] == "`" and "`" in fence["info"]:
            self._paragraph()
            return
        close = re.compile(rf"^[ \t]*{re.escape(mark[0])}{{{len(mark)},}}[ \t]*$")
        end = self.at + 1
        while end < len(self.lines) and not close.match(self.lines[end]):
            end += 1
        self._add("code", min(end + 1, len(self.lines)))

    def _heading(self, level: int, raw: str, end: int) -> None:
        text = flat(raw)
        base = slug(raw)
        count = self.anchors.get(base, 0)
        self.anchors[base] = count + 1
        anchor = f"{base}-{count}" if count else base
        self.path = (*(h for h in self.path if h.level < level), Heading(level, text, anchor, self.at + 1))
        self._add("heading", end)

    def _comment(self) -> None:
        end = max(self.at, self.comment_end)
        while end < len(self.lines) and "-->" not in self.lines[end]:
            end += 1
        self.comment_end = end
        if end == len(self.lines) or self.lines[end].split("-->", 1)[1].strip():
            self._paragraph()
        else:
            self._add("comment", end + 1)

    def _is_table(self, index: int) -> bool:
        if index + 1 >= len(self.lines) or "|" not in self.lines[index]:
            return False
        return "|" in self.lines[index + 1] and bool(_DELIMITER.match(self.lines[index + 1].strip()))

    def _interrupts(self, index: int) -> bool:
        line = self.lines[index]
        return bool(
            _ATX.match(line)
            or (_FENCE.match(line) and not (line.lstrip()[0] == "`" and "`" in line.lstrip().lstrip("`")))
            or _RULE.match(line)
            or line.lstrip().startswith((">", "<!--"))
            or self._is_table(index)
        )

    def _list(self) -> None:
        end = self.at + 1
        while end < len(self.lines):
            line = self.lines[end]
            if not line.strip():
                after = next((i for i in range(end, len(self.lines)) if self.lines[i].strip()), len(self.lines))
                goes_on = after < len(self.lines) and (
                    _ITEM.match(self.lines[after]) or self.lines[after].startswith(("  ", "\t"))
                )
                if not goes_on or self._interrupts(after):
                    break
                end = after
                continue
            if self._interrupts(end):
                break
            end += 1
        self._add("list", end)

    def _paragraph(self) -> None:
        end = self.at + 1
        while end < len(self.lines) and self.lines[end].strip():
            if setext := _SETEXT.match(self.lines[end]):
                raw = " ".join(line.strip() for line in self.lines[self.at : end])
                self._heading(1 if setext[1][0] == "=" else 2, raw, end + 1)
                return
            if self._interrupts(end) or _ITEM.match(self.lines[end]):
                break
            end += 1
        self._add("prose", end)
