"""Which passages come closest to the definitions: the nearest pairs of all, never all pairs.

What is kept are the pairs of a definition and a passage down to some cosine; a night looks at the pairs of which one is
new. Where too few are left, all are looked at again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.similarity import cosines
from semops_data.lakehouse.carried import array_of, digest, rows_of, vector_digests

if TYPE_CHECKING:
    from semops_data.coherence.knowledge import Knowledge

PATTERNS = 256
STATE = "nearness"
# Below every cosine: then nothing is left out.
ALL = -2.0


class Nearness:
    """Pairs of pattern and chunk, nearest first kept."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._definitions = [p.definition.vector for p in knowledge.patterns]
        self._floor = np.inf
        self._pairs = np.zeros((2, 0), np.int64)
        self._cosines = np.zeros(0, np.float32)
        self._read()

    def nearest(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The pairs whose cosine is one of the `count` highest, equal ones included.

        Returns:
            (pattern and row of each, int64 of shape (2, n); cosines, float32 of shape (n,)), by pattern, then by row.
        """
        if count <= 0:
            return self._pairs[:, :0], self._cosines[:0]
        if len(self._cosines) < count and self._floor > ALL:
            self._search(count * 2, None)
        if len(self._cosines) <= count:
            return self._pairs, self._cosines
        inside = self._cosines >= np.partition(self._cosines, len(self._cosines) - count)[-count]
        return self._pairs[:, inside], self._cosines[inside]

    def above(self, place: int, limit: float) -> np.ndarray:
        """Rows of the chunks that are at least so close to the definition of the pattern at a place, int64, rising."""
        if limit < self._floor:
            self._search(None, limit)
        own = slice(*np.searchsorted(self._pairs[0], [place, place + 1]))
        rows: np.ndarray = self._pairs[1, own][self._cosines[own] >= limit]
        return rows

    def _search(self, count: int | None, limit: float | None) -> None:
        """Look at all pairs again and keep the nearest `count`, or those from a limit on."""
        self._floor = limit if limit is not None else ALL
        self._filter(np.zeros(len(self._cosines), bool))
        for start in range(0, len(self._definitions), PATTERNS):
            own = np.arange(start, min(start + PATTERNS, len(self._definitions)))
            self._add(own, np.arange(len(self._knowledge.chunks)), count)
            if count is not None and len(self._cosines) >= count:
                self._floor = float(np.partition(self._cosines, len(self._cosines) - count)[-count])
                self._filter(self._cosines >= self._floor)
        self._sort()
        self._keep()

    def _add(self, own: np.ndarray, rows: np.ndarray, count: int | None = None) -> None:
        """The pairs of some patterns and some chunks, from the floor on; of them the nearest `count`."""
        if not len(own) or not len(rows):
            return
        found = cosines(np.stack([self._definitions[place] for place in own]), self._knowledge.chunk_vectors[rows])
        floor = self._floor
        if count is not None and found.size > count:
            floor = max(floor, float(np.partition(found, found.size - count, axis=None)[-count]))
        left, right = np.nonzero(found >= floor)
        self._pairs = np.concatenate([self._pairs, np.stack([own[left], rows[right]])], axis=1)
        self._cosines = np.concatenate([self._cosines, found[left, right]])

    def _filter(self, inside: np.ndarray) -> None:
        self._pairs, self._cosines = self._pairs[:, inside], self._cosines[inside]

    def _keys(self) -> tuple[list[bytes], list[bytes]]:
        """Of each pattern and of each chunk a digest of what is compared."""
        definitions = np.stack(self._definitions) if self._definitions else np.zeros((0, 1), np.float32)
        names = [digest(p.pattern_id) for p in self._knowledge.patterns]
        left = [digest(name, key) for name, key in zip(names, vector_digests(definitions), strict=True)]
        return left, self._knowledge.chunk_keys

    def _read(self) -> None:
        """What still holds of the pairs of the night before, and those of which one is new."""
        held = self._knowledge.carried.read(STATE)
        if not held:
            return
        new, old = self._keys(), (rows_of(held["patterns"]), rows_of(held["chunks"]))
        places = [{key: place for place, key in enumerate(keys)} for keys in new]
        moved = [
            np.array([place.get(key, -1) for key in keys], np.int64) for place, keys in zip(places, old, strict=True)
        ]
        fresh = [np.setdiff1d(np.arange(len(keys)), at) for keys, at in zip(new, moved, strict=True)]
        if sum(map(len, fresh)) * 2 > sum(map(len, new)):
            return
        self._floor = float(held["floor"][0])
        self._pairs = np.stack([at[pairs] for at, pairs in zip(moved, held["pairs"], strict=True)])
        self._cosines = held["cosines"]
        self._filter(np.all(self._pairs >= 0, axis=0))
        self._add(np.setdiff1d(np.arange(len(new[0])), fresh[0]), fresh[1])
        for start in range(0, len(fresh[0]), PATTERNS):
            self._add(fresh[0][start : start + PATTERNS], np.arange(len(new[1])))
        self._sort()
        if len(fresh[0]) or len(fresh[1]) or any((at < 0).any() for at in moved):
            self._keep()

    def _sort(self) -> None:
        order = np.lexsort(self._pairs[::-1])
        self._pairs, self._cosines = self._pairs[:, order], self._cosines[order]

    def _keep(self) -> None:
        if self._knowledge.carried.folder is None:
            return
        left, right = self._keys()
        arrays = {"patterns": array_of(left), "chunks": array_of(right), "floor": np.array([self._floor])}
        self._knowledge.carried.write(STATE, arrays | {"pairs": self._pairs, "cosines": self._cosines})


def nearness(knowledge: Knowledge) -> Nearness:
    """The nearest pairs of this corpus."""
    held: Nearness = knowledge.__dict__.get("_nearness") or Nearness(knowledge)
    knowledge.__dict__["_nearness"] = held
    return held
