"""Which words stand in which text, counted once for a text: what a lexical index is made of."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.text import content
from semops_data.lakehouse.carried import NOTHING, array_of, digest, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semops_data.lakehouse.carried import Carried


class Words:
    """The words of some texts as flat arrays: those of text i are entries starts[i] to starts[i + 1].

    Attributes:
        starts: int64, shape (N + 1,).
        tokens: number of the word, int32, shape (M,).
        counts: how often it stands there, int32, shape (M,).
        numbers: the number of each word.

    Args:
        texts: N texts.
        carried: counts of texts that were counted before.
        name: what to keep them under.
    """

    def __init__(self, texts: Sequence[str], carried: Carried = NOTHING, name: str = "words") -> None:
        keys = [digest(text) for text in texts] if carried.folder else []
        held = carried.read(name)
        vocabulary = held["vocabulary"].tobytes().decode("utf-8", "surrogatepass").split("\n") if held else []
        self.numbers: dict[str, int] = {word: number for number, word in enumerate(vocabulary)}
        place_of = {key: place for place, key in enumerate(rows_of(held["keys"]))} if held else {}
        places = np.array([place_of.get(key, -1) for key in keys] if held else [-1] * len(texts), np.int64)
        fresh = np.flatnonzero(places < 0)
        counted = [Counter(content(texts[row])) for row in fresh]
        own = [[self.numbers.setdefault(word, len(self.numbers)) for word in count] for count in counted]
        lengths = np.zeros(len(texts), np.int64)
        if held:
            lengths[places >= 0] = np.diff(held["starts"])[places[places >= 0]]
        lengths[fresh] = [len(words) for words in own]
        self.starts = np.concatenate([[0], np.cumsum(lengths)])
        self.tokens, self.counts = (np.zeros(self.starts[-1], np.int32) for _ in range(2))
        if held:
            kept = np.flatnonzero(places >= 0)
            into, out = spans(self.starts[kept], lengths[kept]), spans(held["starts"][places[kept]], lengths[kept])
            self.tokens[into], self.counts[into] = held["tokens"][out], held["counts"][out]
        into = spans(self.starts[fresh], lengths[fresh])
        self.tokens[into] = [number for numbers in own for number in numbers]
        self.counts[into] = [number for count in counted for number in count.values()]
        if carried.folder and (len(fresh) or len(place_of) != len(set(keys))):
            words = "\n".join(self.numbers).encode("utf-8", "surrogatepass")
            arrays = {"starts": self.starts, "tokens": self.tokens, "counts": self.counts}
            arrays |= {"keys": array_of(keys), "vocabulary": np.frombuffer(words, np.uint8)}
            carried.write(name, arrays)


def spans(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The positions of several runs one after the other: start, start + 1, ... of each, int64."""
    ends = np.cumsum(lengths)
    shift = np.repeat(starts - (ends - lengths), lengths)
    found: np.ndarray = np.arange(ends[-1] if len(ends) else 0) + shift
    return found
