"""Which passages name a pattern, and in which words: each passage is searched once for each set of labels."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.text import label_beginnings, mention_pattern
from semops_data.lakehouse.carried import array_of, digest, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from semops_data.coherence.knowledge import Knowledge
    from semops_data.lakehouse.carried import Carried

# A mention begins where a run of letters and digits does; an apostrophe ends one, unlike in `text.WORD`.
TOKEN = re.compile(r"[^\W_]+")
AFTER = "\U0010ffff"
STATE = "mentions"

Labels = tuple[str, ...]
# By set of labels the passages that hold one, by their digests, and the words of the first mention.
Found = dict[bytes, dict[bytes, str]]


class Mentions:
    """The mentions of all patterns of a corpus."""

    def __init__(self, knowledge: Knowledge) -> None:
        keys = [digest(chunk.passage) for chunk in knowledge.chunks]
        self._rows: dict[bytes, list[int]] = {}
        for row, key in enumerate(keys):
            self._rows.setdefault(key, []).append(row)
        self._passages = passages = {key: knowledge.chunks[rows[0]].passage for key, rows in self._rows.items()}
        wanted = {digest(p.labels): p.labels for p in knowledge.patterns}
        searched, held = _read(knowledge.carried)
        fresh = {key: text for key, text in passages.items() if key not in searched}
        news = _Search(fresh)
        self._found: Found = {}
        for key, labels in wanted.items():
            if key in held:
                kept = {passage: word for passage, word in held[key].items() if passage in passages}
                self._found[key] = kept | news.named(labels)
            else:
                self._found[key] = self._everything.named(labels)
        if fresh or len(passages) != len(searched) or self._found.keys() != held.keys():
            _keep(knowledge.carried, passages, self._found)

    @cached_property
    def _everything(self) -> _Search:
        return _Search(self._passages)

    def of(self, labels: Labels) -> dict[int, str]:
        """The first mention of one of a pattern's labels, by row of the chunk, rising."""
        if digest(labels) not in self._found:
            self._found[digest(labels)] = self._everything.named(labels)
        found = self._found[digest(labels)]
        return dict(sorted((row, word) for key, word in found.items() for row in self._rows[key]))


class _Search:
    """Passages by the words in them: what cannot hold a label, mostly everything, is not looked at."""

    def __init__(self, passages: Mapping[bytes, str]) -> None:
        self._passages = passages
        postings: dict[str, list[bytes]] = {}
        for key, passage in passages.items():
            for word in set(TOKEN.findall(passage.lower())):
                postings.setdefault(word, []).append(key)
        self._words, self._postings = sorted(postings), postings

    def named(self, labels: Labels) -> dict[bytes, str]:
        """Of the passages that hold a label the first mention; the expression decides."""
        mention = mention_pattern(labels)
        if mention is None or not self._passages:
            return {}
        found = ((key, mention.search(self._passages[key])) for key in dict.fromkeys(self._may(labels)))
        return {key: match.group() for key, match in found if match}

    def _may(self, labels: Labels) -> Iterable[bytes]:
        for beginning in label_beginnings(labels):
            # The first word of a label may itself be cut by an apostrophe.
            start = next(iter(TOKEN.findall(beginning)), beginning)
            for word in self._words[bisect_left(self._words, start) : bisect_left(self._words, start + AFTER)]:
                yield from self._postings[word]


def mentions(knowledge: Knowledge) -> Mentions:
    """The mentions in this corpus."""
    held: Mentions = knowledge.__dict__.get("_mentions") or Mentions(knowledge)
    knowledge.__dict__["_mentions"] = held
    return held


def _read(carried: Carried) -> tuple[set[bytes], Found]:
    """The passages that were searched, and what was found in them."""
    held = carried.read(STATE)
    if not held:
        return set(), {}
    passages, labels = rows_of(held["passages"]), rows_of(held["labels"])
    found: Found = {key: {} for key in labels}
    words = json.loads(held["words"].tobytes())
    for label, passage, word in zip(held["label"].tolist(), held["passage"].tolist(), words, strict=True):
        found[labels[label]][passages[passage]] = word
    return set(passages), found


def _keep(carried: Carried, passages: Iterable[bytes], found: Found) -> None:
    place = {key: number for number, key in enumerate(passages)}
    entries = [(n, place[key], word) for n, own in enumerate(found.values()) for key, word in own.items()]
    words = json.dumps([word for _, _, word in entries]).encode()
    carried.write(
        STATE,
        {
            "passages": array_of(place),
            "labels": array_of(found),
            "label": np.array([label for label, _, _ in entries], np.int64),
            "passage": np.array([passage for _, passage, _ in entries], np.int64),
            "words": np.frombuffer(words, np.uint8),
        },
    )
