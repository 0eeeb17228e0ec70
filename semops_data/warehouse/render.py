"""Rows and SQL as Markdown, for a person who looks at a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from semops_data.contracts.formulas import formulas

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN_ROWS = 10


def sql_block(sql: str) -> str:
    """The SQL as a Markdown code block."""
    return f"```sql\n{sql.strip()}\n```"


def formulas_table(mart: str) -> str:
    """The definitions of the mart's metrics as a Markdown table."""
    rows = [[f.column, f"`{f.expression}`"] for f in formulas(mart)]
    return _table(["metric", "formula"], rows)


def rows_table(data: pa.Table, limit: int = SHOWN_ROWS) -> str:
    """The first rows as a Markdown table; a single row stands upright, one column a line."""
    rows = data.slice(0, limit).to_pylist()
    if len(rows) == 1:
        return _table(["column", "value"], [[name, value] for name, value in rows[0].items()])
    more = f"\n\nand {data.num_rows - limit:,} more rows" if data.num_rows > limit else ""
    return _table(data.column_names, [list(row.values()) for row in rows]) + more


def _table(names: list[str], rows: list[list[Any]]) -> str:
    lines = [f"| {' | '.join(names)} |", f"|{' --- |' * len(names)}"]
    lines += [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return "null"
    text = f"{value:.6g}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
