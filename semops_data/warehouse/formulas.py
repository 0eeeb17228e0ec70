"""Does the SQL of a mart compute what its metrics are defined to be?

The SQL is unfolded until every column is an expression over columns of facts; that and the formula of the contract
are brought into one normal form and compared. What is looked at beside the expression: conditions of any WHERE,
inner joins (they drop rows), joins that could repeat rows, and the day of a daily mart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from semops_data.contracts import TABLES, table
from semops_data.contracts.formulas import formulas
from semops_data.warehouse.marts import mart_sql, strip_comments

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY_VALUE = "'<day>'"
SUMS = (exp.Add, exp.Sub)


@dataclass(frozen=True)
class Deviation:
    """A column whose SQL does not compute its definition.

    Attributes:
        column: the mart's column; `*` for the mart as a whole.
        expected: the formula in its normal form, or the rule.
        actual: what the SQL computes in the same form.
    """

    column: str
    expected: str
    actual: str


def deviations(name: str, sql: str | None = None) -> list[Deviation]:
    """Where a mart's SQL departs from the formulas of its contract.

    Args:
        name: the mart.
        sql: its SELECT; by default the one that runs.

    Returns:
        One entry per column that computes something else, and per rule that the whole breaks.
    """
    text = strip_comments(mart_sql(name) if sql is None else sql).replace(":day", DAY_VALUE)
    return list(_deviations(name, text))


@lru_cache(maxsize=64)
def _deviations(name: str, text: str) -> tuple[Deviation, ...]:
    """The deviations of a SQL text; each text is parsed once in a process, however many days and checks ask."""
    query = sqlglot.parse_one(text, read="snowflake")
    assert isinstance(query, exp.Select)  # noqa: S101 - a mart is one SELECT
    unfolded = Unfolding(query)
    contract = table(f"warehouse/{name}")
    grain = tuple(unfolded.column(query, key) for key in contract.keys if key != contract.partition_by)
    found = [
        Deviation("*", rule, actual) for rule, actual in unfolded.broken_rules(is_daily=bool(contract.partition_by))
    ]
    for formula in formulas(name):
        expected = normal(sqlglot.parse_one(formula.expression.replace(":day", DAY_VALUE), read="snowflake"), ())
        actual = normal(unfolded.column(query, formula.column), grain)
        if expected != actual:
            found.append(Deviation(formula.column, expected, actual))
    return tuple(found)


class Unfolding:
    """One SELECT with its CTEs, and each column of theirs as an expression over columns of base tables."""

    def __init__(self, query: exp.Select) -> None:
        self.query = query
        self.ctes = {cte.alias: cte.this for cte in query.ctes}

    def column(self, select: exp.Select, name: str) -> exp.Expression:
        """The expression of a column of a SELECT.

        Raises:
            KeyError: where the SELECT has no such column.
        """
        for item in select.selects:
            if item.alias_or_name.lower() == name.lower():
                return self._expression(select, item.unalias())
        raise KeyError(f"the SELECT has no column {name!r}")

    def _expression(self, select: exp.Select, node: exp.Expression) -> exp.Expression:
        """A node of the SELECT with columns of CTEs replaced, aggregates marked with their groups and conditions."""
        sources = self._sources(select)

        def replace(item: exp.Expression) -> exp.Expression:
            if isinstance(item, exp.Column):
                return self._column_of(sources, item)
            if isinstance(item, exp.Count) and isinstance(item.this, exp.Star):
                return exp.Anonymous(this="COUNT_ROWS", expressions=[exp.to_identifier(self._base(select))])
            return item

        unfolded = node.copy().transform(replace)
        if not unfolded.find(exp.AggFunc) and not _has_rows(unfolded):
            return unfolded
        if not node.find(exp.AggFunc) or node.find(exp.Window):
            return unfolded
        conditions = [condition for condition in self._conditions(select) if not _is_day(condition)]
        if conditions:
            joined = exp.and_(*conditions)
            unfolded = exp.Anonymous(this="ONLY", expressions=[unfolded, joined])
        groups = self._groups(select)
        return exp.Anonymous(this="PER", expressions=[unfolded, *groups]) if groups else unfolded

    def _base(self, select: exp.Select) -> str:
        """Name of the relation whose rows a SELECT goes through, below plain SELECTs."""
        name = _relations(select)[0].name
        below = self.ctes.get(name)
        return self._base(below) if below is not None and not _aggregates(below) else name.lower()

    def _groups(self, select: exp.Select) -> list[exp.Expression]:
        group = select.args.get("group")
        return [self._expression(select, item) for item in group.expressions] if group else []

    def _column_of(self, sources: dict[str, str], column: exp.Column) -> exp.Expression:
        alias = column.table or (next(iter(sources)) if len(sources) == 1 else "")
        if not alias:
            raise ValueError(f"column {column.name} is not qualified in a SELECT of several tables")
        source = sources[alias]
        if source in self.ctes:
            return self.column(self.ctes[source], column.name)
        return exp.column(column.name.lower(), source.lower())

    def _sources(self, select: exp.Select) -> dict[str, str]:
        return {item.alias_or_name: item.name for item in _relations(select)}

    def _conditions(self, select: exp.Select) -> list[exp.Expression]:
        """What rows fulfil that a SELECT aggregates: its own WHERE, inner joins, and those of plain SELECTs below."""
        found: list[exp.Expression] = []
        where = select.args.get("where")
        if where:
            found += [self._expression(select, item) for item in _conjuncts(where.this)]
        for join in select.args.get("joins") or []:
            if not join.side and join.kind != "CROSS" and join.args.get("on"):
                found.append(exp.Anonymous(this="JOINED", expressions=[exp.to_identifier(join.this.name)]))
        for item in _relations(select):
            below = self.ctes.get(item.name)
            if below is not None and not _aggregates(below):
                found += self._conditions(below)
        return found

    def broken_rules(self, *, is_daily: bool) -> Iterator[tuple[str, str]]:
        """Rules about the whole: no join repeats rows before they are counted, and a daily mart reads its day."""
        for select in [*self.ctes.values(), self.query]:
            if select is not self.query or _aggregates(select):
                for join in select.args.get("joins") or []:
                    if not self._is_unique(join):
                        yield "a join before counting brings at most one row", join.sql("snowflake")
            facts = [item for item in _relations(select) if item.name.lower().startswith("fct_")]
            unbounded = [item.name for item in facts if not _is_bounded(select, item.alias_or_name)]
            if is_daily and unbounded:
                yield "every fact is read for the day, or up to it", f"{', '.join(unbounded)} is read for all days"

    def _is_unique(self, join: exp.Join) -> bool:
        """Whether a joined relation has one row per joined key: grouped by it, keyed by it, a version, or one row."""
        on = _conjuncts(join.args["on"]) if join.args.get("on") is not None else []
        equal = {side.name for item in on if isinstance(item, exp.EQ) for side in _of(item, join.this.alias_or_name)}
        below = self.ctes.get(join.this.name)
        if below is None:
            key = f"warehouse/{join.this.name.lower()}"
            if join.this.name.lower().startswith("dim_"):
                ranges = {column.name for item in on for column in item.find_all(exp.Column)} - equal
                return {"valid_from", "valid_to"} <= ranges and bool(equal & {c.name for c in table(key).columns})
            return key in TABLES and set(table(key).keys) <= equal
        if not _aggregates(below):
            return False
        group = below.args.get("group")
        return group is None or {item.name for item in group.expressions} <= equal


def normal(node: exp.Expression, grain: tuple[exp.Expression, ...]) -> str:
    """The normal form of an expression: text that is equal where the meaning is.

    Guards against null and 0, casts and brackets are left out, sums are taken apart and ordered, and the groups of
    the mart's own grain are not repeated.
    """
    keys = {_text(_plain(key)) for key in grain}

    def drop_grain(item: exp.Expression) -> exp.Expression:
        is_per = isinstance(item, exp.Anonymous) and item.name.upper() == "PER"
        if is_per and keys and {_text(_plain(group)) for group in item.expressions[1:]} == keys:
            inner: exp.Expression = item.expressions[0]
            return inner.transform(drop_grain)
        return item

    return _text(_plain(node.copy().transform(drop_grain)))


def _plain(node: exp.Expression) -> exp.Expression:
    def strip(item: exp.Expression) -> exp.Expression:
        while isinstance(item, (exp.Paren, exp.Cast)) and not isinstance(item, exp.TryCast):
            item = item.this
        if isinstance(item, exp.Coalesce) and [value.name for value in item.expressions] == ["0"]:
            return strip(item.this)
        if isinstance(item, exp.Nullif) and item.expression.name == "0":
            return strip(item.this)
        return item

    # A node that was replaced is not looked into again: repeat until nothing is left to strip.
    while (plain := node.copy().transform(strip)) != node:
        node = plain
    return node


def _text(node: exp.Expression) -> str:
    """The expression as text with the parts of sums, products and conjunctions in order."""
    if isinstance(node, exp.Sum):
        terms = [(sign, exp.Sum(this=term.copy())) for sign, term in _terms(node.this)]
        if len(terms) > 1:
            return _sum(terms)
        return f"SUM({_text(node.this)})"
    if isinstance(node, SUMS):
        return _sum(_terms(node))
    if isinstance(node, (exp.Mul, exp.And)):
        parts = sorted(_text(part) for part in node.flatten())
        return "(" + (" * " if isinstance(node, exp.Mul) else " AND ").join(parts) + ")"
    if isinstance(node, exp.EQ):
        return "(" + " = ".join(sorted((_text(node.left), _text(node.right)))) + ")"
    if isinstance(node, (exp.Literal, exp.Column, exp.Identifier, exp.Star, exp.Null, exp.Boolean, exp.Var)):
        return str(node.sql("snowflake")).lower()
    if isinstance(node, exp.Anonymous):
        first, *rest = [_text(item) for item in node.expressions]
        return f"{node.name.upper()}({', '.join([first, *sorted(rest)])})"
    parts = [f"{name}={_text(child)}" for name, value in sorted(node.args.items()) for child in _children(value)]
    flags = [f"{name}={value}" for name, value in sorted(node.args.items()) if isinstance(value, (str, bool)) and value]
    return f"{type(node).__name__}({', '.join(parts + flags)})"


def _sum(terms: list[tuple[int, exp.Expression]]) -> str:
    flat = [
        (sign * inner_sign, text)
        for sign, term in terms
        for inner_sign, text in (_split(term) if isinstance(term, exp.Sum) else [(1, _text(term))])
    ]
    return "(" + " ".join(f"{'+' if sign > 0 else '-'} {text}" for sign, text in sorted(flat, key=lambda x: x[1])) + ")"


def _split(node: exp.Sum) -> list[tuple[int, str]]:
    terms = _terms(node.this)
    return [(sign, f"SUM({_text(term)})") for sign, term in terms]


def _terms(node: exp.Expression) -> list[tuple[int, exp.Expression]]:
    """The parts of a sum with their signs."""
    if isinstance(node, SUMS):
        right = [(-sign if isinstance(node, exp.Sub) else sign, term) for sign, term in _terms(node.right)]
        return _terms(node.left) + right
    return [(1, node)]


def _children(value: object) -> list[exp.Expression]:
    if isinstance(value, exp.Expression):
        return [value]
    return [item for item in value if isinstance(item, exp.Expression)] if isinstance(value, list) else []


def _relations(select: exp.Select) -> list[exp.Table]:
    source = select.args.get("from_") or select.args.get("from")
    items = [source.this] if source else []
    items += [join.this for join in select.args.get("joins") or []]
    return [item for item in items if isinstance(item, exp.Table)]


def _conjuncts(node: exp.Expression) -> list[exp.Expression]:
    return list(node.flatten()) if isinstance(node, exp.And) else [node]


def _aggregates(select: exp.Select) -> bool:
    return bool(select.args.get("group")) or any(
        found for item in select.selects if (found := item.find(exp.AggFunc)) and not item.find(exp.Window)
    )


def _has_rows(node: exp.Expression) -> bool:
    return any(item.name.upper() == "COUNT_ROWS" for item in node.find_all(exp.Anonymous))


def _of(condition: exp.EQ, alias: str) -> list[exp.Column]:
    """The sides of an equation that are columns of a relation."""
    return [side for side in (condition.left, condition.right) if isinstance(side, exp.Column) and side.table == alias]


def _is_bounded(select: exp.Select, alias: str) -> bool:
    """Whether a relation of a SELECT is read for the day alone, by its WHERE or the ON of its outer join."""
    conditions = _conjuncts(select.args["where"].this) if select.args.get("where") else []
    for join in select.args.get("joins") or []:
        if join.args.get("on") is not None and join.this.alias_or_name == alias:
            conditions += _conjuncts(join.args["on"])
    is_alone = len(_relations(select)) == 1
    return any(
        _is_day(item, (exp.EQ, exp.LTE))
        and any(column.table == alias or (is_alone and not column.table) for column in item.find_all(exp.Column))
        for item in conditions
    )


def _is_day(condition: exp.Expression, kinds: tuple[type[exp.Expression], ...] = (exp.EQ,)) -> bool:
    sides = (condition.left, condition.right) if isinstance(condition, kinds) else ()
    return any(isinstance(side, exp.Column) and side.name == "day" for side in sides) and any(
        isinstance(side, exp.Literal) and side.sql() == DAY_VALUE for side in sides
    )
