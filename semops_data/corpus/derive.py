"""Propose a registry from documents that define things: titles, headings and bold terms with a defining sentence.

A proposal is to be read by a person. It would rather miss a concept than invent one: a label needs a sentence that
says what it is, and navigation, steps, questions and broken fragments are passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from semops_data.corpus.definitions import spoken
from semops_data.corpus.inline import flat
from semops_data.corpus.readers.kinds import read
from semops_data.corpus.sentences import is_noun_phrase, is_plural, is_whole, labelled, split_sentences
from semops_data.registry.load import parse as parse_registry
from semops_data.registry.model import IDENTIFIER, Edge, Pattern, Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semops_data.corpus.markdown import Block, Heading, Markdown
    from semops_data.corpus.model import Reading
    from semops_data.corpus.source import Source

MAX_LABEL_WORDS = 5
MAX_SENTENCES = 3
MAX_DEFINITION_WORDS = 90
MIN_DEFINITION_WORDS = 7
MAX_PHRASE_WORDS = 16
MAX_ID_LENGTH = 50
_PASSED_OVER = re.compile(
    r"(?:^|/)(?:readme|index|changelog|contributing|license|code_of_conduct|security)\.\w+$", re.IGNORECASE
)
_BOILERPLATE = re.compile(
    r"^(?:overview|summary|introduction|background|purpose|conclusions?|references?|links?|related(?: \w+)?|see also|"
    r"contents|table of contents|appendix.*|glossary|notes?|sources?|examples?|origins?|scope|status|docs?|documents?|"
    r"key .*|core concepts?|definitions?|technical definition|next steps?|further reading|history|license|usage|"
    r"installation|getting started|quick ?start|faq|motivation|goals?|non-goals|the (?:problem|solution|insight|goal|"
    r"question|result|shift|core mapping|physics|expansion)|(?:common|open) .*|implications?.*|connections? .*|"
    r"relationships? .*|comparison.*|.* lens|.* essentials|evolution of .*|"
    r".* in practice|.* matters|formulas?|step \d.*|phase \d.*|part \d.*|bad:.*|good:.*)$",
    re.IGNORECASE,
)
_NO_LABEL = re.compile(
    r"^(?:above|below|how|why|when|where|who|which|what|this|that|these|those|it|they|we|our|your|if|in|on|for|from|with|to|not|no|"
    r"do|does|is|are|can|use|using|getting|each|every|all|most|some|one|two|three|four|five|both|any|here|there|"
    r"example|note|key|result|because|without|before|after|step|phase|\d.*)\b|[?!:;=<>{}|/\\]|\bvs\b\.?|→|\bad-hoc\b",
    re.IGNORECASE,
)
_IS = (
    r"(?:is|are|means?|refers? to|describes?|denotes?|represents?|defines?|encodes?|captures?|measures?|divides?|"
    r"distinguish(?:es)?|occurs? when|combines?|tracks?|maps?|connects?|specif(?:y|ies)|organizes?|quantif(?:y|ies)|"
    r"separates?|formalizes?|studies|extends?|treats?|governs?)"
)
_ARTICLE = re.compile(r"^(?:an?|the)\s", re.IGNORECASE)
_STATED = re.compile(
    r"^(?:what it is|definition|in short|in one sentence|tl;?dr|short definition)\s*[:\u2014-]\s*", re.IGNORECASE
)
_DEFINING = re.compile(
    rf"^(?:(?:is|are)\s+(?:an?|the|any|how|what|when|where|one|software|\w+(?:ing|ed|al|ic|ive)?\s+\w+)\b|"
    rf"{_IS.replace('is|are|', '', 1)}\s)",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"^(?:is|are)\s+(?:not|now|also|often|only|already|always|never|still|where (?:most|you|we)|why|because|in|on|at|"
    r"from|here|there|available|important|critical|essential|required|everywhere|defined|described|listed|documented|"
    r"a term|real|structural|covered|shown|less|easy|hard|about|same|different|more|"
    r"the (?:same|answer|problem|result|goal|point|key|reason|most|only|first|second|next|last|inverse|one|"
    r"opposite|bridge))\b",
    re.IGNORECASE,
)
_BOLD = re.compile(r"^(?:(?:An?|The)\s+)?\*\*([^*\n]{3,60}?)\*\*(\s*\([^()]{2,40}\))?\s+(?=" + _IS + r"\s)")
_POINTING = re.compile(
    r"\b(?:this (?:document|page|doc|section|file|article|guide)|the following|see below|listed below|described below|"
    r"above|concept docs?)\b",
    re.IGNORECASE,
)
_ASKED = re.compile(r"^(?:what (?:is|are)|defining)\s+(?:an?\s+|the\s+)?(.+?)\??$|^what (.+) is$", re.IGNORECASE)
_TYPES = (
    ("analytics", r"metric|score|rate|measure\w*|kpi|ratio|index|analytics|indicator"),
    ("process", r"process|practice|method\w*|workflow|loop|lifecycle|discipline|audit|approach|technique|activity"),
    ("concept", r"theory|principle|idea|concept|philosophy|hierarchy|paradox|law|lens|mental model|framing|thesis"),
    ("implementation", r"system|pipeline|layer|platform|schema|store|database|tool\w*|engine|format|warehouse|stack"),
)


@dataclass(frozen=True)
class Candidate:
    """A label with its definition and where it stands; a higher rank wins a label."""

    label: str
    alternatives: tuple[str, ...]
    definition: str
    document_id: str
    heading: Heading | None
    rank: int
    provenance: str


def derive(reading: Reading, file: str = "registry.yaml") -> Registry:
    """A registry that the current documents propose.

    Args:
        reading: the corpus.
        file: name that the registry's problems carry.

    Returns:
        Patterns with their sources and `related` edges to those that a definition names; it obeys every rule.

    Raises:
        RegistryError: where no document defines anything.
    """
    best: dict[str, Candidate] = {}
    for candidate in sorted(_candidates(reading), key=lambda c: (-c.rank, c.document_id, c.label)):
        best.setdefault(identifier(candidate.label), candidate)
    patterns = _distinct(best)
    return parse_registry(to_yaml(Registry(patterns, (), tuple(_mentions(patterns)), file)), file)


def propose(source: Source) -> str:
    """The registry that a corpus proposes, as the text of a registry file.

    Raises:
        CorpusError: where the corpus cannot be read.
        RegistryError: where no document defines anything.
    """
    return to_yaml(derive(source.read()))


def to_yaml(registry: Registry) -> str:
    """The registry as a file that `registry.load` reads."""
    entries = [_entry(pattern, registry) for pattern in registry.patterns]
    head = "# Proposed from documents: read each entry, correct it, give it an owner, or delete it.\n"
    return head + yaml.safe_dump({"version": 1, "patterns": entries}, sort_keys=False, allow_unicode=True, width=110)


def identifier(label: str) -> str:
    """The kebab-case id of a label, singular, at most 50 characters cut at a word."""
    words = re.findall(r"[a-z0-9]+", flat(label).lower().replace("'", ""))
    if words and len(words[-1]) > len("lens") and is_plural(words[-1]):
        words[-1] = re.sub(r"ies$", "ys", words[-1])[:-1]
    while words and len("-".join(words)) > MAX_ID_LENGTH:
        words.pop()
    return "-".join(words)


def _entry(pattern: Pattern, registry: Registry) -> dict[str, object]:
    anchor = f"#{pattern.source_anchor}" if pattern.source_anchor else ""
    edges = [
        {"predicate": e.predicate, "target": e.target_id, "strength": e.strength, "rationale": e.rationale}
        for e in registry.edges
        if e.source_id == pattern.pattern_id
    ]
    entry: dict[str, object] = {
        "id": pattern.pattern_id,
        "label": pattern.label,
        "alternatives": list(pattern.alternative_labels),
        "type": pattern.pattern_type,
        "provenance": pattern.provenance,
        "lifecycle": pattern.lifecycle,
        "source": f"{pattern.source_path}{anchor}",
        "definition": pattern.definition,
        "edges": edges,
    }
    return {name: value for name, value in entry.items() if value not in ([], None)}


def _candidates(reading: Reading) -> Iterator[Candidate]:
    for version in reading.current:
        document = read(version.document_id, version.content)
        stated = document.front_matter.get("provenance", "1P").upper()
        provenance = stated if stated in {"1P", "2P", "3P"} else "1P"
        is_navigation = bool(_PASSED_OVER.search(version.document_id))
        for heading in document.headings:
            if is_navigation and heading.level == 1:
                continue
            yield from _of_section(document, heading, version.document_id, provenance)


def _of_section(document: Markdown, heading: Heading, document_id: str, provenance: str) -> Iterator[Candidate]:
    section = document.section(heading.anchor)
    blocks = [b for b in (section[1] if section else ()) if b.kind in {"prose", "quote"} and spoken(b)]
    label, alternatives = label_of(heading.text)
    is_title = heading.level == 1
    if blocks and is_label(label):
        told = [block for block in blocks if not re.fullmatch(r"\(.*\)", spoken(block))]
        for index, block in enumerate(told[: 2 if is_title else 1]):
            definition = define(label, alternatives, block, may_complete=index == 0)
            if definition:
                more = _abbreviation(label, definition)
                rank = (3 if is_title else 2) * 10 - index - heading.level
                names = tuple(dict.fromkeys((*alternatives, *more)))
                yield Candidate(label, names, definition, document_id, heading, rank, provenance)
                break
    for block in blocks:
        yield from _bold_terms(block, heading, document_id, provenance)


def _bold_terms(block: Block, heading: Heading, document_id: str, provenance: str) -> Iterator[Candidate]:
    text = re.sub(r"^[ \t]*>[ \t]?", "", block.text, flags=re.MULTILINE)
    for line in text.split("\n"):
        match = _BOLD.match(line.strip())
        if not match:
            continue
        label, alternatives = label_of(flat(match[1] + (match[2] or "")))
        definition = _sentences(label, alternatives, flat(line), strict=True)
        if definition and is_label(label) and label[:1].isupper():
            yield Candidate(label, alternatives, definition, document_id, heading, 5, provenance)


def label_of(text: str) -> tuple[str, tuple[str, ...]]:
    """The label that a heading states, and its abbreviation or other name in brackets."""
    text = re.sub(r"\{[^{}]*\}", "", flat(text)).strip()
    text = re.sub(r"^(?:(?:[A-Z]\.)?\d+(?:\.\d+)*[.):]?|[A-Z][.)])\s+", "", text)
    text = _ASKED.sub(lambda match: match[1] or match[2], text)
    text = re.sub(r"^(?:component|pattern|principle|concept|pillar|layer) \d+:\s*", "", text, flags=re.IGNORECASE)
    inner = re.search(r"\s*\(([^()]{2,40})\)\s*$", text)
    text = text[: inner.start()] if inner else text
    text = re.split(r"\s+[\u2014\u2013]\s+|:\s+", text, maxsplit=1)[0]
    text = re.sub(r"^[Tt]he\s+", "", text).strip(" .\"'\u201c\u201d")
    named = inner is not None and re.fullmatch(r"[A-Za-z][\w&/-]*(?:\s[\w-]+){0,3}", inner[1]) is not None
    is_abbreviation = named and inner is not None and (inner[1].isupper() or inner[1][:1].isupper())
    return text, (inner[1],) if inner and is_abbreviation and inner[1].lower() != text.lower() else ()


def is_label(label: str) -> bool:
    """Whether a text can name a pattern: a short noun phrase, no question, no boilerplate, no step."""
    words = label.split()
    return (
        0 < len(words) <= MAX_LABEL_WORDS
        and not _BOILERPLATE.match(label)
        and not _NO_LABEL.search(label)
        and IDENTIFIER.match(identifier(label)) is not None
    )


def define(label: str, alternatives: tuple[str, ...], block: Block, *, may_complete: bool = True) -> str | None:
    """The definition that a block gives of a label, whole sentences; None where it says something else.

    A quotation that is a noun phrase or a verb phrase is completed with the label.
    """
    text = spoken(block)
    found = _sentences(label, alternatives, text, strict=False)
    stated = _STATED.match(text)
    first, *rest = [part.strip() for part in split_sentences(text[stated.end() :] if stated else text)]
    completes = may_complete and (block.kind == "quote" or stated or _ARTICLE.match(first))
    says_it = is_noun_phrase(first) or block.kind == "quote" or stated
    # A long sentence of prose that begins like a noun phrase mostly has a verb of its own further on.
    is_sentence = block.kind == "prose" and not stated and (len(first.split()) > MAX_PHRASE_WORDS or ", " in first)
    if found or not completes or _POINTING.search(first) or not says_it or is_sentence:
        return found
    said = first if is_noun_phrase(first) or not stated else _with_article(first)
    completed = labelled(label, said)
    if completed.startswith(f"{label}: ") or len(completed.split()) < MIN_DEFINITION_WORDS or not is_whole(completed):
        return None
    return " ".join([completed, *_following(completed, rest)])


def _sentences(label: str, alternatives: tuple[str, ...], text: str, *, strict: bool) -> str | None:
    """The sentences from the one that says what the label is; that must be the first or, not strict, the second."""
    parts = [part.strip() for part in split_sentences(text) if part.strip()]
    for index, sentence in enumerate(parts[: 1 if strict else 2]):
        rest = _after_subject(sentence, (label, *alternatives))
        if rest is None or not _DEFINING.match(rest) or _WEAK.match(rest) or not is_whole(sentence):
            continue
        if _POINTING.search(sentence) or len(sentence.split()) < MIN_DEFINITION_WORDS:
            continue
        return " ".join([sentence, *_following(sentence, parts[index + 1 :])])
    return None


def _following(first: str, parts: list[str]) -> Iterator[str]:
    """The whole sentences right after a definition, as long as it stays short."""
    words = len(first.split())
    for more in parts[: MAX_SENTENCES - 1]:
        words += len(more.split())
        if not is_whole(more) or _POINTING.search(more) or words > MAX_DEFINITION_WORDS:
            return
        yield more


def _with_article(text: str) -> str:
    """A stated definition that is a bare noun phrase, with its article: "Systematic examination of data" gets "the"."""
    return f"the {text[0].lower()}{text[1:]}" if re.match(r"^[A-Z][a-z-]+(?: \w+){0,5} (?:of|for)\b", text) else text


def _after_subject(sentence: str, labels: tuple[str, ...]) -> str | None:
    """What follows the label where the sentence begins with it, singular or plural."""
    for label in labels:
        stem = re.escape(label.rstrip("s"))
        match = re.match(
            rf"^[\"'\u201c\u201d]?(?:(?:An?|The)\s+)?{stem}(?:e?s)?[\"'\u201c\u201d]?(?:\s*\([^()]*\))?\s+(?=\w)",
            sentence,
            re.IGNORECASE,
        )
        if match:
            return sentence[match.end() :]
    return None


def _abbreviation(label: str, definition: str) -> tuple[str, ...]:
    match = re.match(rf"^(?:An?\s+|The\s+)?{re.escape(label)}s?\s*\(([A-Z][\w&-]{{1,9}})\)", definition, re.IGNORECASE)
    return (match[1],) if match else ()


def _distinct(best: dict[str, Candidate]) -> tuple[Pattern, ...]:
    """Patterns whose labels name one thing only."""
    taken: dict[str, str] = {candidate.label.casefold(): name for name, candidate in best.items()}
    patterns = []
    for name, candidate in sorted(best.items()):
        alternatives = [a for a in candidate.alternatives if taken.setdefault(a.casefold(), name) == name]
        patterns.append(
            Pattern(
                pattern_id=name,
                label=candidate.label,
                definition=candidate.definition,
                alternative_labels=tuple(alternatives),
                pattern_type=_type_of(candidate),
                provenance=candidate.provenance,
                lifecycle="draft",
                source_path=candidate.document_id,
                source_anchor=candidate.heading.anchor if candidate.heading else None,
            )
        )
    return tuple(patterns)


def _type_of(candidate: Candidate) -> str:
    """A guess from the label, then from what the first sentence says it is."""
    said = " ".join(candidate.definition.split()[: len(candidate.label.split()) + 12])
    for text in (candidate.label, said):
        for name, words in _TYPES:
            if re.search(rf"\b(?:{words})s?\b", text, re.IGNORECASE):
                return name
    return "domain"


def _mentions(patterns: tuple[Pattern, ...]) -> Iterator[Edge]:
    """A weak relation to each pattern that a definition names."""
    named = [(p.pattern_id, re.compile(rf"\b{re.escape(p.label)}s?\b", re.IGNORECASE)) for p in patterns]
    for pattern in patterns:
        for other, expression in named:
            if other != pattern.pattern_id and expression.search(pattern.definition):
                yield Edge(pattern.pattern_id, "related", other, 0.5, "its definition names it")
