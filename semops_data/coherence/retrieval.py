"""Hybrid retrieval: dense and BM25, fused by reciprocal rank.

Reciprocal rank fusion: Cormack, Clarke, Buettcher (SIGIR 2009), k = 60. BM25: Robertson and Zaragoza, "The
Probabilistic Relevance Framework" (2009), k1 = 1.2, b = 0.75.

How many texts there are, how many hold a word and how long they are on average is read off a grid of quarter octaves
(factors of 1.19): a page more or less leaves the lexical score of every other page as it was, to the bit, and with it
whatever rests on it. The weight of a word is off by at most 0.09 for it, where weights range from 0 to 10.
"""

from __future__ import annotations

from copy import copy
from functools import cached_property
from math import log1p
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.similarity import cosines
from semops_data.coherence.text import content
from semops_data.coherence.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

K1, B, FUSION = 1.2, 0.75, 60
QUERIES = 256
STEPS = 4


def step_of(values: np.ndarray) -> np.ndarray:
    """The step of the grid that is nearest to each positive number, int64."""
    found: np.ndarray = np.rint(np.log2(values) * STEPS).astype(np.int64)
    return found


class BM25:
    """An inverted index over texts.

    Args:
        texts: N texts.
        words: their words, where they are counted already.
    """

    def __init__(self, texts: Sequence[str], words: Words | None = None) -> None:
        words = words or Words(texts)
        self.size, self._numbers = len(texts), words.numbers
        owners = np.repeat(np.arange(self.size), np.diff(words.starts))
        lengths = np.bincount(owners, words.counts, self.size)
        self.typical = 2.0 ** (int(step_of(lengths.mean())) / STEPS) if lengths.any() else 1.0
        holding = np.bincount(words.tokens, minlength=len(words.numbers))
        self.weights = self._weights(holding)
        order = np.argsort(words.tokens, kind="stable")
        where, tokens = owners[order], words.tokens[order]
        self._put(where, self.weights[tokens] * self._saturated(words.counts[order], lengths[where]), tokens)

    def _weights(self, holding: np.ndarray) -> np.ndarray:
        """The weight of each word from how many texts hold it; 0 of one that none holds, and of number -1."""
        many = 2.0 ** (int(step_of(np.array(max(self.size, 1)))) / STEPS)
        steps = step_of(np.maximum(holding, 1))
        # One step at a time: a library may round the logarithms of a long array in another way than those of a short.
        # A word that stands nearly everywhere weighs next to nothing, and never less.
        names, places = np.unique(steps, return_inverse=True)
        held = [2.0 ** (int(step) / STEPS) for step in names]
        found = np.array([log1p(max(many - few + 0.5, 0.0) / (few + 0.5)) for few in held])
        return np.append(np.where(holding > 0, found[places], 0.0), 0.0)

    def _saturated(self, counts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        norm = K1 * (1 - B + B * lengths / self.typical)
        found: np.ndarray = counts * (K1 + 1) / (counts + norm)
        return found

    def part(self, rows: np.ndarray) -> BM25:
        """The same engine, that sees some of the texts alone, as texts 0, 1, ... of it; the rows rising."""
        place = np.searchsorted(rows, self._where)
        inside = rows[np.minimum(place, len(rows) - 1)] == self._where if len(rows) else np.zeros(len(place), bool)
        found = copy(self)
        found.size = len(rows)
        found._put(place[inside], self._gain[inside], self._tokens[inside])  # noqa: SLF001  # a copy of its own
        return found

    def _put(self, where: np.ndarray, gain: np.ndarray, tokens: np.ndarray) -> None:
        """The postings, by word: the texts that hold it and what it adds to their scores."""
        self._where, self._gain, self._tokens = where, gain, tokens
        self._ends = np.cumsum(np.bincount(tokens, minlength=len(self.weights)))

    def numbers(self, query: str) -> list[int]:
        """The number of each of the query's words, in their order; -1 of one that is not known."""
        return [self._numbers.get(word, -1) for word in content(query)]

    def scores(self, query: str) -> np.ndarray:
        """BM25 score of every text for the query, float64, shape (size,)."""
        return self.sums(self.numbers(query))

    def sums(self, numbers: Sequence[int]) -> np.ndarray:
        """BM25 score of every text for the words of these numbers."""
        total = np.zeros(self.size)
        for number in numbers:
            if number < 0:
                continue
            own = slice(self._ends[number - 1] if number else 0, self._ends[number])
            total[self._where[own]] += self._gain[own]
        return total


class Ranking:
    """One query's hybrid ranks; equal scores share the better rank, so that the order of documents means nothing.

    Args:
        dense: cosine of every text, shape (N,); -inf for one that takes no part.
        lexical: BM25 score of every text, shape (N,).
    """

    def __init__(self, dense: np.ndarray, lexical: np.ndarray) -> None:
        self._dense, self._lexical = dense, lexical
        self._found = np.flatnonzero(lexical > 0)

    @cached_property
    def _ordered(self) -> np.ndarray:
        return np.sort(self._dense)

    @cached_property
    def _found_ordered(self) -> np.ndarray:
        return np.sort(self._lexical[self._found])

    def fused(self, rows: np.ndarray) -> np.ndarray:
        """Reciprocal-rank scores of some texts, float64, shape (len(rows),)."""
        dense, lexical = self._dense[rows], self._lexical[rows]
        score: np.ndarray = 1.0 / (FUSION + self._dense_ranks(dense))
        # A text that shares no word with the query has no lexical rank to speak of.
        place = len(self._found) - np.searchsorted(self._found_ordered, lexical, "right") + 1
        score = score + np.where(lexical > 0, 1.0 / (FUSION + place), 0.0)
        score[dense == -np.inf] = -np.inf
        return score

    @property
    def parts(self) -> tuple[np.ndarray, np.ndarray]:
        """Cosine and BM25 score of every text, both of shape (N,)."""
        return self._dense, self._lexical

    def rank(self, rows: np.ndarray) -> int:
        """The best rank among all texts that one of these has, from 1."""
        best = float(self.fused(rows).max())
        if best == -np.inf:
            return len(self._dense)
        ahead = int((self.fused(self._rivals(best)) > best).sum())
        # A text without a word of the query is ahead where its cosine alone is: from some place in that order on.
        place = max(int(1.0 / best - FUSION) + 1, 0)
        while place > 0 and not 1.0 / (FUSION + place) > best:
            place -= 1
        if not place:
            return ahead + 1
        # Equal cosines share a rank: the last place that is ahead takes all that are equal to it along.
        limit = self._ordered[max(len(self._ordered) - place, 0)]
        all_ahead = len(self._ordered) - int(np.searchsorted(self._ordered, limit, "left"))
        return ahead + all_ahead - int((self._dense[self._found] >= limit).sum()) + 1

    def _rivals(self, best: float) -> np.ndarray:
        """Texts with a word of the query that may have a better score: one of their ranks must be good enough."""
        place = max(int(2.0 / best) + 1 - FUSION, 1)
        dense = self._ordered[-place] if place <= len(self._ordered) else -np.inf
        lexical = self._found_ordered[-place] if place <= len(self._found_ordered) else 0.0
        return self._found[(self._dense[self._found] >= dense) | (self._lexical[self._found] >= lexical)]

    def _dense_ranks(self, dense: np.ndarray) -> np.ndarray:
        place: np.ndarray = len(self._ordered) - np.searchsorted(self._ordered, dense, "right") + 1
        return place


def ranks(scores: np.ndarray) -> np.ndarray:
    """Rank of each entry by falling score, from 1; equal scores keep their order. Shape as given."""
    order = np.argsort(-scores, kind="stable")
    result = np.empty(len(scores), dtype=np.int64)
    result[order] = np.arange(1, len(scores) + 1)
    return result


class Index:
    """Texts and their vectors, searched by both engines.

    Args:
        texts: N texts.
        vectors: float32, shape (N, dimension), rows of unit length.
        words: the words of the texts, where they are counted already.
    """

    def __init__(self, texts: Sequence[str], vectors: np.ndarray, words: Words | None = None) -> None:
        if len(texts) != len(vectors):
            raise ValueError(f"{len(texts)} texts but {len(vectors)} vectors")
        self.vectors = vectors
        self.lexicon = BM25(texts, words)

    def __len__(self) -> int:
        return len(self.vectors)

    def lexical(self, query: str) -> np.ndarray:
        """BM25 score of every text, float64, shape (N,)."""
        return self.lexicon.scores(query)

    def rankings(self, queries: Sequence[tuple[str, np.ndarray, int | None]]) -> Iterator[Ranking]:
        """The hybrid ranks of each (text, vector, row that takes no part).

        All cosines come from one product, in blocks of queries, so that the full matrix is never held.
        """
        for start in range(0, len(queries), QUERIES):
            block = queries[start : start + QUERIES]
            found = cosines(np.stack([vector for _, vector, _ in block]), self.vectors)
            for (text, _, exclude), dense in zip(block, found, strict=True):
                lexical = self.lexicon.scores(text)
                if exclude is not None:
                    dense[exclude], lexical[exclude] = -np.inf, 0.0
                yield Ranking(dense, lexical)

    def fused(self, query: str, vector: np.ndarray, *, exclude: int | None = None) -> np.ndarray:
        """Reciprocal-rank score of every text, float64, shape (N,).

        Args:
            query: the query's text.
            vector: its vector, shape (dimension,).
            exclude: a text that takes no part, such as the one the query was taken from; its score is -inf.
        """
        dense, lexical = cosines(vector[None], self.vectors)[0], self.lexicon.scores(query)
        if exclude is not None:
            dense[exclude], lexical[exclude] = -np.inf, 0.0
        score: np.ndarray = 1.0 / (FUSION + ranks(dense))
        # A text that shares no word with the query has no lexical rank to speak of.
        score = score + np.where(lexical > 0, 1.0 / (FUSION + ranks(lexical)), 0.0)
        if exclude is not None:
            score[exclude] = -np.inf
        return score
