"""Deterministic rules: what two comparable sentences say differently, each with its own evidence.

A rule sees a pair of sentences about the same thing and names one difference that turns the meaning: another
number, another unit, a negation on one side, another modality or quantifier, an antonym, other members of an
enumeration, roles swapped. A rule's strength is how rarely such a difference is innocent in an aligned pair; the
alignment of the two sentences multiplies it, and calibration turns the product into a probability.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import product
from math import sqrt

from semops_data.coherence.frames import role_conflict, same_word, substitution_conflict
from semops_data.coherence.hit import Hit
from semops_data.coherence.lexicon import (
    ABSENT,
    BESIDE,
    DENIED_UNTIL,
    DENIES_NOTHING,
    EXCLUSIVE,
    FORBIDDEN,
    MANNER,
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
)
from semops_data.coherence.quantities import number_conflict
from semops_data.coherence.text import STOP, content, stem, words

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
# Where a sentence goes on to say another thing; a list's last "and" is followed by no verb.
CLAUSES = re.compile(
    r"[;:—]|, (?:but|while|whereas|so|which|because|since|whatever|however)\b"
    r"|,? and (?=(?:\w+ ){0,5}(?:is|are|was|were|has|have|can|may|must|lies|does|do|\w+s) )",
    re.IGNORECASE,
)
FEWEST_IN_CLAUSE = 4
CLAUSE = 0.85
# How much a poor alignment counts against what is seldom said of anything else.
SPECIFIC = 0.5
# A "not" stands in one sentence of ten, whatever it is about.
COMMON = 1.3


def negation_conflict(left: str, right: str) -> Hit | None:
    """One side denies what the other affirms: an odd number of negations against an even one, and a denied word.

    Denying something else ("without delay" in one of two sentences about deletion) is another statement, not the
    opposite one: the word behind the negator must stand in the other sentence undenied.
    """
    (ours, denied), (theirs, refused) = negations(left), negations(right)
    if ours % 2 == theirs % 2:
        return None
    affirmed_here, affirmed_there = set(content(left)) - denied, set(content(right)) - refused
    turned = sorted(_among(denied, affirmed_there) | _among(refused, affirmed_here))
    if not turned and set(content(left)) - NEGATORS.keys() == set(content(right)) - NEGATORS.keys():
        # The same sentence with one "not" more: whatever it stands before.
        turned = sorted(denied | refused)
    if not turned:
        return None
    which = "the definition" if ours % 2 else "the other text"
    return Hit(
        "negation", 0.85, f"only {which} denies “{spelled(turned[0], left, right)}”", frozenset(NEGATORS), COMMON
    )


def _among(wanted: frozenset[str], affirmed: set[str]) -> set[str]:
    """Those of the wanted words that are among the others, in any form."""
    return {word for word in wanted if word in affirmed or any(same_word(word, other) for other in affirmed)}


def negations(text: str) -> tuple[int, frozenset[str]]:
    """How many negations a sentence has, and the stems that they deny; "not only" is none."""
    lowered = NEGATED.sub(" not ", DENIES_NOTHING.sub(" ", NOT_ONLY.sub(" ", text.casefold())))
    count, denied = 0, set[str]()
    for part in DENIED_UNTIL.split(lowered):
        tokens = words(part)
        for place, word in enumerate(tokens):
            if word in NEGATORS:
                count += 1
                following = [token for token in tokens[place + 1 :] if token not in STOP | NEGATORS.keys() | MANNER]
                # What is denied is the word, not how it is done or what it is said of: "not quickly specific to it".
                head = next((token for token in following if not token.endswith("ly")), None)
                denied.update({stem(head)} if head is not None and NEGATORS[word] else ())
    return count, frozenset(denied)


def modality_conflict(left: str, right: str) -> Hit | None:
    """An obligation on one side where the other has a permission."""
    left, right = (FORBIDDEN.sub(" must not ", text) for text in (left, right))
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


def _quantified(text: str) -> Counter[str]:
    limited, rest = ONLY_SOME.search(text), ONLY_SOME.sub(" ", text)
    found = Counter(QUANTIFIERS[word] for word in words(rest) if word in QUANTIFIERS)
    found["some"] += limited is not None
    exclusive = "not only" if NOT_ONLY.search(rest) else "only"
    found[exclusive] += "only" in words(rest)
    return found


def count_conflict(left: str, right: str) -> Hit | None:
    """One on one side where the other has several of the same thing."""
    for ours, theirs in ((left, right), (right, left)):
        one, many = ONE_OF.search(ours), MANY_OF.search(theirs)
        if one is None or many is None or MANY_OF.search(ours):
            continue
        after_one, after_many = content(ours[one.end() :])[:2], content(theirs[many.end() :])[:2]
        if set(after_one) & set(after_many):
            differing = frozenset(map(stem, words(f"{one[0]} {many[0]}")))
            return Hit("count", 0.85, f"“{one[0]}” against “{many[0]}”", differing, SPECIFIC)
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
        return Hit("absence", 0.9, f"“{absent[0]}” against “{present[0]}”", differing, SPECIFIC)
    return None


def exclusivity_conflict(left: str, right: str) -> Hit | None:
    """Something alone on one side, and with something beside it on the other."""
    for ours, theirs in ((left, right), (right, left)):
        alone = EXCLUSIVE.search(ours)
        if alone is None or EXCLUSIVE.search(theirs):
            continue
        tokens = words(theirs)
        # What is alone stands next to the word that says so: "by size alone", "solely by size".
        near = {*content(ours[: alone.start()])[-2:], *content(ours[alone.end() :])[:2]}
        beside = [
            stem(word) in near for place, word in enumerate(tokens) if set(tokens[place + 1 : place + 3]) & BESIDE
        ]
        if any(beside):
            return Hit(
                "exclusivity", 0.8, f"“{alone[0]}” against more than that", frozenset({stem(alone[0].casefold())})
            )
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
        # The sentence goes on before the first member and behind the last one.
        told = [stems for member in members if (stems := content(member))]
        stems = [own[0 if place and place == len(told) - 1 else -1] for place, own in enumerate(told)]
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
    exclusivity_conflict,
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
    cosine 0.5 to 1 at 0.9. Without a rule the score is 0: a cosine says nothing about contradiction. Where one of the
    two says more than the other, its first clause is held against the other one too.
    """
    closeness = 0.5 + 0.5 * min(max((cosine - 0.5) / 0.4, 0.0), 1.0)
    best, chosen = _strongest_hit(left, right)
    for ours, theirs in _clauses(left, right):
        score, hit = _strongest_hit(ours, theirs)
        if score * CLAUSE > best:
            best, chosen = score * CLAUSE, hit
    return best * closeness, chosen


def _strongest_hit(left: str, right: str) -> tuple[float, Hit | None]:
    hits = [hit for rule in RULES if (hit := rule(left, right)) is not None]
    if sum(hit.rule in TURNING for hit in hits) % 2 == 0:
        hits = [hit for hit in hits if hit.rule not in TURNING]
    scale = SCOPED if hits and scope_differs(left, right) else 1.0
    best, chosen = 0.0, None
    for hit in hits:
        score = hit.strength * (alignment(left, right, hit.differing) * scale) ** hit.weight
        if score > best:
            best, chosen = score, hit
    return best, chosen


def _clauses(left: str, right: str) -> list[tuple[str, str]]:
    """The first clauses of two sentences, against each other or the whole other one; none where both have one only."""
    heads = [_first_clause(text) for text in (left, right)]
    pairs = [(heads[0], right), (left, heads[1]), (heads[0], heads[1])]
    return list(dict.fromkeys(pair for pair in pairs if pair != (left, right)))


def _first_clause(text: str) -> str:
    """The sentence up to where another statement begins; whole where too little comes before."""
    found = CLAUSES.search(text)
    return text[: found.start()] if found and len(content(text[: found.start()])) >= FEWEST_IN_CLAUSE else text
