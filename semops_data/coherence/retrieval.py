"""Hybrid retrieval: dense and BM25, fused by reciprocal rank.

Reciprocal rank fusion: Cormack, Clarke, Buettcher (SIGIR 2009), k = 60. BM25: Robertson and Zaragoza, "The
Probabilistic Relevance Framework" (2009), k1 = 1.2, b = 0.75.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.text import content

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

K1, B, FUSION = 1.2, 0.75, 60
QUERIES = 64


class BM25:
    """An inverted index over texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(content(text)) for text in texts]
        lengths = np.array([sum(count.values()) for count in counts], dtype=np.float64)
        norm = K1 * (1 - B + B * lengths / max(lengths.mean() if len(lengths) else 1.0, 1e-9))
        postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, count in enumerate(counts):
            for token, frequency in count.items():
                postings[token].append((number, frequency))
        self.size = len(counts)
        self._postings: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for token, entries in postings.items():
            where, frequency = np.array(entries, dtype=np.int64).T
            idf = np.log1p((self.size - len(where) + 0.5) / (len(where) + 0.5))
            self._postings[token] = (where, idf * frequency * (K1 + 1) / (frequency + norm[where]))

    def scores(self, query: str) -> np.ndarray:
        """BM25 score of every text for the query, float64, shape (size,)."""
        total = np.zeros(self.size)
        for token in content(query):
            if token in self._postings:
                where, weight = self._postings[token]
                total[where] += weight
        return total


class Ranking:
    """One query's hybrid ranks; equal scores share the better rank, so that the order of documents means nothing.

    Args:
        dense: cosine of every text, shape (N,); -inf for one that takes no part.
        lexical: BM25 score of every text, shape (N,).
    """

    def __init__(self, dense: np.ndarray, lexical: np.ndarray) -> None:
        self._dense, self._lexical = dense, lexical
        self._ordered = np.sort(dense)
        self._found = np.flatnonzero(lexical > 0)
        self._found_ordered = np.sort(lexical[self._found])

    def fused(self, rows: np.ndarray) -> np.ndarray:
        """Reciprocal-rank scores of some texts, float64, shape (len(rows),)."""
        dense, lexical = self._dense[rows], self._lexical[rows]
        score: np.ndarray = 1.0 / (FUSION + self._dense_ranks(dense))
        # A text that shares no word with the query has no lexical rank to speak of.
        place = len(self._found) - np.searchsorted(self._found_ordered, lexical, "right") + 1
        score = score + np.where(lexical > 0, 1.0 / (FUSION + place), 0.0)
        score[dense == -np.inf] = -np.inf
        return score

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
    """

    def __init__(self, texts: Sequence[str], vectors: np.ndarray) -> None:
        if len(texts) != len(vectors):
            raise ValueError(f"{len(texts)} texts but {len(vectors)} vectors")
        self.vectors = vectors
        self._lexical = BM25(texts)

    def __len__(self) -> int:
        return len(self.vectors)

    def lexical(self, query: str) -> np.ndarray:
        """BM25 score of every text, float64, shape (N,)."""
        return self._lexical.scores(query)

    def rankings(self, queries: Sequence[tuple[str, np.ndarray, int | None]]) -> Iterator[Ranking]:
        """The hybrid ranks of each (text, vector, row that takes no part).

        All cosines come from one product, in blocks of queries, so that the full matrix is never held.
        """
        for start in range(0, len(queries), QUERIES):
            block = queries[start : start + QUERIES]
            cosines = np.stack([vector for _, vector, _ in block]) @ self.vectors.T
            cosines[np.isnan(cosines)] = -np.inf
            for (text, _, exclude), dense in zip(block, cosines, strict=True):
                lexical = self._lexical.scores(text)
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
        dense, lexical = self.vectors @ vector, self._lexical.scores(query)
        if exclude is not None:
            dense[exclude], lexical[exclude] = -np.inf, 0.0
        score: np.ndarray = 1.0 / (FUSION + ranks(dense))
        # A text that shares no word with the query has no lexical rank to speak of.
        score = score + np.where(lexical > 0, 1.0 / (FUSION + ranks(lexical)), 0.0)
        if exclude is not None:
            score[exclude] = -np.inf
        return score
