"""`Session`: statements over one connection, with bound values, counts and transactions."""

from __future__ import annotations

import contextlib
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from semops_data.warehouse.names import literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

SHOWN_SQL = 300


class StatementError(RuntimeError):
    """Snowflake refused a statement."""


class UnreachableError(RuntimeError):
    """Snowflake cannot be reached, or the connection was lost."""


@dataclass(frozen=True)
class Counts:
    """Rows that one statement, or several, changed."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    def __add__(self, other: Counts) -> Counts:
        """The sum, by kind of change."""
        return Counts(self.inserted + other.inserted, self.updated + other.updated, self.deleted + other.deleted)


@dataclass(frozen=True)
class Memory:
    """What is known of one connection for as long as it lives, so that it is not asked or made again.

    Attributes:
        columns: upper-case columns by upper-case table of the schema; empty until they were asked.
        made: names of what was made for this session alone: stage tables, and the stage.
        folder: folder of the stage that no other session uses.
    """

    columns: dict[str, set[str]] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)
    folder: str = field(default_factory=lambda: uuid.uuid4().hex)


class Session:
    """One connection; use it from one thread."""

    def __init__(
        self, connection: Any, where: str, *, is_emulated: bool, tag: str = "", memory: Memory | None = None
    ) -> None:
        self._connection = connection
        self._where = where
        # Sent with each statement: a connection outlives the asset, and its tag must not.
        self._parameters = {"QUERY_TAG": tag}
        self.is_emulated = is_emulated
        self.memory = memory or Memory()
        self.is_lost = False

    def execute(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement; `?` stands for the bound values.

        Raises:
            StatementError: with the statement's beginning and Snowflake's message.
            UnreachableError: where the connection was lost.
        """
        return list(self._run(sql, values).fetchall())

    def table(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The column names and rows of one statement, such as SHOW."""
        cursor = self._run(sql, ())
        return [field.name for field in cursor.description], list(cursor.fetchall())

    def change(self, sql: str, *values: Any) -> Counts:
        """Run one INSERT, UPDATE, DELETE or MERGE and say how many rows it changed."""
        cursor = self._run(sql, values)
        rows = cursor.fetchall()
        names = [field.name for field in cursor.description]
        found = dict(zip(names, rows[0], strict=True)) if rows else {}
        return Counts(*(int(found.get(f"number of rows {verb}", 0)) for verb in ("inserted", "updated", "deleted")))

    def arrow(self, sql: str, *values: Any, schema: pa.Schema) -> pa.Table:
        """The rows of a query in the given schema, columns by position."""
        import pyarrow as pa

        found: pa.Table | None = self._run(sql, values).fetch_arrow_all()
        if found is None:
            return schema.empty_table()
        columns = [
            # Snowflake's timestamps come without a zone and in nanoseconds; by contract they are UTC.
            column.cast(pa.timestamp("us")).cast(field.type) if pa.types.is_timestamp(field.type)
            else column.cast(field.type)
            for column, field in zip(found.columns, schema, strict=True)
        ]  # fmt: skip
        return pa.Table.from_arrays(columns, schema=schema)

    def put(self, file: Path, target: str) -> None:
        """Upload one file as it is into a folder of a stage, `@STAGE/folder`.

        Raises:
            StatementError: where it was not uploaded.
        """
        path = literal(f"file://{file}")
        rows = self.execute(f"PUT {path} {target} AUTO_COMPRESS = FALSE OVERWRITE = TRUE")
        if not rows or "UPLOADED" not in rows[0]:
            raise StatementError(f"{file.name} was not uploaded to {target} at {self._where}: {rows}")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end, roll back on any error."""
        self.execute("BEGIN")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            # Where the connection is lost the server rolls back by itself; the first error is the one to tell.
            with contextlib.suppress(StatementError, UnreachableError):
                self.execute("ROLLBACK")
            raise

    def _run(self, sql: str, values: tuple[Any, ...]) -> Any:
        from snowflake.connector import errors

        cursor = self._connection.cursor()
        try:
            cursor.execute(sql, values or None, _statement_params=self._parameters)
        except errors.OperationalError as error:
            self.is_lost = True
            raise UnreachableError(
                f"the connection to Snowflake at {self._where} was lost: {error.msg}. Run the load again: it was "
                "rolled back"
            ) from error
        except errors.Error as error:
            shown = " ".join(sql.split())[:SHOWN_SQL]
            raise StatementError(f"Snowflake at {self._where} refused `{shown}`: {error.msg}") from error
        return cursor
