"""What a registry must obey, beyond the shape of its file.

`problems_of` finds what makes it unusable; `audit` finds what it should do better, with a severity.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from semops_data.registry.model import IDENTIFIER, Capability, Measure, Problem, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semops_data.registry.model import Capability, Edge, Pattern, Registry

MIN_DEFINITION_WORDS = 5
ADOPTIONS = frozenset({"adopts", "extends", "modifies"})
WORD = re.compile(r"\w+")


def problems_of(registry: Registry) -> list[Problem]:
    """Every reason why the registry cannot be used: ids, labels, definitions, edges, cycles."""
    rules = (_identifiers, _labels, _definitions, _sources, _edges, _strengths, _cycles)
    return list(chain.from_iterable(rule(registry) for rule in rules))


def audit(registry: Registry) -> list[Problem]:
    """What a usable registry should do better, most severe first.

    Returns:
        Problems of severity critical (a capability that traces to no registered pattern) and warning.
    """
    rules = (_untraced, _orphans, _ownerless, _duplicates, _adoptions)
    found = list(chain.from_iterable(rule(registry) for rule in rules))
    return sorted(found, key=lambda problem: (problem.severity != "critical", problem.line))


def _problem(owner: Pattern | Measure | Capability, message: str, rule: str, severity: str = "error") -> Problem:
    return Problem(owner.file, owner.line, message, severity, rule)


def _identifiers(registry: Registry) -> Iterator[Problem]:
    entries: list[tuple[str, Pattern | Measure | Capability]] = [(p.pattern_id, p) for p in registry.patterns]
    entries += [(m.measure_id, m) for m in registry.measures] + [(c.capability_id, c) for c in registry.capabilities]
    seen: dict[tuple[bool, str], int] = {}
    for name, owner in entries:
        if not IDENTIFIER.match(name):
            yield _problem(owner, f"id {name!r} is not kebab-case, 3 to 50 characters: write my-pattern", "identifier")
        # A term leads to one definition: measures and patterns share their names. A capability may have a pattern's.
        key = (isinstance(owner, Capability), name)
        if key in seen:
            yield _problem(owner, f"id {name!r} is taken by line {seen[key]}: rename one of them", "identifier")
        seen.setdefault(key, owner.line)


def _labels(registry: Registry) -> Iterator[Problem]:
    seen: dict[str, Pattern] = {}
    for pattern in registry.patterns:
        for label in pattern.labels:
            other = seen.setdefault(label.casefold(), pattern)
            if other is not pattern:
                yield _problem(
                    pattern,
                    f"label {label!r} of {pattern.pattern_id} also names {other.pattern_id} (line {other.line}): "
                    "a name may mean one pattern only",
                    "label",
                )


def _definitions(registry: Registry) -> Iterator[Problem]:
    entries: list[tuple[str, Pattern | Measure]] = [(p.pattern_id, p) for p in registry.patterns]
    for name, entry in entries + [(m.measure_id, m) for m in registry.measures]:
        if len(entry.definition.split()) < MIN_DEFINITION_WORDS:
            yield _problem(
                entry,
                f"definition of {name} has fewer than {MIN_DEFINITION_WORDS} words: say in whole sentences what it is",
                "definition",
            )


def _sources(registry: Registry) -> Iterator[Problem]:
    for pattern in registry.patterns:
        path = pattern.source_path or ""
        if path.startswith("/") or "\\" in path or ".." in path.split("/") or re.match(r"^[A-Za-z]+:", path):
            yield _problem(
                pattern, f"source {path!r} is not a path below the corpus root: write docs/name.md#heading", "source"
            )


def _edges(registry: Registry) -> Iterator[Problem]:
    for edge in registry.edges:
        where = f"edge {edge.source_id} {edge.predicate} {edge.target_id}"
        if edge.target_id not in registry.by_id:
            hint = nearest(edge.target_id, registry.by_id)
            yield Problem(registry.file, edge.line, f"{where}: no such pattern; {hint}", rule="edge")
        elif edge.target_id == edge.source_id:
            yield Problem(registry.file, edge.line, f"{where}: a pattern is not related to itself", rule="edge")
    seen: dict[tuple[str, str, str], int] = {}
    for edge in registry.edges:
        first = seen.setdefault((edge.source_id, edge.predicate, edge.target_id), edge.line)
        if first != edge.line:
            message = f"edge {edge.source_id} {edge.predicate} {edge.target_id} stands already on line {first}"
            yield Problem(registry.file, edge.line, message, rule="edge")


def _strengths(registry: Registry) -> Iterator[Problem]:
    for edge in registry.edges:
        if not 0 <= edge.strength <= 1:
            message = f"edge {edge.source_id} {edge.predicate} {edge.target_id}: strength {edge.strength} is not 0 to 1"
            yield Problem(registry.file, edge.line, message, rule="strength")


def _cycles(registry: Registry) -> Iterator[Problem]:
    """One problem per edge that closes a circle of broader and narrower: depth first, in the time of one look."""
    above: dict[str, list[tuple[str, Edge]]] = {}
    for edge in registry.edges:
        low, high = edge.source_id, edge.target_id
        if edge.predicate == "narrower":
            low, high = high, low
        if edge.predicate in {"broader", "narrower"} and low != high:
            above.setdefault(low, []).append((high, edge))
    # 1 while a pattern is on the way that is walked, 2 when everything above it was seen.
    seen: dict[str, int] = {}
    for start in list(above):
        if start in seen:
            continue
        seen[start] = 1
        way = [(start, iter(above[start]))]
        while way:
            name, rest = way[-1]
            step = next(rest, None)
            if step is None:
                seen[name] = 2
                way.pop()
                continue
            high, edge = step
            if seen.get(high) == 1:
                where = f"edge {edge.source_id} {edge.predicate} {edge.target_id}"
                message = f"{where} closes a circle of broader and narrower"
                yield Problem(registry.file, edge.line, message, rule="cycle")
            elif high not in seen:
                seen[high] = 1
                way.append((high, iter(above.get(high, ()))))


def _untraced(registry: Registry) -> Iterator[Problem]:
    for capability in registry.capabilities:
        unknown = [name for name in capability.implements if name not in registry.by_id]
        for name in unknown:
            message = f"{capability.capability_id} implements {name!r}: {nearest(name, registry.by_id)}"
            yield _problem(capability, message, "traces-to-pattern", "critical")
        if len(unknown) == len(capability.implements):
            message = (
                f"capability {capability.capability_id} traces to no registered pattern: list one under `implements`"
            )
            yield _problem(capability, message, "traces-to-pattern", "critical")


def _orphans(registry: Registry) -> Iterator[Problem]:
    implemented = {name for capability in registry.capabilities for name in capability.implements}
    linked = implemented.union(*((edge.source_id, edge.target_id) for edge in registry.edges))
    for pattern in registry.patterns:
        if pattern.pattern_type == "concept" and pattern.pattern_id in implemented:
            message = f"concept {pattern.pattern_id} is lineage only: no capability may implement it"
            yield _problem(pattern, message, "concept-is-lineage", "warning")
        elif pattern.pattern_id not in linked:
            message = f"pattern {pattern.pattern_id} is neither implemented nor linked: add an edge"
            yield _problem(pattern, message, "orphan", "warning")


def _ownerless(registry: Registry) -> Iterator[Problem]:
    for pattern in registry.patterns:
        if pattern.owner is None:
            yield _problem(pattern, f"pattern {pattern.pattern_id} has no owner: name a team", "owner", "warning")


def _duplicates(registry: Registry) -> Iterator[Problem]:
    """Patterns whose definitions, or whose names, are made of the same words."""
    for what, words_of in (("definition", _definition_words), ("label", _label_words)):
        seen: dict[frozenset[str], Pattern] = {}
        for pattern in registry.patterns:
            words = words_of(pattern)
            other = seen.setdefault(words, pattern)
            if words and other is not pattern:
                message = (
                    f"{what} of {pattern.pattern_id} has the words of {other.pattern_id} (line {other.line}): keep one "
                    "entry, the other name as an alternative"
                )
                yield _problem(pattern, message, "duplicate", "warning")


def _definition_words(pattern: Pattern) -> frozenset[str]:
    # Its own name does not tell a definition from another one.
    own = {word for label in pattern.labels for word in WORD.findall(label.casefold())}
    return frozenset(WORD.findall(pattern.definition.casefold())) - own


def _label_words(pattern: Pattern) -> frozenset[str]:
    return frozenset(word.removesuffix("s") for word in WORD.findall(pattern.label.casefold()))


def _adoptions(registry: Registry) -> Iterator[Problem]:
    for edge in registry.edges:
        source = registry.by_id.get(edge.source_id)
        if source is not None and source.provenance == "3P" and edge.predicate in ADOPTIONS:
            message = (
                f"edge {edge.source_id} {edge.predicate} {edge.target_id}: a 3P pattern is adopted as it is; make "
                f"{edge.source_id} 1P or 2P, or turn the edge round"
            )
            yield Problem(registry.file, edge.line, message, "warning", "adoption")
