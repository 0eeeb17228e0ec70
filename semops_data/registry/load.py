"""Read a registry file: YAML in, a checked `Registry` out, or every problem with its line.

The tree is read from YAML's own nodes, not from plain values, because only nodes know their lines.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from semops_data.contracts.meaning import CLASSIFICATIONS, LIFECYCLES, PATTERN_TYPES, PREDICATES, PROVENANCES
from semops_data.registry.model import Capability, Edge, Measure, Pattern, Problem, Registry, RegistryError
from semops_data.registry.rules import problems_of

MAX_BYTES = 32_000_000
# libyaml is ten times as quick, and crashes on lists that are nested a hundred thousand deep.
DEPTH_OF_C = 500
OPENING = re.compile(r"[\[{]")
FLAT = re.compile(r"[\[{][^\[\]{}\"']*[\]}]")
INDENT = re.compile(r"^[ \t\-?:]*", re.MULTILINE)
PATTERN_KEYS = {
    "id", "label", "alternatives", "definition", "type", "provenance", "lifecycle", "owner", "visibility",
    "decision_weight", "source", "baseline", "edges",
}  # fmt: skip
MEASURE_KEYS = {"id", "label", "definition", "source"}
CAPABILITY_KEYS = {"id", "label", "description", "classification", "lifecycle", "implements", "delivered_by"}
EDGE_KEYS = {"predicate", "target", "strength", "rationale"}


def load(path: Path | str) -> Registry:
    """The registry in a file.

    Args:
        path: a YAML file as `docs/registry.md` describes it.

    Raises:
        RegistryError: with one problem per fault, each with file and line.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise RegistryError([Problem(str(path), 1, f"the file is larger than {MAX_BYTES:,} bytes: split it up")])
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        hint = "create it, set SEMOPS_REGISTRY to another file, or propose one with `dst registry derive`"
        raise RegistryError([Problem(str(path), 1, f"the registry file does not exist: {hint}")]) from None
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not UTF-8: save the file as UTF-8"
        raise RegistryError([Problem(str(path), 1, message)]) from None
    except OSError as error:
        raise RegistryError([Problem(str(path), 1, f"the registry file cannot be read: {error.strerror}")]) from error
    return parse(text, str(path))


def parse(text: str, file: str = "registry") -> Registry:
    """The registry in a text; `file` is the name that problems carry.

    Raises:
        RegistryError: with one problem per fault.
    """
    try:
        root = yaml.compose(text, Loader=_loader(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        message = f"not YAML: {getattr(error, 'problem', None) or error}"
        raise RegistryError([Problem(file, mark.line + 1 if mark else 1, message)]) from None
    except RecursionError:
        raise RegistryError([Problem(file, 1, "not a registry: lists and mappings are nested too deep")]) from None
    reader = _Reader(file)
    registry = reader.registry(root)
    # What a broken entry means to others is unknown: relations are judged once every entry can be read.
    problems = reader.problems or problems_of(registry)
    if problems:
        raise RegistryError(problems)
    return registry


def _loader(text: str) -> Any:
    """The quick loader where a glance tells that nothing is nested deep; else the patient one."""
    indented = max((len(match.group()) for match in INDENT.finditer(text)), default=0)
    # Lists and mappings on one line that hold no other and no quote are one deep, however many there are.
    is_shallow = indented + len(OPENING.findall(FLAT.sub("", text))) < DEPTH_OF_C
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader) if is_shallow else yaml.SafeLoader


class _Reader:
    """Walks the nodes of one file and collects what is wrong."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def fault(self, node: yaml.Node | None, message: str) -> None:
        self.problems.append(Problem(self.file, node.start_mark.line + 1 if node else 1, message))

    def registry(self, root: yaml.Node | None) -> Registry:
        top = self.mapping(root, {"version", "patterns", "measures", "capabilities"}, "the registry")
        if "version" in top and self.text(top, "version", root) != "1":
            self.fault(top["version"], "version is the format's version: only 1 is known")
        declared = self.sequence(top.get("patterns"), "patterns")
        if root is not None and not declared:
            self.fault(root, "no patterns: add a list `patterns:` with at least one entry")
        edges: list[Edge] = []
        patterns = tuple(self.pattern(node, edges) for node in declared)
        entries = self.sequence(top.get("capabilities"), "capabilities")
        capabilities = tuple(self.capability(node) for node in entries)
        measures = tuple(self.measure(node) for node in self.sequence(top.get("measures"), "measures"))
        return Registry(patterns, capabilities, tuple(edges), self.file, measures)

    def measure(self, node: yaml.Node) -> Measure:
        entry = self.mapping(node, MEASURE_KEYS, "a measure")
        path, _, anchor = self.text(entry, "source", node).partition("#")
        return Measure(
            measure_id=self.text(entry, "id", node, required=True),
            label=self.text(entry, "label", node, required=True),
            definition=self.text(entry, "definition", node, required=True),
            source_path=path or None,
            source_anchor=anchor or None,
            file=self.file,
            line=node.start_mark.line + 1,
        )

    def pattern(self, node: yaml.Node, edges: list[Edge]) -> Pattern:
        entry = self.mapping(node, PATTERN_KEYS, "a pattern")
        pattern_id = self.text(entry, "id", node, required=True)
        path, _, anchor = self.text(entry, "source", node).partition("#")
        edges += [self.edge(child, pattern_id) for child in self.sequence(entry.get("edges"), "edges")]
        return Pattern(
            pattern_id=pattern_id,
            label=self.text(entry, "label", node, required=True),
            definition=self.text(entry, "definition", node, required=True),
            alternative_labels=self.texts(entry, "alternatives"),
            pattern_type=self.choice(entry, "type", PATTERN_TYPES, "domain"),
            provenance=self.choice(entry, "provenance", PROVENANCES, "1P"),
            lifecycle=self.choice(entry, "lifecycle", LIFECYCLES, "active"),
            owner=self.text(entry, "owner", node) or None,
            visibility=self.grade(entry, "visibility"),
            decision_weight=self.grade(entry, "decision_weight"),
            source_path=path or None,
            source_anchor=anchor or None,
            valid_from=self.moment(entry, "baseline"),
            file=self.file,
            line=node.start_mark.line + 1,
        )

    def capability(self, node: yaml.Node) -> Capability:
        entry = self.mapping(node, CAPABILITY_KEYS, "a capability")
        return Capability(
            capability_id=self.text(entry, "id", node, required=True),
            label=self.text(entry, "label", node, required=True),
            description=self.text(entry, "description", node, required=True),
            classification=self.choice(entry, "classification", CLASSIFICATIONS, "core"),
            lifecycle=self.choice(entry, "lifecycle", LIFECYCLES, "active"),
            implements=self.texts(entry, "implements"),
            delivered_by=self.texts(entry, "delivered_by"),
            file=self.file,
            line=node.start_mark.line + 1,
        )

    def edge(self, node: yaml.Node, source_id: str) -> Edge:
        entry = self.mapping(node, EDGE_KEYS, "an edge")
        return Edge(
            source_id=source_id,
            predicate=self.choice(entry, "predicate", PREDICATES, None),
            target_id=self.text(entry, "target", node, required=True),
            strength=self.share(entry, "strength"),
            rationale=self.text(entry, "rationale", node) or None,
            line=node.start_mark.line + 1,
        )

    def mapping(self, node: yaml.Node | None, known: set[str], what: str) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            self.fault(node, f"{what} must be a mapping with the keys {', '.join(sorted(known))}")
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name not in known:
                self.fault(key, f"unknown key {name!r} in {what}: known are {', '.join(sorted(known))}")
            elif name in found:
                self.fault(key, f"key {name!r} stands twice in {what}: keep one")
            found[name] = value
        return found

    def sequence(self, node: yaml.Node | None, name: str) -> list[yaml.Node]:
        if node is None or (isinstance(node, yaml.ScalarNode) and node.value in {"", "null", "~"}):
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.fault(node, f"{name} must be a list")
            return []
        return list(node.value)

    def text(self, entry: dict[str, yaml.Node], name: str, parent: yaml.Node | None, *, required: bool = False) -> str:
        node = entry.get(name)
        if node is not None and not isinstance(node, yaml.ScalarNode):
            self.fault(node, f"{name} must be a text")
            return ""
        value = "" if node is None or node.tag.endswith(":null") else " ".join(str(node.value).split())
        if required and not value:
            self.fault(node or parent, f"{name} is missing: give it a text")
        return value

    def texts(self, entry: dict[str, yaml.Node], name: str) -> tuple[str, ...]:
        nodes = self.sequence(entry.get(name), name)
        return tuple(self.text({name: node}, name, node, required=True) for node in nodes)

    def choice(self, entry: dict[str, yaml.Node], name: str, allowed: tuple[str, ...], default: str | None) -> str:
        node = entry.get(name)
        value = self.text(entry, name, None)
        if node is None and default is not None:
            return default
        if value not in allowed:
            self.fault(node or next(iter(entry.values()), None), f"{name} {value!r} is none of {', '.join(allowed)}")
        return value

    def grade(self, entry: dict[str, yaml.Node], name: str) -> int:
        value = self.text(entry, name, None) or "3"
        if value not in {"1", "2", "3", "4", "5"}:
            self.fault(entry.get(name), f"{name} {value!r} is not a whole number from 1 to 5")
            return 3
        return int(value)

    def share(self, entry: dict[str, yaml.Node], name: str) -> float:
        value = self.text(entry, name, None) or "1"
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number <= 1:
            self.fault(entry.get(name), f"{name} {value!r} is not a number from 0 to 1")
            return 1.0
        return number

    def moment(self, entry: dict[str, yaml.Node], name: str) -> datetime | None:
        value = self.text(entry, name, None)
        if not value:
            return None
        try:
            return _utc(value)
        except ValueError:
            self.fault(entry.get(name), f"{name} {value!r} is not a date: write 2026-01-31")
            return None


def _utc(value: str) -> datetime:
    """Midnight UTC of a date, or the instant of a date and time (UTC where it names no zone)."""
    if len(value) <= len("2026-01-31"):
        day = date.fromisoformat(value)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    moment: Any = datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)  # type: ignore[no-any-return]
