"""HTML as text under headings: navigation, scripts and forms are left out, and nothing is ever run or fetched."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from semops_data.corpus.readers.build import Builder, code, escape

if TYPE_CHECKING:
    from semops_data.corpus.markdown import Markdown

_SILENT = {"script", "style", "nav", "footer", "form", "template", "noscript", "svg", "math", "iframe", "object",
           "button", "select", "head", "canvas", "video", "audio", "map"}  # fmt: skip
_VOID = {"br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "source", "track", "wbr"}
_BLOCKS = {"p", "div", "section", "article", "main", "header", "body", "html", "ul", "ol", "dl", "dd", "dt", "li",
           "table", "tbody", "thead", "tfoot", "tr", "td", "th", "caption", "blockquote", "figure", "figcaption",
           "address", "details", "summary", "aside", "hr", "center", "pre"}  # fmt: skip
# What pages of manuals call their navigation; whole class names, as `wy-grid-for-nav` holds the page itself.
_NAVIGATION = frozenset(
    [
        "nav",
        "navbar",
        "navheader",
        "navfooter",
        "navigation",
        "sphinxsidebar",
        "sidebar",
        "related",
        "toc",
        "toctree-wrapper",
        "toctree-l1",
        "menu",
        "breadcrumb",
        "breadcrumbs",
        "footer",
        "headerlink",
        "footnote-reference",
        "fn-backref",
        "copyright",
        "searchbox",
        "skiplink",
        "skip-link",
        "wy-nav-side",
        "wy-nav-top",
        "wy-breadcrumbs",
        "rst-footer-buttons",
        "langavail",
        "toplang",
        "bottomlang",
        "topsection",
        "menubar",
        "list-of-tables",
        "list-of-figures",
        "list-of-examples",
        "table-of-contents",
        "mw-navigation",
        "sphinxfooter",
        "pagination",
    ]
)
_HEADING = re.compile(r"^h([1-6])$")
_CLASSED = {"div", "ul", "ol", "dl", "p", "section", "table", "a", "span", "aside", "header"}
DEEPEST_NESTING = 400


def read_html(content: str) -> Markdown:
    """The text of a page; a broken one gives what can be read of it."""
    reader = _Page(Builder(content))
    problem = None
    try:
        reader.feed(content)
        reader.close()
    except (AssertionError, RecursionError, ValueError) as error:
        problem = f"line {reader.getpos()[0]}: the HTML cannot be read on from here: {error}"
    reader.finish()
    return reader.builder.document(problem)


class _Page(HTMLParser):
    def __init__(self, builder: Builder) -> None:
        super().__init__(convert_charrefs=True)
        self.builder = builder
        self.open: list[tuple[str, bool]] = []
        self.silent = 0
        self.parts: list[str] = []
        self.start = 0
        self.items: list[str] = []
        self.items_start = 0
        self.term = ""
        self.rows: list[list[str]] = []
        self.rows_start = 0
        self.tables = 0
        self.is_pre = False
        self.anchor: str | None = None
        self.title: list[str] | None = None
        self.href: list[tuple[int, str]] = []
        self.code_from: int | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "html" and told.get("lang"):
            self.builder.state("language", told["lang"])
        if tag == "title":
            self.title = []
        if tag in _VOID:
            if tag == "br" and not self.silent and self.parts:
                self.parts.append(" ")
            return
        is_silent = tag in _SILENT or self._is_navigation(tag, told)
        if len(self.open) < DEEPEST_NESTING:
            self.open.append((tag, is_silent))
            self.silent += is_silent
        if self.silent:
            return
        self.anchor = told.get("id") or (told.get("name") if tag == "a" else None) or self.anchor
        if tag in _BLOCKS or _HEADING.match(tag):
            self._begin(tag)
        elif tag in {"code", "tt", "kbd", "samp"} and self.code_from is None:
            self.code_from = len(self.parts)
        elif tag == "a" and told.get("href"):
            self.href.append((len(self.parts), told["href"]))

    def handle_endtag(self, tag: str) -> None:
        if tag == "title" and self.title is not None:
            self.builder.state("title", "".join(self.title))
            self.title = None
        names = [name for name, _ in self.open]
        if tag not in names:
            return
        if not self.silent:
            self._end(tag)
        while self.open:
            name, was_silent = self.open.pop()
            self.silent -= was_silent
            if name == tag:
                break

    def handle_data(self, data: str) -> None:
        if self.title is not None:
            self.title.append(data)
        if self.silent or not (data.strip() or self.parts):
            return
        if not self.parts:
            self.start = self.getpos()[0] + data[: len(data) - len(data.lstrip())].count("\n")
            data = data if self.is_pre else data.lstrip()
        self.parts.append(data if self.is_pre or self.code_from is not None else escape(data))

    @staticmethod
    def _is_navigation(tag: str, told: dict[str, str]) -> bool:
        if told.get("role") in {"navigation", "search", "contentinfo", "banner"} or "hidden" in told:
            return True
        names = {told.get("id", "").lower(), *told.get("class", "").lower().split()}
        return tag in _CLASSED and bool(_NAVIGATION & names)

    def _begin(self, tag: str) -> None:
        self._flush()
        if tag in {"ul", "ol", "dl"} and not self._inside("li", "dd"):
            self._list()
        if tag == "table":
            self.tables += 1
            self._list()
        if tag == "tr":
            self.rows_start = self.rows_start or self.getpos()[0]
            self.rows.append([])
        self.is_pre = self.is_pre or tag == "pre"

    def _end(self, tag: str) -> None:
        if tag in {"code", "tt", "kbd", "samp"} and self.code_from is not None:
            held = "".join(self.parts[self.code_from :])
            self.parts[self.code_from :] = [code(" ".join(held.split()))] if not self.is_pre else [held]
            self.code_from = None
        elif tag == "a" and self.href:
            at, target = self.href.pop()
            text = "".join(self.parts[at:])
            if text.strip() and not re.search(r"[\s<>()]", target) and not self.is_pre:
                self.parts[at:] = [f"[{text}]({target})"]
        elif (match := _HEADING.match(tag)) and not self._inside("table"):
            self._list()
            if self.parts:
                text = " ".join("".join(self.parts).replace("¶", "").split())
                self.builder.heading(int(match[1]), text, self.start, end=self.getpos()[0], anchor=self.anchor)
            self._drop()
            self.anchor = None
        elif tag in _BLOCKS or match:
            self._flush()
            self._closed(tag)

    def _closed(self, tag: str) -> None:
        if tag == "pre":
            self.is_pre = False
        if tag == "table":
            self.tables = max(self.tables - 1, 0)
            if not self.tables:
                self._table()
        if tag in {"ul", "ol", "dl"} and sum(name in {"ul", "ol", "dl"} for name, _ in self.open) <= 1:
            self._list()

    def _inside(self, *tags: str) -> bool:
        return any(name in tags for name, _ in self.open)

    def _drop(self) -> str:
        text = "".join(self.parts)
        self.parts, self.href, self.code_from = [], [], None
        return text

    def _flush(self) -> None:
        """The text that was open, as what the tags around it make of it."""
        text = self._drop()
        if not text.strip():
            return
        if self.is_pre:
            if not self._inside("table"):
                self.builder.add("code", text.rstrip("\n"), self.start)
            return
        tight = "\n".join(line.strip() for line in text.strip().split("\n"))
        place = next((n for n, _ in reversed(self.open) if n in {"td", "th", "dt", "dd", "li", "blockquote"}), "p")
        if place in {"td", "th"} and self.rows:
            cells = self.rows[-1]
            cells.append(" ".join(tight.split()).replace("|", "\\|") if place else "")
        elif place == "dt":
            self.term = " ".join(tight.split())
        elif place in {"dd", "li"}:
            self._item(tight, place)
        elif place == "blockquote":
            self.builder.add("quote", "> " + tight.replace("\n", "\n> "), self.start)
        else:
            self._list()
            self.builder.add("prose", tight, self.start)

    def _item(self, text: str, place: str) -> None:
        self.items_start = self.items_start or self.start
        term, self.term = self.term, ""
        label = f"**{term.replace('*', '')}**: " if term and place == "dd" and len(term) <= 80 else ""
        # Items keep their distance, so that a line of the list is a line of the page where the page has room.
        held = sum(1 + item.count("\n") for item in self.items)
        self.items += [""] * max(0, min(self.start - self.items_start - held, 1))
        self.items.append("- " + label + text.replace("\n", "\n  "))

    def _list(self) -> None:
        if self.items:
            self.builder.add("list", "\n".join(self.items), self.items_start)
        self.items, self.items_start, self.term = [], 0, ""

    def _table(self) -> None:
        rows = [cells for cells in self.rows if cells]
        width = max(map(len, rows), default=0)
        if len(rows) > 1 and width > 1:
            lines = ["| " + " | ".join(cells + [""] * (width - len(cells))) + " |" for cells in rows]
            lines.insert(1, "|" + " --- |" * width)
            self.builder.add("table", "\n".join(lines), self.rows_start, self.getpos()[0])
        elif rows and width == 1:
            for cells in rows:
                self.builder.add("prose", cells[0], self.rows_start)
        self.rows, self.rows_start = [], 0

    def finish(self) -> None:
        """Close what the page left open."""
        self._flush()
        self._list()
        self._table()
