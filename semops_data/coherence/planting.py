"""Planted faults: a sentence with its meaning turned, by a known kind; and nulls, whose meaning stays.

Mutation testing for meaning: what a score cannot see in planted cases, it does not see in natural ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from semops_data.coherence.lexicon import ANTONYMS, MODALITIES, UNITS
from semops_data.coherence.quantities import QUANTITY, quantities
from semops_data.coherence.text import STOP, stem, words

COPULA = re.compile(r"\b(is|are|was|were|can|may|must|should|will|has to|does|do)\b(?! not\b)", re.IGNORECASE)
SWAPS = {a: b for pair in ANTONYMS for a, b in (pair, pair[::-1])}
UNIT_SWAPS = {"days": "hours", "hours": "days", "seconds": "minutes", "minutes": "seconds", "%": " points",
              "ms": "s", "day": "hour", "months": "weeks", "years": "months", "cents": "dollars", "weeks": "days",
              "week": "day", "month": "week", "year": "month", "hour": "minute", "minute": "second",
              "percent": "points", "milliseconds": "seconds", "kb": "MB", "mb": "GB", "gb": "MB", "tb": "GB",
              "kib": "MB", "mib": "GB", "gib": "MB", "bytes": "megabytes", "megabytes": "gigabytes",
              "gigabytes": "megabytes", "quarter": "month", "quarters": "months", "rows": "tokens",
              "tokens": "words", "words": "tokens", "dollars": "cents"}  # fmt: skip
EQUAL_UNITS = {"hour": ("minutes", 60), "hours": ("minutes", 60), "minutes": ("seconds", 60), "minute": ("seconds", 60),
               "days": ("hours", 24), "day": ("hours", 24), "weeks": ("days", 7), "week": ("days", 7),
               "seconds": ("milliseconds", 1000), "second": ("milliseconds", 1000), "years": ("months", 12),
               "year": ("months", 12)}  # fmt: skip
_VERBS = (
    "accepts affects allows applies asks blocks builds calls carries causes changes checks compares contains controls "
    "covers creates decides declares defines delivers depends describes determines drives enables ends extends feeds "
    "follows forces gets gives governs holds implements includes informs inherits invokes keeps leads lists loads "
    "maintains manages maps means measures modifies names needs overrides owns precedes produces provides reads "
    "receives records references refines replaces represents requires returns runs sends serves sets shapes shows "
    "specifies starts stores supports takes tells transforms triggers turns uses validates writes"
)
_VERB = "|".join(sorted({form for verb in _VERBS.split() for form in (verb, verb[:-1])}, key=len, reverse=True))
_NO_NOUN = "|".join(
    sorted(STOP | {"from", "than", "before", "after", "until", "divided", "less", "also", "still", "first"})
)
_N = rf"(?!(?:{_NO_NOUN}|{_VERB})\b)[A-Za-z][\w-]*(?<!ly)"
_PHRASE = rf"(?:(?:[Aa]n?|[Tt]he|[Ii]ts|[Ee]ach|[Ee]very) {_N}(?: {_N}){{0,2}}|{_N}(?: {_N})?)"
_LINKS = (
    rf"(?:(?:{_VERB})(?: on| to)?|(?:is|are) (?:divided by|part of|derived from|based on|made of|stored in|written to)"
    r"|consists? of|divided by|minus)"
)
# Two sides of something that is not symmetric: a clause with its verb, or an order in time.
ROLES = re.compile(
    rf"(?:^|(?<=, )|(?<=: ))(?P<left>{_PHRASE})(?P<between> {_LINKS} )(?P<right>{_PHRASE})(?=[ ,.;:]|$)"
    rf"|(?<=from )(?P<source>{_PHRASE})(?P<to> to )(?P<target>{_PHRASE})(?=[ ,.;:]|$)"
    rf"|(?P<part>(?:[Tt]he|[Aa]n?) {_N}(?: {_N})?)(?P<order> (?:before|after|precedes|follows|over|instead of) )"
    rf"(?P<whole>(?:the|an?) {_N}(?: {_N})?)(?=[ ,.;:]|$)"
)
_SIDES = (("left", "between", "right"), ("source", "to", "target"), ("part", "order", "whole"))
OPENING = re.compile(r"^(?:if|when|where|while|once|unless|after|before|until|because|since|although|for|in|on|at|by|"
                     r"with|without|during|under|to|as)\b", re.IGNORECASE)  # fmt: skip
LISTED = re.compile(r"(?<=[a-z] )(?P<a>[a-z][a-z-]+), (?P<b>[a-z][a-z-]+)(?P<rest>,? (?:and|or) [a-z])")
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


def change_quantifier(text: str) -> str | None:
    """The sentence with all turned into some, or some into all; None where it quantifies nothing."""
    swaps = {"all": "some", "every": "not every", "each": "not every", "some": "all", "most": "all", "several": "all",
             "only": "not only"}  # fmt: skip
    changed = _replace(text, swaps)
    return changed and changed[:1].upper() + changed[1:]


def swap_roles(text: str) -> str | None:
    """The sentence with the two sides of a verb or preposition in each other's place; None where it has none.

    Only words that are not symmetric: "gross divided by net" turns its meaning, "gross and net" does not.
    """
    for match in ROLES.finditer(text):
        first, between, second = next(names for names in _SIDES if match[names[0]])
        left, right = match[first], match[second]
        if {stem(word) for word in words(left)} & {stem(word) for word in words(right)}:
            continue
        start, end = match.start(first), match.end(second)
        if start == 0:
            left, right = left[:1].lower() + left[1:], right[:1].upper() + right[1:]
        return text[:start] + right + match[between] + left + text[end:]
    return None


def change_time(text: str) -> str | None:
    """The sentence with an order in time turned round; None where it tells none."""
    swaps = {"before": "after", "after": "before", "until": "only after", "first": "last", "last": "first",
             "previous": "next", "next": "previous", "earlier": "later", "later": "earlier", "daily": "monthly",
             "weekly": "daily", "monthly": "daily", "initially": "finally", "begins": "ends", "starts": "ends",
             "earliest": "latest", "latest": "earliest", "once": "twice", "past": "future",
             "future": "past"}  # fmt: skip
    return _replace(text, swaps)


def translate_unit(text: str) -> str | None:
    """A null: a quantity in another unit of the same size; None where no quantity has one that can be."""
    for match in QUANTITY.finditer(text):
        found = EQUAL_UNITS.get((match["unit"] or "").casefold())
        value = float(match["value"].replace(",", "").replace("_", ""))
        if found is not None and value > 0:
            unit, factor = found
            return f"{text[: match.start('value')]}{value * factor:g} {unit}{text[match.end('unit') :]}"
    return None


def typo(text: str) -> str | None:
    """A null: two letters of the longest word change places."""
    longest = max(re.findall(r"[A-Za-z]{5,}", text), key=len, default=None)
    return None if longest is None else text.replace(longest, longest[0] + longest[2] + longest[1] + longest[3:], 1)


def reorder(text: str) -> str | None:
    """A null: an opening clause goes to the end, or two members of a list change places; None without either."""
    head, comma, tail = text.rstrip(".").partition(", ")
    if comma and tail and OPENING.match(head):
        return f"{tail[:1].upper()}{tail[1:]} {head[:1].lower()}{head[1:]}."
    match = LISTED.search(text)
    if match is None:
        return None
    return f"{text[: match.start()]}{match['b']}, {match['a']}{match['rest']}{text[match.end() :]}"


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
    "quantifier": change_quantifier,
    "role_swap": swap_roles,
    "temporal": change_time,
}
NULLS: dict[str, Mutation] = {
    "typo": typo,
    "reordering": reorder,
    "formatting": reformat,
    "unit_translation": translate_unit,
}
