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
    """

    rule: str
    strength: float
    detail: str
    differing: frozenset[str] = frozenset()
