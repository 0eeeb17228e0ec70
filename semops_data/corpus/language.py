"""Which language a text is in, as far as its letters and its commonest words tell.

The models that ship know English alone. A text in another language is marked, so that nobody takes their silence
about it for agreement.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache

_WORD = re.compile(r"[^\W\d_]+")
_COMMON = {
    "en": "the of and to is in that it for with as are be this by on not or from which an at have can has was will",
    "de": "der die das und ist nicht ein eine zu den von mit auf für im dem des wird sich als auch werden oder sind",
    "fr": "le la les des et est une un du que qui dans pour par sur pas au avec sont ce il cette ou être aux",
    "es": "el la los las de que y en un una es por con para del se no su al como está son lo más o",
    "it": "il la di che e un una per con del della non è si le dei nel sono da alla gli anche più come",
    "pt": "o a os as de que e do da em um uma para com não é por se no na dos são mais ao como",
    "nl": "de het een van en is dat die in niet te zijn op voor met aan wordt door ook als bij worden of",
    "sv": "och att det som en är av för på den med inte till har de ett om kan från eller vi ska",
    "pl": "i w na z do nie się jest to że o jak przez dla od po oraz są za który być lub",
    "tr": "ve bir bu için ile da de olarak daha olan en gibi değil her çok ne ya veya kadar",
}  # fmt: skip
_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
_SCRIPTS = {
    "CYRILLIC": "und-Cyrl", "GREEK": "el", "ARABIC": "ar", "HEBREW": "he", "DEVANAGARI": "hi", "HANGUL": "ko",
    "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh", "THAI": "th", "BENGALI": "bn", "TAMIL": "ta", "ARMENIAN": "hy",
    "GEORGIAN": "ka",
}  # fmt: skip
READ = 4_000
FEWEST_WORDS = 6
# Names and code carry no function words: below this share of them nothing is said of the language.
FEWEST_COMMON = 0.12


@lru_cache(maxsize=8_192)
def language(text: str) -> str | None:
    """BCP 47 tag of the language of a text; `und` with a script where that alone is known; None where nothing is.

    Args:
        text: plain text; its first 4,000 characters are looked at.
    """
    found = [word.casefold() for word in _WORD.findall(text[:READ])]
    letters = "".join(found)
    if not letters:
        return None
    other = Counter(_script(letter) for letter in letters if not letter.isascii() and _script(letter))
    if sum(other.values()) > 0.3 * len(letters):
        # Japanese mixes kana with Chinese characters: the kana decide.
        return next((tag for tag in ("ja", "ko") if other[tag]), other.most_common(1)[0][0])
    if len(found) < FEWEST_WORDS:
        return None
    shares = {tag: sum(word in words for word in found) / len(found) for tag, words in _WORDS.items()}
    best = max(shares, key=lambda tag: shares[tag])
    return best if shares[best] >= FEWEST_COMMON else None


def is_foreign(text: str) -> bool:
    """Whether a text is surely in another language than English."""
    return language(text) not in {None, "en"}


@lru_cache(maxsize=4_096)
def _script(letter: str) -> str:
    return _SCRIPTS.get(unicodedata.name(letter, "").split(" ")[0].split("-")[0], "")
