"""Inline Markdown: text without its marks, and heading slugs."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CODE = re.compile(r"(?<!`)(`+)(?!`)(.{1,2000}?)(?<!`)\1(?!`)", re.DOTALL)
_HIDDEN = "\ue000{}\ue001"
_SHOWN = re.compile("\ue000(\\d+)\ue001")
# Spans have a longest length: an unclosed mark must not cost the square of a document.
_REPLACEMENTS: tuple[tuple[re.Pattern[str], int], ...] = (
    (re.compile(r"<!--.{0,4000}?-->", re.DOTALL), 0),
    (re.compile(r"!\[([^\[\]]*)\]\([^()]*(?:\([^()]*\)[^()]*)*\)"), 1),
    (re.compile(r"(?<!\\)\[\^[^\[\]]+\]"), 0),
    (re.compile(r"(?<!\\)\[([^\[\]]*)\]\([^()]*(?:\([^()]*\)[^()]*)*\)"), 1),
    (re.compile(r"(?<!\\)\[([^\[\]]+)\]\[[^\[\]]*\]"), 1),
    (re.compile(r"<((?:https?|mailto):[^<>\s]+)>"), 1),
    (re.compile(r"(?<!\\)</?[A-Za-z][^<>]*>"), 0),
    (re.compile(r"(?<![\\\w*])(\*{1,3})(?=\S)(.{1,1000}?)(?<=\S)(?<!\\)\1(?!\*)", re.DOTALL), 2),
    (re.compile(r"(?<=\w)(\*{1,3})(?=\S)([^*\n]{1,1000}?)(?<=\S)(?<!\\)\1(?!\*)"), 2),
    (re.compile(r"(?<![\\\w])(_{1,3})(?=\S)(.{1,1000}?)(?<=\S)(?<!\\)\1(?!\w)", re.DOTALL), 2),
    (re.compile(r"~~(?=\S)(.{1,1000}?)(?<=\S)~~", re.DOTALL), 1),
    (re.compile(r"\\([!-/:-@\[-`{-~])"), 1),
)
_SPACES = re.compile(r"[ \t\f\v]+")


def plain(text: str) -> str:
    """The text without inline marks: links become their text, code its content, tags and footnotes vanish.

    Line breaks survive in number, so that a position in the result still counts its line.
    """
    text = text.replace("\ue000", "").replace("\ue001", "")
    codes: list[str] = []

    def hide(match: re.Match[str]) -> str:
        codes.append(match[2].strip(" "))
        return _HIDDEN.format(len(codes) - 1)

    text = _CODE.sub(hide, text)
    for pattern, group in _REPLACEMENTS:
        previous = None
        # Emphasis nests: three rounds reach every depth that people write.
        for _ in range(3):
            if text == previous:
                break
            previous, text = text, pattern.sub(_keeping_lines(group), text)
    text = html.unescape(text).replace("\xa0", " ").replace("\u200b", "")
    return _SPACES.sub(" ", _SHOWN.sub(lambda match: codes[int(match[1])], text))


def _keeping_lines(group: int) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        kept = match[group] if group else ""
        return kept + "\n" * (match[0].count("\n") - kept.count("\n"))

    return replace


def flat(text: str) -> str:
    """The text without marks, on one line, with single spaces."""
    return " ".join(plain(text).split())


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading: lower case, punctuation dropped, spaces to hyphens."""
    kept = re.sub(r"[^\w\- ]", "", flat(heading).lower())
    return kept.replace(" ", "-")
