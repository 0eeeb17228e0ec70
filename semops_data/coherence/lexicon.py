"""The words that the rules know: negators, modalities, quantifiers, opposites, units, and what names a case."""

from __future__ import annotations

import re
from itertools import combinations, product

from semops_data.coherence.text import stem

# Whether a negator turns the word behind it ("is not a sum") or is a value of its own.
NEGATORS = {"not": True, "never": True, "cannot": True, "no": True, "none": True, "neither": True, "nor": True,
            "without": True, "nothing": True, "nobody": True, "null": False}  # fmt: skip
# Between a negator and what it denies.
MANNER = frozenset({"already", "yet", "also", "even", "ever", "quite", "very", "really", "itself", "just", "always"})
NEGATED = re.compile(r"\b\w+n['’]t\b", re.IGNORECASE)
NOT_ONLY = re.compile(r"\bnot (?:only|just|merely|simply)\b", re.IGNORECASE)
# These deny nothing that the sentence is about: a contrast behind a comma, a case, some of many.
DENIES_NOTHING = re.compile(r"(?:,|—|–)\s*not\b|^\s*without\b|\bnot (?:all|every)\b", re.IGNORECASE)
# Not allowed is an obligation too.
FORBIDDEN = re.compile(r"\b(?:may|can) ?not\b", re.IGNORECASE)
# What is denied ends here: "not an aspiration but a measure" denies no measure.
DENIED_UNTIL = re.compile(r"\bbut\b|[;:—–]")
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
# Opposites that are looked for and never planted: a word, and what it excludes.
_OPPOSED = (
    "accept:refuse deny|allow:deny block prevent|permit:forbid deny|grant:deny revoke|approve:reject|agree:disagree"
    "|append:overwrite|keep:discard delete drop overwrite remove|retain:discard delete drop|store:discard"
    "|preserve:replace destroy discard|include:omit skip ignore|count:ignore omit|consider:ignore disregard"
    "|apply:skip ignore|process:skip|follow:ignore|raise:lower reduce|increase:reduce shrink fall|grow:shrink"
    "|rise:drop|expand:contract|extend:shorten|strengthen:weaken|improve:worsen|connect:disconnect|attach:detach"
    "|lock:unlock|encrypt:decrypt|install:remove uninstall|load:unload|import:export|upload:download|send:receive"
    "|publish:withdraw|register:unregister|enter:leave|join:leave|appear:disappear vanish|present:absent missing"
    "|available:unavailable|visible:hidden invisible|show:hide|shared:exclusive private|common:rare|frequent:rare"
    "|always:rarely seldom|usually:rarely|often:seldom|everybody:nobody|everyone:nobody|everything:nothing"
    "|everywhere:nowhere|together:separately apart|joint:separate|combined:separate|unique:duplicate shared"
    "|exact:approximate|exactly:roughly approximately|fixed:variable|constant:variable varying|draft:final"
    "|persistent:transient ephemeral volatile|permanent:transient|durable:volatile|stateless:stateful"
    "|sequential:parallel concurrent|serial:parallel|fresh:stale|live:stale|current:outdated|up-to-date:outdated"
    "|early:late|immediately:later eventually|automatically:manually|implicitly:explicitly|direct:indirect"
    "|directly:indirectly|active:inactive|successful:failed unsuccessful|pass:fail|legal:illegal|trusted:untrusted"
    "|secure:insecure|plain:encrypted masked|right:wrong|correct:incorrect wrong|accurate:inaccurate"
    "|reliable:unreliable|cheap:expensive|easy:hard difficult|simple:complex|small:large big|short:long"
    "|few:many|fewer:more|least:most|minor:major|partial:full complete whole|partially:fully completely"
    "|top:bottom|front:back|horizontal:vertical|inner:outer|start:stop finish|begin:finish|open:close|buy:sell"
    "|win:lose|credit:debit|income:expense|profit:loss|producer:consumer|reader:writer|primary:secondary"
    "|sender:receiver recipient|cause:prevent|require:forbid|recommend:discourage|encourage:discourage|add:subtract"
    "|multiply:divide|quarantine:drop delete discard repair|archive:delete|unchanged:changed overwritten modified"
    "|silent:reported|silently:loudly visibly|identical:different|equal:unequal|independent:dependent"
    "|same:other|voluntary:mandatory|free:paid|clean:dirty|normal:abnormal|regular:irregular|original:copy"
)
# Of each group one alone can stand in a place.
_ALTERNATIVES = (
    "sum mean median maximum minimum|hourly daily weekly monthly quarterly yearly"
    "|arithmetic geometric harmonic|linear exponential|monday tuesday wednesday thursday friday saturday sunday"
    "|north south east west"
)
OPPOSITES: dict[str, set[str]] = {}
_EXCLUDED = [(word, other) for group in _OPPOSED.split("|") for word, others in [group.split(":")]
             for other in others.split()]  # fmt: skip
_EXCLUDED += [pair for group in _ALTERNATIVES.split("|") for pair in combinations(group.split(), 2)]


def _stems(word: str) -> set[str]:
    """Of a word and, where it doubles its last letter, of "dropped" beside "drop"."""
    is_doubled = re.search(r"(?:^|[^aeiou])[aeiou][bdgmnprt]$", word) is not None
    return {stem(word), word + word[-1]} if is_doubled else {stem(word)}


for _one, _two in (*ANTONYMS, *_EXCLUDED):
    for _left, _right in product(_stems(_one), _stems(_two)):
        OPPOSITES.setdefault(_left, set()).add(_right)
        OPPOSITES.setdefault(_right, set()).add(_left)
# Nothing beside it: "by size alone", "solely by size".
EXCLUSIVE = re.compile(r"\b(?:alone|solely|exclusively|nothing but|nothing else|merely)\b", re.IGNORECASE)
BESIDE = frozenset("and plus times also too besides both together well minus divided".split())  # noqa: SIM905

UNITS = {
    name: canonical
    for canonical, names in {
        "ms": "ms millisecond milliseconds", "s": "s sec second seconds", "min": "min minute minutes",
        "h": "h hour hours", "day": "day days", "week": "week weeks", "month": "month months",
        "quarter": "quarter quarters", "year": "year years", "%": "% percent percentage", "kb": "kb kib kilobytes",
        "mb": "mb mib megabytes", "gb": "gb gib gigabytes", "tb": "tb tib terabytes", "usd": "usd dollar dollars $",
        "eur": "eur euro euros €", "cent": "cent cents", "row": "row rows", "token": "token tokens",
        "word": "word words", "point": "point points pp",
    }.items()
    for name in names.split()
}  # fmt: skip
SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3_600.0, "day": 86_400.0, "week": 604_800.0, "month": 2_628_000.0,
           "quarter": 7_884_000.0, "year": 31_536_000.0}  # fmt: skip
