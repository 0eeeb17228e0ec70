"""The sentences around each claim, brought up to date: only what came and went is held against claims that stayed.

More neighbours are kept than are used, so that a few may go; where too many went, the claim is looked at anew.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.consistency import COMPARABLE, POOL
from semops_data.coherence.lookup import lookup
from semops_data.coherence.similarity import top_k
from semops_data.lakehouse.carried import array_of, digest, rows_of, vector_digests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from semops_data.coherence.consistency import Near
    from semops_data.coherence.knowledge import Knowledge, Pattern

KEPT = POOL + 30
STATE = "neighbours"
CLAIMS = 8_192
# Cosines and rows of the neighbours of each claim, and whether they are all that there are.
Found = tuple[np.ndarray, np.ndarray, np.ndarray]


def neighbourhoods(knowledge: Knowledge, canonical: Mapping[str, list[int]], *, device: str = "cpu") -> list[Near]:
    """Of each pattern's claims the nearest sentences outside the documents that hold the definition.

    Args:
        knowledge: patterns and corpus.
        canonical: rows of the chunks that hold each definition.
        device: `cpu`, `cuda` or `cuda:N`.

    Returns:
        (cosines, rows) of each pattern in their order, both of shape (claims, POOL); -inf where there are fewer.
    """
    patterns = knowledge.patterns
    ends = np.cumsum([0, *(len(p.claims) for p in patterns)])
    cosines, rows = _of_all(knowledge, [_home(p, knowledge, canonical) for p in patterns], device)
    return [(cosines[start:end, :POOL], rows[start:end, :POOL]) for start, end in pairwise(ends)]


def _home(pattern: Pattern, knowledge: Knowledge, canonical: Mapping[str, list[int]]) -> list[str]:
    """The documents that hold the definition: they are no witnesses."""
    found = {knowledge.chunks[row].document_id for row in canonical[pattern.pattern_id]}
    return sorted(found | ({pattern.source_path} if pattern.source_path else set()))


def _of_all(knowledge: Knowledge, homes: Sequence[list[str]], device: str) -> Near:
    """The KEPT nearest sentences of all claims, (cosines, rows), both of shape (claims, KEPT)."""
    owners = [number for number, p in enumerate(knowledge.patterns) for _ in p.claims]
    claims = [claim.vector for p in knowledge.patterns for claim in p.claims]
    found = np.full((len(claims), KEPT), -np.inf, np.float32), np.full((len(claims), KEPT), -1, np.int64)
    if not claims or not knowledge.sentences:
        return found
    own = [np.sort(lookup(knowledge).sentences_of(home)) for home in homes]
    vectors = np.stack(claims)
    keys: list[bytes] = []
    if knowledge.carried.folder is not None:
        keys = [digest(key, *homes[owner]) for key, owner in zip(vector_digests(vectors), owners, strict=True)]
    whole = np.zeros(len(claims), bool)
    todo = _brought_up(knowledge, keys, vectors, [own[owner] for owner in owners], (*found, whole))
    for start in range(0, len(todo), CLAIMS):
        block = todo[start : start + CLAIMS]
        without = [own[owners[claim]] for claim in block]
        cosines, rows = top_k(vectors[block], knowledge.sentence_vectors, KEPT, device=device, without=without)
        found[0][block, : cosines.shape[1]] = cosines
        found[1][block, : cosines.shape[1]] = np.where(cosines == -np.inf, -1, rows)
        whole[block] = found[1][block, -1] < 0
    if keys:
        _keep(knowledge, keys, (*found, whole))
    return found


def _keep(knowledge: Knowledge, keys: Sequence[bytes], found: Found) -> None:
    arrays = {"claims": array_of(keys), "sentences": array_of(knowledge.sentence_keys)}
    cosines, rows, whole = found
    knowledge.carried.write(STATE, arrays | {"cosines": cosines, "rows": rows.astype(np.int32), "whole": whole})


def _brought_up(
    knowledge: Knowledge, keys: Sequence[bytes], vectors: np.ndarray, without: Sequence[np.ndarray], found: Found
) -> np.ndarray:
    """Fill in the claims of which the neighbours are known; gives the others, int64.

    Args:
        knowledge: the corpus.
        keys: of the claims; empty where nothing is carried over.
        vectors: of the claims.
        without: of each claim the rows of the sentences that take no part.
        found: filled in.
    """
    held = knowledge.carried.read(STATE) if keys else {}
    if not held:
        return np.arange(len(vectors))
    place = {key: row for row, key in enumerate(knowledge.sentence_keys)}
    moved = np.array([place.get(key, -1) for key in rows_of(held["sentences"])], np.int64)
    fresh = np.setdiff1d(np.arange(len(place)), moved)
    known = {key: number for number, key in enumerate(rows_of(held["claims"]))}
    before = np.array([known.get(key, -1) for key in keys], np.int64)
    if len(place) != len(knowledge.sentence_keys) or len(fresh) * 2 > len(place):
        return np.arange(len(vectors))
    staying, todo = np.flatnonzero(before >= 0), [np.flatnonzero(before < 0)]
    inside = [np.searchsorted(fresh, rows[np.isin(rows, fresh)]) for rows in (without[claim] for claim in staying)]
    news = top_k(vectors[staying], knowledge.sentence_vectors[fresh], KEPT, without=inside)
    for number, claim in enumerate(staying):
        cosines, rows, whole = (held[name][before[claim]] for name in ("cosines", "rows", "whole"))
        came = news[0][number] > -np.inf
        stayed = np.where(rows >= 0, moved[rows], -1) >= 0
        joined = _merged(
            (cosines[stayed], moved[rows[stayed]]), (news[0][number][came], fresh[news[1][number][came]]), whole=whole
        )
        if joined is None:
            todo.append(np.array([claim]))
        else:
            found[0][claim, : len(joined[0])], found[1][claim, : len(joined[1])] = joined
            found[2][claim] = whole and len(joined[0]) < KEPT
    return np.concatenate(todo)


def _merged(stayed: Near, came: Near, *, whole: bool) -> Near | None:
    """The nearest of those that stayed and those that came; None where one that is not known may be among them.

    Args:
        stayed: cosines and rows of the neighbours of before that are still there, by falling cosine.
        came: those of new sentences.
        whole: whether those of before were all that there were.
    """
    cosines, rows = (np.concatenate(parts) for parts in zip(stayed, came, strict=True))
    order = np.lexsort((rows, -cosines))
    if not whole:
        # Behind the last one that stayed there may be others that were not kept.
        order = order[: int(np.flatnonzero(order == len(stayed[0]) - 1)[0]) + 1] if len(stayed[0]) else order[:0]
        if len(order) < POOL and not (len(order) and cosines[order[-1]] < COMPARABLE):
            return None
    return cosines[order[:KEPT]], rows[order[:KEPT]]
