"""Markdown to whole sentences: what a text asserts, each with its lines.

Headings, code and fragments are left out. A list item is completed by its lead-in ("X provides:" + "a shared
language") or left out; a table row becomes "row: column value"; `claims` keeps what can be true or false alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from semops_data.corpus.inline import flat, plain
from semops_data.corpus.markdown import Block, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

MIN_CLAIM_WORDS = 4
MAX_CLAIM_WORDS = 80
_BOUNDARY = re.compile(r"(?<=[.!?…])[\"'”\u2019)\]]*\s+(?=[\"'“\u2018(\[]*[A-Z0-9ÀÖØ-Þ])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|approx|resp|incl|fig|no|vol|pp|al|dr|mr|mrs|ms|st|prof|inc|ltd|co|dept|ca|viz)"
    r"|(?:^|[\s(])[A-Za-z])\.$",
    re.IGNORECASE,
)
_ITEM = re.compile(r"^(?P<indent>[ \t]*)(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")
_QUOTE_MARK = re.compile(r"^[ \t]*>[ \t]?", re.MULTILINE)
_LABELLED = re.compile(
    r"^[ \t]*(?:\*\*|__)(?P<label>[^*_\n]{2,80}?)(?P<in>[:.]?)(?:\*\*|__)[ \t]*(?P<out>:|—|\u2013|-{1,2}|)[ \t]+"
)
_LEAD_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|can|must|should|may|will|means|includes?|provides?|requires?|supports?|needs?"
    r"|contains?|covers?|defines?|describes?|offers?|uses?|measures?|enables?|produces?|consists? of)$"
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|been|am|has|have|had|do|does|did|can|cannot|could|must|should|shall|may|might|will|would"
    r"|\w{3,}(?:s|ed|es)n?)\b|\b\w+n['\u2019]t\b",
    re.IGNORECASE,
)
_THIRD_PERSON = re.compile(r"^(?!this\b|is\b|was\b|as\b|its\b|thus\b|plus\b)[a-z]{2,}[^s\W]s\b")
_NOT_VERB = re.compile(r"^(?:\w+ ){1,3}(?:is|are)\b|^\w+ (?:of|for|and|or|in|that|which|\w+ing)\b")
_CLAUSE = re.compile(r"^(?:[Hh]ow|[Ww]hat|[Ww]hether|[Ww]here|[Ww]hen)\s+[a-z][^?]*$")
_WORD = r"(?!(?:an?|the)\b)[\w\u2019'/&-]+"
_LINK = r"(?:that|which|who|whose|where|when|for|of|to|between|from|with|by|in|on|across|[a-z]+ing|[a-z]+ed)"
_INDEFINITE = re.compile(
    rf"^(?:an?|any|every|each|one)\s+(?:(?:{_WORD},?\s+){{1,7}}?{_LINK}\b|(?:{_WORD}\s+){{0,3}}{_WORD}[.;]?$)",
    re.IGNORECASE,
)
_DEFINITE = re.compile(rf"^the\s+(?:{_WORD},?\s+){{1,5}}?(?:of|for|that|which|who|where|between)\b", re.IGNORECASE)
_RELATIVE = re.compile(r"\b(?:that|which|who|whose|where|when)\b")
_COPULA = re.compile(r"\b(?:is|are|was|were|has|have|had|can|cannot|must|should|may|might|will|would|does|do)\b")
_PLURAL = re.compile(r"(?:[^aeious'\W]|[aeo])s$")
_NO_PLURAL = re.compile(r"(?:ics|ss|lens|dbt|ops|aws)$", re.IGNORECASE)
# "SC > 0.7 → Healthy" asserts something: a name, a comparison, a number, what it means.
_THRESHOLD = re.compile(
    r"^(?P<name>[A-Z][\w -]{0,40}?)\s*(?P<sign>[<>≤≥]=?|=)\s*"
    r"(?P<bound>[-+]?\d[\d.,]*\s?%?(?:\s*[-\u2013]\s*[\d.,]+\s?%?)?)"
    r"\s*(?:→|->|=>|⇒|:|=|\u2014|\u2013)\s*(?P<meaning>\w[^.]{2,120})[.;,]?$"
)
_LINKS_ALONE = re.compile(r"^\W*(?:\[[^\[\]]*\]\([^()\s]*(?:\([^()]*\))?[^()\s]*\)\W*)+(?:[-\u2014\u2013:].{0,60})?$")
_ASIDE = re.compile(
    r"^(?:example|examples|note|see|see also|tip|key insights?|key points?|e\.g|source|todo|issue|parent|date|status)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sentence:
    """One sentence without marks.

    Attributes:
        text: the sentence, on one line.
        start_line: line of its first word, from 1.
        end_line: line of its last word, inclusive.
        kind: prose, list, table or quote: where it stood.
        is_whole: whether it asserts something by itself: a verb, a beginning, an end.
    """

    text: str
    start_line: int
    end_line: int
    kind: str
    is_whole: bool = True


def sentences(markdown: str, *, first_line: int = 1) -> list[Sentence]:
    """Every sentence of a Markdown text, in order; fragments are there too, marked as not whole.

    Args:
        markdown: a document or a passage of it.
        first_line: line of the passage's first line in its document.
    """
    found: list[Sentence] = []
    lead = ""
    for block in parse(markdown).blocks:
        if block.kind == "prose":
            found += _prose(block.text, block.start, "prose")
        elif block.kind == "quote":
            found += _prose(_QUOTE_MARK.sub("", block.text), block.start, "quote")
        elif block.kind == "list":
            found += _list(block, lead)
        elif block.kind == "table":
            found += _table(block)
        lead = found[-1].text if found and block.kind == "prose" and found[-1].text.endswith(":") else ""
    shift = first_line - 1
    return [Sentence(s.text, s.start_line + shift, s.end_line + shift, s.kind, s.is_whole) for s in found]


def claims(markdown: str, *, first_line: int = 1) -> list[Sentence]:
    """The sentences that assert something checkable by themselves.

    Left out: questions, fragments, lead-ins, headings, code, sentences of fewer than 4 or more than 80 words.
    """
    return [
        sentence
        for sentence in sentences(markdown, first_line=first_line)
        if sentence.is_whole and MIN_CLAIM_WORDS <= len(sentence.text.split()) <= MAX_CLAIM_WORDS
    ]


def split_sentences(text: str) -> list[str]:
    """The sentences of one line of plain text; abbreviations, versions and addresses do not end one."""
    parts: list[str] = []
    start = 0
    for match in _BOUNDARY.finditer(text):
        # What stands after the stop belongs to the sentence where it closes a quotation.
        if text[match.start() - 1] == "." and _ABBREVIATION.search(text[max(0, match.start() - 12) : match.start()]):
            continue
        parts.append(text[start : match.end()])
        start = match.end()
    return [*parts, text[start:]]


def is_whole(text: str) -> bool:
    """Whether a sentence begins like one, ends like one and holds something like a verb; questions do not count."""
    if not re.match(r"^[\"'“\u2018(\[]*[A-Z0-9ÀÖØ-Þa-z][\w'\u2019.+#-]*", text) or not re.search(
        r"[.!…][\"'”\u2019)\]]*$", text
    ):
        return False
    starts = (
        re.match(r"^[\"'“\u2018(\[]*[A-Z0-9ÀÖØ-Þ]", text) is not None or re.match(r"^\w*[A-Z_./\d]", text) is not None
    )
    return starts and _VERB.search(text) is not None


def _prose(text: str, start: int, kind: str) -> Iterator[Sentence]:
    """Sentences of soft-wrapped text; one that opens with a bold label gives the label away or keeps it."""
    line = start
    for paragraph in re.split(r"(\n[ \t]*\n)", text):
        label = _LABELLED.match(paragraph)
        body, offset = paragraph, 0
        prefix = ""
        if label and (label["in"] or label["out"]):
            offset = label.end()
            body = paragraph[offset:]
            prefix = "" if _ASIDE.match(label["label"].strip()) else label["label"].strip()
        yield from _split(plain(body), line, kind, prefix)
        line += paragraph.count("\n")


def _split(text: str, line: int, kind: str, label: str = "") -> Iterator[Sentence]:
    for part in split_sentences(text):
        words = " ".join(part.split())
        begin = line + part[: len(part) - len(part.lstrip())].count("\n")
        end = line + part.rstrip().count("\n")
        line += part.count("\n")
        if not words:
            continue
        said = labelled(label, words) if label else words
        label = ""
        yield Sentence(said, begin, max(begin, end), kind, is_whole(said))


def labelled(label: str, text: str) -> str:
    """A labelled text as a sentence: "Drift" and "the meaning moved." give "Drift is the meaning moved.".

    A text that is a sentence already keeps its label before a colon.
    """
    label = flat(label).rstrip(":. ")
    label = label[:1].upper() + label[1:] if re.match(r"^[a-z]+(?:[ -]|$)", label) else label
    low = text[0].lower() + text[1:] if re.match(r"^[A-Z][a-z]*\b", text) else text
    ended = re.sub(r"[;,]$", "", text)
    if is_noun_phrase(text):
        return _stop(f"{label} {'are' if is_plural(label) else 'is'} {low.rstrip(';,')}")
    if _THIRD_PERSON.match(low) and not _NOT_VERB.match(low):
        return _stop(f"{label} {low.rstrip(';,')}")
    if is_whole(_stop(ended)) and ended.endswith((".", "!")):
        return f"{label}: {ended}"
    return f"{label}: {text}"


def is_noun_phrase(text: str) -> bool:
    """Whether a text names a thing and asserts nothing of it: "a map of surfaces", "how data moves"."""
    if _CLAUSE.match(text):
        return True
    indefinite = _INDEFINITE.match(text) is not None
    if not indefinite and not _DEFINITE.match(text):
        return False
    relative = _RELATIVE.search(text)
    copula = _COPULA.search(text)
    return copula is None or (relative is not None and relative.start() < copula.start() and indefinite)


def is_plural(label: str) -> bool:
    """Whether a label takes a plural verb, by its last word."""
    return _PLURAL.search(label) is not None and _NO_PLURAL.search(label) is None


def _stop(text: str) -> str:
    return text if re.search(r"[.!?…:][\"'”\u2019)\]]*$", text) else f"{text}."


def _list(block: Block, lead: str) -> Iterator[Sentence]:
    """Items as sentences: whole ones as they are, labelled and led-in ones completed, the rest as fragments."""
    stem = lead[:-1].rstrip()
    completes = bool(_LEAD_VERB.search(stem))
    for number, raw in _items(block):
        if _LINKS_ALONE.match(raw.strip()):
            # A list of links leads elsewhere and asserts nothing.
            continue
        if bound := _THRESHOLD.match(" ".join(plain(raw).split())):
            said = f"{bound['name']} {bound['sign']} {bound['bound'].strip()} means {bound['meaning'].strip()}."
            yield Sentence(said, number, number, "list", is_whole=True)
            continue
        label = _LABELLED.match(raw)
        if label and (label["in"] or label["out"]) and not _ASIDE.match(label["label"].strip()):
            yield from _split(plain(raw[label.end() :]), number, "list", label["label"].strip())
            continue
        text = plain(raw)
        words = " ".join(text.split())
        if completes and words and not is_whole(words) and not words.endswith(":"):
            low = words[0].lower() + words[1:] if re.match(r"^[A-Z][a-z]*\b", words) else words
            said = _stop(f"{stem} {re.sub(r'[;,]?(?: (?:and|or))?$', '', low)}")
            yield Sentence(said, number, number + text.rstrip().count("\n"), "list", is_whole(said))
        else:
            yield from _split(text, number, "list")


def _items(block: Block) -> Iterator[tuple[int, str]]:
    """(line, text) of each item at any depth, its marker removed and its continuation lines joined."""
    held: list[str] = []
    start = block.start
    for offset, line in enumerate(block.text.split("\n")):
        match = _ITEM.match(line)
        if match and held:
            yield start, "\n".join(held)
            held = []
        if not held:
            start = block.start + offset
        held.append(line[match.end() :] if match else line)
    if held:
        yield start, "\n".join(held)


def _table(block: Block) -> Iterator[Sentence]:
    """Rows as "row: value" in tables of two columns, "row: column value; ..." in wider ones."""
    rows = [_cells(line) for line in block.text.split("\n")]
    header = rows[0]
    for offset, cells in enumerate(rows[2:], start=2):
        if len(cells) < 2 or not cells[0]:
            continue
        number = block.start + offset
        if len(header) == 2:
            said = labelled(cells[0], cells[1]) if cells[1] else cells[0]
        else:
            pairs = [f"{name} {cell}" for name, cell in zip(header[1:], cells[1:], strict=False) if cell]
            said = _stop(f"{cells[0]}: {'; '.join(pairs)}") if pairs else cells[0]
        yield Sentence(said, number, number, "table", len(header) == 2 and is_whole(said))


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [flat(cell.replace("\\|", "|")) for cell in re.split(r"(?<!\\)\|", inner)]
