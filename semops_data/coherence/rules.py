"""Deterministic rules: what two comparable sentences say differently, each with its own evidence.

A rule sees a pair of sentences about the same thing and names one difference that turns the meaning: another
number, another unit, a negation on one side, another modality or quantifier, an antonym, other members of an
enumeration, roles swapped. A rule's strength is how rarely such a difference is innocent in an aligned pair; the
alignment of the two sentences multiplies it, and calibration turns the product into a probability.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import product
from math import sqrt

from semops_data.coherence.frames import role_conflict, same_word, substitution_conflict
from semops_data.coherence.hit import Hit
from semops_data.coherence.lexicon import (
    ABSENT,
    MANY_OF,
    MODALITIES,
    NEGATED,
    NEGATORS,
    NEITHER,
    NOT_ONLY,
    ONE_OF,
    ONLY_SOME,
    OPPOSITES,
    PRESENT,
    QUANTIFIERS,
    SECONDS,
    UNITS,
)
from semops_data.coherence.text import STOP, content, stem, words

QUANTITY = re.compile(
    r"(?P<before>[$€])?(?<![\w.])(?<!\w[-–])(?P<value>[-+]?\d+(?:[,_]\d{3})*(?:\.\d+)?)(?![\d]*[-–]?\w*\.\w)"
    r"\s*(?P<unit>%|[A-Za-z]+)?"
)
COMPARATORS = re.compile(r"(>=|<=|≥|≤|>|<|=)\s*$|\b(at least|at most|more than|less than|above|below|over|under)\s*$")
# A member begins where a word does: tried at each of its letters, one long word would cost the square of its length.
ENUMERATION = re.compile(
    r"(?<![\w-])((?:[\w-]+(?: [\w-]+){0,2}, ){1,8}(?:and |or )?[\w-]+(?: [\w-]+){0,2}(?:,? (?:and|or) [\w-]+)?)"
)


# The case that a sentence is limited to, up to the next comma.
SCOPE = re.compile(
    r"\b(?:if|when|whenever|unless|where|while|until|once|except|during)\b(?P<case>[^,;.]{3,200})",
    re.IGNORECASE,
)
SCOPED = 0.5
SAME_FRAME = 0.8


@dataclass(frozen=True)
class Quantity:
    """A number, its unit (canonical, or empty) and the word that follows it."""

    value: float
    unit: str
    noun: str
    compared: bool


def quantities(text: str) -> list[Quantity]:
    """The quantities of a sentence; parts of names and versions ("v1.2", "utf-8") are none."""
    found = []
    for match in QUANTITY.finditer(text):
        word = (match["unit"] or "").casefold()
        unit = UNITS.get(word) or UNITS.get(match["before"] or "", "")
        noun = "" if unit or word in STOP else stem(word)
        value = float(match["value"].replace(",", "").replace("_", ""))
        compared = bool(COMPARATORS.search(text[: match.start()].casefold()[-12:]))
        found.append(Quantity(value, unit, noun, compared))
    return found


def _size(quantity: Quantity) -> tuple[float, str]:
    """A quantity in the base unit of its dimension: 24 hours are a day."""
    seconds = SECONDS.get(quantity.unit)
    return (quantity.value, quantity.unit) if seconds is None else (round(quantity.value * seconds, 6), "s")


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
        same = (a.unit and a.unit == b.unit) or (a.noun and a.noun == b.noun) or (a.compared and b.compared)
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


def negation_conflict(left: str, right: str) -> Hit | None:
    """One side denies what the other affirms: an odd number of negations against an even one, and a denied word.

    Denying something else ("without delay" in one of two sentences about deletion) is another statement, not the
    opposite one: the word behind the negator must stand in the other sentence undenied.
    """
    (ours, denied), (theirs, refused) = negations(left), negations(right)
    if ours % 2 == theirs % 2:
        return None
    affirmed_here, affirmed_there = set(content(left)) - denied, set(content(right)) - refused
    turned = sorted(denied & affirmed_there | refused & affirmed_here)
    if not turned:
        return None
    which = "the definition" if ours % 2 else "the other text"
    return Hit("negation", 0.85, f"only {which} denies “{spelled(turned[0], left, right)}”", frozenset(NEGATORS))


def negations(text: str) -> tuple[int, frozenset[str]]:
    """How many negations a sentence has, and the stems that they deny; "not only" is none."""
    lowered = NEGATED.sub(" not ", NOT_ONLY.sub(" ", text.casefold()))
    tokens, count, denied = words(lowered), 0, set()
    for place, word in enumerate(tokens):
        if word in NEGATORS:
            count += 1
            following = [stem(token) for token in tokens[place + 1 :] if token not in STOP and token not in NEGATORS]
            denied.update(following[: NEGATORS[word]])
    return count, frozenset(denied)


def modality_conflict(left: str, right: str) -> Hit | None:
    """An obligation on one side where the other has a permission."""
    ours = [MODALITIES[word] for word in words(left) if word in MODALITIES]
    theirs = [MODALITIES[word] for word in words(right) if word in MODALITIES]
    if not ours or not theirs or abs(max(ours) - max(theirs)) < 2:
        return None
    stronger, weaker = _strongest(left), _strongest(right)
    return Hit("modality", 0.8, f"“{stronger}” against “{weaker}”", frozenset(map(stem, MODALITIES)))


def _strongest(text: str) -> str:
    return max((word for word in words(text) if word in MODALITIES), key=lambda word: MODALITIES[word])


def quantifier_conflict(left: str, right: str) -> Hit | None:
    """All on one side where the other says some."""
    ours, theirs = _quantified(left), _quantified(right)
    # "None" against the others is a negation, and that rule looks at what is denied.
    for a, b in (("all", "some"), ("some", "all"), ("only", "not only"), ("not only", "only")):
        if a in ours - theirs and b in theirs - ours:
            return Hit("quantifier", 0.7, f"“{a}” against “{b}”", frozenset(map(stem, QUANTIFIERS)))
    return None


def _quantified(text: str) -> set[str]:
    limited, rest = ONLY_SOME.search(text), ONLY_SOME.sub(" ", text)
    found = {QUANTIFIERS[word] for word in words(rest) if word in QUANTIFIERS} | ({"some"} if limited else set())
    if NOT_ONLY.search(rest):
        return found | {"not only"}
    return found | ({"only"} if "only" in words(rest) else set())


def count_conflict(left: str, right: str) -> Hit | None:
    """One on one side where the other has several of the same thing."""
    for ours, theirs in ((left, right), (right, left)):
        one, many = ONE_OF.search(ours), MANY_OF.search(theirs)
        if one is None or many is None or MANY_OF.search(ours):
            continue
        after_one, after_many = content(ours[one.end() :])[:2], content(theirs[many.end() :])[:2]
        if set(after_one) & set(after_many):
            differing = frozenset(map(stem, words(f"{one[0]} {many[0]}")))
            return Hit("count", 0.85, f"“{one[0]}” against “{many[0]}”", differing)
    return None


def absence_conflict(left: str, right: str) -> Hit | None:
    """A value that does not exist on one side, and a number for it on the other."""
    for ours, theirs in ((left, right), (right, left)):
        absent, present = ABSENT.search(ours), PRESENT.search(theirs)
        if absent is None or present is None or ABSENT.search(theirs) or NEITHER.search(theirs[: present.start()]):
            continue
        if PRESENT.search(ours) and not NEITHER.search(ours[: (PRESENT.search(ours) or present).start()]):
            continue
        differing = frozenset(map(stem, words(f"{present[0]} unmeasured undefined null no value neither 0 1")))
        return Hit("absence", 0.9, f"“{absent[0]}” against “{present[0]}”", differing)
    return None


def antonym_conflict(left: str, right: str) -> Hit | None:
    """A word on one side, its opposite on the other, neither on both."""
    # By number: "the same seed gives the same bytes" still has one "same" more than "the same seed gives others".
    ours, theirs = Counter(map(stem, words(left))), Counter(map(stem, words(right)))
    more, fewer = ours - theirs, theirs - ours
    denied = negations(left)[1] | negations(right)[1]
    for word in sorted(more):
        for opposite in sorted(OPPOSITES.get(word, ())):
            # "Not valid" is "invalid": a word whose opposite is denied says the same.
            if opposite in fewer and not {word, opposite} & denied:
                detail = f"“{spelled(word, left)}” against “{spelled(opposite, right)}”"
                return Hit("antonym", 0.8, detail, frozenset({word, opposite}))
    return None


def enumeration_conflict(left: str, right: str) -> Hit | None:
    """Two lists that share at least half of their members but not all."""
    for ours, theirs in product(_enumerations(left), _enumerations(right)):
        shared = ours & theirs
        is_version = len(ours) == len(theirs) and len(shared) * 2 >= len(ours) and ours != theirs
        if is_version and not any(same_word(a, b) for a in ours - theirs for b in theirs - ours):
            here, there = (
                ", ".join(spelled(s, text) for s in sorted(own))
                for own, text in ((ours - theirs, left), (theirs - ours, right))
            )
            detail = f"{here} against {there}"
            return Hit("enumeration", 0.45, detail, frozenset(ours ^ theirs))
    return None


def _enumerations(text: str) -> list[frozenset[str]]:
    lists = []
    for match in ENUMERATION.findall(text):
        members = [member for member in re.split(r",\s*(?:and |or )?| and | or ", match) if member]
        stems = [content(member)[-1] for member in members if content(member)]
        if len(stems) >= 3:
            lists.append(frozenset(stems))
    return lists


def spelled(wanted: str, *texts: str) -> str:
    """The word of the texts that has the stem, as it is written there; the stem itself where none has."""
    return next((word for text in texts for word in words(text) if stem(word) == wanted), wanted)


RULES = (
    number_conflict,
    negation_conflict,
    modality_conflict,
    quantifier_conflict,
    count_conflict,
    absence_conflict,
    antonym_conflict,
    enumeration_conflict,
    role_conflict,
    substitution_conflict,
)
# Two of these in one pair cancel: "not valid" is "invalid", and "no two" is "one".
TURNING = frozenset({"negation", "antonym", "count"})


def alignment(left: str, right: str, differing: frozenset[str] = frozenset()) -> float:
    """How much of their content two sentences share, without the words that differ, in [0, 1].

    Shared words over the geometric mean of both lengths: a short sentence inside a long one is about less than that.
    """
    ours, theirs = set(content(left)) - differing, set(content(right)) - differing
    if not ours or not theirs:
        return 0.0
    shared = len(ours & theirs) + sum(any(same_word(a, b) for b in theirs - ours) for a in ours - theirs)
    return min(shared / sqrt(max(len(ours), 3) * max(len(theirs), 3)), 1.0)


def scope_differs(left: str, right: str) -> bool:
    """Whether one sentence speaks of a case ("if", "when", "unless") and the other one of none or of another."""
    ours, theirs = (SCOPE.search(text) for text in (left, right))
    if (ours is None) != (theirs is None):
        return True
    if ours is None or theirs is None:
        return False
    here, there = set(content(ours["case"])), set(content(theirs["case"]))
    return bool(here and there) and len(here & there) * 3 < min(len(here), len(there))


def raw_contradiction(left: str, right: str, cosine: float) -> tuple[float, Hit | None]:
    """Raw contradiction score of a pair in [0, 1], and the rule that gave it.

    The strongest of (strength x alignment x closeness) over the rules that fire, where closeness rises from 0 at
    cosine 0.5 to 1 at 0.9. Without a rule the score is 0: a cosine says nothing about contradiction.
    """
    closeness = min(max((cosine - 0.5) / 0.4, 0.0), 1.0)
    hits = [hit for rule in RULES if (hit := rule(left, right)) is not None]
    if sum(hit.rule in TURNING for hit in hits) % 2 == 0:
        hits = [hit for hit in hits if hit.rule not in TURNING]
    scale = (0.5 + 0.5 * closeness) * (SCOPED if hits and scope_differs(left, right) else 1.0)
    best, chosen = 0.0, None
    for hit in hits:
        score = hit.strength * alignment(left, right, hit.differing) * scale
        if score > best:
            best, chosen = score, hit
    return best, chosen
