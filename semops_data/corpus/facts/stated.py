"""What a text says of a value: its default, the few that it may be, a range, whether it may be null.

A value counts only where the words after it leave it unconditional: "default 1 if x" states nothing alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from semops_data.corpus.facts.values import Value, set_of, value_of

LONGEST_QUOTE = 200
_FORMS = ("tick2", "tick", "double", "single", "bare")
_DEFAULT = re.compile(r"\bdefaults?\b", re.IGNORECASE)
_LITERAL = (
    r"(?:``(?P<tick2>[^`\n]{1,60})``|`(?P<tick>[^`\n]{1,60})`|\"(?P<double>[^\"\n]{1,60})\"|'(?P<single>[^'\n]{1,60})'"
    r"|(?P<bare>True|False|None|null|[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w%])"
    r"|[-+]?(?:\d+(?:\.\d*(?=e|\d))?\d*|\.\d+)(?:e[-+]?\d+)?(?![\w%]|[.,]\d)))"
)
# Nothing may follow that limits the value: a case, a second value, a unit, arithmetic.
_CASE = r",(?!\s*(?:(?:if|when|else|otherwise|unless|but|or)\b|[`'\"]?[-+]?\d))"
_ALONE = rf"[*_]{{0,2}}(?=\s*(?:$|[.;)\]}}]|{_CASE}|\n\s*\n|[\u2014\u2013]|\(default\)))"
_VALUE = rf"[*_]{{0,2}}\s*[*_]{{0,2}}{_LITERAL}{_ALONE}"
HEAD = re.compile(rf"\bdefaults?(?:\s+value)?(?:\s+is|\s+to|\s*=|\s*:|\s+of)?{_VALUE}", re.IGNORECASE)
BODY = re.compile(
    r"(?:^|(?<=[.;!?)])\s+|\n\s*\n\s*|\()(?:(?:the|its)\s+)?(?:default(?:\s+value)?(?:\s+is|\s+to|\s*=|\s*:)"
    rf"|(?:this\s+|it\s+)?defaults\s+to|by\s+default,?\s+(?:this|it)\s+is){_VALUE}",
    re.IGNORECASE,
)
_ITEM = r"[`'\"][\w./+ -]{1,40}[`'\"]"
_PLAIN = r"(?!(?:and|or)\b)[\w-]{2,30}"
_ONE_OF = re.compile(
    r"\b(?:(?:(?:must|can|may|should) be |is )?(?:one|any) of:?"
    r"|(?:(?:allowed|valid|possible|accepted|permitted|supported) )?(?:values|options|choices)(?:(?: are| is):?|:))\s*"
    rf"(?P<list>(?:{_ITEM}(?:\s*\([^()\n]{{1,80}}\))?(?:\s*,\s*(?:and |or )?|\s+(?:and|or)\s+|\s*\|\s*))+{_ITEM}"
    rf"|(?:{_PLAIN},\s*){{1,20}}(?:and |or )?{_PLAIN}(?:\s+(?:and|or)\s+{_PLAIN})?)(?=\s*(?:[.;)\n]|$))",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[`'\"]([\w./+ -]{1,40})[`'\"]")
_BOUND = r"-?\d+(?:,\d{3})*(?:\.\d+)?"
_RANGE = re.compile(
    rf"\b(?:between|from|in the range(?: of)?)\s+(?P<low>{_BOUND})\s*(?:and|to|-|\u2013|\.\.)\s*(?P<high>{_BOUND})"
    r"(?![\w%.]*\d)",
    re.IGNORECASE,
)
_MAXIMUM = re.compile(
    rf"\b(?:at most|maximum(?: (?:is|of|value is))?:?|no more than|up to|max:?)\s+(?P<value>{_BOUND})(?![\w%]*\d)",
    re.IGNORECASE,
)
_MINIMUM = re.compile(
    rf"\b(?:at least|minimum(?: (?:is|of|value is))?:?|no less than|min:?)\s+(?P<value>{_BOUND})(?![\w%]*\d)",
    re.IGNORECASE,
)
_NEVER_NULL = re.compile(r"\b(?:never|not|cannot be|can't be|must not be|non-?) ?null(?:able)?\b", re.IGNORECASE)
_NULL = re.compile(
    r"\b(?:(?:may|can|could|might) be null|null (?:if|when|where|until|unless|before|for)\b|or null\b|nullable)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Said:
    """A value that a text states.

    Attributes:
        aspect: which property it is of.
        value: the value.
        words: the sentence that says it.
        offset: how many lines below the text's first one it stands.
        is_beside: whether it stands beside the name of what it is about, not in the text below.
    """

    aspect: str
    value: Value
    words: str
    offset: int
    is_beside: bool = False


def default_of(head: str, body: str) -> list[Said]:
    """The default that a parameter's text states, beside its name and in the text; of several in one, none.

    Args:
        head: what stands beside the parameter's name: its type and marks.
        body: the text, from the line of the name on.
    """
    found = []
    for part, pattern in ((head, HEAD), (body, BODY)):
        told = list(pattern.finditer(part))
        # Several defaults in one text are those of several cases.
        if len(told) == 1 and len(_DEFAULT.findall(part)) == 1 and (value := value_of(_literal(told[0]))):
            offset = part[: _place(told[0])].count("\n") if part is body else 0
            found.append(Said("default", value, _around(part, told[0]), offset, is_beside=pattern is HEAD))
    return found


def constraints_of(text: str) -> list[Said]:
    """What a description says of the values that are allowed: the default, one of a few, a range, null or never."""
    found = default_of("", text)
    told = list(_ONE_OF.finditer(text))
    if len(told) == 1 and (value := set_of(_members(told[0]["list"]))):
        found.append(_said("allowed values", value, text, told[0]))
    bounds = list(_RANGE.finditer(text))
    for aspect, pattern, group in (("minimum", _MINIMUM, "low"), ("maximum", _MAXIMUM, "high")):
        own = [(match, match[group]) for match in bounds] or [(m, m["value"]) for m in pattern.finditer(text)]
        if len(own) == 1 and (value := value_of(own[0][1])):
            found.append(_said(aspect, value, text, own[0][0]))
    never, sometimes = _NEVER_NULL.search(text), _NULL.search(text)
    if (never is None) != (sometimes is None):
        match = never or sometimes
        assert match is not None  # noqa: S101
        found.append(_said("nullability", nullable(is_null=never is None), text, match))
    return found


def nullable(*, is_null: bool) -> Value:
    """Whether something may be null, as a value."""
    return Value("truth", str(is_null), float(is_null))


def _said(aspect: str, value: Value, text: str, match: re.Match[str]) -> Said:
    return Said(aspect, value, _around(text, match), text[: match.start()].count("\n"))


def _members(text: str) -> list[str]:
    return _QUOTED.findall(text) or [part for part in re.split(r",\s*(?:and |or )?|\s+(?:and|or)\s+", text) if part]


def _literal(match: re.Match[str]) -> str:
    return next(part for part in match.group(*_FORMS) if part is not None)


def _place(match: re.Match[str]) -> int:
    return next(match.start(name) for name in _FORMS if match[name] is not None)


def _around(text: str, match: re.Match[str]) -> str:
    """The sentence or line that a match stands in, on one line, at most 200 characters."""
    start = max(text.rfind(stop, 0, match.start() + 1) + len(stop) for stop in ("\n\n", ". ", ".\n"))
    start = 0 if start < 2 else start
    ends = [end for stop in (".\n", ". ", "\n\n") if (end := text.find(stop, match.end())) >= 0]
    return shortened(text[start : min(ends) + 1 if ends else len(text)])


def shortened(text: str) -> str:
    """A text on one line, at most 200 characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST_QUOTE else flat[: LONGEST_QUOTE - 1].rstrip() + "…"
