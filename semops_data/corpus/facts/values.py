"""Values of facts: read from code or words into a form in which two of them can be compared."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = re.compile(r"^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$", re.IGNORECASE)
_GROUPED = re.compile(r"^[-+]?\d{1,3}(?:[,_ ]\d{3})+(?:\.\d+)?$")
_WORD = re.compile(r"^[A-Za-z][\w.+/-]*$")
_TRUE, _FALSE, _NONE = {"true", "yes", "on"}, {"false", "no", "off"}, {"none", "null", "nil", "nothing"}
# Placeholders in code for "look elsewhere": what holds then stands in no signature.
_SENTINELS = frozenset({
    "deprecated", "warn", "warning", "auto", "default", "infer", "inferred", "unset", "undefined", "missing",
    "sentinel", "unspecified", "no_default", "estimator", "inherit", "legacy", "raise",
})  # fmt: skip
_QUOTES = "`'\"\u2018\u2019\u201c\u201d "
SHORTEST = 2


@dataclass(frozen=True)
class Value:
    """A value that can be held against another.

    Attributes:
        kind: number, truth, nothing, word or set.
        text: its canonical form; the members of a set, sorted and joined by line feeds.
        number: of a number.
    """

    kind: str
    text: str
    number: float = 0.0

    @property
    def members(self) -> frozenset[str]:
        """The members of a set."""
        return frozenset(self.text.split("\n"))


def value_of(text: str) -> Value | None:
    """The value that some words or a literal stand for; None where they stand for none that can be compared.

    A quoted number is a word in code and a number in words: both are read as the number.
    """
    inner = text.strip().strip(_QUOTES)
    low = inner.casefold()
    if not inner or low in _SENTINELS:
        return None
    if _GROUPED.match(inner):
        return _number(float(re.sub(r"[,_ ]", "", inner)))
    if _NUMBER.match(inner):
        return _number(float(inner))
    for kind, names in (("nothing", _NONE), ("truth", _TRUE | _FALSE)):
        if low in names:
            return Value(kind, str(low in _TRUE) if kind == "truth" else kind, float(low in _TRUE))
    return Value("word", low) if _WORD.match(inner) and len(inner) >= SHORTEST else None


def set_of(members: list[str]) -> Value | None:
    """The set of some members, each without quotes and case; None for fewer than two."""
    inner = sorted({member.strip().strip(_QUOTES).casefold() for member in members} - {""})
    return Value("set", "\n".join(inner)) if len(inner) >= SHORTEST else None


def differs(one: Value, other: Value) -> bool:
    """Whether two values cannot both hold.

    A word and a number may be two names of one thing, and so may a word and its abbreviation: those do not differ.
    """
    kinds = {one.kind, other.kind}
    if kinds <= {"number", "truth"}:
        return abs(one.number - other.number) > 1e-9 * max(abs(one.number), abs(other.number), 1e-300)
    if kinds == {"word"}:
        short, long = sorted((one.text, other.text), key=len)
        return not long.startswith(short) and not long.endswith(short)
    if kinds == {"set"}:
        return bool(one.members & other.members) and one.text != other.text
    return "nothing" in kinds and len(kinds) > 1 and "set" not in kinds


def _number(value: float) -> Value:
    return Value("number", f"{value:.12g}", value)
