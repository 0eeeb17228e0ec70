"""Fakesnow without its detours: what the emulator spends on a statement beyond running it.

Fakesnow walks over every statement eighty times, and makes five of a MERGE. Statements of nothing but tables, columns
and comparisons mean the same to DuckDB as they are; all others are translated by fakesnow once, and remembered.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REMEMBERED = 512
PLAIN = frozenset((
    exp.And, exp.Boolean, exp.Column, exp.Commit, exp.Count, exp.Delete, exp.EQ, exp.Exists, exp.From,
    exp.Identifier, exp.Insert, exp.Is, exp.Limit, exp.Literal, exp.Merge, exp.NEQ, exp.Not, exp.Null,
    exp.NullSafeEQ, exp.NullSafeNEQ, exp.Or, exp.Order, exp.Ordered, exp.Paren, exp.Placeholder, exp.Rollback,
    exp.Schema, exp.Select, exp.Star, exp.Subquery, exp.Table, exp.TableAlias, exp.Transaction, exp.Tuple, exp.Union,
    exp.Update, exp.When, exp.Whens, exp.Where,
))  # fmt: skip
"""Nodes that fakesnow's transforms leave as they are, but for the case of names (`test_emulator_quick`)."""
ROOTS = (exp.Select, exp.Union, exp.Insert, exp.Delete, exp.Merge, exp.Transaction, exp.Commit, exp.Rollback)
TRANSLATED = (exp.Select, exp.Insert, exp.Delete, exp.Copy)
"""Statements whose translation depends on nothing but their text and the session's schema."""
VARIES = ("IDENTIFIER", "RESULT_SCAN", "RANDOM", "SAMPLE", "MERGE", "OVERWRITE", "INFORMATION_SCHEMA", "SEQ")

Node = Any
"""A node of sqlglot's tree; sqlglot's own types say less than they should."""


class Recent(OrderedDict[Any, Any]):
    """The newest entries only."""

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        while len(self) > REMEMBERED:
            self.popitem(last=False)


def is_plain(statement: Node) -> bool:
    """Whether a statement means the same to DuckDB as it is."""
    if not isinstance(statement, ROOTS):
        return False
    for node in statement.walk():
        if type(node) not in PLAIN:
            return False
        if isinstance(node, exp.Table) and (node.db.startswith(("INFORMATION_SCHEMA", "information_schema"))):
            return False
    return True


def upper_case(statement: Node) -> Node:
    """The statement with unquoted names in upper case, as Snowflake resolves them."""
    for name in statement.find_all(exp.Identifier):
        if not name.quoted:
            name.set("this", name.this.upper())
    return statement


def merge_sql(statement: Node) -> str:
    """DuckDB's own MERGE for a plain one; returns what it did to each row that it touched."""
    for update in statement.find_all(exp.Update):
        for assignment in update.expressions:
            # DuckDB takes the names of the columns that are set without their table's.
            assignment.this.set("table", None)
    return f"{statement.sql(dialect='duckdb')} RETURNING merge_action"


def counts_sql(statement: Node, actions: Mapping[str, int]) -> str:
    """What Snowflake answers to a MERGE: a count for each kind of change that it may make."""
    from fakesnow.transforms.merge import operations

    kinds = [kind for kind, clauses in operations(statement).items() if clauses]
    named = {"inserted": "INSERT", "updated": "UPDATE", "deleted": "DELETE"}
    return "SELECT " + ", ".join(f'{actions.get(named[kind], 0)} AS "number of rows {kind}"' for kind in kinds)


def _merge(cursor: Any, statement: Node, params: Any) -> None:
    """Run a plain MERGE as one statement of DuckDB, and leave the cursor as fakesnow does."""
    connection = cursor._duck_conn  # noqa: SLF001 - fakesnow's
    values = params if statement.find(exp.Placeholder) else None
    connection.execute(merge_sql(statement), values)
    found = connection.to_arrow_table().column(0).value_counts().to_pylist()
    touched = {row["values"]: row["counts"] for row in found}
    cursor._last_sql = counts_sql(statement, touched)  # noqa: SLF001 - fakesnow's
    connection.execute(cursor._last_sql)  # noqa: SLF001 - fakesnow's
    cursor._arrow_table, cursor._arrow_table_fetch_index = connection.to_arrow_table(), None  # noqa: SLF001
    cursor._rowcount, cursor._sfqid = sum(touched.values()), str(uuid.uuid4())  # noqa: SLF001
    cursor._last_params, cursor._last_transformed = None, statement  # noqa: SLF001


def install() -> None:
    """Make fakesnow's cursors of this process take the short way; to be called once, by the server."""
    from fakesnow import cursor as cursors
    from fakesnow import server
    from fakesnow.cursor import FakeSnowflakeCursor

    execute: Callable[..., Any] = FakeSnowflakeCursor.execute
    transform: Callable[..., Any] = FakeSnowflakeCursor._transform  # noqa: SLF001 - fakesnow's
    run: Callable[..., Any] = FakeSnowflakeCursor._execute  # noqa: SLF001 - fakesnow's
    explode: Callable[..., Any] = FakeSnowflakeCursor._transform_explode  # noqa: SLF001 - fakesnow's
    parse: Callable[[str], Any] = cursors.parse_one
    parsed, translated = Recent(), Recent()

    def parse_first(text: str) -> Any:
        parsed[text] = found = parse(text)
        return found

    def quick_execute(self: Any, command: str, *rest: Any, **named: Any) -> Any:
        self.command = command
        return execute(self, command, *rest, **named)

    def quick_transform(self: Any, statement: Node, params: Any) -> Any:
        if is_plain(statement):
            return upper_case(statement)
        text = getattr(self, "command", "")
        if not isinstance(statement, TRANSLATED) or any(word in text.upper() for word in VARIES):
            return transform(self, statement, params)
        key = (text, self._conn.database, self._conn.schema)
        if key not in translated:
            translated[key] = transform(self, statement, params)
        return translated[key].copy()

    def quick_explode(self: Any, statement: Node) -> Any:
        return [statement] if isinstance(statement, exp.Merge) and is_plain(statement) else explode(self, statement)

    def quick_run(self: Any, statement: Node, params: Any = None) -> Any:
        if isinstance(statement, exp.Merge):
            return _merge(self, statement, params)
        return run(self, statement, params)

    server.parse_one = parse_first
    cursors.parse_one = lambda text: parsed.pop(text, None) or parse(text)
    patched: Any = FakeSnowflakeCursor
    patched.execute, patched._transform = quick_execute, quick_transform  # noqa: SLF001
    patched._transform_explode, patched._execute = quick_explode, quick_run  # noqa: SLF001
