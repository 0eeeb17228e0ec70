"""Words: the tokens that retrieval, mentions and rules share."""

from __future__ import annotations

import re
from functools import lru_cache

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
STOP = frozenset({
    "a", "an", "and", "any", "are", "as", "at", "be", "been", "being", "but", "by", "can", "could", "do", "does",
    "each", "every", "for", "from", "had", "has", "have", "how", "if", "in", "into", "is", "it", "its", "itself",
    "may", "might", "more", "most", "must", "no", "nor", "not", "of", "on", "one", "only", "or", "other", "our",
    "over", "same", "shall", "should", "so", "some", "such", "than", "that", "the", "their", "them", "then",
    "there", "these", "they", "this", "those", "to", "under", "was", "we", "were", "what", "when", "where",
    "which", "while", "who", "will", "with", "within", "without", "would", "you", "your",
})  # fmt: skip
# A label this short is an acronym: "SC" is one, "sc" inside a sentence is not.
ACRONYM_LENGTH = 3


def words(text: str) -> list[str]:
    """Case-folded words in their order."""
    return list(_words(text))


# Every rule asks for the words of the same two sentences.
@lru_cache(maxsize=4_096)
def _words(text: str) -> tuple[str, ...]:
    return tuple(match.group().casefold() for match in WORD.finditer(text))


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The word without its plural and verb endings: enough to match "measures" with "measured".

    A Porter stemmer would conflate more ("universal", "university"); these few rules conflate only inflections.
    """
    for ending, kept in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= ACRONYM_LENGTH and not word.endswith("ss"):
            return (word[: -len(ending)] + kept).rstrip("e")
    return word.rstrip("e") if len(word) > ACRONYM_LENGTH else word


def content(text: str) -> list[str]:
    """Stems of the words that carry meaning, in their order."""
    return list(_content(text))


@lru_cache(maxsize=4_096)
def _content(text: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in _words(text) if word not in STOP)


@lru_cache(maxsize=4_096)
def mention_pattern(labels: tuple[str, ...]) -> re.Pattern[str] | None:
    """One expression that finds any of the labels as whole words, singular or plural, whatever the case.

    Words of a label may be joined by spaces or hyphens. Labels of up to three characters are matched as written.
    None where no label has a word.
    """
    parts = []
    for label in sorted(labels, key=len, reverse=True):
        found = WORD.findall(label)
        if not found:
            continue
        joined = r"[\s\-‐‑_/]+".join(re.escape(word) for word in found)  # noqa: RUF001
        if len(label) <= ACRONYM_LENGTH:
            parts.append(joined)
        else:
            last = found[-1]
            plural = r"(?:s|es)?"
            if last[-1:].casefold() == "y":
                joined, plural = joined[:-1], r"(?:y|ies)"
            parts.append(f"(?i:{joined}{plural})")
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(parts)})(?![^\W_])") if parts else None


def label_beginnings(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Lower-case beginnings of the labels' first words: a text that mentions a label holds one of them."""
    firsts = (WORD.findall(label)[:1] for label in labels)
    return tuple({first[0].lower()[: -1 if first[0][-1:].lower() == "y" else None] for first in firsts if first})
