"""Python: docstrings and comments under the names they stand at; the file is parsed, never imported or run."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from typing import TYPE_CHECKING

from semops_data.corpus.readers.build import Builder, code
from semops_data.corpus.readers.prose import text_into

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semops_data.corpus.markdown import Markdown

_PRAGMA = re.compile(
    r"^#!|^#+\s*(?:noqa|type:|pragma|pylint|fmt:|mypy|-\*-|vim?:|isort|ruff|nosec|region|endregion|%%)"
)
_SECTION = re.compile(
    r"^\s*(?:Args|Arguments|Parameters|Attributes|Raises|Returns|Yields|Keyword Args|Other Parameters|Examples?|"
    r"Warns|See Also|References|Methods):?\s*$"
)
_FEWEST_WORDS = 4


def read_python(content: str) -> Markdown:
    """Docstrings and comments; of a file that cannot be parsed, its comments."""
    builder, problem = Builder(content), None
    told: list[tuple[int, int, str, str]] = []
    try:
        with warnings.catch_warnings():
            # An invalid escape in what is read is no news here.
            warnings.simplefilter("ignore")
            told += _docstrings(ast.parse(content))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 0
        problem = f"line {line}: this is no Python that can be parsed, its comments alone are read: {error}"
    told += _comments(content)
    for line, level, name, text in sorted(told, key=lambda entry: entry[:2]):
        if name:
            builder.heading(level, code(name), line)
        if text:
            _docstring_into(builder, text, line, level)
    return builder.document(problem)


def _docstring_into(builder: Builder, text: str, line: int, level: int) -> None:
    """A docstring's sentences; its sections of parameters assert nothing by themselves and become code."""
    lines = text.split("\n")
    margin = min((len(row) - len(row.lstrip()) for row in lines[1:] if row.strip()), default=0)
    lines = [lines[0].strip(), *(row[margin:] for row in lines[1:])]
    start = 0
    while start < len(lines):
        is_section = _SECTION.match(lines[start]) is not None
        end = start + 1
        while end < len(lines) and not _begins_part(lines, end, is_section=is_section):
            end += 1
        part = lines[start:end]
        if is_section:
            builder.add("code", "\n".join(part).rstrip(), line + start)
        else:
            text_into(builder, part, line + start, is_rst=True, below=level)
        start = end


def _begins_part(lines: list[str], index: int, *, is_section: bool) -> bool:
    if _SECTION.match(lines[index]):
        return True
    dedents = bool(lines[index].strip()) and not lines[index].startswith((" ", "\t", "---", "==="))
    return is_section and dedents and not lines[index - 1].strip()


def _docstrings(tree: ast.Module) -> Iterator[tuple[int, int, str, str]]:
    """(line, level, name, text) of the module, and of every class and function with a docstring."""
    if found := _docstring(tree):
        yield found[0], 1, "", found[1]
    waiting: list[tuple[ast.AST, str, int]] = [(tree, "", 1)]
    while waiting:
        holder, above, level = waiting.pop()
        for node in ast.iter_child_nodes(holder):
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                # Definitions inside `if` and `try` are the module's own.
                waiting.append((node, above, level))
                continue
            name = f"{above}.{node.name}" if above else node.name
            if found := _docstring(node):
                yield node.lineno, level + 1, name, ""
                yield max(found[0], node.lineno), level + 1, "", found[1]
            waiting.append((node, name, level + 1))


def _docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[int, str] | None:
    first = node.body[0] if node.body else None
    value = first.value if isinstance(first, ast.Expr) else None
    if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value.strip():
        return value.lineno, value.value
    return None


def _comments(content: str) -> Iterator[tuple[int, int, str, str]]:
    """Comments of whole lines, those that follow each other joined; directives to tools are none."""
    held: list[str] = []
    start = 0
    for line, text in _comment_lines(content):
        if held and line != start + len(held):
            yield from _comment(start, held)
            held = []
        start = start if held else line
        held.append(text)
    yield from _comment(start, held)


def _comment(start: int, held: list[str]) -> Iterator[tuple[int, int, str, str]]:
    text = "\n".join(held)
    if len(text.split()) >= _FEWEST_WORDS and not _is_code(held):
        yield start, 9, "", text


def _is_code(held: list[str]) -> bool:
    """Whether a comment is a statement that was commented out."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse("\n".join(held))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _comment_lines(content: str) -> Iterator[tuple[int, str]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(content).readline):
            alone = token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip()
            if alone and not _PRAGMA.match(token.string):
                yield token.start[0], token.string.lstrip("#").removeprefix(" ").rstrip()
    except (tokenize.TokenError, SyntaxError, ValueError):
        return
