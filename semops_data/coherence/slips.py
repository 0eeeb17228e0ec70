"""Slips of the pen: a word with a letter wrong is the word that stood there before, and no change of meaning.

Two words of like spelling may both be words: "import" and "export", "casual" and "causal". So one of the two must be
unknown to the corpus; where no vocabulary is at hand, only two letters that changed places count, which seldom make
another word.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from semops_data.coherence.lexicon import MODALITIES, NEGATORS, OPPOSITES, QUANTIFIERS, UNITS
from semops_data.coherence.text import STOP, WORD, stem

if TYPE_CHECKING:
    from collections.abc import Collection

SHORTEST, SHORTEST_OF_TWO = 5, 8
# Words in which two letters change places and that are words still.
_PAIRS = (
    "casual causal|trial trail|united untied|martial marital|diary dairy|angel angle|quiet quite|scared sacred"
    "|signing singing|bored bread|conversation conservation|sliver silver|spilt split"
)
_BOTH_WORDS = frozenset(frozenset(pair.split()) for pair in _PAIRS.split("|"))
_TURNING = NEGATORS.keys() | MODALITIES.keys() | QUANTIFIERS.keys() | UNITS.keys() | STOP


def corrected(old: str, new: str, vocabulary: Collection[str] = ()) -> str:
    """The new text with slips of the pen put right, as far as the old text shows what was meant.

    Args:
        old: what stood there before.
        new: what stands there now.
        vocabulary: case-folded words that the corpus uses in several places.
    """
    here, there = (Counter(match.group().casefold() for match in WORD.finditer(text)) for text in (old, new))
    gone, come = list((here - there).keys()), there - here
    meant: dict[str, str] = {}
    for word in come:
        found = next((other for other in gone if is_slip(other, word, vocabulary)), None)
        if found is not None:
            meant[word] = found
            gone.remove(found)
    return WORD.sub(lambda match: meant.get(match.group().casefold(), match.group()), new) if meant else new


def is_slip(one: str, other: str, vocabulary: Collection[str] = ()) -> bool:
    """Whether two case-folded words are one word, misspelt in one of them; symmetric."""
    if min(len(one), len(other)) < SHORTEST or not (one.isalpha() and other.isalpha()):
        return False
    if {one, other} & _TURNING or stem(other) in OPPOSITES.get(stem(one), ()) or frozenset((one, other)) in _BOTH_WORDS:
        return False
    if vocabulary and one in vocabulary and other in vocabulary:
        return False
    if _swapped(one, other):
        return True
    if not vocabulary:
        return False
    return _distance(one, other) <= (2 if min(len(one), len(other)) >= SHORTEST_OF_TWO else 1)


def _swapped(one: str, other: str) -> bool:
    """Whether two letters next to each other, and nothing else, changed places."""
    if len(one) != len(other):
        return False
    places = [n for n, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    return len(places) == 2 and places[1] == places[0] + 1 and one[places[0]] == other[places[1]] and (
        one[places[1]] == other[places[0]]
    )  # fmt: skip


def _distance(one: str, other: str) -> int:
    """Letters to insert, take away, replace, or swap with their neighbour (optimal string alignment)."""
    if abs(len(one) - len(other)) > 2:
        return 3
    before: list[int] = []
    last, row = before, list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = last, row, [i]
        for j, b in enumerate(other, 1):
            best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, before[j - 2] + 1)
            row.append(best)
    return row[-1]
