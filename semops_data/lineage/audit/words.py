"""The words of a metric: its definition in the registry, held against its column's description and its formula."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from semops_data.coherence.rules import alignment, raw_contradiction
from semops_data.coherence.text import stem, words
from semops_data.contracts import table
from semops_data.contracts.formulas import formulas
from semops_data.lineage.audit.model import BREAKS, HOLDS, UNMEASURED, Test

if TYPE_CHECKING:
    from semops_data.contracts import Column
    from semops_data.contracts.formulas import Formula
    from semops_data.lineage.columns import Place
    from semops_data.registry.model import Pattern, Registry

CONTRADICTS = 0.5
"""Raw score from which two descriptions of one thing contradict each other; the calibrated one is for any pair."""
FACT = re.compile(r"\b(fct_[a-z_]+)\.([a-z_]+)\b")
SUBTRACTED = re.compile(r"\s-\s+SUM\((fct_[a-z_]+)\.([a-z_]+)\)")
SENTENCE = re.compile(r"(?<=[.;])\s+")
ADDS = {"including", "includes", "include", "included", "plus", "with"}
TAKES = {"less", "minus", "excluding", "excludes", "exclude", "without", "before"}


def pattern_of(place: Place, registry: Registry) -> Pattern | None:
    """The registered pattern that a column's glossary term is."""
    term = table(place[0])[place[1]].term
    return registry.by_id.get(term) if term else None


def word_tests(place: Place, registry: Registry) -> list[Test]:
    """What the definition says, held against the column's description and against its formula."""
    column, pattern = table(place[0])[place[1]], pattern_of(place, registry)
    if pattern is None:
        says = f"term {column.term!r}" if column.term else "no term"
        return [Test("the metric's term is a registered pattern", says, "no such pattern", UNMEASURED, place)]
    found = [_description(place, column, pattern)]
    for formula in formulas(place[0].split("/")[1]):
        if formula.column == column.name and formula.mart == place[0].split("/")[1]:
            found += _components(place, formula, pattern, registry)
    return found


def _description(place: Place, column: Column, pattern: Pattern) -> Test:
    worst, detail = 0.0, ""
    claims = SENTENCE.split(pattern.definition)
    for sentence in SENTENCE.split(column.description):
        # Only what is about the same thing can contradict: the claim that shares most of the sentence's words.
        nearest = max(claims, key=lambda claim: alignment(claim, sentence))
        score, hit = raw_contradiction(nearest, sentence, 1.0)
        if hit and score > worst:
            worst, detail = score, f" ({hit.detail})"
    verdict = BREAKS if worst >= CONTRADICTS else HOLDS
    shows = f"“{column.description}”" + (detail if verdict == BREAKS else "")
    return Test("the column's description does not contradict the definition", _quoted(pattern), shows, verdict, place)


def _quoted(pattern: Pattern) -> str:
    return f"“{pattern.definition}” ({pattern.source_path or pattern.file})"


def _components(place: Place, formula: Formula, pattern: Pattern, registry: Registry) -> list[Test]:
    """Each part of the formula that has a term of its own is named in the definition, with the formula's sign."""
    facts = dict.fromkeys(FACT.findall(formula.expression))
    text = _with_named(pattern, registry, {table(f"warehouse/{fact}")[name].term for fact, name in facts})
    stems = [stem(word) for word in words(text)]
    found = []
    subtracted = set(SUBTRACTED.findall(formula.expression))
    for fact, name in facts:
        column = table(f"warehouse/{fact}")[name]
        if column.term in (None, "day") or column.unit is None:
            continue
        labels = {column.term.replace("-", " "), *_labels(column.term, registry)}
        is_named = column.term == pattern.pattern_id or any(
            _speaks_of(stems, label) for label in (*labels, name.removesuffix("_cents").replace("_", " "))
        )
        sign = "subtracts" if (fact, name) in subtracted else "uses"
        wrong = _wrong_sign(text, labels, is_subtracted=sign == "subtracts")
        shows = f"the formula {sign} {fact}.{name} ({column.term}): {formula.expression}"
        found.append(
            Test(
                f"the definition speaks of {column.term} as the formula does",
                _quoted(pattern) + (f": “{wrong}”" if wrong else "" if is_named else f": nothing of {column.term}"),
                shows,
                HOLDS if is_named and not wrong else BREAKS,
                place,
            )
        )
    return found


def _labels(term: str, registry: Registry) -> tuple[str, ...]:
    pattern = registry.by_id.get(term)
    return pattern.labels if pattern else ()


def _with_named(pattern: Pattern, registry: Registry, parts: set[str | None]) -> str:
    """The definition, and those of the patterns that it names: customer value is net revenue, summed.

    What is a part of the formula itself explains no other part.
    """
    stems = [stem(word) for word in words(pattern.definition)]
    others = [other for other in registry.patterns if other != pattern and other.pattern_id not in parts]
    named = [other.definition for other in others if any(_contains(stems, label) for label in other.labels)]
    return " ".join([pattern.definition, *named])


def _contains(stems: list[str], label: str) -> bool:
    wanted = [stem(word) for word in words(label)]
    return any(stems[at : at + len(wanted)] == wanted for at in range(len(stems) - len(wanted) + 1))


def _speaks_of(stems: list[str], label: str) -> bool:
    """Whether at least half of a label's words are among the stems."""
    wanted = {stem(word) for word in words(label)}
    return 2 * len(wanted & set(stems)) >= len(wanted)


def _wrong_sign(text: str, labels: set[str], *, is_subtracted: bool) -> str | None:
    """The words that give a part the other sign than the formula does, such as “including refunds”."""
    if not is_subtracted:
        return None
    wanted = {tuple(stem(word) for word in words(label)) for label in labels}
    for sentence in SENTENCE.split(text):
        spoken = words(sentence)
        stems = [stem(word) for word in spoken]
        for label in wanted:
            for at in range(len(stems) - len(label) + 1):
                if tuple(stems[at : at + len(label)]) == label and (sign := _sign_before(spoken, at)) in ADDS:
                    return f"{sign} {' '.join(spoken[at : at + len(label)])}"
    return None


def _sign_before(spoken: list[str], at: int) -> str | None:
    """The nearest word before a place that adds or takes away."""
    return next((word for word in reversed(spoken[max(0, at - 6) : at]) if word in ADDS | TAKES), None)
