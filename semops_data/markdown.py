"""Text that nobody vouches for, as Markdown: cells and tables that no text can break out of.

Belongs here: escaping, and nothing else. Pages of the UI render Markdown: without this a document, a name or an
error's text could hold a row, a link, or a picture that tells a stranger who looks at it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LONGEST = 220
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"} | {mark: f"\\{mark}" for mark in "\\`*_[]#!~"}
)


def cell(value: object, *, longest: int = LONGEST) -> str:
    """A value as one cell: no markup, no line break, no bar.

    Args:
        value: None is an empty cell, a time is shown to the second, a float with four digits.
        longest: characters that are shown of a text; the rest is an ellipsis.
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    flat = " ".join((f"{value:.4g}" if isinstance(value, float) else str(value)).split())
    flat = flat if len(flat) <= longest else f"{flat[: longest - 1]}…"
    return flat.translate(_ESCAPES)


def table(header: Sequence[str], rows: Iterable[Sequence[object]], *, longest: int = LONGEST) -> str:
    """A table; header and cells are escaped, cells cut at `longest` characters."""
    lines = [f"| {' | '.join(map(cell, header))} |", f"|{' --- |' * len(header)}"]
    lines += [f"| {' | '.join(cell(value, longest=longest) for value in row)} |" for row in rows]
    return "\n".join(lines)
