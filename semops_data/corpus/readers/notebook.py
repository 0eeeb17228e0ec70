"""Notebooks: the Markdown cells as they are, code cells as code, outputs left out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from semops_data.corpus.markdown import Markdown, parse, split_lines
from semops_data.corpus.readers.build import Builder

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_notebook(content: str) -> Markdown:
    """The cells of a notebook under the headings of its Markdown cells, at the lines of the file."""
    try:
        cells = _cells(json.loads(content))
    except (ValueError, RecursionError, TypeError, AttributeError) as error:
        return Builder(content).document(f"this is no notebook that can be read: {error}")
    finder = _Lines(content)
    text: list[str] = []
    lines: list[int] = []
    for kind, source in cells:
        fence = "`" * 12 if kind == "code" else ""
        for line in [*([fence] if fence else []), *source, *([fence] if fence else []), ""]:
            lines.append(finder.line(line) if line and line != fence else finder.at)
            text.append(line)
    found = parse("\n".join(text))
    blocks = tuple(
        replace(block, start=lines[block.start - 1], end=max(lines[block.start - 1], lines[block.end - 1]))
        for block in found.blocks
        if block.kind != "front_matter"
    )
    return Markdown(blocks, gap=2)


def _cells(notebook: Any) -> list[tuple[str, list[str]]]:
    """(kind, lines) of the Markdown and code cells; notebooks of version 3 keep them in work sheets."""
    if not isinstance(notebook, dict):
        raise TypeError("the file holds no object")
    held = notebook.get("cells")
    if held is None:
        held = [cell for sheet in notebook["worksheets"] for cell in sheet["cells"]] if "worksheets" in notebook else []
    return list(_told(held))


def _told(held: Any) -> Iterator[tuple[str, list[str]]]:
    for cell in held:
        kind = cell.get("cell_type")
        source = cell.get("source", cell.get("input", ""))
        whole = "".join(str(part) for part in source) if isinstance(source, list) else str(source)
        if kind == "heading":
            kind, whole = "markdown", f"{'#' * min(max(int(cell.get('level', 1)), 1), 6)} {whole}"
        if kind in {"markdown", "code"} and whole.strip():
            yield str(kind), split_lines(whole)


class _Lines:
    """Where the lines of the cells stand in the file, found in their order."""

    def __init__(self, content: str) -> None:
        self.lines = split_lines(content)
        self.at = 1

    def line(self, text: str) -> int:
        """Number of the first line from the last one on that holds the text; the last one where none does."""
        shown = [json.dumps(text, ensure_ascii=is_ascii)[1:-1] for is_ascii in (False, True)]
        # A cell's lines follow each other closely: only what an output takes lies between two.
        for number in range(self.at, min(self.at + 3_000, len(self.lines) + 1)):
            if any(form in self.lines[number - 1] for form in shown):
                self.at = number
                return number
        return self.at
