"""What of a judge's answer is believed.

A verdict counts where it is one of the three, carries the request's check word, and quotes words that stand in the
two texts. Anything else is "cannot tell", with what was wrong as its reason.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from semops_data.coherence.judges.prompt import CUT, SPOKEN, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semops_data.coherence.judges.prompt import Prompt

GIVEN, INVALID, UNASKED = "given", "invalid", "unasked"
STATUSES = (GIVEN, INVALID, UNASKED)
LONGEST_REASON, LONGEST_QUOTE = 400, 600
# Shorter ones stand in any text.
SHORTEST_QUOTE = 6
MOST_OBJECTS = 40


@dataclass(frozen=True)
class Verdict:
    """What a judge said of two texts.

    Attributes:
        label: `agrees`, `contradicts` or `cannot_tell`.
        status: `given`; `invalid` where the answer could not be believed; `unasked` where there is none.
        reason: the judge's, or why there is no verdict.
        quote_first: words of the first text; empty where none were given.
        quote_second: words of the second text.
    """

    label: str
    status: str
    reason: str
    quote_first: str = ""
    quote_second: str = ""


@dataclass(frozen=True)
class Judgement:
    """A verdict and what it cost when it was asked for.

    Attributes:
        verdict: what was said.
        seconds: of all requests for it.
        input_tokens: sent; as the endpoint counts, else at most.
        output_tokens: that came back.
        money: None where the judge has no prices.
        request_count: how often the judge was asked now; 0 where the verdict was held.
    """

    verdict: Verdict
    seconds: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    money: float | None = None
    request_count: int = 0


def invalid(reason: str) -> Verdict:
    """No verdict that could be believed."""
    return Verdict("cannot_tell", INVALID, reason)


def unasked(reason: str) -> Verdict:
    """No answer at all."""
    return Verdict("cannot_tell", UNASKED, reason)


def read_answer(said: Any, asked: Prompt) -> Verdict:
    """The verdict in the response of a chat endpoint, whatever shape it has."""
    try:
        choice = said["choices"][0]
        message = choice["message"]
        content = message.get("content")
        refusal, ended = message.get("refusal"), choice.get("finish_reason")
    except (KeyError, IndexError, TypeError, AttributeError):
        return invalid("the answer holds no message")
    if isinstance(refusal, str) and refusal:
        return invalid(f"the judge refused: {_clean(refusal)}")
    if not isinstance(content, str) or not content.strip():
        cut = " before it said anything: it may need more tokens to think" if ended == "length" else ""
        return invalid(f"the answer is empty{cut}")
    found = [answer for answer in objects(content) if "verdict" in answer]
    if not found:
        return invalid("the answer was cut off" if ended == "length" else "the answer holds no JSON verdict")
    own = [answer for answer in found if answer.get("check") == asked.check]
    if not own:
        return invalid("the answer lacks its check word: a text may have steered the judge")
    return _believed(own[-1], asked)


def _believed(answer: dict[str, Any], asked: Prompt) -> Verdict:
    spoken = answer["verdict"]
    label = SPOKEN.get(spoken.strip().casefold()) if isinstance(spoken, str) else None
    if label is None:
        return invalid("the verdict is none of agrees, contradicts, cannot tell")
    quotes = {name: answer.get(name) for name in ("quote_first", "quote_second")}
    if not all(isinstance(quote, str) for quote in quotes.values()):
        return invalid("a quote is no text")
    first, second = (str(quote)[:LONGEST_QUOTE] for quote in quotes.values())
    reason = _clean(answer.get("reason"))
    if label == "cannot_tell":
        kept = [quote if occurs(quote, text) else "" for quote, text in ((first, asked.first), (second, asked.second))]
        return Verdict(label, GIVEN, reason, *kept)
    for which, quote, text in (("first", first, asked.first), ("second", second, asked.second)):
        if not occurs(quote, text):
            return invalid(f"the quote of the {which} text does not stand in it")
    return Verdict(label, GIVEN, reason, first, second)


def occurs(quote: str, text: str) -> bool:
    """Whether the quote stands in the text, but for case, spaces and the shape of quotation marks."""
    sought, place = _comparable(quote), _comparable(text)
    return len(sought) >= min(SHORTEST_QUOTE, len(place)) and bool(sought) and sought in place


def objects(content: str) -> Iterator[dict[str, Any]]:
    """The JSON objects of an answer, in order: judges put them between words, fences or thoughts."""
    decoder, at, tried = json.JSONDecoder(), content.find("{"), 0
    while at >= 0 and tried < MOST_OBJECTS:
        tried += 1
        try:
            found, end = decoder.raw_decode(content, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            if isinstance(found, dict):
                yield found
        at = content.find("{", end)


def _comparable(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).translate({0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"'})
    return " ".join(folded.casefold().split()).strip("\"' .…").removesuffix(CUT.strip()).strip()


def _clean(value: Any) -> str:
    text = " ".join(plain(value).split()) if isinstance(value, str) else ""
    return re.sub(r"\s+", " ", text)[:LONGEST_REASON]
