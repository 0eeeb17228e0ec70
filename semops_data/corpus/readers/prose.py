"""Plain text and reStructuredText, as text under headings: directives, roles and tables are read around.

What is no sentence (literal blocks, grid tables, field lists) becomes code, which asserts nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from semops_data.corpus.markdown import split_lines
from semops_data.corpus.readers.build import Builder, code, escape

if TYPE_CHECKING:
    from semops_data.corpus.markdown import Markdown

_RULE = re.compile(r"^([=\-~`:'\"^_*+#<>.])\1{2,}\s*$")
_DIRECTIVE = re.compile(r"^(\s*)\.\.\s+(?:(?P<name>[\w:-]+)::\s*(?P<rest>.*)|.*)$")
_SAID = {"note", "warning", "important", "tip", "hint", "caution", "danger", "attention", "seealso", "versionchanged",
         "versionadded", "deprecated", "admonition", "topic", "epigraph", "glossary"}  # fmt: skip
_NAMED = {"function", "class", "method", "data", "attribute", "exception", "module", "option", "py:function",
          "py:class", "py:method", "py:data", "py:attribute", "setting", "confval", "describe", "envvar", "macro",
          "c:function", "c:type", "program", "decorator", "classmethod", "staticmethod"}  # fmt: skip
_ITEM = re.compile(r"^(\s*)(?:[-*+•]|#\.|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+(?=\S)")
_FIELD = re.compile(r"^\s*:[^:\s][^:]{0,80}:(?:\s|$)")
_TABLE = re.compile(r"^\s*(?:\+[-=+]+\+|=+(?:\s+=+)+|\|.*\|)\s*$")
_CAPITALS = re.compile(r"^[A-Z0-9][A-Z0-9 /,&()'-]{2,60}$")
_SENTENCE = re.compile(r"[A-Za-z]+(?:[ ,;]+[\w'’-]+){3,}.*[.:!?]")
_INLINE = re.compile(
    r"``(?P<code>[^`]{1,500}?)``"
    r"|:[\w+.-]+(?::[\w+.-]+)*:`(?P<role>[^`]{1,300})`"
    r"|`(?P<text>[^`<>]{1,300}?)\s*<(?P<target>[^<>`\s]{1,400})>`__?"
    r"|`(?P<plain>[^`]{1,300})`_{0,2}"
    r"|(?P<strong>\*\*[^*\n]{1,300}\*\*|(?<![\w*])\*[^*\s][^*\n]{0,300}\*(?![\w*]))"
    r"|\|(?P<sub>[\w -]{1,60})\|_{0,2}"
    r"|\s?\[(?:\d{1,3}|\#[\w-]{0,40}|\*)\]_(?!\w)"
    r"|(?<=\w)_\b(?=[\s.,;:)]|$)"
)
_TARGETED = re.compile(r"^(.*?)\s*<[^<>]*>$", re.DOTALL)


def read_text(content: str) -> Markdown:
    """Plain text: paragraphs; a line that is underlined or written in capitals alone is a heading."""
    builder = Builder(content)
    text_into(builder, split_lines(content), 1, is_rst=False)
    return builder.document()


def read_rst(content: str) -> Markdown:
    """ReStructuredText as text under its headings."""
    builder = Builder(content)
    text_into(builder, split_lines(content), 1, is_rst=True)
    return builder.document()


def text_into(builder: Builder, lines: list[str], first: int, *, is_rst: bool, below: int = 0) -> None:
    """Add the paragraphs, lists and headings of some lines; `first` is the first one's number in the source."""
    _Text(builder, [line.expandtabs(8).rstrip() for line in lines], first, is_rst=is_rst, below=below).run()


def rst_inline(text: str) -> str:
    """Inline reStructuredText as inline Markdown; the rest is escaped."""
    found: list[str] = []
    at = 0
    for match in _INLINE.finditer(text):
        found += [escape(text[at : match.start()]), _inline(match)]
        at = match.end()
    return "".join([*found, escape(text[at:])])


def _inline(match: re.Match[str]) -> str:
    if match["code"] is not None:
        return code(match["code"])
    if match["role"] is not None:
        shown = _TARGETED.sub(r"\1", match["role"]) or match["role"]
        return code(shown.lstrip("~!").split(".")[-1] if match["role"].startswith("~") else shown.lstrip("!"))
    if match["text"] is not None:
        return f"[{escape(match['text'])}]({match['target'].replace('(', '%28').replace(')', '%29')})"
    if match["strong"] is not None:
        return escape(match["strong"].strip("*"))
    return escape(match["plain"] or match["sub"] or "")


class _Text:
    def __init__(self, builder: Builder, lines: list[str], first: int, *, is_rst: bool, below: int) -> None:
        self.builder, self.lines, self.first = builder, lines, first
        self.is_rst, self.below = is_rst, below
        self.at = 0
        self.in_terms = False
        self.levels: list[str] = []

    def run(self) -> None:
        while self.at < len(self.lines):
            if not self.lines[self.at]:
                self.at += 1
            elif not (self._overlined() or self._underlined() or self._directive() or self._capitals()):
                self._paragraph()

    def _number(self, index: int) -> int:
        return self.first + index

    def _heading(self, mark: str, text: str, index: int, after: int) -> bool:
        if mark not in self.levels:
            self.levels.append(mark)
        level = self.below + self.levels.index(mark) + 1
        self.builder.heading(level, self._said(text.strip()), self._number(index), end=self._number(after - 1))
        self.at = after
        return True

    def _overlined(self) -> bool:
        rule = _RULE.match(self.lines[self.at])
        if rule is None:
            return False
        if self.at + 2 < len(self.lines) and self.lines[self.at + 2] == self.lines[self.at]:
            title = self.lines[self.at + 1]
            if title.strip() and not _RULE.match(title):
                return self._heading(rule[1] * 2, title, self.at + 1, self.at + 3)
        self.at += 1
        return True

    def _underlined(self) -> bool:
        if self.at + 1 >= len(self.lines):
            return False
        title, rule = self.lines[self.at], _RULE.match(self.lines[self.at + 1])
        if rule is None or title.startswith(" ") or len(title) > len(self.lines[self.at + 1]) + 2 or len(title) > 200:
            return False
        return self._heading(rule[1], title, self.at, self.at + 2)

    def _capitals(self) -> bool:
        line = self.lines[self.at]
        alone = self.at == 0 or not self.lines[self.at - 1]
        if self.is_rst or not alone or not _CAPITALS.match(line) or not re.search("[A-Z]{3}", line):
            return False
        return self._heading("capitals", line, self.at, self.at + 1)

    def _indented(self, start: int, indent: int) -> int:
        """Index after the lines from `start` that are indented more than `indent`, blank ones among them."""
        end = start
        while end < len(self.lines) and (not self.lines[end] or _indent(self.lines[end]) > indent):
            end += 1
        return end

    def _directive(self) -> bool:
        match = _DIRECTIVE.match(self.lines[self.at]) if self.is_rst else None
        if match is None:
            return False
        end = self._indented(self.at + 1, len(match[1]))
        name, rest = (match["name"] or "").lower(), (match["rest"] or "").strip()
        body = range(self.at + 1, end)
        if name in _NAMED and rest:
            level = self.below + len(self.levels) + 1
            self.builder.heading(level, code(rest.split("(")[0].split()[-1]), self._number(self.at))
        if name in _SAID or name in _NAMED:
            self._nested(body, is_glossary=name == "glossary")
        elif name not in {"toctree", "image", "figure", "index", "contents", "raw", "only", "include", ""}:
            self._code(self.at + 1, end)
        self.at = end
        return True

    def _nested(self, body: range, *, is_glossary: bool) -> None:
        inner = [self.lines[i] for i in body]
        margin = min((_indent(line) for line in inner if line), default=0)
        inner = [line[margin:] for line in inner]
        if inner and inner[0].startswith(":"):
            inner[0] = ""
        below = self.builder.path[-1].level if self.builder.path else self.below
        nested = _Text(self.builder, inner, self._number(body.start), is_rst=True, below=below)
        nested._terms() if is_glossary else nested.run()

    def _terms(self) -> None:
        """A glossary: each unindented line is a term, what is indented below it its definition."""
        while self.at < len(self.lines):
            start = self.at
            if not self.lines[start] or self.lines[start].startswith((" ", "..")):
                self.at += 1
                continue
            end = self._indented(start + 1, 0)
            level = (self.builder.path[-1].level if self.builder.path else 0) + (0 if self.in_terms else 1)
            self.builder.heading(level, self._said(self.lines[start]), self._number(start))
            self.in_terms = True
            self._prose(start + 1, end)
            self.at = max(end, start + 1)

    def _code(self, start: int, end: int) -> None:
        text = "\n".join(self.lines[start:end]).rstrip()
        self.builder.add("code", text, self._number(start), self._number(max(start, end - 1)))

    def _paragraph(self) -> None:
        start, indent = self.at, _indent(self.lines[self.at])
        end = start + 1
        while end < len(self.lines) and self.lines[end]:
            if self.is_rst and _indent(self.lines[end]) > indent and end == start + 1 and not self._is_item(start):
                return self._definition(start)
            end += 1
        self.at = end
        first = self.lines[start]
        text = "\n".join(self.lines[start:end])
        if self.is_rst and (_FIELD.match(first) or _TABLE.match(first)):
            end = self._indented(end, indent) if _FIELD.match(first) else end
            self._code(start, end)
            self.at = end
        elif _TABLE.match(first) or (indent >= 2 and not _SENTENCE.search(text)) or first.startswith((">>>", "$ ")):
            self._code(start, end)
        elif self._is_item(start):
            self._list(start, end)
        else:
            self._prose(start, end)
            if self.is_rst and text.rstrip().endswith("::"):
                stop = self._indented(end, indent)
                self._code(end, stop)
                self.at = stop
        return None

    def _is_item(self, index: int) -> bool:
        return _ITEM.match(self.lines[index]) is not None

    def _definition(self, start: int) -> None:
        """A term with what is indented below it, as an item with a label."""
        indent = _indent(self.lines[start])
        end = start + 1
        while end < len(self.lines) and self.lines[end] and _indent(self.lines[end]) > indent:
            end += 1
        term = self._said(self.lines[start].strip().split(" : ")[0]).replace("*", "")
        lines = [self._said(line.strip()) for line in self.lines[start + 1 : end]]
        if _FIELD.match(self.lines[start]) or len(term) > 80:
            self._code(start, end)
        else:
            self.builder.add("list", "\n  ".join([f"- **{term}**:", *lines]), self._number(start))
        self.at = end

    def _list(self, start: int, end: int) -> None:
        lines = []
        for index in range(start, end):
            match = _ITEM.match(self.lines[index])
            inner = self.lines[index][match.end() :] if match else self.lines[index].strip()
            pad = " " * _indent(self.lines[index])
            lines.append(f"{pad}- {self._said(inner)}" if match else f"  {pad.strip()}{self._said(inner)}")
        self.builder.add("list", "\n".join(lines), self._number(start))

    def _prose(self, start: int, end: int) -> None:
        while end > start and not self.lines[end - 1]:
            end -= 1
        text = self._said("\n".join(line.strip() for line in self.lines[start:end]))
        # An ending `::` announces code and reads as a colon.
        self.builder.add("prose", re.sub(r"::\s*$", ":", text), self._number(start))

    def _said(self, text: str) -> str:
        return rst_inline(text) if self.is_rst else escape(text)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
