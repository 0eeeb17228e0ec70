"""YAML, OpenAPI and CSV: what describes something, under the name of what it describes.

One walk serves glossaries, dbt's schema files and semantic models, and OpenAPI descriptions: a mapping that has a
name and a description is a heading with a text. A file without such a mapping is no document.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

import yaml

from semops_data.corpus.readers.build import Builder, escape

if TYPE_CHECKING:
    from semops_data.corpus.markdown import Markdown

_NAMES = ("name", "term", "label", "title", "metric", "id", "operationId")
_TEXTS = ("description", "definition", "meaning", "summary", "docs", "doc", "comment", "rationale", "note", "notes")
_OTHERS = ("alternatives", "synonyms", "aliases", "alternative_labels")
_GLOSSARY = re.compile(r"glossar|terms|vocabular|dictionary|definitions", re.IGNORECASE)
_TERM = re.compile(r"^(?:term|name|label|column|field|metric|concept|word|title)(?:[ _]name)?$", re.IGNORECASE)
_MEANING = re.compile(r"^(?:definition|description|meaning|explanation|comment)s?$", re.IGNORECASE)
_FEWEST_WORDS = 3
_DEEPEST = 40


def read_yaml(content: str) -> Markdown:
    """The descriptions of a YAML or JSON file; aliases are looked at once, however often they stand there."""
    builder = Builder(content)
    # The safe loader's nodes alone: no object is built, and an alias is a second way to one node, not a copy.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for root in yaml.compose_all(content, Loader=loader):
            if root is not None:
                _Walk(builder).node(root, "", 1)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        said = " ".join(str(error).split())[:300]
        return builder.document(f"this is no YAML that can be read: {said}")
    return builder.document()


class _Walk:
    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.seen: set[int] = set()

    def node(self, node: Any, key: str, level: int) -> None:
        """Whatever lies below a node, `key` being the name it is held under."""
        if id(node) in self.seen or level > _DEEPEST:
            return
        self.seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            for item in node.value:
                self.node(item, "", level)
        elif isinstance(node, yaml.MappingNode):
            self._mapping(node, key, level)

    def _mapping(self, node: Any, key: str, level: int) -> None:
        held = {k.value: v for k, v in node.value if isinstance(k, yaml.ScalarNode)}
        texts = [held[name] for name in _TEXTS if _is_text(held.get(name))]
        name = next((held[n].value for n in _NAMES if _is_scalar(held.get(n))), "") or key
        told = name and any(_is_text(v) for v in texts)
        if told:
            others = _others(held)
            self.builder.heading(min(level, 6), escape(name) + others, node.start_mark.line + 1)
            for text in texts:
                self.builder.markdown(text.value, _first_line(text), below=min(level, 5))
        is_glossary = bool(_GLOSSARY.search(key))
        for child, value in held.items():
            if is_glossary and _is_text(value) and not texts:
                self.builder.heading(level + 1, escape(child), value.start_mark.line + 1)
                self.builder.markdown(value.value, _first_line(value), below=min(level + 1, 5))
            else:
                self.node(value, child, level + 1 if told else level)


def _others(held: dict[str, Any]) -> str:
    """The other name of a thing in brackets, as a heading states one."""
    nodes = next((held[name] for name in _OTHERS if isinstance(held.get(name), yaml.SequenceNode)), None)
    first = next((n.value for n in nodes.value if _is_scalar(n)), "") if nodes is not None else ""
    return f" ({escape(first)})" if first and len(first) <= 40 and "(" not in first else ""


def _is_scalar(node: Any) -> bool:
    return isinstance(node, yaml.ScalarNode) and bool(node.value.strip()) and len(node.value) <= 200


def _is_text(node: Any) -> bool:
    return isinstance(node, yaml.ScalarNode) and len(node.value.split()) >= _FEWEST_WORDS


def _first_line(node: Any) -> int:
    """Line of a scalar's first word; that of a block scalar is the one below its mark."""
    return int(node.start_mark.line) + (2 if node.style in {"|", ">"} else 1)


def read_csv(content: str) -> Markdown:
    """A glossary in rows: each term as a heading with its definition."""
    builder = Builder(content)
    dialect = csv.excel_tab if content[:2_000].count("\t") > content[:2_000].count(",") else csv.excel
    if content[:2_000].count(";") > content[:2_000].count(","):
        dialect = _Semicolon
    rows = csv.reader(io.StringIO(content, newline=""), dialect)
    line = 1
    try:
        header = [name.strip() for name in next(rows, [])]
        term = next((i for i, name in enumerate(header) if _TERM.match(name)), None)
        meaning = next((i for i, name in enumerate(header) if _MEANING.match(name)), None)
        line = rows.line_num + 1
        for row in rows if term is not None and meaning is not None else ():
            if len(row) > max(term or 0, meaning or 0) and row[term or 0].strip():
                builder.heading(2, escape(row[term or 0]), line)
                builder.add("prose", escape(row[meaning or 0].strip()), line, rows.line_num)
            line = rows.line_num + 1
    except csv.Error as error:
        return builder.document(f"line {line}: this row cannot be read: {error}")
    return builder.document()


class _Semicolon(csv.excel):
    delimiter = ";"
