"""`profile`: a table in figures, column by column, with DuckDB in bounded memory."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from semops_data.profiling.source import VIEW, connect, open_file

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

TOP_VALUES = 5
BINS = 20
QUARTERS = (4, 9, 14)
MOST_CORRELATED = 12
MAX_TOP_DISTINCT = 1_000
TEXT_SHOWN = 80
LARGEST = 1e140
LARGEST_FLOAT32 = 3.4e38
NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
           "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL")  # fmt: skip
ORDERED = ("DATE", "TIME", "TIMESTAMP", "BOOLEAN", "VARCHAR", "UUID", "INTERVAL")


@dataclass(frozen=True)
class ColumnProfile:
    """One column in figures; what does not apply to its type, or has no value, is None or empty.

    Attributes:
        name: as in the source.
        data_type: DuckDB's name of the type.
        null_count: rows without a value.
        distinct_count: different values, approximately (2 % standard error).
        minimum: smallest value as text, at most 80 characters.
        maximum: largest value as text, at most 80 characters.
        mean: of a number.
        standard_deviation: of a number, of the sample.
        quantiles: 25 %, 50 %, 75 % of a number, approximately.
        mean_length_characters: of a text.
        maximum_length_characters: of a text.
        top_values: most frequent values as text; empty where a column has more than 1,000 different ones.
        top_shares: share of the rows of each top value, 0 to 1.
        bin_edges: inner edges of a number's histogram, ascending, in float32 precision.
        bin_shares: share of the values in each bin, one more than edges; a value on an edge is in the bin below.
        correlated_with: the other columns of numbers, among the first 12 of the table.
        correlations: Pearson's correlation with each of them, -1 to 1; those that are undefined are left out.
    """

    name: str
    data_type: str
    null_count: int
    distinct_count: int
    minimum: str | None = None
    maximum: str | None = None
    mean: float | None = None
    standard_deviation: float | None = None
    quantiles: tuple[float, float, float] | None = None
    mean_length_characters: float | None = None
    maximum_length_characters: int | None = None
    top_values: tuple[str, ...] = ()
    top_shares: tuple[float, ...] = ()
    bin_edges: tuple[float, ...] = ()
    bin_shares: tuple[float, ...] = ()
    correlated_with: tuple[str, ...] = ()
    correlations: tuple[float, ...] = ()


@dataclass(frozen=True)
class Profile:
    """A table in figures.

    Attributes:
        source: what was profiled, a table's key or a file's path.
        row_count: rows.
        columns: in the order of the source.
    """

    source: str
    row_count: int
    columns: tuple[ColumnProfile, ...]


def profile(data: pa.Table, source: str) -> Profile:
    """Profile rows in memory.

    Args:
        data: any table.
        source: what to call it.
    """
    with connect() as connection:
        connection.register(VIEW, data)
        return profile_view(connection, source)


def profile_file(path: Path, *, threads: int = 2) -> Profile:
    """Profile a CSV, Parquet or JSON Lines file or a Delta folder; larger than memory is well.

    Args:
        path: the file or folder.
        threads: more than one may change the last digits of means and quantiles.

    Raises:
        UnreadableError: where it cannot be read as a table; names the file and what to do.
    """
    with connect(threads=threads) as connection:
        open_file(connection, path)
        return profile_view(connection, str(path))


def profile_view(connection: Any, source: str) -> Profile:
    """Profile the view `profiled` of a connection: two scans, and one for each column of few values."""
    described = [(str(row[0]), str(row[1])) for row in connection.execute(f"DESCRIBE {VIEW}").fetchall()]
    parts = ["COUNT(*)"]
    for name, kind in described:
        parts += _aggregates(name, kind)
    pairs = list(combinations([name for name, kind in described if kind.startswith(NUMERIC)][:MOST_CORRELATED], 2))
    parts += [f"corr({_finite(first)}, {_finite(second)})" for first, second in pairs]
    row = list(connection.execute(f"SELECT {', '.join(parts)} FROM {VIEW}").fetchone())  # noqa: S608
    rows, cells = int(row[0]), row[1 : len(row) - len(pairs)]
    related = _related(pairs, row[len(row) - len(pairs) :])
    width = len(cells) // len(described) if described else 0
    found = {name: cells[index * width : (index + 1) * width] for index, (name, _) in enumerate(described)}
    edges = {name: _edges(found[name][-1]) for name, _ in described}
    shares = bin_shares(connection, edges)
    columns = []
    for name, kind in described:
        top = _top(connection, name, kind, rows, found[name])
        made = _column(name, kind, rows, found[name], top, (edges[name], shares[name]))
        others = related.get(name, {})
        columns.append(replace(made, correlated_with=tuple(others), correlations=tuple(others.values())))
    return Profile(source, rows, tuple(columns))


def bin_shares(connection: Any, edges: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
    """Share of each column's values in the bins between the given edges; empty where there are none.

    Args:
        connection: with the view `profiled`.
        edges: by column, ascending.
    """
    shares: dict[str, tuple[float, ...]] = dict.fromkeys(edges, ())
    wanted = {name: cuts for name, cuts in edges.items() if cuts}
    if not wanted:
        return shares
    parts = []
    for name, cuts in wanted.items():
        column = f"CAST({ident(name)} AS DOUBLE)"
        edges_text = ", ".join(f"{cut!r}::DOUBLE" for cut in cuts)
        # By edge the values up to it and above the one before; what lies above the last is left.
        parts += [f"COUNT({column})", f"map_values(histogram({column}, [{edges_text}]))"]
    row = list(connection.execute(f"SELECT {', '.join(parts)} FROM {VIEW}").fetchone())  # noqa: S608
    for (name, cuts), total, counts in zip(wanted.items(), row[::2], row[1::2], strict=True):
        below = list(counts or ())[: len(cuts)]
        shares[name] = tuple(count / total for count in [*below, total - sum(below)]) if total else ()
    return shares


def value_shares(connection: Any, name: str, values: tuple[str, ...], rows: int) -> tuple[float, ...]:
    """Share of the rows that hold each of the values, compared as text."""
    if not rows:
        return ()
    query = f"SELECT {', '.join('COUNT(*) FILTER (' + _text(name) + ' = ?)' for _ in values)} FROM {VIEW}"  # noqa: S608
    return tuple(count / rows for count in connection.execute(query, list(values)).fetchone())


def ident(name: str) -> str:
    """A column's name in DuckDB's SQL, whatever characters it holds."""
    return '"' + name.replace('"', '""') + '"'


def _finite(name: str) -> str:
    # Infinities and NaN have no place in a mean, and the square of a larger number is no number.
    column = f"CAST({ident(name)} AS DOUBLE)"
    return f"CASE WHEN abs({column}) < {LARGEST} THEN {column} END"


def _related(pairs: list[tuple[str, str]], found: list[Any]) -> dict[str, dict[str, float]]:
    """Both directions of each correlation that is a number."""
    related: dict[str, dict[str, float]] = {}
    for (first, second), value in zip(pairs, found, strict=True):
        if value is not None and abs(value) <= 1 + 1e-9:
            related.setdefault(first, {})[second] = related.setdefault(second, {})[first] = float(value)
    return related


def _aggregates(name: str, kind: str) -> list[str]:
    """Nine aggregates of one column, in the order that `_column` reads them."""
    column = ident(name)
    text, number = kind == "VARCHAR", kind.startswith(NUMERIC)
    value = _finite(name)
    cuts = f"[{', '.join(repr(round(step / BINS, 2)) for step in range(1, BINS))}]"
    ordered = number or kind.startswith(ORDERED)
    return [
        f"COUNT({column})",
        f"approx_count_distinct({column if ordered else _text(name)})",
        f"LEFT(CAST(MIN({column}) AS VARCHAR), {TEXT_SHOWN})" if ordered else "NULL",
        f"LEFT(CAST(MAX({column}) AS VARCHAR), {TEXT_SHOWN})" if ordered else "NULL",
        f"AVG({value})" if number else "NULL",
        f"stddev_samp({value})" if number else "NULL",
        f"AVG(LENGTH({column}))" if text else "NULL",
        f"MAX(LENGTH({column}))" if text else "NULL",
        f"approx_quantile({value}, {cuts})" if number else "NULL",
    ]


def _column(
    name: str,
    kind: str,
    rows: int,
    cells: list[Any],
    top: tuple[tuple[str, ...], tuple[float, ...]],
    histogram: tuple[tuple[float, ...], tuple[float, ...]],
) -> ColumnProfile:
    filled, distinct, low, high, mean, deviation, mean_length, max_length, cuts = cells
    return ColumnProfile(
        name=name,
        data_type=kind,
        null_count=rows - int(filled),
        # The estimate may exceed what is possible.
        distinct_count=min(int(distinct), int(filled)),
        minimum=low,
        maximum=high,
        mean=mean,
        standard_deviation=deviation,
        quantiles=(cuts[QUARTERS[0]], cuts[QUARTERS[1]], cuts[QUARTERS[2]]) if cuts else None,
        mean_length_characters=mean_length,
        maximum_length_characters=max_length,
        top_values=top[0],
        top_shares=top[1],
        bin_edges=histogram[0] if histogram[1] else (),
        bin_shares=histogram[1],
    )


def _top(
    connection: Any, name: str, kind: str, rows: int, cells: list[Any]
) -> tuple[tuple[str, ...], tuple[float, ...]]:
    distinct, longest = int(cells[1]), cells[7]
    # Grouping by the values themselves is faster; only long texts, shown as their beginnings, are grouped by these.
    is_short = kind.startswith((*NUMERIC, "BOOLEAN", "DATE")) or (longest is not None and longest <= TEXT_SHOWN)
    grouped = ident(name) if is_short else _text(name)
    if not 0 < distinct <= MAX_TOP_DISTINCT or (distinct > TOP_VALUES and distinct > rows / 2):
        return (), ()
    found = connection.execute(
        f"SELECT CAST({grouped} AS VARCHAR) AS value, COUNT(*) AS count FROM {VIEW} "  # noqa: S608
        f"WHERE {ident(name)} IS NOT NULL GROUP BY {grouped} ORDER BY count DESC, value LIMIT {TOP_VALUES}"
    ).fetchall()
    return tuple(str(value) for value, _ in found), tuple(count / rows for _, count in found)


def _text(name: str) -> str:
    return f"LEFT(CAST({ident(name)} AS VARCHAR), {TEXT_SHOWN})"


def _edges(cuts: list[float] | None) -> tuple[float, ...]:
    """Edges in the precision in which they are stored, so that a later comparison cuts at the same place."""
    usable = [float(cut) for cut in cuts or () if abs(cut) < LARGEST_FLOAT32]
    return tuple(sorted({struct.unpack("f", struct.pack("f", cut))[0] for cut in usable}))
