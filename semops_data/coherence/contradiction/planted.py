"""Pairs that the project makes itself: a sentence, and the same sentence with its meaning turned or kept.

Contradictions: negation, number, unit, modality, quantifier, antonym, role swap, order in time. Entailments that
look like them: a clause left out, an equivalent number or unit, the same words in another order. They are made
from the sentences of the training pairs and from templates about data, so that the model meets the vocabulary of
definitions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from semops_data.coherence import planting
from semops_data.coherence.contradiction.pairs import Example

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

ENTAILMENT, NEUTRAL, CONTRADICTION = range(3)
T = TypeVar("T")
THINGS = ("an order", "an invoice", "a customer", "a payment", "a shipment", "a claim", "a pattern", "a pipeline",
          "an alert", "a contract", "a table", "a report", "a refund", "a subscription", "a supplier", "a document",
          "a user", "a ticket", "an asset", "a metric", "a run", "a partition", "a lead", "a product")  # fmt: skip
VERBS = (("is approved by", "approves"), ("is owned by", "owns"), ("is reviewed by", "reviews"),
         ("depends on", "supports"), ("is derived from", "feeds"), ("replaces", "is replaced by"),
         ("triggers", "is triggered by"), ("references", "is referenced by"), ("precedes", "follows"))  # fmt: skip
STATES = (("active", "inactive"), ("valid", "invalid"), ("complete", "incomplete"), ("visible", "hidden"),
          ("stored encrypted", "stored in plain text"), ("optional", "mandatory"), ("updated daily", "updated weekly"),
          ("computed at the start of the month", "computed at the end of the month"), ("immutable", "mutable"),
          ("included in net revenue", "excluded from net revenue"), ("deleted", "kept"), ("sorted ascending",
          "sorted descending"), ("public", "private"), ("automatic", "manual"), ("synchronous", "asynchronous"),
          ("free of charge", "subject to a fee"), ("counted once", "counted several times"))  # fmt: skip
UNITS = (("hours", "minutes", 60), ("days", "hours", 24), ("minutes", "seconds", 60), ("weeks", "days", 7),
         ("years", "months", 12), ("seconds", "milliseconds", 1000))  # fmt: skip
LIMITS = ("must be answered within", "is kept for", "expires after", "is refreshed every", "times out after",
          "is archived after", "is retried for", "is closed after", "is reviewed every",
          "may be returned within")  # fmt: skip
TIMES = (("before", "after"), ("as soon as", "long before"), ("until", "only after"))
EVENTS = ("it is approved", "the invoice is paid", "the goods arrive", "the month is closed", "the run ends",
          "the contract is signed", "the user confirms", "the data are checked", "the alert is resolved")  # fmt: skip
ACTIONS = ("is billed", "is shipped", "is published", "is archived", "is counted", "is scored", "is deleted",
           "is notified", "is exported", "is locked", "is released")  # fmt: skip
SCOPES = (("every", "not every"), ("all", "only some"), ("each", "no"), ("every", "hardly any"))
PARTS = ("amount", "score", "date", "owner", "status", "total", "price", "interval", "share", "version", "name")
KINDS = ("a number between 0 and 1", "set by the owner", "the sum of its lines", "shown in the report", "a text",
         "the mean over all of them", "compared with the last one", "kept for every day")  # fmt: skip
TURNED = re.compile(r"^(?P<a>(?:The |A |An )?[A-Z]?\w+(?: \w+)?) (?P<verb>\w+ed|\w+s) (?P<b>(?:the |a |an )\w+)\.?$")
PREFACES = ("By definition, ", "In this company, ", "As a rule, ", "In the data warehouse, ", "For reporting, ", "")


def planted_pairs(sentences: Sequence[str], count: int, rng: np.random.Generator) -> list[Example]:
    """`count` planted pairs, half from sentences and half from templates, the same for the same generator."""
    found: list[Example] = []
    order = iter(rng.permutation(len(sentences)))
    while len(found) < count // 2 and (at := next(order, None)) is not None:
        found += turned(sentences[int(at)], rng)
    makers: tuple[Callable[[np.random.Generator], list[Example]], ...] = (
        _state,
        _limit,
        _role,
        _time,
        _scope,
        _duty,
        _aside,
        _missing,
    )
    while len(found) < count:
        found += makers[int(rng.integers(len(makers)))](rng)
    return found[:count]


def turned(sentence: str, rng: np.random.Generator) -> list[Example]:
    """One planted contradiction from a sentence, in either order, and with it one pair whose meaning stays."""
    kinds = [(name, changed) for name, fault in planting.FAULTS.items() if (changed := fault(sentence))]
    if (swapped := swap_roles(sentence)) is not None:
        kinds.append(("role", swapped))
    if not kinds:
        return []
    # Negation fits nearly every sentence: the rarer kinds go first.
    rare = [kind for kind in kinds if kind[0] != "negation"] or kinds
    _, changed = rare[int(rng.integers(len(rare)))]
    first, second = (sentence, changed) if rng.random() < 0.5 else (changed, sentence)
    same = planting.reorder(sentence) or planting.typo(sentence) or sentence
    return [Example(first, second, CONTRADICTION), Example(sentence, same, ENTAILMENT)][: 1 + int(rng.random() < 0.4)]


def swap_roles(sentence: str) -> str | None:
    """The subject and the object of a plain sentence in each other's place; None where it is not plain."""
    match = TURNED.match(sentence)
    if match is None:
        return None
    a, b = match["a"], match["b"]
    return f"{b[:1].upper()}{b[1:]} {match['verb']} {a[:1].lower()}{a[1:]}."


def _state(rng: np.random.Generator) -> list[Example]:
    thing, (one, other) = _pick(rng, THINGS), _pick(rng, STATES)
    if rng.random() < 0.5:
        one, other = other, one
    premise = _sentence(rng, f"{thing} is {one}")
    return [
        Example(premise, _sentence(rng, f"{thing} is {other}"), CONTRADICTION),
        Example(premise, _sentence(rng, f"{thing} is not {one}"), CONTRADICTION),
        Example(premise, _sentence(rng, f"{thing} is not {other}"), ENTAILMENT),
        Example(premise, _sentence(rng, f"{_pick(rng, THINGS)} {_pick(rng, ACTIONS)}"), NEUTRAL),
    ]


def _limit(rng: np.random.Generator) -> list[Example]:
    thing, limit = _pick(rng, THINGS), _pick(rng, LIMITS)
    large, small, factor = _pick(rng, UNITS)
    number = int(rng.integers(2, 60))
    other = int(number * rng.choice([2, 3, 5, 10]) + rng.integers(0, 3))
    premise = _sentence(rng, f"{thing} {limit} {number} {large}")
    return [
        Example(premise, _sentence(rng, f"{thing} {limit} {other} {large}"), CONTRADICTION),
        Example(premise, _sentence(rng, f"{thing} {limit} {number} {small}"), CONTRADICTION),
        Example(premise, _sentence(rng, f"{thing} {limit} {number * factor} {small}"), ENTAILMENT),
        Example(premise, _sentence(rng, f"{_pick(rng, THINGS)} {limit} {other} {large}"), NEUTRAL),
    ]


def _role(rng: np.random.Generator) -> list[Example]:
    a, b, (verb, inverse) = _pick(rng, THINGS), _pick(rng, THINGS), _pick(rng, VERBS)
    if a == b:
        return []
    premise = _sentence(rng, f"{a} {verb} {b}")
    return [
        Example(premise, _sentence(rng, f"{b} {verb} {a}"), CONTRADICTION),
        Example(premise, _sentence(rng, f"{b} {inverse} {a}"), ENTAILMENT),
        Example(premise, _sentence(rng, f"{a} {inverse} {b}"), CONTRADICTION),
    ]


def _time(rng: np.random.Generator) -> list[Example]:
    thing, action, event, (one, other) = _pick(rng, THINGS), _pick(rng, ACTIONS), _pick(rng, EVENTS), _pick(rng, TIMES)
    premise = _sentence(rng, f"{thing} {action} {one} {event}")
    return [
        Example(premise, _sentence(rng, f"{thing} {action} {other} {event}"), CONTRADICTION),
        Example(premise, _sentence(rng, f"{one} {event}, {thing} {action}"), ENTAILMENT),
        Example(premise, _sentence(rng, f"{thing} {action} {one} {_pick(rng, EVENTS)}"), NEUTRAL),
    ][: 2 + int(rng.random() < 0.3)]


def _scope(rng: np.random.Generator) -> list[Example]:
    noun = _pick(rng, THINGS).split(" ", 1)[1]
    (one, other), action = _pick(rng, SCOPES), _pick(rng, ACTIONS)
    plural = one == "all"
    verb = action.replace("is ", "are ", 1) if plural else action
    premise = _sentence(rng, f"{one} {noun}{'s' if plural else ''} {verb}")
    return [
        Example(premise, _sentence(rng, f"{other} {noun}{'s' if plural else ''} {verb}"), CONTRADICTION),
        Example(premise, _sentence(rng, f"some {noun}s {action.replace('is ', 'are ', 1)}"), ENTAILMENT),
        Example(_sentence(rng, f"some {noun}s {action.replace('is ', 'are ', 1)}"), premise, NEUTRAL),
    ]


def _duty(rng: np.random.Generator) -> list[Example]:
    thing, action = _pick(rng, THINGS), _pick(rng, ACTIONS).replace("is ", "be ", 1)
    premise = _sentence(rng, f"{thing} must {action}")
    return [
        Example(premise, _sentence(rng, f"{thing} need not {action}"), CONTRADICTION),
        Example(premise, _sentence(rng, f"{thing} must not {action}"), CONTRADICTION),
        Example(premise, _sentence(rng, f"{thing} is required to {action}"), ENTAILMENT),
    ]


def _aside(rng: np.random.Generator) -> list[Example]:
    """Two things that are said of the same subject and have nothing to do with each other."""
    thing, (one, _), (other, _) = _pick(rng, THINGS), _pick(rng, STATES), _pick(rng, STATES)
    first, second = _pick(rng, LIMITS), _pick(rng, LIMITS)
    (unit, _, _), (another, _, _) = _pick(rng, UNITS), _pick(rng, UNITS)
    premise = _sentence(rng, f"{thing} {first} {int(rng.integers(2, 60))} {unit}")
    found = [Example(premise, _sentence(rng, f"{thing} is {one}"), NEUTRAL)]
    if first != second:
        about = f"{thing} {second} {int(rng.integers(2, 60))} {another}"
        found.append(Example(premise, _sentence(rng, about), NEUTRAL))
    if one != other:
        found.append(Example(_sentence(rng, f"{thing} is {one}"), _sentence(rng, f"{thing} is {other}"), NEUTRAL))
    action, event = _pick(rng, ACTIONS), _pick(rng, EVENTS)
    found.append(Example(_sentence(rng, f"{thing} {action} when {event}"), premise, NEUTRAL))
    return found


def _missing(rng: np.random.Generator) -> list[Example]:
    """What a value is, and when there is none: both can be true."""
    thing, part, kind, event = _pick(rng, THINGS), _pick(rng, PARTS), _pick(rng, KINDS), _pick(rng, EVENTS)
    gap = _pick(rng, ("is null until", "is missing when", "is not given before", "is unknown until", "is empty unless"))
    whole = _sentence(rng, f"the {part} of {thing} is {kind}")
    absent = _sentence(rng, f"the {part} of {thing} {gap} {event}")
    found = [Example(whole, absent, NEUTRAL), Example(absent, whole, NEUTRAL)]
    if rng.random() < 0.5:
        found.append(Example(absent, _sentence(rng, f"the {part} of {thing} is always {kind}"), CONTRADICTION))
    return found


def _pick(rng: np.random.Generator, choices: Sequence[T]) -> T:
    return choices[int(rng.integers(len(choices)))]


def _sentence(rng: np.random.Generator, text: str) -> str:
    whole = PREFACES[int(rng.integers(len(PREFACES)))] + text if rng.random() < 0.2 else text
    return f"{whole[:1].upper()}{whole[1:]}."
