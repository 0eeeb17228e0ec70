"""A small knowledge base in memory: patterns, passages and sentences with vectors of a toy model."""

from __future__ import annotations

import hashlib

import numpy as np

from semops_data.coherence.knowledge import Chunk, Knowledge, Pattern, Sentence, Text
from semops_data.coherence.text import content

DIMENSION = 256


def vector(text: str) -> np.ndarray:
    """A unit vector from hashed stems: texts that share words are close, deterministic, no model needed."""
    total = np.zeros(DIMENSION, np.float32)
    for token in content(text):
        seed = int.from_bytes(hashlib.sha256(token.encode()).digest()[:8], "big")
        total += np.random.default_rng(seed).normal(size=DIMENSION).astype(np.float32)
    norm = np.linalg.norm(total)
    return total / norm if norm else total


def text(value: str) -> Text:
    return Text(value, vector(value))


def pattern(pattern_id: str, definition: str, *, label: str | None = None, source: str | None = None) -> Pattern:
    label = label or pattern_id.replace("-", " ")
    path, _, anchor = (source or "").partition("#")
    return Pattern(
        pattern_id=pattern_id,
        label=label,
        labels=(label,),
        definition=text(definition),
        claims=(text(definition),),
        queries=(text(label), text(f"What is {label}?")),
        pattern_type="domain",
        surface_area=9,
        source_path=path or None,
        source_anchor=anchor or None,
        registered_file="registry.yaml",
        registered_line=1,
        baseline=None,
    )


def knowledge(patterns: list[Pattern], passages: list[tuple[str, str, str]]) -> Knowledge:
    """A knowledge base from (document, heading, passage) triples; every passage is one sentence."""
    chunks, sentences, lines = [], [], {}
    for number, (document, heading, passage) in enumerate(passages):
        line = lines.get(document, 1)
        lines[document] = line + 2
        anchor = heading.casefold().replace(" ", "-")
        chunks.append(Chunk(f"c{number}", document, "v1", anchor, heading, line, f"{heading}\n\n{passage}", passage))
        sentences.append(Sentence(f"s{number}", number, document, line, passage))
    return Knowledge(
        patterns,
        chunks,
        np.stack([vector(chunk.text) for chunk in chunks]),
        sentences,
        np.stack([vector(sentence.text) for sentence in sentences]),
        "toy@1",
    )


THINGS = (
    "apple basket candle dragon engine falcon garden hammer island jacket kettle ladder "
    "magnet needle orange pillow quarry ribbon saddle timber umbrella violin walnut yarrow"
)
FILLER = [
    (f"docs/{word}.md", word, f"The {word} team keeps its {word} ledger in the {word} cabinet of building {number}.")
    for number, word in enumerate(THINGS.split(" "))
]
