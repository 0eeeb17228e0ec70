"""Python: what a signature gives a parameter as its default, and what the docstring says that it is."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

from semops_data.corpus.facts.model import Fact
from semops_data.corpus.facts.stated import default_of, shortened
from semops_data.corpus.facts.values import set_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semops_data.corpus.facts.values import Value

Function = ast.FunctionDef | ast.AsyncFunctionDef
_STATES = re.compile(r"default", re.IGNORECASE)
# A parameter at the beginning of a line: NumPy's `name : type`, Google's `name (type): text`, Sphinx's `:param name:`.
_PARAMETER = re.compile(
    r"^(?P<indent>[ \t]*)(?:(?::param(?:eter)?\s+(?:[^:\n]*?\s)?)(?P<field>\w+):|"
    r"(?P<names>\*{0,2}`{0,2}[A-Za-z_]\w*`{0,2}(?:\s*,\s*`{0,2}[A-Za-z_]\w*`{0,2}){0,4})(?:\s*\((?P<brackets>[^\n]*)\))?\s*:(?!:))"
    r"(?P<rest>[^\n]*)$",
    re.MULTILINE,
)
_CHOICE = re.compile(r"^\W*\{(?P<members>(?:\s*['\"][^'\"{}]{1,40}['\"]\s*,?)+)\}")
_QUOTED = re.compile(r"['\"]([^'\"]{1,40})['\"]")
_PROSE = re.compile(r"(?!None\b)[A-Z][a-z]*(?:\s+\S+){3}")
LONGEST_BODY = 40


def python_facts(document_id: str, content: str) -> Iterator[Fact]:
    """Facts of the functions and classes of a file that state a default or a choice; the file is parsed, not run."""
    if not _STATES.search(content):
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    lines = content.split("\n")
    for name, documented, function in _documented(tree):
        text = ast.get_docstring(documented, clean=False)
        if text is None or function is None:
            continue
        held = list(_signature(function))
        parameters = {argument.arg for argument, _ in held}
        spoken = list(_stated(name, document_id, documented, text, parameters, lines))
        # What nobody speaks of needs no second side.
        told = {(fact.subject, fact.aspect) for fact in spoken}
        obeyed = (fact for fact in _obeyed(name, document_id, held, lines) if (fact.subject, fact.aspect) in told)
        # A name may be defined twice in a file: each signature is held against its own docstrings.
        yield from (replace(fact, scope=f"{document_id}:{function.lineno}") for fact in (*spoken, *obeyed))


def _documented(tree: ast.Module) -> Iterator[tuple[str, ast.ClassDef | Function, Function | None]]:
    """(name, what has the docstring, whose signature it is about); a class speaks of its `__init__`."""
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    while waiting:
        holder, above = waiting.pop()
        for node in ast.iter_child_nodes(holder):
            if isinstance(node, ast.ClassDef):
                name = f"{above}.{node.name}" if above else node.name
                own = (child for child in node.body if isinstance(child, Function))
                yield name, node, next((child for child in own if child.name == "__init__"), None)
                waiting.append((node, name))
            elif isinstance(node, Function):
                name = f"{above}.{node.name}" if above else node.name
                yield name.removesuffix(".__init__"), node, node
                waiting.append((node, name))
            else:
                waiting.append((node, above))


def _signature(function: Function) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    """Each parameter with its default."""
    told = function.args
    plain = [*told.posonlyargs, *told.args]
    yield from zip(plain, [*[None] * (len(plain) - len(told.defaults)), *told.defaults], strict=True)
    yield from zip(told.kwonlyargs, told.kw_defaults, strict=True)


def _obeyed(
    name: str, document_id: str, held: list[tuple[ast.arg, ast.expr | None]], lines: list[str]
) -> Iterator[Fact]:
    for argument, default in held:
        subject = f"`{argument.arg}` of `{name}`"
        quote = _written(argument, default, lines)
        if default is not None and (value := _constant(default)) is not None:
            yield Fact(subject, "default", value, document_id, argument.lineno, quote, is_stated=False)
        if (choice := _literals(argument.annotation)) is not None:
            yield Fact(subject, "allowed values", choice, document_id, argument.lineno, quote, is_stated=False)


def _written(argument: ast.arg, default: ast.expr | None, lines: list[str]) -> str:
    """The parameter as it stands in the signature."""
    last = default or argument
    if last.end_lineno != argument.lineno or last.end_col_offset is None:
        return shortened(lines[argument.lineno - 1].strip())
    line = lines[argument.lineno - 1].encode()
    return shortened(line[argument.col_offset : last.end_col_offset].decode(errors="replace"))


def _constant(node: ast.expr) -> Value | None:
    """The value of a literal; None for what is computed, and for None, which mostly means "decided later"."""
    try:
        held = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return value_of(repr(held)) if isinstance(held, bool | int | float | str) else None


def _literals(annotation: ast.expr | None) -> Value | None:
    """The choice that an annotation `Literal["a", "b"]` leaves."""
    if not isinstance(annotation, ast.Subscript) or not ast.unparse(annotation.value).endswith("Literal"):
        return None
    inside = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
    texts = [node.value for node in inside if isinstance(node, ast.Constant)]
    return set_of([str(text) for text in texts]) if all(isinstance(text, str) for text in texts) else None


def _stated(
    name: str, document_id: str, documented: ast.ClassDef | Function, text: str, known: set[str], lines: list[str]
) -> Iterator[Fact]:
    """What the docstring says of parameters that the signature has."""
    first = documented.body[0].lineno
    # A line that ends in a backslash continues: the string begins on the next one.
    first += lines[first - 1].rstrip().endswith("\\")
    waiting = set(known)
    for match in _PARAMETER.finditer(text):
        names = [match["field"]] if match["field"] else re.findall(r"\w+", match["names"])
        line = first + text[: match.start("rest")].count("\n")
        head, body = _told(match, _body(text, match, known))
        # What is described once more below is a result or an attribute of the same name.
        own = waiting.intersection(names)
        waiting -= own
        for parameter in own:
            subject = f"`{parameter}` of `{name}`"
            label = shortened(match[0].strip())
            for said in default_of(head, body):
                words = label if said.is_beside else said.words
                yield Fact(subject, said.aspect, said.value, document_id, line + said.offset, words)
            choice = _CHOICE.match(match["rest"])
            members = set_of(_QUOTED.findall(choice["members"])) if choice else None
            if members is not None:
                yield Fact(subject, "allowed values", members, document_id, line, label)


def _told(match: re.Match[str], below: str) -> tuple[str, str]:
    """What stands beside a parameter's name, its type and marks, and the text about it."""
    rest = match["rest"].strip()
    is_text = match["field"] or match["brackets"] or _PROSE.match(rest)
    head = match["brackets"] or ("" if is_text else rest)
    return head, f"{rest}\n{below}" if is_text else f"\n{below}"


def _body(text: str, match: re.Match[str], known: set[str]) -> str:
    """What is indented below a parameter's line, up to the next parameter however that is indented."""
    indent, held = len(match["indent"].expandtabs()), []
    for line in text[match.end() + 1 :].split("\n")[:LONGEST_BODY]:
        if line.strip() and len(line.expandtabs()) - len(line.expandtabs().lstrip()) <= indent:
            break
        after = _PARAMETER.match(line)
        if after is not None and known.intersection(re.findall(r"\w+", after["field"] or after["names"])):
            break
        held.append(line.strip())
    return "\n".join(held)
