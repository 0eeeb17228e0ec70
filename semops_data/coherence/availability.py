"""Availability: can the pattern's meaning be found where it is needed?

Queries by name ("semantic coherence", "What is semantic coherence?") and by usage (sentences elsewhere that use
the name) search all chunks; the score of a query falls with the logarithm of the best canonical chunk's rank:
a(q) = max(0, 1 - ln r / (ln N - 1)), which is 1 at rank 1 and about 0 on average for a random rank.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import islice
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

from semops_data.coherence.factor import Factor, measured, unmeasured
from semops_data.coherence.lookup import lookup
from semops_data.coherence.text import content, mention_pattern
from semops_data.corpus.language import is_foreign, language

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from semops_data.coherence.knowledge import Knowledge, Pattern
    from semops_data.coherence.places import Known
    from semops_data.coherence.retrieval import Ranking
    from semops_data.coherence.usages import Usage

METHOD = "retrieval"
FEWEST_CHUNKS = 20
MOST_USAGE_QUERIES = 40
# A copy under the same label holds at least this share of the definition's words, or it is another text.
COPIED = 0.5
# Or so much of the copy is the definition's, where it is long enough to tell.
PART, FEWEST_WORDS, FEWEST_IN_CLAIM = 0.8, 5, 3
PENALTY = 0.5


@dataclass(frozen=True)
class Query:
    """One search: its text, its vector, and the chunk it was taken from, which takes no part."""

    text: str
    vector: np.ndarray
    exclude: int | None = None


def query_score(rank: int, size: int) -> float:
    """a(q) of the best canonical chunk's rank among `size` chunks, in [0, 1].

    Raises:
        ValueError: where the rank is not between 1 and the size.
    """
    if not 1 <= rank <= size:
        raise ValueError(f"rank {rank} is not between 1 and {size}")
    return max(0.0, 1.0 - log(rank) / (log(size) - 1.0))


def availability(
    pattern: Pattern,
    knowledge: Knowledge,
    canonical: list[int],
    found: list[Usage],
    *,
    precedence: bool = True,
    rankings: Iterator[Ranking | Known] | None = None,
) -> Factor:
    """The pattern's availability with the queries it rests on.

    Half of the value is the mean over name queries, half the mean over usage queries (all of it the name queries
    where nothing uses the pattern). It is halved where a copy of the definition outside its home, under the same
    label, outranks it. No canonical chunk: 0, measured. Fewer than 20 chunks, or no query: unmeasured.

    Args:
        pattern: the pattern.
        knowledge: the corpus.
        canonical: rows of the chunks that hold the definition.
        found: the pattern's usages.
        precedence: whether a copy that outranks the definition halves the value.
        rankings: gives the rankings of its queries next, see `places.availabilities`; searched for where None.
    """
    size = len(knowledge.chunks)
    if size < FEWEST_CHUNKS:
        return unmeasured(
            pattern.pattern_id,
            f"the corpus has {size} chunks, fewer than {FEWEST_CHUNKS}: too few for a rank to mean anything",
            method=METHOD,
        )
    if not pattern.queries:
        return unmeasured(pattern.pattern_id, "the pattern has no label to search for", method=METHOD)
    names, uses = queries_of(pattern, knowledge, canonical, found)
    if not canonical:
        return measured(
            pattern.pattern_id,
            np.zeros(len(pattern.queries)),
            method=METHOD,
            evidence={
                "canonical": [],
                "searched_for": pattern.source_path or "the definition's words",
                **_foreign(pattern),
            },
        )
    queries, home = (*names, *uses), np.array(canonical)
    stream: Iterator[Ranking | Known] = rankings if rankings is not None else _rankings(queries, knowledge)
    places, copy = [], None
    titled = np.array(lookup(knowledge).titled(pattern.labels), dtype=np.int64)
    for number, ranking in enumerate(islice(stream, len(queries))):
        places.append(name_rank(ranking, home, titled) if number < len(names) else ranking.rank(home))
        if number == 0 and precedence:
            copy = outranking_copy(pattern, knowledge, canonical, ranking)
    scores = np.array([query_score(rank, size) for rank in places])
    weights = np.full(len(names), (0.5 if uses else 1.0) / len(names))
    weights = np.concatenate([weights, np.full(len(uses), 0.5 / max(len(uses), 1))])
    evidence = {
        "canonical": [_where(knowledge, row) for row in canonical[:3]],
        **_told(queries, places, len(names)),
        "outranked_by": None if copy is None else _where(knowledge, copy),
        **_foreign(pattern),
    }
    factor = PENALTY if copy is not None else 1.0
    return measured(pattern.pattern_id, scores, method=METHOD, weights=weights, factor=factor, evidence=evidence)


def name_rank(ranking: Ranking | Known, home: np.ndarray, titled: np.ndarray) -> int:
    """The rank of the definition for a name: passages whose heading is the name come first, as in any search engine.

    Args:
        ranking: of all passages for the query.
        home: rows that hold the definition.
        titled: rows whose heading is the name.
    """
    rank = ranking.rank(home)
    if not len(titled):
        return rank
    own = np.intersect1d(home, titled)
    if len(own) and (rank == 1 or len(own) == len(titled)):
        return 1
    best = float(ranking.fused(own if len(own) else home).max())
    scores = ranking.fused(titled)
    if len(own):
        return min(rank, 1 + int((scores > best).sum()))
    return rank + int((scores <= best).sum())


def _foreign(pattern: Pattern) -> dict[str, str]:
    """The mark of a definition that the embedding model does not understand: its ranks come from words alone."""
    if not is_foreign(pattern.definition.text):
        return {}
    return {"language": str(language(pattern.definition.text)), "note": "the embedding model knows English alone"}


def _told(queries: Sequence[Query], places: Sequence[int], names: int) -> dict[str, Any]:
    """What the ranks say: the best of the name queries, which come first, and the query that fared worst."""
    worst = int(np.argmax(places))
    return {
        "name_rank": min(places[:names]),
        "name_queries": names,
        "usage_queries": len(queries) - names,
        "median_usage_rank": float(np.median(places[names:])) if len(queries) > names else None,
        "worst_query": {"text": queries[worst].text[:240], "rank": places[worst]},
    }


def queries_of(
    pattern: Pattern, knowledge: Knowledge, canonical: list[int], found: list[Usage]
) -> tuple[list[Query], list[Query]]:
    """What is searched for a pattern, by name and by usage; nothing where no search could tell anything."""
    if len(knowledge.chunks) < FEWEST_CHUNKS or not pattern.queries or not canonical:
        return [], []
    return [Query(text.text, text.vector) for text in pattern.queries], usage_queries(pattern, knowledge, found)


def _rankings(queries: Sequence[Query], knowledge: Knowledge) -> Iterator[Ranking]:
    return knowledge.chunk_index.rankings([(query.text, query.vector, query.exclude) for query in queries])


def usage_queries(pattern: Pattern, knowledge: Knowledge, found: list[Usage]) -> list[Query]:
    """Sentences of the usages that use the pattern's name, at most 40, chosen by hash: the same ones every night."""
    mention = mention_pattern(pattern.labels)
    rows = {usage.chunk for usage in found if usage.kind == "mention"}
    if mention is None or not rows:
        return []
    index = lookup(knowledge)
    using = [
        number
        for row in rows
        for number in index.sentences_in(row)
        if mention.search(knowledge.sentences[number].text) and len(content(knowledge.sentences[number].text)) > 3
    ]
    using.sort(key=lambda number: hashlib.sha256(knowledge.sentences[number].sentence_id.encode()).digest())
    return [
        Query(knowledge.sentences[n].text, knowledge.sentence_vectors[n], knowledge.sentences[n].chunk)
        for n in using[:MOST_USAGE_QUERIES]
    ]


def outranking_copy(
    pattern: Pattern, knowledge: Knowledge, canonical: list[int], ranking: Ranking | Known
) -> int | None:
    """Row of the best-ranked chunk outside the definition that stands under the same label and copies it.

    None where no such chunk outranks the best canonical one for the pattern's name.
    """
    index, wanted = lookup(knowledge), set(content(pattern.definition.text))
    claims = [set(content(claim.text)) for claim in pattern.claims]
    copies = [
        row
        for row in index.titled(pattern.labels)
        if row not in canonical and _is_copy(wanted, claims, index.stems(row))
    ]
    if not copies:
        return None
    scores, best = ranking.fused(np.array(copies)), float(ranking.fused(np.array(canonical)).max())
    return copies[int(np.argmax(scores))] if scores.max() > best else None


def _is_copy(wanted: set[str], claims: Sequence[set[str]], held: frozenset[str]) -> bool:
    """Whether a passage says the definition, or is a part or a sentence of it: an older copy may be the shorter one."""
    shared = len(wanted & held)
    if any(len(claim) >= FEWEST_IN_CLAIM and claim <= held and len(claim) >= PART * len(held) for claim in claims):
        return True
    return shared >= COPIED * len(wanted) or (len(held) >= FEWEST_WORDS and shared >= PART * len(held))


def _where(knowledge: Knowledge, row: int) -> str:
    chunk = knowledge.chunks[row]
    return f"{chunk.document_id}:{chunk.start_line}"
