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

from semops_data.coherence.text import STOP, content, stem, words


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


# What each negator turns: the next words that carry meaning ("is not a sum"), or just the next one ("no sum").
NEGATORS = {"not": 2, "never": 2, "cannot": 2, "no": 1, "none": 1, "neither": 1, "nor": 1, "without": 1, "nothing": 1,
            "nobody": 1, "null": 0}  # fmt: skip
NEGATED = re.compile(r"\b\w+n['’]t\b", re.IGNORECASE)
NOT_ONLY = re.compile(r"\bnot only\b", re.IGNORECASE)
MODALITIES = {
    "must": 3, "shall": 3, "required": 3, "mandatory": 3, "always": 3,
    "should": 2, "recommended": 2,
    "may": 1, "might": 1, "can": 1, "optional": 1, "optionally": 1, "sometimes": 1,
}  # fmt: skip
QUANTIFIERS = {
    "all": "all", "every": "all", "each": "all", "always": "all",
    "some": "some", "several": "some", "few": "some", "most": "some",
}  # fmt: skip
ANTONYMS = [
    ("increase", "decrease"), ("higher", "lower"), ("high", "low"), ("more", "less"), ("maximum", "minimum"),
    ("largest", "smallest"), ("before", "after"), ("include", "exclude"), ("including", "excluding"),
    ("allow", "forbid"), ("allowed", "forbidden"), ("permit", "prohibit"), ("accept", "reject"),
    ("enable", "disable"), ("enabled", "disabled"), ("synchronous", "asynchronous"), ("mutable", "immutable"),
    ("public", "private"), ("internal", "external"), ("valid", "invalid"), ("stable", "unstable"),
    ("structured", "unstructured"), ("explicit", "implicit"), ("manual", "automatic"), ("static", "dynamic"),
    ("upstream", "downstream"), ("gross", "net"), ("above", "below"), ("first", "last"), ("start", "end"),
    ("gain", "loss"), ("same", "different"), ("true", "false"), ("push", "pull"), ("read", "write"),
    ("ascending", "descending"), ("centralized", "decentralized"), ("deterministic", "random"),
    ("necessary", "unnecessary"), ("possible", "impossible"), ("complete", "incomplete"),
    ("consistent", "inconsistent"), ("coherent", "incoherent"), ("coherence", "incoherence"),
    ("strong", "weak"), ("positive", "negative"), ("open", "closed"), ("rise", "fall"), ("rises", "falls"),
    ("succeed", "fail"), ("success", "failure"), ("create", "destroy"), ("add", "remove"), ("input", "output"),
]  # fmt: skip
OPPOSITES: dict[str, set[str]] = {}
for _left, _right in ANTONYMS:
    OPPOSITES.setdefault(stem(_left), set()).add(stem(_right))
    OPPOSITES.setdefault(stem(_right), set()).add(stem(_left))

UNITS = {
    name: canonical
    for canonical, names in {
        "ms": "ms millisecond milliseconds", "s": "s sec second seconds", "min": "min minute minutes",
        "h": "h hour hours", "day": "day days", "week": "week weeks", "month": "month months",
        "quarter": "quarter quarters", "year": "year years", "%": "% percent percentage", "kb": "kb kib kilobytes",
        "mb": "mb mib megabytes", "gb": "gb gib gigabytes", "tb": "tb tib terabytes", "usd": "usd dollar dollars $",
        "eur": "eur euro euros €", "cent": "cent cents", "row": "row rows", "token": "token tokens",
        "word": "word words",
    }.items()
    for name in names.split()
}  # fmt: skip
QUANTITY = re.compile(
    r"(?P<before>[$€])?(?<![\w.])(?<!\w[-–])(?P<value>[-+]?\d+(?:[,_]\d{3})*(?:\.\d+)?)(?![\d]*[-–]?\w*\.\w)"
    r"\s*(?P<unit>%|[A-Za-z]+)?"
)
COMPARATORS = re.compile(r"(>=|<=|≥|≤|>|<|=)\s*$|\b(at least|at most|more than|less than|above|below|over|under)\s*$")
# A member begins where a word does: tried at each of its letters, one long word would cost the square of its length.
ENUMERATION = re.compile(
    r"(?<![\w-])((?:[\w-]+(?: [\w-]+){0,2}, ){1,8}(?:and |or )?[\w-]+(?: [\w-]+){0,2}(?:,? (?:and|or) [\w-]+)?)"
)


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


def number_conflict(left: str, right: str) -> Hit | None:
    """The same measure with another number, or the same number in another unit."""
    ours, theirs = quantities(left), quantities(right)
    if not ours or not theirs:
        return None
    shared = {(q.value, q.unit) for q in ours} & {(q.value, q.unit) for q in theirs}
    for a, b in product(ours, theirs):
        if (a.value, a.unit) in shared or (b.value, b.unit) in shared:
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
    ours = {QUANTIFIERS[word] for word in words(left) if word in QUANTIFIERS}
    theirs = {QUANTIFIERS[word] for word in words(right) if word in QUANTIFIERS}
    # "None" against the others is a negation, and that rule looks at what is denied.
    for a, b in (("all", "some"), ("some", "all")):
        if a in ours - theirs and b in theirs - ours:
            return Hit("quantifier", 0.7, f"“{a}” against “{b}”", frozenset(map(stem, QUANTIFIERS)))
    return None


def antonym_conflict(left: str, right: str) -> Hit | None:
    """A word on one side, its opposite on the other, neither on both."""
    ours, theirs = {stem(word) for word in words(left)}, {stem(word) for word in words(right)}
    for word in sorted(ours - theirs):
        for opposite in sorted(OPPOSITES.get(word, ())):
            if opposite in theirs - ours:
                detail = f"“{spelled(word, left)}” against “{spelled(opposite, right)}”"
                return Hit("antonym", 0.8, detail, frozenset({word, opposite}))
    return None


def enumeration_conflict(left: str, right: str) -> Hit | None:
    """Two lists that share at least half of their members but not all."""
    for ours, theirs in product(_enumerations(left), _enumerations(right)):
        shared = ours & theirs
        if len(shared) * 2 >= max(len(ours), len(theirs)) and ours - theirs and theirs - ours:
            here, there = (
                ", ".join(spelled(s, text) for s in sorted(own))
                for own, text in ((ours - theirs, left), (theirs - ours, right))
            )
            detail = f"{here} against {there}"
            return Hit("enumeration", 0.6, detail, frozenset(ours ^ theirs))
    return None


def _enumerations(text: str) -> list[frozenset[str]]:
    lists = []
    for match in ENUMERATION.findall(text):
        members = [member for member in re.split(r",\s*(?:and |or )?| and | or ", match) if member]
        stems = [content(member)[-1] for member in members if content(member)]
        if len(stems) >= 3:
            lists.append(frozenset(stems))
    return lists


def role_conflict(left: str, right: str) -> Hit | None:
    """The same words with two of them in each other's place."""
    ours, theirs = content(left), content(right)
    if len(ours) < 3 or Counter(ours) != Counter(theirs) or ours == theirs:
        return None
    moved = [i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b]
    if len(moved) != 2:
        return None
    first, second = (spelled(ours[place], left) for place in moved)
    return Hit("role_swap", 0.7, f"“{first}” and “{second}” change places")


def spelled(wanted: str, *texts: str) -> str:
    """The word of the texts that has the stem, as it is written there; the stem itself where none has."""
    return next((word for text in texts for word in words(text) if stem(word) == wanted), wanted)


RULES = (
    number_conflict,
    negation_conflict,
    modality_conflict,
    quantifier_conflict,
    antonym_conflict,
    enumeration_conflict,
    role_conflict,
)


def alignment(left: str, right: str, differing: frozenset[str] = frozenset()) -> float:
    """How much of the shorter sentence's content the other one shares, without the words that differ, in [0, 1]."""
    ours, theirs = set(content(left)) - differing, set(content(right)) - differing
    return len(ours & theirs) / max(min(len(ours), len(theirs)), 3) if ours and theirs else 0.0


def raw_contradiction(left: str, right: str, cosine: float) -> tuple[float, Hit | None]:
    """Raw contradiction score of a pair in [0, 1], and the rule that gave it.

    The strongest of (strength x alignment x closeness) over the rules that fire, where closeness rises from 0 at
    cosine 0.5 to 1 at 0.9. Without a rule the score is 0: a cosine says nothing about contradiction.
    """
    closeness = min(max((cosine - 0.5) / 0.4, 0.0), 1.0)
    best, chosen = 0.0, None
    for rule in RULES:
        hit = rule(left, right)
        if hit is None:
            continue
        score = hit.strength * alignment(left, right, hit.differing) * (0.5 + 0.5 * closeness)
        if score > best:
            best, chosen = score, hit
    return best, chosen
