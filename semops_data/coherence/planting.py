"""Planted faults: a sentence with its meaning turned, by a known kind; and nulls, whose meaning stays.

Mutation testing for meaning: what a score cannot see in planted cases, it does not see in natural ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from semops_data.coherence.rules import ANTONYMS, MODALITIES, QUANTITY, UNITS, quantities

COPULA = re.compile(r"\b(is|are|was|were|can|may|must|should|will|has to|does|do)\b(?! not\b)", re.IGNORECASE)
SWAPS = {a: b for pair in ANTONYMS for a, b in (pair, pair[::-1])}
UNIT_SWAPS = {"days": "hours", "hours": "days", "seconds": "minutes", "minutes": "seconds", "%": " points",
              "ms": "s", "day": "hour", "months": "weeks", "years": "months", "cents": "dollars"}  # fmt: skip
STRONG, WEAK = ("must", "shall", "always", "required"), ("may", "may", "sometimes", "optional")


def negate(text: str) -> str | None:
    """The sentence with its first verb negated; None where it has none of the plain ones."""
    match = COPULA.search(text)
    return f"{text[: match.end()]} not{text[match.end() :]}" if match else None


def change_number(text: str) -> str | None:
    """The sentence with its first quantity multiplied by three; None where there is none."""
    for match in QUANTITY.finditer(text):
        if not quantities(text):
            return None
        value = float(match["value"].replace(",", "").replace("_", ""))
        return f"{text[: match.start('value')]}{value * 3 if value else 3:g}{text[match.end('value') :]}"
    return None


def change_unit(text: str) -> str | None:
    """The sentence with the unit of a quantity replaced; None where no quantity has one that can be."""
    for match in QUANTITY.finditer(text):
        unit = match["unit"]
        if unit and unit.casefold() in UNITS and unit.casefold() in UNIT_SWAPS:
            return f"{text[: match.start('unit')]}{UNIT_SWAPS[unit.casefold()]}{text[match.end('unit') :]}"
    return None


def change_modality(text: str) -> str | None:
    """The sentence with an obligation turned into a permission or back; None where it has neither."""
    return _replace(text, dict(zip(STRONG, WEAK, strict=True)) | {"may": "must", "optional": "required"})


def swap_antonym(text: str) -> str | None:
    """The sentence with one word replaced by its opposite; None where it has no such word."""
    return _replace(text, {word: swap for word, swap in SWAPS.items() if word not in MODALITIES})


def typo(text: str) -> str | None:
    """A null: two letters of the longest word change places."""
    longest = max(re.findall(r"[A-Za-z]{5,}", text), key=len, default=None)
    return None if longest is None else text.replace(longest, longest[0] + longest[2] + longest[1] + longest[3:], 1)


def reorder(text: str) -> str | None:
    """A null: the clauses around the first comma change places."""
    head, comma, tail = text.rstrip(".").partition(", ")
    return f"{tail[:1].upper()}{tail[1:]}, {head[:1].lower()}{head[1:]}." if comma and tail else None


def reformat(text: str) -> str | None:
    """A null: other quotes, other spaces, upper-case start."""
    return f"  {text[:1].upper()}{text[1:]}".replace(" ", "  ", 2)


def _replace(text: str, swaps: dict[str, str]) -> str | None:
    for match in re.finditer(r"[A-Za-z]+", text):
        swap = swaps.get(match.group().casefold())
        if swap is not None:
            return text[: match.start()] + swap + text[match.end() :]
    return None


Mutation = Callable[[str], "str | None"]
FAULTS: dict[str, Mutation] = {
    "negation": negate,
    "number": change_number,
    "unit": change_unit,
    "modality": change_modality,
    "antonym": swap_antonym,
}
NULLS: dict[str, Mutation] = {"typo": typo, "reordering": reorder, "formatting": reformat}
