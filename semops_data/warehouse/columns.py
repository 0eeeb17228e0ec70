"""Where the columns of the marts come from, read from the SQL that runs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from semops_data.contracts import TABLES, table
from semops_data.contracts.origins import IDENTITY
from semops_data.warehouse import ddl
from semops_data.warehouse.marts import mart_sql, sources, strip_comments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlglot import exp

    from semops_data.contracts.origins import Sources, Ways
    from semops_data.warehouse.formulas import Unfolding

ANY_DAY = "'2026-01-01'"
LONGEST_SQL = 500
DAY_CONSTANT = "the day for which the mart is computed, bound to :day"


@cache
def column_sources(name: str) -> Sources:
    """For each column of the mart the columns it is computed from, as (table key, column).

    A number of rows comes from the key of the table whose rows are counted. A column that is a constant of the SQL is
    not in it; see `column_constants`.
    """
    import sqlglot
    from sqlglot import exp
    from sqlglot.lineage import lineage

    statement = sqlglot.parse_one(_bound(name), read="snowflake")
    schema = {
        source.split("/")[1]: {column.name: ddl.SNOWFLAKE_TYPES[column.type] for column in TABLES[source].columns}
        for source in sources(name)
    }
    found: Sources = {}
    for column in table(f"warehouse/{name}").columns:
        root = lineage(column.name, statement, schema=schema, dialect="snowflake")
        leaves = {
            (f"warehouse/{node.source.name.lower()}", node.name.split(".")[-1].lower().strip('"'))
            for node in root.walk()
            if isinstance(node.source, exp.Table) and node.source.name.lower() in schema
        }
        known = {leaf for leaf in leaves if leaf[1] in schema[leaf[0].split("/")[1]]}
        known |= set(_counted(unfolded(name, column.name)))
        if known:
            found[column.name] = sorted(known)
    return found


def column_constants(name: str) -> dict[str, str]:
    """The columns of the mart that no column of a table goes into, with what they are instead."""
    from sqlglot import exp

    found = {}
    for column in table(f"warehouse/{name}").columns:
        if column.name not in column_sources(name):
            expression = unfolded(name, column.name)
            # A column that is neither computed from columns nor a literal is no constant, and has no origin here.
            if isinstance(expression, exp.Literal):
                found[column.name] = DAY_CONSTANT if expression.sql() == ANY_DAY else expression.sql()
    return found


@cache
def column_ways(name: str) -> Ways:
    """For each column of the mart that comes from columns: copied, computed row by row, or aggregated, and the SQL."""
    from sqlglot import exp

    found: Ways = {}
    for column in column_sources(name):
        expression = unfolded(name, column)
        if isinstance(expression, exp.Column):
            found[column] = IDENTITY
            continue
        # What counts rows, and what a value is taken over, are functions of the unfolding.
        is_summed = any(expression.find_all(exp.AggFunc, exp.Anonymous))
        said = expression.sql("snowflake").replace(ANY_DAY, ":day")
        subtype = "AGGREGATION" if is_summed else "TRANSFORMATION"
        found[column] = {"type": "DIRECT", "subtype": subtype, "description": said[:LONGEST_SQL]}
    return found


def unfolded(name: str, column: str) -> exp.Expression:
    """The mart's column as one expression over columns of facts and dimensions.

    Raises:
        KeyError: where the mart's SELECT has no such column.
    """
    unfolding = _unfolding(name)
    return unfolding.column(unfolding.query, column)


@cache
def _unfolding(name: str) -> Unfolding:
    import sqlglot
    from sqlglot import exp

    from semops_data.warehouse.formulas import Unfolding

    query = sqlglot.parse_one(_bound(name), read="snowflake")
    assert isinstance(query, exp.Select)  # noqa: S101 - a mart is one SELECT
    return Unfolding(query)


def _counted(expression: exp.Expression) -> Iterator[tuple[str, str]]:
    from sqlglot import exp

    for call in expression.find_all(exp.Anonymous):
        if call.name.upper() == "COUNT_ROWS":
            key = f"warehouse/{call.expressions[0].name.lower()}"
            if key in TABLES:
                yield from ((key, column) for column in TABLES[key].keys)


def _bound(name: str) -> str:
    return strip_comments(mart_sql(name)).replace(":day", ANY_DAY)
