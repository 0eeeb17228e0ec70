"""YAML and JSON: what a schema demands of a column, field or parameter, and what its description says of it.

Reads OpenAPI and JSON Schema (`default`, `enum`, `minimum`, `maximum`, `nullable`), and dbt's tests
(`accepted_values`, `not_null`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import yaml

from semops_data.corpus.facts.model import Fact
from semops_data.corpus.facts.stated import constraints_of, nullable, shortened
from semops_data.corpus.facts.values import set_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semops_data.corpus.facts.values import Value

_NAMES = ("name", "title", "id", "operationId")
_TEXTS = ("description", "definition", "summary")
_CONSTRAINED = re.compile(r"\b(?:default|enum|minimum|maximum|nullable|accepted_values|not_null)\b")
_VERBS = frozenset({"get", "put", "post", "delete", "patch", "head", "options", "trace"})
_HELD_BY = ("schema", "items")
_DEEPEST = 40
_FEWEST_WORDS = 2


def data_facts(document_id: str, content: str) -> Iterator[Fact]:
    """Facts of the mappings that have both a description and a constraint; nothing is built from the file."""
    if not _CONSTRAINED.search(content):
        return
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for root in yaml.compose_all(content, Loader=loader):
            if root is not None:
                yield from _Walk(document_id, content.split("\n")).node(root, "", "", 0)
    except (yaml.YAMLError, RecursionError, ValueError):
        return


class _Walk:
    def __init__(self, document_id: str, lines: list[str]) -> None:
        self.document_id, self.lines = document_id, lines
        self.seen: set[int] = set()

    def node(self, node: Any, key: str, above: str, depth: int) -> Iterator[Fact]:
        """Facts of a node and of what lies below it; `above` names what holds it."""
        if id(node) in self.seen or depth > _DEEPEST:
            return
        self.seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            for item in node.value:
                yield from self.node(item, key, above, depth + 1)
        elif isinstance(node, yaml.MappingNode):
            held = {child.value: value for child, value in node.value if isinstance(child, yaml.ScalarNode)}
            named = next((held[n].value for n in _NAMES if isinstance(held.get(n), yaml.ScalarNode)), "")
            name = (named or key)[:80]
            subject = f"`{name}`" + (f" of `{above}`" if above else "")
            # Each mapping is a thing of its own, whatever else bears its name.
            scope = f"{self.document_id}:{node.start_mark.line}"
            yield from (replace(fact, scope=scope) for fact in self._constrained(held, subject))
            # A list or mapping of columns, properties or parameters is no owner of its own.
            is_owner = key.startswith("/") or "properties" in held or any(text in held for text in _TEXTS)
            owner = f"{key.upper()} {above}" if key in _VERBS else named[:80] or (key if is_owner else above)
            for child, value in held.items():
                yield from self.node(value, child, owner, depth + 1)

    def _constrained(self, held: dict[str, Any], subject: str) -> Iterator[Fact]:
        texts = [held[name] for name in _TEXTS if _is_text(held.get(name))]
        demanded = list(_demands(held))
        if not texts or not demanded:
            return
        aspects = {aspect for aspect, _, _ in demanded}
        for text in texts:
            first = int(text.start_mark.line) + (2 if text.style in {"|", ">"} else 1)
            for said in constraints_of(text.value):
                if said.aspect in aspects:
                    # A folded text has lost its lines: what cannot be placed stands at its first.
                    offset = said.offset if text.style == "|" else 0
                    yield Fact(subject, said.aspect, said.value, self.document_id, first + offset, said.words)
        for aspect, value, node in demanded:
            quote = shortened(self._source(node))
            yield Fact(subject, aspect, value, self.document_id, node.start_mark.line + 1, quote, is_stated=False)

    def _source(self, node: Any) -> str:
        """The lines of a value with its key, as they stand in the file."""
        start, end = int(node.start_mark.line), int(node.end_mark.line)
        is_short = node.end_mark.column == 0 and end > start
        if isinstance(node, yaml.SequenceNode) and node.flow_style is False and start:
            start -= 1
        return " ".join(self.lines[start : end if is_short else end + 1]).strip()


def _demands(held: dict[str, Any]) -> Iterator[tuple[str, Value, Any]]:
    """(property, value, node) of each constraint of a mapping, of its schema, and of its tests."""
    parts = [held, *(_mapping(held.get(name)) for name in _HELD_BY)]
    for part in parts:
        for key, aspect in (("default", "default"), ("minimum", "minimum"), ("maximum", "maximum")):
            node = part.get(key)
            if isinstance(node, yaml.ScalarNode) and (value := value_of(node.value)) is not None:
                yield aspect, value, node
        members = part.get("enum")
        if isinstance(members, yaml.SequenceNode) and (value := _members(members)) is not None:
            yield "allowed values", value, members
        flag = part.get("nullable")
        if isinstance(flag, yaml.ScalarNode) and flag.value in {"true", "false"}:
            yield "nullability", nullable(is_null=flag.value == "true"), flag
    for name in ("tests", "data_tests"):
        tests = held.get(name)
        yield from _tested(tests) if isinstance(tests, yaml.SequenceNode) else ()


def _tested(tests: Any) -> Iterator[tuple[str, Value, Any]]:
    for test in tests.value:
        if isinstance(test, yaml.ScalarNode) and test.value == "not_null":
            yield "nullability", nullable(is_null=False), test
        accepted = _mapping(_mapping(test).get("accepted_values"))
        values = accepted.get("values") or _mapping(accepted.get("arguments")).get("values")
        if isinstance(values, yaml.SequenceNode) and (value := _members(values)) is not None:
            yield "allowed values", value, values


def _members(node: Any) -> Value | None:
    return set_of([item.value for item in node.value if isinstance(item, yaml.ScalarNode)])


def _mapping(node: Any) -> dict[str, Any]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}


def _is_text(node: Any) -> bool:
    return isinstance(node, yaml.ScalarNode) and len(node.value.split()) >= _FEWEST_WORDS
