"""The data dictionary: every declaration as Markdown, one document a room.

The documents enter the corpus like any other: a column's meaning is held against the glossary and the registry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from semops_data.contracts.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from semops_data.contracts.types import Column, Table

HEADER = "<!-- Written by `dst dictionary` from semops_data/contracts: change the declarations, not this file. -->"


def documents(tables: Mapping[str, Table] = TABLES) -> dict[str, str]:
    """The documents by file name, `<room>.md`; tables in the order of their declaration."""
    rooms = dict.fromkeys(table.room for table in tables.values())
    return {f"{room}.md": _document(room, [t for t in tables.values() if t.room == room]) for room in rooms}


def write(folder: Path) -> list[str]:
    """Write the documents into a folder, and remove the ones of rooms that are gone.

    Returns:
        Names of the files that were changed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    changed = outdated(folder)
    wanted = documents()
    for name in changed:
        if name in wanted:
            (folder / name).write_text(wanted[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return changed


def outdated(folder: Path) -> list[str]:
    """Names of the documents that are missing, differ from the declarations, or belong to no room any more."""
    wanted = documents()
    held = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")} if folder.is_dir() else {}
    written = {name: text for name, text in held.items() if text.startswith(HEADER)}
    return sorted(name for name in {*wanted, *written} if wanted.get(name) != held.get(name))


def _document(room: str, tables: list[Table]) -> str:
    sections = "\n".join(_section(table) for table in tables)
    return f"{HEADER}\n\n# Data dictionary: {room}\n\n{sections}"


def _section(table: Table) -> str:
    lines = [f"## {table.key}", "", table.description, ""]
    lines += ["| column | type | unit | meaning |", "| --- | --- | --- | --- |"]
    lines += [f"| {c.name} | {_type(c)} | {_cell(c.unit or '')} | {_cell(_meaning(c))} |" for c in table.columns]
    lines += [""]
    for column, other, target in table.references:
        lines += [f"Each {column} is a {target} of {other}.", ""]
    return "\n".join(lines)


def _type(column: Column) -> str:
    marks = ["key"] if column.is_key else []
    marks += ["nullable"] if column.nullable else []
    return ", ".join([column.type.replace("<", " of ").replace(">", ""), *marks])


def _meaning(column: Column) -> str:
    text = column.description
    if column.allowed:
        text += f" One of: {', '.join(column.allowed)}."
    if column.minimum is not None or column.maximum is not None:
        low = f"at least {column.minimum:g}" if column.minimum is not None else ""
        high = f"at most {column.maximum:g}" if column.maximum is not None else ""
        text += f" It is {' and '.join(part for part in (low, high) if part)}."
    return text


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
