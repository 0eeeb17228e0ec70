"""SQL: what a CREATE TABLE demands of a column, and what the column's comment says of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from semops_data.corpus.facts.model import Fact
from semops_data.corpus.facts.stated import constraints_of, nullable, shortened
from semops_data.corpus.facts.values import set_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semops_data.corpus.facts.values import Value

_CREATE = re.compile(r"\bcreate\b[^;]{0,80}?\btable\b.*?(?:;|\Z)", re.IGNORECASE | re.DOTALL)
_COMMENT = re.compile(r"\bcomment\b", re.IGNORECASE)
_LONGEST = 20_000


def sql_facts(document_id: str, content: str) -> Iterator[Fact]:
    """Facts of the columns that have a comment; a statement that cannot be parsed states none."""
    if not _COMMENT.search(content):
        return
    import sqlglot
    from sqlglot import exp

    for match in _CREATE.finditer(content):
        if not _COMMENT.search(match[0]) or len(match[0]) > _LONGEST:
            continue
        try:
            tree: Any = sqlglot.parse_one(match[0].rstrip(";"), error_level=sqlglot.ErrorLevel.RAISE)
        except (sqlglot.errors.SqlglotError, RecursionError, ValueError):
            continue
        table = tree.find(exp.Table)
        for column in tree.find_all(exp.ColumnDef):
            subject = f"`{column.name}` of `{table.name if table is not None else ''}`"
            yield from _column(column, subject, document_id, content, match.start())


def _column(column: Any, subject: str, document_id: str, content: str, start: int) -> Iterator[Fact]:
    from sqlglot import exp

    told = column.find(exp.CommentColumnConstraint)
    if told is None:
        return
    comment = str(told.this.name)
    place = re.compile(rf"[\"`\[]?\b{re.escape(column.name)}\b[\"`\]]?\s+\w").search(content, start)
    at = place.start() if place else start
    written = content.find(comment.replace("'", "''")[:40], at)
    line, below = (content.count("\n", 0, where) + 1 for where in (at, max(written, at)))
    demands = list(_demands(column))
    aspects = {aspect for aspect, _, _ in demands}
    for said in constraints_of(comment):
        if said.aspect in aspects:
            yield Fact(subject, said.aspect, said.value, document_id, below, said.words)
    for aspect, value, node in demands:
        quote = shortened(f"{column.name} {node.sql()}")
        yield Fact(subject, aspect, value, document_id, line, quote, is_stated=False)


def _demands(column: Any) -> Iterator[tuple[str, Value, Any]]:
    from sqlglot import exp

    for constraint in column.constraints:
        kind = constraint.kind
        if isinstance(kind, exp.DefaultColumnConstraint):
            value = value_of(kind.this.sql()) if isinstance(kind.this, exp.Literal | exp.Boolean | exp.Neg) else None
            if value is not None:
                yield "default", value, kind
        elif isinstance(kind, exp.NotNullColumnConstraint):
            yield "nullability", nullable(is_null=bool(kind.args.get("allow_null"))), kind
        elif isinstance(kind, exp.CheckColumnConstraint) and isinstance(kind.this, exp.In):
            members = set_of([str(item.name) for item in kind.this.expressions if isinstance(item, exp.Literal)])
            if members is not None:
                yield "allowed values", members, kind
