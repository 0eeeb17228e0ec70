"""A language model that a test wrote: it reads the request as a model would, and answers in OpenAI's words."""

from __future__ import annotations

import json
import re

from semops_data_tests.fakes.json_server import Said


def read(body):
    """The two texts, the check word and the nonce of a request."""
    system, user = (message["content"] for message in body["messages"])
    nonce = re.search(r"carry the word (\w+)\.", system)[1]
    check = re.search(r'"check": the word (\w+), copied', system)[1]
    texts = [
        re.search(rf"^BEGIN {which} TEXT {nonce}\n(.*)\nEND {which} TEXT {nonce}$", user, re.DOTALL | re.MULTILINE)[1]
        for which in ("FIRST", "SECOND")
    ]
    return *texts, check, nonce


def message(content, *, tokens=(100, 20), **more):
    """A whole response around the text that a model said."""
    said = content if isinstance(content, str) else json.dumps(content)
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
    return {"choices": [{"message": {"role": "assistant", "content": said}, "finish_reason": "stop"} | more],
            "usage": usage}  # fmt: skip


def answer(body, verdict, **more):
    """A verdict that keeps to the rules, quoting the whole texts."""
    first, second, check, _ = read(body)
    return {"verdict": verdict, "reason": "because", "quote_first": first, "quote_second": second,
            "check": check} | more  # fmt: skip


def by_words(path, body):
    """A sensible judge: the same words agree, a "not" on one side contradicts, anything else cannot be told."""
    assert path == "/v1/chat/completions"
    first, second, _, _ = read(body)
    words = [set(re.findall(r"\w+", text.casefold())) for text in (first, second)]
    is_near = len(words[0] & words[1]) >= 0.6 * min(map(len, words))
    numbers = [set(re.findall(r"\d+", text)) for text in (first, second)]
    is_turned = any(("not" in a) != ("not" in b) for a, b in [words]) or numbers[0] != numbers[1]
    verdict = "cannot tell" if not is_near else "contradicts" if is_turned else "agrees"
    return message(answer(body, verdict))


def recorded(*answers):
    """Answers in their order, the last one for ever; each a `Said`, a document, or a function of the request."""
    left = list(answers)

    def give(_, body):
        said = left.pop(0) if len(left) > 1 else left[0]
        return said if isinstance(said, Said) or not callable(said) else said(body)

    return give
