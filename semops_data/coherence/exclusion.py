"""Whether two statements in which a rule saw a difference exclude each other, or may both be true.

A difference is a contradiction only where both sentences speak of the same thing, in the same case, at the same time,
and where what differs leaves room for one of them alone. `innocent` names the reason why a pair is none, and a finding
that has such a reason is not listed; scores are not touched by it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from semops_data.coherence.frames import frame, same_word
from semops_data.coherence.lexicon import MODALITIES, QUANTIFIERS
from semops_data.coherence.rules import RULES, SCOPE, scope_differs
from semops_data.coherence.text import content, stem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semops_data.coherence.hit import Hit

# Share of the longer sentence's words that the other one has too, without what differs.
SAME_STATEMENT = 0.6
NEARLY_SAME = 0.85
FEWEST_SHARED = 3
SAME_SUBJECT = 0.5
MOST_SUBJECT = 8
_LABEL = re.compile(r"^(?:[\d.§]+|[A-Z][\w' -]{1,40}):\s+(?=\S)")
_THEN = re.compile(
    r"\b(?:previously|formerly|historically|no longer|used to|in the past|prior to|now|new in|"
    r"(?:before|since|until|as of|from|in|with|by|for) (?:version |release )?v?\d+(?:\.\d+)+|"
    r"(?:older|earlier|newer|later|previous|future|recent) (?:versions?|releases?)|deprecated|restored?|clarif\w+|"
    r"(?:was|were|has been|have been) (?:added|removed|changed|introduced|renamed)|"
    r"(?:in|since|until|as of|by) (?:19|20)\d\d)\b"
    r"|\b(?:versions?|releases?|(?-i:[A-Z]\w+))\s*(?:[≥>]=?\s*)?v?\d+\.\d+\b",
    re.IGNORECASE,
)
_HISTORY = re.compile(
    r"(?:^|[/_.-])(?:change-?logs?|changes|news|notes|history|release-?notes?|relnotes|whats-?new|upgrad\w*|migrat\w*|todo|"
    r"roadmap|archive|deprecat\w+)(?:[/_.-]|$)",
    re.IGNORECASE,
)
_LIMITED = re.compile(
    r"\b(?:except|unless|only (?:if|when|where|for)|other than|apart from|instead of|rather than|by default|typically|"
    r"usually|normally|generally|often|in most cases|in some cases|in general|for example|e\.g|such as|currently)\b",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|must|shall|should|may|might|can|cannot|will|does|do|means|defaults?|consists?|"
    r"contains?|returns?|takes?|requires?|needs?|holds?|uses?|provides?)\b",
    re.IGNORECASE,
)
_IDENTITY = re.compile(r"\b(?:is|are|means)\s+(?:an?|the)\b", re.IGNORECASE)
_ONE = re.compile(r"\b(?:is|are|means)\s+the\b", re.IGNORECASE)
# Opposites that name two things more often than two sides of one: what holds of a client may hold of no server.
_PARTNERS = frozenset({
    stem(word)
    for word in ("client", "server", "source", "target", "parent", "child", "buyer", "seller", "input", "output",
                 "left", "right", "upstream", "downstream", "numerator", "denominator", "local", "remote", "internal",
                 "external", "public", "private", "push", "pull")
})  # fmt: skip
_FORBIDS = re.compile(
    r"\b(?:may|must|shall|can|should)\s*(?:not|never)\b|\bcannot\b|\bcan't\b|\bmustn't\b", re.IGNORECASE
)
# A clause before the sentence proper says when, not what.
_OPENING = re.compile(
    r"^(?:if|when|whenever|while|where|once|for|in|on|with|as|to|because|although|since)\b[^,]*,\s*", re.IGNORECASE
)
_NO_KIND = re.compile(
    r"^(?:the |an? )?(?P<name>[\w-]+(?: (?!that|which|who)[\w-]+)?) (?:is|are) not (?:an? |(?=[\"\u201c]))[\"\u201c]?"
    r"(?P<kind>[\w-]+)[\"\u201d]?(?=\s*(?:[.;,:\u2014\u2013]|- |$))",
    re.IGNORECASE,
)
_POINTER = re.compile(
    r"^(?:and |but |so |then |also,? )?(?:(?:any|all|each|both|none|some|one|most|many) of )?"
    r"(?:this|these|that|those|it|they|such|he|she|we|you|there|here|both|others?|another)\b",
    re.IGNORECASE,
)
_HERE = re.compile(
    r"\b(?:this|these) (?:example|case|section|document|page|mode|command|option|field|function|method)s?\b",
    re.IGNORECASE,
)
# "The default is 100." is said of a hundred things: a definite noun alone means what its own page speaks of.
_GENERIC = re.compile(
    r"^the (?:(?:default|initial|maximum|minimum|current|new|first|second|last|return|given) )?(?P<noun>[a-z]+) "
    r"(?:is|are|was|must|may|can|has|have|defaults|does|do|will|should)\b",
    re.IGNORECASE,
)
_REFERS = re.compile(
    r"^(?:for [^.]{0,80}?,? )?(?:please )?(?:see|refer to|consult)\b|\bhttps?://|"
    r"\b(?:see|described in|refer to) (?:also )?(?:the )?(?:section|chapter|page|appendix)\b",
    re.IGNORECASE,
)
_IDENTIFIER = re.compile(r"(?<!\w)(?:--?[a-z][\w-]+|[A-Za-z_$][\w$]*(?:[_.][\w$]+)+|[a-z]+[A-Z]\w*)")
# These say by themselves that both cannot hold; the others need a statement that leaves room for one value.
_OPPOSED = frozenset(
    {"number", "unit", "negation", "modality", "quantifier", "count", "absence", "antonym", "role_swap"}
)
# "If it is not given" and "if it is omitted" are one case.
_OF_CASES = frozenset({"negation", "antonym"})
NAMES = _OPPOSED | {"enumeration", "substitution"}


def innocent(
    claim: str, sentence: str, rule: str | None, *, documents: tuple[str, str] = ("", ""), names: Sequence[str] = ()
) -> str | None:
    """Why two sentences that were judged to contradict may both be true; None where they exclude each other.

    Args:
        claim: what is stated.
        sentence: what was held against it.
        rule: the rule that fired; of a model's verdict only the time and the case are looked at.
        documents: where each stands; a history of changes speaks of another time.
        names: of what the claim is about: a sentence that speaks of "the registry" means the registered one.
    """
    left, right = (_LABEL.sub("", text) for text in (claim, sentence))
    if _REFERS.search(left) or _REFERS.search(right):
        return "one of them only leads elsewhere"
    if any(_HISTORY.search(document) for document in documents):
        return "one of them is a history of changes"
    if bool(_THEN.search(left)) != bool(_THEN.search(right)):
        return "one of them speaks of another time or version"
    if denied_kind(left, right) or denied_kind(right, left):
        return None
    if scope_differs(left, right) or bool(_LIMITED.search(left)) != bool(_LIMITED.search(right)):
        return "one of them is limited to a case"
    return _compatible(left, right, rule, names) if rule in NAMES else None


def _compatible(left: str, right: str, rule: str, names: Sequence[str]) -> str | None:
    """Why what a rule saw leaves room for both sentences."""
    hit = _fired(rule, left, right)
    if hit is None:
        return "only their labels differ"
    if rule == "modality" and _FORBIDS.search(left) and _FORBIDS.search(right):
        return "both forbid it"
    if rule in _OF_CASES and _fired(rule, SCOPE.sub(" ", left), SCOPE.sub(" ", right)) is None:
        return "it is the case that is denied"
    if _names_two(hit) or _identifiers_differ(left, right):
        return "they speak of different things"
    share = same_share(left, right, hit.differing)
    if share < SAME_STATEMENT:
        return "they say too little of the same"
    # Word for word the same but for an opposite: whatever they speak of, it is one thing.
    if any(_is_pointing(text, names) for text in (left, right)):
        return "what they speak of is named elsewhere"
    return None if share >= NEARLY_SAME and rule in _OPPOSED else _unrelated(left, right, rule)


def _is_pointing(text: str, names: Sequence[str]) -> bool:
    """Whether what a sentence speaks of is told by its own page alone."""
    generic = _GENERIC.match(text)
    is_named = generic is not None and any(stem(generic["noun"].casefold()) in content(name) for name in names)
    return bool(_POINTER.match(text) or _HERE.search(text) or (generic and not is_named))


def _unrelated(left: str, right: str, rule: str) -> str | None:
    """Why two sentences speak of two things, or of one that has room for both."""
    ours, theirs = subject(left), subject(right)
    if ours is None or theirs is None:
        return "what they speak of is named elsewhere"
    here, there = set(ours[0]), set(theirs[0])
    is_other = bool(content(" ".join(here - there))) and bool(content(" ".join(there - here)))
    if rule != "role_swap" and (is_other or len(here & there) < SAME_SUBJECT * max(len(here), len(there))):
        return "they speak of different things"
    if rule == "substitution" and not (_ONE.match(ours[1]) and _ONE.match(theirs[1])):
        # Read in eight sets of documentation: the other word was another name, or the sentence held of both. There is
        # no room for two where each says what the thing is.
        return "what differs leaves room for both"
    if rule not in _OPPOSED and not (_IDENTITY.match(ours[1]) and _IDENTITY.match(theirs[1])):
        return "what differs leaves room for both"
    return None


def _names_two(hit: Hit) -> bool:
    """Whether an opposite tells two things apart, or two parts of a list stand in another order."""
    if hit.rule == "role_swap":
        return re.search(r"around \u201c(?:and|or)\b|\b(?:and|or)\u201d$", hit.detail) is not None
    return hit.rule == "antonym" and bool(hit.differing & _PARTNERS)


def _identifiers_differ(left: str, right: str) -> bool:
    """Whether each side names a setting, function or file that the other does not."""
    ours, theirs = (set(_IDENTIFIER.findall(text)) for text in (left, right))
    return bool(ours - theirs and theirs - ours)


def _fired(rule: str, left: str, right: str) -> Hit | None:
    return next((hit for fires in RULES if (hit := fires(left, right)) is not None and hit.rule == rule), None)


def denied_kind(left: str, right: str) -> bool:
    """Whether one denies that a thing is of a kind that the other names it by: "X is not a score", "the X score"."""
    match = _NO_KIND.match(left)
    if match is None:
        return False
    name, kind = (" ".join(content(match[part])) for part in ("name", "kind"))
    told = " ".join(content(right))
    return bool(name and kind) and f" {name} {kind} " in f" {told} " and not re.search(r"\b(?:not|no|never)\b", right)


def same_share(left: str, right: str, differing: frozenset[str] = frozenset()) -> float:
    """Share of the longer sentence's content that the other one has as well, without the words that differ."""
    apart = differing | {stem(word) for word in (*MODALITIES, *QUANTIFIERS)}
    ours, theirs = (
        {word for word in content(text) if word not in apart and not word[0].isdigit()} for text in (left, right)
    )
    if not ours or not theirs:
        return 0.0
    shared = len(ours & theirs) + sum(any(same_word(a, b) for b in theirs - ours) for a in ours - theirs)
    # Two words in common are a topic and no statement, unless they are all that is said.
    longer = max(len(ours), len(theirs))
    return 0.0 if shared < max(min(longer, FEWEST_SHARED), 2) else min(shared / longer, 1.0)


def subject(text: str) -> tuple[tuple[str, ...], str] | None:
    """Stems of what a sentence speaks of, and what follows from its verb on; None where no verb tells."""
    text = _OPENING.sub("", text)
    match = _VERB.search(text)
    before = frame(text[: match.start()]) if match is not None else ()
    return (before[-MOST_SUBJECT:], text[match.start() :]) if match is not None and before else None


def groups(pairs: Sequence[tuple[str, str, str | None]]) -> list[list[int]]:
    """Positions of the pairs that say one contradiction: the same words differ, and one sentence is the same.

    Args:
        pairs: (claim, sentence, what the rule saw) of each, the most important first.

    Returns:
        The groups in the order of their first pairs, each in the order of the pairs.
    """
    found: list[tuple[str, set[tuple[str, ...]], list[int]]] = []
    for place, (claim, sentence, detail) in enumerate(pairs):
        seen, sides = _differing(detail), {frame(claim), frame(sentence)}
        group = next((held for held in found if held[0] == seen and held[1] & sides), None)
        if group is None:
            found.append((seen, sides, [place]))
        else:
            group[1].update(sides)
            group[2].append(place)
    return [places for _, _, places in found]


def _differing(detail: str | None) -> str:
    """What a rule saw, whichever side it stood on."""
    said = (detail or "").split(": ", 1)[-1]
    told = re.findall("\u201c([^\u201d]*)\u201d", said) or said.split(" against ")
    return "|".join(sorted(word.casefold() for word in told))
