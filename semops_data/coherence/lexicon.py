"""The words that the rules know: negators, modalities, quantifiers, opposites, units, and what names a case."""

from __future__ import annotations

import re

from semops_data.coherence.text import stem

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
ONLY_SOME = re.compile(
    r"\b(?:only (?:the )?(?:first|last|some|one|a few|few)|not (?:all|every)|hardly any)\b", re.IGNORECASE
)
ONE_OF = re.compile(r"\b(?:exactly one|only one|one|a single)\b(?! of\b)", re.IGNORECASE)
MANY_OF = re.compile(r"\b(?:several|multiple|many|more than one|two|three|four|any number of)\b", re.IGNORECASE)
# A value that is not there, and one that is: "has no rate" against "has a rate of 0".
ABSENT = re.compile(
    r"\b(?:unmeasured|undefined|null|(?:has|have|is|are|there is) no (?:\w+ ){0,3}?"
    r"(?:value|rate|score|number|share|\w+))\b",
    re.IGNORECASE,
)
PRESENT = re.compile(
    r"(?:\b(?:of|is|as|at|be|equals|to)|=) (?:0|1|zero|one|perfect|complete|100 ?%|0\.\d+)(?![\w.]*\w)", re.IGNORECASE
)
NEITHER = re.compile(r"\b(?:neither|not|never|rather than|instead of)\b[^,.;]{0,30}$", re.IGNORECASE)
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
    ("preserve", "lose"), ("preserved", "lost"), ("kept", "lost"), ("kept", "deleted"), ("kept", "removed"),
    ("kept", "dropped"), ("included", "excluded"), ("counted", "excluded"), ("known", "unknown"),
    ("equal", "different"),
    ("never", "always"), ("never", "often"), ("rarely", "often"), ("upper", "lower"), ("numerator", "denominator"),
    ("earlier", "later"), ("previous", "next"), ("begin", "end"), ("begins", "ends"), ("starts", "ends"),
    ("past", "future"), ("ahead", "back"),
    ("until", "after"), ("daily", "monthly"), ("daily", "weekly"), ("weekly", "monthly"), ("once", "twice"),
    ("optional", "mandatory"), ("optional", "required"), ("local", "remote"), ("single", "multiple"),
    ("single", "several"), ("left", "right"), ("inside", "outside"), ("plus", "minus"), ("buyer", "seller"),
    ("source", "target"), ("better", "worse"), ("best", "worst"), ("fast", "slow"), ("faster", "slower"),
    ("safe", "unsafe"), ("sorted", "unsorted"), ("ordered", "unordered"), ("measured", "unmeasured"),
    ("defined", "undefined"), ("supported", "unsupported"), ("initial", "final"), ("initially", "finally"),
    ("earliest", "latest"), ("newest", "oldest"), ("new", "old"), ("temporary", "permanent"), ("online", "offline"),
    ("empty", "full"), ("even", "odd"), ("wide", "narrow"), ("broad", "narrow"), ("broader", "narrower"),
    ("arithmetic", "geometric"), ("precision", "recall"), ("parent", "child"), ("client", "server"),
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
SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3_600.0, "day": 86_400.0, "week": 604_800.0, "month": 2_628_000.0,
           "quarter": 7_884_000.0, "year": 31_536_000.0}  # fmt: skip
