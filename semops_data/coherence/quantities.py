"""Quantities: the numbers of a sentence with their units, and where two sentences give one measure two of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product

from semops_data.coherence.hit import Hit
from semops_data.coherence.lexicon import SECONDS, UNITS
from semops_data.coherence.text import STOP, content, stem

QUANTITY = re.compile(
    r"(?P<before>[$€])?(?<![\w.])(?<!\w[-–])(?P<value>[-+]?\d+(?:[,_]\d{3})*(?:\.\d+)?)(?![\d]*[-–]?\w*\.\w)"
    r"\s*(?P<unit>%|[A-Za-z]+)?"
)
COMPARATORS = re.compile(r"(>=|<=|≥|≤|>|<|=)\s*$|\b(at least|at most|more than|less than|above|below|over|under)\s*$")
LESS = frozenset({"<", "<=", "≤", "at most", "less than", "below", "under"})
# Verbs that follow a number and are no measure.
TELLING = frozenset({"means", "indicates", "counts", "shows", "says"})
# Share of the words that must be the same before numbers without a unit are about the same thing.
SAME_FRAME = 0.8


@dataclass(frozen=True)
class Quantity:
    """A number, its unit (canonical, or empty), the word that follows it, and whether it is a limit (`<`, `>`, `=`)."""

    value: float
    unit: str
    noun: str
    compared: str


def _direction(before: str) -> str:
    """`<`, `>` or `=` where the words before a number compare something with it."""
    found = COMPARATORS.search(before)
    if found is None:
        return ""
    told = found[0].strip()
    return "=" if told == "=" else "<" if told in LESS else ">"


def quantities(text: str) -> list[Quantity]:
    """The quantities of a sentence; parts of names and versions ("v1.2", "utf-8") are none."""
    found = []
    for match in QUANTITY.finditer(text):
        word = (match["unit"] or "").casefold()
        unit = UNITS.get(word) or UNITS.get(match["before"] or "", "")
        noun = "" if unit or word in STOP | TELLING else stem(word)
        value = float(match["value"].replace(",", "").replace("_", ""))
        compared = _direction(text[: match.start()].casefold()[-12:])
        found.append(Quantity(value, unit, noun, compared))
    return found


def _size(quantity: Quantity) -> tuple[float, str]:
    """A quantity in the base unit of its dimension: 24 hours are a day."""
    seconds = SECONDS.get(quantity.unit)
    return (quantity.value, quantity.unit) if seconds is None else (round(quantity.value * seconds, 6), "s")


def _measure(quantity: Quantity) -> tuple[str, str, str]:
    return quantity.unit, quantity.noun, quantity.compared


def number_conflict(left: str, right: str) -> Hit | None:
    """The same measure with another number, or the same number in another unit."""
    ours, theirs = quantities(left), quantities(right)
    if not ours or not theirs:
        return None
    shared = set(map(_size, ours)) & set(map(_size, theirs))
    for a, b in product(ours, theirs):
        if _size(a) in shared or _size(b) in shared:
            continue
        if a.value == b.value and a.unit and b.unit and a.unit != b.unit:
            return Hit("unit", 0.95, f"{a.value:g} {a.unit} against {b.value:g} {b.unit}")
        same = (
            (a.unit and a.unit == b.unit) or (a.noun and a.noun == b.noun) or (a.compared and a.compared == b.compared)
        )
        if same and a.value != b.value and a.unit == b.unit:
            measure = a.unit or a.noun or "threshold"
            return Hit("number", 0.95, f"{a.value:g} against {b.value:g} ({measure})")
    return _number_in_the_same_frame(left, right, ours, theirs)


def _number_in_the_same_frame(left: str, right: str, ours: list[Quantity], theirs: list[Quantity]) -> Hit | None:
    """Numbers without a unit or noun, in sentences that are otherwise nearly the same words."""
    if sorted((q.value, q.unit) for q in ours) == sorted((q.value, q.unit) for q in theirs):
        return None
    here, there = ({token for token in content(text) if not token.isdigit()} for text in (left, right))
    if len(ours) != len(theirs) or len(here & there) < SAME_FRAME * max(len(here | there), 1):
        return None
    for a, b in zip(ours, theirs, strict=True):
        if a.value != b.value and a.unit == b.unit:
            return Hit("number", 0.9, f"{a.value:g} against {b.value:g}")
    return None
