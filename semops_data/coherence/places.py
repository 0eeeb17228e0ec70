"""Availability of all patterns: the places of their definitions, those that nothing disturbed carried over."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.availability import availability, queries_of
from semops_data.coherence.placing import Place, place
from semops_data.coherence.similarity import cosines
from semops_data.lakehouse.carried import array_of, digest, rows_of, vector_digests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from semops_data.coherence.availability import Query
    from semops_data.coherence.factor import Factor
    from semops_data.coherence.knowledge import Knowledge
    from semops_data.coherence.retrieval import Ranking
    from semops_data.coherence.usages import Usage

STATE = "places"


def availabilities(
    knowledge: Knowledge, canonical: Mapping[str, list[int]], found: Mapping[str, list[Usage]]
) -> list[Factor]:
    """The availability of every pattern; all queries are multiplied in large blocks, which is many times as quick.

    Args:
        knowledge: patterns and corpus.
        canonical: rows of the chunks that hold each definition.
        found: usages of each pattern.
    """
    own = [(p, canonical[p.pattern_id], found[p.pattern_id]) for p in knowledge.patterns]
    asked = [(query, home) for p, home, used in own for part in queries_of(p, knowledge, home, used) for query in part]
    stream = _places(knowledge, asked) if asked else iter(())
    factors = [availability(p, knowledge, home, used, rankings=stream) for p, home, used in own]
    next(stream, None)  # what was found is kept behind the last one
    return factors


class Known:
    """A ranking of which one rank is known; everything else is searched for when it is asked for."""

    def __init__(self, found: Place, search: Callable[[], Ranking]) -> None:
        self._found, self._search = found, search

    def rank(self, rows: np.ndarray) -> int:  # noqa: ARG002
        """The best rank of the rows that the place was looked for."""
        return self._found.rank

    @cached_property
    def _ranking(self) -> Ranking:
        return self._search()

    def fused(self, rows: np.ndarray) -> np.ndarray:
        """Reciprocal-rank scores of some texts, as `Ranking.fused`."""
        return self._ranking.fused(rows)


def _places(knowledge: Knowledge, asked: Sequence[tuple[Query, list[int]]]) -> Iterator[Known]:
    """The place of each query's definition, in their order."""
    is_kept = knowledge.carried.folder is not None
    numbers = [knowledge.chunk_index.lexicon.numbers(query.text) for query, _ in asked] if is_kept else []
    keys = _keys(knowledge, asked, numbers) if is_kept else []
    found = _carried(knowledge, asked, keys, numbers)
    index = knowledge.chunk_index
    todo = [(query.text, query.vector, query.exclude) for n, (query, _) in enumerate(asked) if n not in found]
    news = index.rankings(todo)
    for number, (query, home) in enumerate(asked):
        if number in found:
            one = (query.text, query.vector, query.exclude)
            yield Known(found[number], partial(_searched, knowledge, one))
        else:
            ranking = next(news)
            found[number] = place(ranking, np.array(home))
            yield Known(found[number], partial(_itself, ranking))
    if keys and todo:
        _keep(knowledge, keys, found)


def _searched(knowledge: Knowledge, query: tuple[str, np.ndarray, int | None]) -> Ranking:
    return next(knowledge.chunk_index.rankings([query]))


def _itself(ranking: Ranking) -> Ranking:
    return ranking


def _keys(knowledge: Knowledge, asked: Sequence[tuple[Query, list[int]]], numbers: Sequence[list[int]]) -> list[bytes]:
    """Of each query a digest of all that its place rests on, but for the passages that the corpus holds beside."""
    engine, chunks = knowledge.chunk_index.lexicon, knowledge.chunk_keys
    vectors = vector_digests(np.stack([query.vector for query, _ in asked]))
    return [
        digest(
            query.text,
            vector,
            b"" if query.exclude is None else chunks[query.exclude],
            b"".join(chunks[row] for row in home),
            engine.typical,
            engine.weights[own],
        )
        for (query, home), vector, own in zip(asked, vectors, numbers, strict=True)
    ]


def _carried(
    knowledge: Knowledge,
    asked: Sequence[tuple[Query, list[int]]],
    keys: Sequence[bytes],
    numbers: Sequence[list[int]],
) -> dict[int, Place]:
    """The places that nothing has disturbed since they were found, by number of the query."""
    held = knowledge.carried.read(STATE) if keys else {}
    if not held:
        return {}
    row_of = {key: row for row, key in enumerate(knowledge.chunk_keys)}
    moved = np.array([row_of.get(key, -1) for key in rows_of(held["chunks"])], np.int64)
    fresh = np.setdiff1d(np.arange(len(knowledge.chunks)), moved)
    known = {key: number for number, key in enumerate(rows_of(held["queries"]))}
    same = [(number, known[key]) for number, key in enumerate(keys) if key in known]
    if not same or len(fresh) * 2 > len(knowledge.chunks):
        return {}
    close = cosines(np.stack([asked[number][0].vector for number, _ in same]), knowledge.chunk_vectors[fresh])
    part, starts, watched = knowledge.chunk_index.lexicon.part(fresh), held["starts"], moved[held["watched"]]
    gone = np.concatenate([[0], np.cumsum(watched < 0)])
    found = {}
    for (number, old), near in zip(same, close, strict=True):
        own, cosine, score = slice(starts[old], starts[old + 1]), held["cosine"][old], held["score"][old]
        if gone[own.stop] > gone[own.start] or (near >= cosine).any():
            continue
        if len(fresh) and (part.sums(numbers[number]) >= score).any():
            continue
        found[number] = Place(int(held["rank"][old]), watched[own], float(cosine), float(score))
    return found


def _keep(knowledge: Knowledge, keys: Sequence[bytes], found: Mapping[int, Place]) -> None:
    settled = {keys[number]: each for number, each in found.items() if each.watched is not None}
    watched = [each.watched for each in settled.values() if each.watched is not None]
    arrays = {
        "queries": array_of(settled),
        "chunks": array_of(knowledge.chunk_keys),
        "rank": np.array([each.rank for each in settled.values()], np.int64),
        "cosine": np.array([each.cosine for each in settled.values()], np.float64),
        "score": np.array([each.score for each in settled.values()], np.float64),
        "starts": np.cumsum([0, *map(len, watched)]),
        "watched": np.concatenate(watched).astype(np.int32) if watched else np.zeros(0, np.int32),
    }
    knowledge.carried.write(STATE, arrays)
