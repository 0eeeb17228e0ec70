"""`Hit`: a rule that fired on two sentences, and what it saw."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hit:
    """A rule that fired.

    Attributes:
        rule: its name.
        strength: how grave such a difference is in a fully aligned pair, in (0, 1].
        detail: what differs, in words.
        differing: stems that the rule is about; they take no part in the alignment.
        weight: how much a poor alignment and another case count against it, positive: a difference that is rare in
            sentences about other things needs fewer shared words. The alignment is raised to it.
    """

    rule: str
    strength: float
    detail: str
    differing: frozenset[str] = frozenset()
    weight: float = 1.0
