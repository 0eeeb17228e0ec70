"""The values of a registry: patterns, edges, capabilities, and what is wrong with them."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

IDENTIFIER = re.compile(r"^(?=.{3,50}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$")


@dataclass(frozen=True)
class Edge:
    """A relation between two patterns; `strength` is the confidence in [0, 1]."""

    source_id: str
    predicate: str
    target_id: str
    strength: float = 1.0
    rationale: str | None = None
    line: int = 1


@dataclass(frozen=True)
class Pattern:
    """A registered pattern.

    Attributes:
        pattern_id: kebab-case, 3 to 50 characters.
        label: preferred name.
        definition: whole sentences, one space between words.
        alternative_labels: other names of the same pattern.
        visibility: 1 (few people meet it) to 5 (everyone).
        decision_weight: 1 (little hangs on it) to 5.
        source_path: document that holds the canonical definition, below the corpus root.
        source_anchor: slug of the heading in that document.
        valid_from: the baseline, when the pattern became active.
        file: registry file as it was named.
        line: line of the declaration, from 1.
    """

    pattern_id: str
    label: str
    definition: str
    alternative_labels: tuple[str, ...] = ()
    pattern_type: str = "domain"
    provenance: str = "1P"
    lifecycle: str = "active"
    owner: str | None = None
    visibility: int = 3
    decision_weight: int = 3
    source_path: str | None = None
    source_anchor: str | None = None
    valid_from: datetime | None = None
    file: str = ""
    line: int = 1

    @property
    def surface_area(self) -> int:
        """Visibility times decision weight, 1 to 25."""
        return self.visibility * self.decision_weight

    @property
    def labels(self) -> tuple[str, ...]:
        """The preferred label, then the alternative ones."""
        return (self.label, *self.alternative_labels)


@dataclass(frozen=True)
class Measure:
    """What a count or a plain sum counts: defined, but no pattern, for its name is an everyday word.

    Attributes:
        measure_id: kebab-case, the term that columns carry; no pattern has it.
        label: name as people write it.
        definition: whole sentences, one space between words.
        source_path: document that holds the canonical definition, below the corpus root.
        source_anchor: slug of the heading in that document.
        file: registry file as it was named.
        line: line of the declaration, from 1.
    """

    measure_id: str
    label: str
    definition: str
    source_path: str | None = None
    source_anchor: str | None = None
    file: str = ""
    line: int = 1


@dataclass(frozen=True)
class Capability:
    """Named, bounded functionality; `implements` holds pattern ids, `delivered_by` repositories."""

    capability_id: str
    label: str
    description: str
    classification: str = "core"
    lifecycle: str = "active"
    implements: tuple[str, ...] = ()
    delivered_by: tuple[str, ...] = ()
    file: str = ""
    line: int = 1


@dataclass(frozen=True, order=True)
class Problem:
    """Something wrong at a line of a registry file.

    Attributes:
        file: the registry file.
        line: line of the cause, from 1.
        message: what is wrong and what to do.
        severity: error (refused), critical (loads, blocks the graph) or warning.
        rule: kebab-case name of the rule.
    """

    file: str
    line: int
    message: str
    severity: str = "error"
    rule: str = "format"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.severity}: {self.message}"


class RegistryError(ValueError):
    """A registry cannot be used; `problems` holds every reason, in the order of the file."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UnknownPatternError(LookupError):
    """A pattern id is asked for that the registry does not hold."""


@dataclass(frozen=True)
class Registry:
    """What one registry file declares, in the order of the file."""

    patterns: tuple[Pattern, ...]
    capabilities: tuple[Capability, ...] = ()
    edges: tuple[Edge, ...] = field(default=())
    file: str = ""
    measures: tuple[Measure, ...] = ()

    @cached_property
    def by_id(self) -> dict[str, Pattern]:
        """Patterns under their ids."""
        return {pattern.pattern_id: pattern for pattern in self.patterns}

    def pattern(self, pattern_id: str) -> Pattern:
        """The pattern of that id.

        Raises:
            UnknownPatternError: naming the nearest ids there are.
        """
        try:
            return self.by_id[pattern_id]
        except KeyError:
            near = nearest(pattern_id, self.by_id)
            raise UnknownPatternError(f"no pattern {pattern_id!r} in {self.file or 'the registry'}; {near}") from None


def nearest(name: str, known: dict[str, Pattern] | set[str] | list[str]) -> str:
    """A hint for a name that is not known: the nearest known ones, or how many there are."""
    close = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.5)
    return f"did you mean {', '.join(close)}?" if close else f"the registry holds {len(known)} patterns"
