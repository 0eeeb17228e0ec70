"""Rules that look at the order of words: two sides in each other's place, and one word where the other has another.

Both hold two sentences against each other word by word, articles left out. A word with a letter wrong is the same
word, and so are a few words that are used for each other.
"""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING

from semops_data.coherence.hit import Hit
from semops_data.coherence.lexicon import NEGATORS
from semops_data.coherence.text import STOP, stem, words

if TYPE_CHECKING:
    from collections.abc import Sequence

_ARTICLES = frozenset({"a", "an", "the"})
_SYMMETRIC = frozenset(
    "and or nor with between plus versus vs both is are was were be equals equal near beside like as of".split()  # noqa: SIM905
)
# Words of one group say the same in a definition.
_SAME = (
    "share part portion fraction proportion|number count quantity|minus less|pick choose select"
    "|keep preserve hold retain"
    "|yield give produce return|make create build|show display|happen occur|begin start|end finish stop|begin open"
    "|use utilize employ|big large|small little|document page file|also too|must shall|need require|help assist"
    "|get obtain receive|say state tell|allow permit enable let|every each all any|delete remove|way manner"
    "|compute calculate recompute|several multiple many|single one|mean average|change modify alter edit update"
    "|which that who"
    "|product multiplication|contain include|below under|above over|for to|in on at within into|lack miss|whole entire"
    "|system organization organisation|section chapter|method approach|value score|again anew|put place|if where when"
    "|its their his her|it they them|can could may might|should ought|via through by|since because as|organise organize"
)
_GROUP = {stem(word): number for number, group in enumerate(_SAME.split("|")) for word in group.split()}
LONGEST = 60
MOST_MOVED = 10
FRAME = 0.6
SLOT = 4
# Words of a sentence that must be the same on either side before one other word turns its meaning.
FEWEST_SAME = 4


@lru_cache(maxsize=65_536)
def frame(text: str) -> tuple[str, ...]:
    """Stems of the words without articles, at most 60."""
    return tuple(stem(word) for word in words(text) if word not in _ARTICLES)[:LONGEST]


def role_conflict(left: str, right: str) -> Hit | None:
    """The same words with two parts of the sentence in each other's place around what joins them.

    Clauses that change places whole ("If A, B" and "B if A"), members of a list and the two sides of "and" do not
    count: what lies between the two parts must say which is which.
    """
    ours, theirs = frame(left), frame(right)
    if len(ours) < 4 or ours == theirs or Counter(ours) != Counter(theirs):
        return None
    start = next(i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b)
    end = next(i for i, (a, b) in enumerate(zip(ours[::-1], theirs[::-1], strict=True)) if a != b)
    here, there = ours[start : len(ours) - end], theirs[start : len(theirs) - end]
    found = _exchanged(here, there)
    if found is None:
        return None
    first, between, second = found
    is_joined = {"and", "or"} & set(between) and not [word for word in between if word not in STOP]
    if is_joined or all(word in _SYMMETRIC for word in between) or _is_list(left, first, second):
        return None
    one, other, what = (as_written(part, left) for part in (first, second, between))
    return Hit("role_swap", 0.8, f"“{one}” and “{other}” change places around “{what}”")


def _exchanged(here: tuple[str, ...], there: tuple[str, ...]) -> tuple[tuple[str, ...], ...] | None:
    """X, M and Y where one side reads X M Y and the other Y M X, with M not empty; the shortest X first."""
    size = len(here)
    for i in range(1, min(MOST_MOVED, size - 2) + 1):
        if there[size - i :] != here[:i]:
            continue
        for j in range(1, min(MOST_MOVED, size - i - 1) + 1):
            if there[:j] == here[size - j :] and there[j : size - i] == here[i : size - j]:
                return here[:i], here[i : size - j], here[size - j :]
    return None


def _is_list(text: str, first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    """Whether two short parts stand in an enumeration, whose order says nothing."""
    is_short = len(first) <= SLOT and len(second) <= SLOT
    return is_short and re.search(r", | and | or ", text) is not None and _joined(text, first[-1], second[0])


def _joined(text: str, first: str, second: str) -> bool:
    found = [(stem(m[0].casefold()), m.start(), m.end()) for m in re.finditer(r"[^\W_]+", text)]
    ends = [end for name, _, end in found if name == first]
    starts = [start for name, start, _ in found if name == second]
    between = next((text[e:s] for e in ends for s in starts if s > e), "")
    return (
        re.match(r"\s*(?:,|and\b|or\b)", between) is not None
        and re.search(r"(?:,|and|or)\s*(?:the )?$", between) is not None
    )


def substitution_conflict(left: str, right: str) -> Hit | None:
    """Another word in an otherwise equal sentence: "the share of meaning", "the share of words"."""
    ours, theirs = frame(left), frame(right)
    if min(len(ours), len(theirs)) <= FEWEST_SAME:
        return None
    # Most pairs share too few words in any order: the costly comparison is for the others.
    if 2 * sum((Counter(ours) & Counter(theirs)).values()) < FRAME * (len(ours) + len(theirs)):
        return None
    blocks = SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()
    same = sum(i2 - i1 for tag, i1, i2, _, _ in blocks if tag == "equal")
    kept = 2 * same / (len(ours) + len(theirs))
    if same < FEWEST_SAME or kept < FRAME:
        return None
    slots = []
    for tag, i1, i2, j1, j2 in blocks:
        if tag == "equal":
            continue
        here, there = ours[i1:i2], theirs[j1:j2]
        if any(word[0].isdigit() for word in here) and any(word[0].isdigit() for word in there):
            # Quantities have a rule of their own, which knows units.
            return None
        if tag == "replace" and len(here) <= SLOT and len(there) <= SLOT:
            one, other = _meaning(here), _meaning(there)
            both_deny = not _DENYING.isdisjoint(here) and not _DENYING.isdisjoint(there)
            if one and other and not both_deny and not _alike(one, other):
                slots.append((as_written(here, left), as_written(there, right), frozenset(one | other)))
    # Where much differs, it is another sentence and not another version of this one; "was" for "were" is no difference.
    others = sum(
        tag != "equal" and bool(_meaning(ours[i1:i2]) | _meaning(theirs[j1:j2])) for tag, i1, i2, j1, j2 in blocks
    )
    if not slots or others > 2 or _moved(blocks, ours, theirs):
        return None
    ours_says, theirs_says, differing = slots[0]
    told = f"“{ours_says}” against “{theirs_says}”"
    return Hit("substitution", 0.6 * kept**2 / others, told, differing)


def as_written(stems: Sequence[str], text: str) -> str:
    """The words of a text that have these stems, as they are written there."""
    written = {stem(word): word for word in reversed(words(text))}
    return " ".join(written.get(name, name) for name in stems)


def _moved(blocks: Sequence[tuple[str, int, int, int, int]], ours: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """Whether what is gone in one place is there in another: words that moved were not replaced."""
    gone = Counter(w for tag, i1, i2, _, _ in blocks if tag != "equal" for w in ours[i1:i2] if w not in STOP)
    come = Counter(w for tag, _, _, j1, j2 in blocks if tag != "equal" for w in theirs[j1:j2] if w not in STOP)
    return bool(gone & come)


def _meaning(slot: tuple[str, ...]) -> set[str]:
    return {word for word in slot if word not in _GRAMMAR or word in _TELLING}


# "Nobody" and "no one".
_DENYING = frozenset(map(stem, NEGATORS)) | NEGATORS.keys()
_GRAMMAR = STOP | {stem(word) for word in STOP}
_TELLING = frozenset({"one", "no", "not", "only", "all", "most", "some", "must", "may", "over", "under"})


def _alike(one: set[str], other: set[str]) -> bool:
    """Whether two sets of words say the same: words of one group, a typo, a longer form, or one inside the other."""
    if one <= other or other <= one:
        return True
    return all(any(same_word(a, b) for b in other) for a in one) or all(
        any(same_word(a, b) for a in one) for b in other
    )


@lru_cache(maxsize=65_536)
def same_word(one: str, other: str) -> bool:
    """Whether two stems are one word: equal, of one group, one with a slip of the pen, or forms of one stem."""
    if one == other or (one in _GROUP and _GROUP[one] == _GROUP.get(other)):
        return True
    short, long = sorted((one, other), key=len)
    if len(short) < 4 or short[0] != long[0]:
        return False
    if len(short) >= 5 and len(long) - len(short) <= 4 and long.startswith(short[: max(5, len(short) - 2)]):
        return True
    # Two letters that changed places; in longer words also one too many, one missing or one wrong.
    if len(short) == len(long) and Counter(one) == Counter(other):
        return sum(a != b for a, b in zip(one, other, strict=True)) == 2
    return len(short) >= 5 and len(long) - len(short) <= 1 and _one_letter(short, long)


def _one_letter(short: str, long: str) -> bool:
    at = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return short[at:] == long[at + 1 :] or short[at + 1 :] == long[at + 1 :]
