"""What a command prints: progress on stderr, the result on stdout, as text or as one JSON document."""

from __future__ import annotations

import json
import re
import shutil
import sys
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

WIDTH = 100
# Control characters but tab and line feed, and the marks that change the direction of writing.
_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """The text without what steers a terminal: a quote from a document must not move the cursor or turn words round."""
    return _STEERING.sub("\ufffd", text)


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--json`, as the argument `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON document.")(function)


@dataclass(frozen=True)
class Output:
    """Where a command speaks.

    Attributes:
        as_json: whether stdout is for a machine; then only `result` writes there, once.
    """

    as_json: bool = False

    def progress(self, line: str) -> None:
        """Tell a person what is going on; never part of the result."""
        click.echo(visible(line), err=True)

    def text(self, line: str = "") -> None:
        """A line of the result, for a person."""
        if not self.as_json:
            click.echo(visible(line))

    def heading(self, title: str) -> None:
        """A section of the result."""
        if not self.as_json:
            click.echo("\n" + click.style(title, bold=True))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()) -> None:
        """Rows below their column names.

        Args:
            columns: the names.
            rows: cells; `None` is shown as a dash.
            right: indices of the columns that are aligned at the right.
        """
        if self.as_json:
            return
        from rich.box import SIMPLE_HEAD
        from rich.markup import escape
        from rich.table import Table

        shown = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
        for index, name in enumerate(columns):
            shown.add_column(name, justify="right" if index in right else "left", overflow="fold")
        for row in rows:
            shown.add_row(*("-" if cell is None else escape(visible(str(cell))) for cell in row))
        _console().print(shown)

    def result(self, document: object) -> None:
        """The whole result, for a machine."""
        if self.as_json:
            click.echo(json.dumps(document, indent=2, default=_plain))


def _console() -> Console:
    from rich.console import Console

    width = shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH
    return Console(width=width, highlight=False)


def _plain(value: object) -> object:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, tuple):
        return list(value)
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return value.tolist()
    raise TypeError(f"{type(value).__name__} does not become JSON")
