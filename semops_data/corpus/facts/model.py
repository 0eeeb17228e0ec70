"""`Fact`, and `conflicts`: what two places say differently about one property of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from semops_data.corpus.facts.values import differs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from semops_data.corpus.facts.values import Value

ASPECTS = ("default", "allowed values", "minimum", "maximum", "nullability")
# More places than these say the same in other words; each conflict is told once, at the two places it begins with.
MOST_PER_SUBJECT = 3


@dataclass(frozen=True)
class Fact:
    """A value that one place gives to one property of a thing.

    Attributes:
        subject: what it is about; facts of two places are held against each other where this is the same.
        aspect: which property, one of `ASPECTS`.
        value: the value, comparable.
        document_id: where it is stated.
        line: line of the words, from 1.
        quote: the words as they stand there, on one line.
        is_stated: whether words say it; else the thing's own code or schema does.
        scope: what tells two things of one name apart, such as the line that each begins at.
    """

    subject: str
    aspect: str
    value: Value
    document_id: str
    line: int
    quote: str
    is_stated: bool = True
    scope: str = ""

    @property
    def place(self) -> str:
        """Document and line."""
        return f"{self.document_id}:{self.line}"


@dataclass(frozen=True)
class Conflict:
    """Two facts of which at most one holds; the one that a machine obeys comes second where there is one."""

    said: Fact
    against: Fact

    @property
    def detail(self) -> str:
        """Both quotes and where the other one stands, in one sentence."""
        return (
            f"the {self.said.aspect} of {self.said.subject}: “{self.said.quote}” against "
            f"“{self.against.quote}” ({self.against.place})"
        )


def conflicts(facts: Iterable[Fact]) -> list[Conflict]:
    """Every pair of places that give one property of one thing values that cannot both hold, by place.

    Words are held against code or a schema first, and against other words; two schemas are never held against each
    other, as each is right about its own.
    """
    held: dict[tuple[str, str, str], list[Fact]] = {}
    for fact in dict.fromkeys(facts):
        held.setdefault((fact.scope, fact.subject, fact.aspect), []).append(fact)
    found: list[Conflict] = []
    for group in held.values():
        own: list[Conflict] = []
        ordered = sorted(group, key=lambda fact: (not fact.is_stated, fact.document_id, fact.line))
        for place, one in enumerate(ordered):
            for other in ordered[place + 1 :]:
                is_same_place = (one.document_id, one.line, one.quote) == (other.document_id, other.line, other.quote)
                # Two texts, of which one says "none": the other says what none stands for.
                is_told_twice = other.is_stated and "nothing" in {one.value.kind, other.value.kind}
                if is_same_place or is_told_twice or not one.is_stated:
                    continue
                if differs(one.value, other.value):
                    own.append(Conflict(one, other))
        # A conflict with what a machine obeys says it all: two texts that differ from each other are its echo.
        decided = [conflict for conflict in own if not conflict.against.is_stated] or own
        found += decided[:MOST_PER_SUBJECT]
    return sorted(found, key=lambda conflict: (conflict.said.document_id, conflict.said.line, conflict.said.subject))
