"""SQL: comments, and what CREATE statements say of tables, views and columns; no statement is ever sent anywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from semops_data.corpus.readers.build import Builder, code, escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semops_data.corpus.markdown import Markdown

# Strings and quoted names come first: what looks like a comment inside them is none.
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\$\$.*?\$\$|--[^\n]*|/\*.*?\*/|;|\{#.*?#\}", re.DOTALL)
_CREATE = re.compile(
    r"^\s*create\s+(?:or\s+replace\s+)?(?:\w+\s+){0,3}?(?P<kind>table|view|metric|function)\s+"
    r"(?:if\s+not\s+exists\s+)?(?P<name>[\w.\"`\[\]{}() ]+?)\s*(?:\(|\bas\b|$)",
    re.IGNORECASE,
)
_COMMENT_ON = re.compile(
    r"^\s*comment\s+on\s+\w+(?:\s+\w+)?\s+(?P<name>[\w.\"`]+)\s+is\s+'(?P<text>(?:[^']|'')*)'", re.IGNORECASE
)
_FEWEST_WORDS = 3
_LONGEST = 20_000


@dataclass(frozen=True)
class Statement:
    """A statement without its comments: its text, and the line of its first word."""

    text: str
    line: int


def read_sql(content: str) -> Markdown:
    """Comments as prose; each CREATE statement as a heading with its columns' comments and its text as code."""
    builder = Builder(content)
    for line, kind, value in sorted(_told(content), key=lambda entry: entry[0]):
        if kind == "comment":
            builder.add("prose", escape(value), line)
        else:
            _statement_into(builder, Statement(value, line))
    return builder.document()


def _statement_into(builder: Builder, statement: Statement) -> None:
    if created := _CREATE.match(statement.text):
        builder.heading(1, code(_name(created["name"])), statement.line)
        builder.add("code", statement.text, statement.line)
        for column, told in _columns(statement.text):
            builder.add("list", f"- **{code(column)}**: {escape(told)}", _line_of(statement, told))
    elif commented := _COMMENT_ON.match(statement.text):
        text = commented["text"].replace("''", "'")
        builder.add("list", f"- **{code(_name(commented['name']))}**: {escape(text)}", statement.line)


def _told(content: str) -> Iterator[tuple[int, str, str]]:
    """(line, "comment" or "statement", text) of a file."""
    parts: list[str] = []
    at = begun = line = 0
    comments: list[tuple[int, str]] = []
    for match in _TOKEN.finditer(content):
        line += content.count("\n", at, match.start())
        token = match[0]
        parts.append(content[at : match.start()])
        if token.startswith(("--", "/*", "{#")):
            comments.append((line + 1, token))
            parts.append("\n" * token.count("\n"))
        elif token == ";":  # noqa: S105
            yield from _closed(parts, begun)
            parts, begun = [], line
        else:
            parts.append(token)
        line += token.count("\n")
        at = match.end()
    yield from _closed([*parts, content[at:]], begun)
    yield from ((number, "comment", text) for number, text in _joined(comments))


def _closed(parts: list[str], begun: int) -> Iterator[tuple[int, str, str]]:
    text = "".join(parts)
    if text.strip():
        before = text[: len(text) - len(text.lstrip())].count("\n")
        yield begun + before + 1, "statement", text.strip()


def _joined(comments: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Comments without their marks, those of lines that follow each other joined."""
    held: list[str] = []
    start = 0
    for line, token in comments:
        if token.startswith("--"):
            text = token.lstrip("-").strip()
        else:
            text = "\n".join(row.strip().removeprefix("*").strip() for row in token[2:-2].split("\n"))
        if held and line != start + len(held):
            yield start, "\n".join(held)
            held = []
        start = start if held else line
        held += text.split("\n")
    if held:
        yield start, "\n".join(held)


def _columns(text: str) -> Iterator[tuple[str, str]]:
    """(column or table, comment) of a CREATE statement that sqlglot understands."""
    if "comment" not in text.casefold() or len(text) > _LONGEST:
        return
    import sqlglot
    from sqlglot import exp

    try:
        tree: Any = sqlglot.parse_one(text, error_level=sqlglot.ErrorLevel.RAISE)
    except (sqlglot.errors.SqlglotError, RecursionError, ValueError):
        return
    for column in tree.find_all(exp.ColumnDef):
        for constraint in column.find_all(exp.CommentColumnConstraint):
            if len(str(constraint.this.name).split()) >= _FEWEST_WORDS:
                yield str(column.this.name), str(constraint.this.name)
    for comment in tree.find_all(exp.SchemaCommentProperty):
        if tree.find(exp.Table) is not None:
            yield str(tree.find(exp.Table).name), str(comment.this.name)


def _line_of(statement: Statement, told: str) -> int:
    at = statement.text.find(told.replace("'", "''")[:40])
    return statement.line + (statement.text[:at].count("\n") if at >= 0 else 0)


def _name(text: str) -> str:
    return re.sub(r"[\"`\[\]]", "", text).strip()[:200]
