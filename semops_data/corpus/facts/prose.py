"""Documents: what tables, labelled items, headings and sentences say is the default of a setting.

A setting is a name that people do not write otherwise: `max_retries`, `http.timeout`, `KeepAliveTimeout`,
`SEMOPS_HOME`. A name that many places describe names many things, and is held against nothing.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from semops_data.corpus.facts.model import Fact
from semops_data.corpus.facts.stated import constraints_of, default_of, shortened
from semops_data.corpus.facts.values import value_of
from semops_data.corpus.inline import flat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from semops_data.corpus.facts.values import Value
    from semops_data.corpus.markdown import Block, Markdown

MOST_PLACES = 4
_SETTING = re.compile(
    r"^(?:[a-z]\w*(?:[._][\w-]+)+|[a-z]+(?:[A-Z][a-z0-9]+)+[A-Z]?|(?:[A-Z][a-z0-9]+){2,}|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)$"
)
_FILES = (".py", ".md", ".conf", ".html", ".txt", ".h", ".c", ".yaml", ".json")
_KIND = r"(?:directive|setting|option|parameter)"
_HEADED = re.compile(rf"^(?P<name>[\w.-]+)(?:\s+\([\w ,]{{1,40}}\)|\s+{_KIND})?$", re.IGNORECASE)
_LABEL = re.compile(
    r"^\s*(?:[-*+]|\d{1,3}[.)])\s+(?:\*\*)?(?:`{1,2}(?P<code>[^`\n]{3,60})`{1,2}|(?P<name>[\w.\\-]{3,60}))"
    r"(?P<type>\s*\([^()\n]{1,40}\))?(?:\*\*)?\s*(?::|\u2014|\u2013|-)\s*(?:\*\*)?"
)
_NAMED = re.compile(
    r"(?:`(?P<first>[\w.-]{3,60})`(?:\s*\([\w ]{1,20}\))?,?\s+(?:defaults to|(?:is|has a) default(?: value)?(?: of)?)"
    rf"|\bdefault(?: value)? (?:of|for) (?:the )?`(?P<second>[\w.-]{{3,60}})`(?: {_KIND})? is)\s+",
    re.IGNORECASE,
)
_COLUMN = re.compile(r"^defaults?(?: values?)?$", re.IGNORECASE)
_STATES = re.compile(r"\bdefault", re.IGNORECASE)


def prose_facts(document_id: str, document: Markdown) -> Iterator[Fact]:
    """The defaults that a document states of settings."""
    for block in document.blocks:
        if block.kind == "table":
            yield from _table(document_id, block)
        elif block.kind in {"prose", "list", "quote"} and _STATES.search(block.text):
            yield from _items(document_id, block) if block.kind == "list" else ()
            yield from _headed(document_id, block) if block.kind == "prose" else ()
            yield from _sentences(document_id, block)


def few(facts: Iterable[Fact]) -> list[Fact]:
    """The facts of settings that at most `MOST_PLACES` places describe."""
    held: dict[str, list[Fact]] = {}
    for fact in facts:
        held.setdefault(fact.subject, []).append(fact)
    return [fact for group in held.values() if len({fact.place for fact in group}) <= MOST_PLACES for fact in group]


def setting(text: str) -> str | None:
    """The name of a setting, as it is written; None where the words may be anything else."""
    name = text.strip().strip("`*").replace("\\", "")
    return name if _SETTING.match(name) and not name.endswith(_FILES) else None


def _fact(document_id: str, name: str, value: Value, *, line: int, words: str) -> Fact:
    return Fact(f"`{name}`", "default", value, document_id, line, shortened(flat(words)))


def _table(document_id: str, block: Block) -> Iterator[Fact]:
    rows = [re.split(r"(?<!\\)\|", line.strip().strip("|")) for line in block.text.split("\n")]
    column = next((place for place, cell in enumerate(rows[0]) if _COLUMN.match(flat(cell))), None)
    for offset, cells in enumerate(rows[2:], start=2):
        if not column or len(cells) <= column:
            continue
        name, value = setting(flat(cells[0])), value_of(flat(cells[column]))
        if name and value is not None:
            yield _fact(
                document_id, name, value, line=block.start + offset, words=block.text.split("\n")[offset].strip("| ")
            )


def _items(document_id: str, block: Block) -> Iterator[Fact]:
    lines = block.text.split("\n")
    begins = [number for number, line in enumerate(lines) if _LABEL.match(line)]
    for start, end in pairwise([*begins, len(lines)]):
        match = _LABEL.match(lines[start])
        name = setting(match["code"] or match["name"]) if match else None
        if match is None or name is None:
            continue
        text = "\n".join([lines[start][match.end() :], *lines[start + 1 : end]])
        for said in default_of(match["type"] or "", text):
            yield _fact(document_id, name, said.value, line=block.start + start + said.offset, words=said.words)


def _headed(document_id: str, block: Block) -> Iterator[Fact]:
    """What stands right below a heading that is the name of a setting."""
    headed = _HEADED.match(block.path[-1].text) if block.path else None
    name = setting(headed["name"]) if headed else None
    if name is None:
        return
    for said in constraints_of(block.text):
        if said.aspect == "default":
            yield _fact(document_id, name, said.value, line=block.start + said.offset, words=said.words)


def _sentences(document_id: str, block: Block) -> Iterator[Fact]:
    """Sentences that name a setting and its default."""
    for match in _NAMED.finditer(block.text):
        name = setting(match["first"] or match["second"])
        rest = block.text[match.end() : match.end() + 90]
        told = default_of("default " + rest.lstrip("*").split(". ")[0], "") if name else []
        if name and told:
            line = block.start + block.text[: match.start()].count("\n")
            start = max(block.text.rfind(". ", 0, match.start()), block.text.rfind("\n", 0, match.start())) + 1
            words = block.text[start : match.end() + 60].split(". ")[0]
            yield _fact(document_id, name, told[0].value, line=line, words=words)
