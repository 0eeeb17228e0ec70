"""The queue of pairs that a person is asked about: the most uncertain first, and every fifth one at random.

Uncertain ones teach the threshold most. Random ones say how often the rest is wrong: a threshold that has only seen
what it doubts would never learn of what it is sure of.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import exp, log
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from semops_data.lakehouse.lake import Lake

TABLES = ("coherence/pairs", "coherence/thresholds", "embeddings/patterns", "embeddings/sentences")
RANDOM_EVERY = 5
EDGE = 1e-6


@dataclass(frozen=True)
class Question:
    """Two texts to compare.

    Attributes:
        pattern_id: the pattern whose claim the left text is.
        left_text: the claim.
        right_text: a sentence of another document.
        left_place: where the claim stands; empty where only the registry has it.
        right_place: where the sentence stands.
        picked: `uncertain` or `random`.
        told: what the method in use says of the two.
    """

    pattern_id: str
    left_text: str
    right_text: str
    left_place: str
    right_place: str
    picked: str
    told: str


def queue(lake: Lake, *, done: Iterable[tuple[str, str]] = (), seed: str = "") -> list[Question]:
    """Every comparable pair that is not done, in the order to ask about them.

    Args:
        lake: with the tables of a scored corpus.
        done: (left, right) texts that need no label any more.
        seed: decides which pairs are the random ones; the same seed gives the same queue.

    Raises:
        MissingTableError: where nothing was scored yet.
    """
    pairs, thresholds, patterns, sentences = (lake.read(key, columns=columns).to_pylist() for key, columns in zip(
        TABLES,
        (["pattern_id", "claim", "sentence_id", "raw", "rule", "detail", "method"], ["name", "value"],
         ["pattern_id", "role", "ordinal", "text"], ["sentence_id", "document_id", "line", "text"]),
        strict=True,
    ))  # fmt: skip
    claims = {(row["pattern_id"], row["ordinal"]): row["text"] for row in patterns if row["role"] == "claim"}
    by_id = {row["sentence_id"]: row for row in sentences}
    places = {row["text"]: f"{row['document_id']}:{row['line']}" for row in sentences}
    threshold = _raw_threshold({row["name"]: row["value"] for row in thresholds})
    asked, skipped = [], set(done)
    for pair in pairs:
        left, sentence = claims.get((pair["pattern_id"], pair["claim"])), by_id.get(pair["sentence_id"])
        if left is None or sentence is None or (left, sentence["text"]) in skipped:
            continue
        skipped.add((left, sentence["text"]))
        asked.append((pair["raw"], pair, left, sentence))
    asked.sort(key=lambda one: (one[0] == 0, abs(_logit(one[0]) - _logit(threshold)), one[1]["sentence_id"], one[2]))
    order = list(_mixed([_chance(seed, one[2], one[3]["text"]) for one in asked]))
    return [_question(asked[row], picked, places) for row, picked in order]


def _mixed(chances: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Rows in their order, and at every fifth place the one that the dice chose of those that are left."""
    by_chance = sorted(range(len(chances)), key=chances.__getitem__)
    left, given = dict.fromkeys(range(len(chances))), 0
    dice = iter(by_chance)
    while left:
        given += 1
        if given % RANDOM_EVERY == 0:
            row, picked = next(row for row in dice if row in left), "random"
        else:
            row, picked = next(iter(left)), "uncertain"
        del left[row]
        yield row, picked


def _question(
    one: tuple[float, Mapping[str, Any], str, Mapping[str, Any]], picked: str, places: Mapping[str, str]
) -> Question:
    raw, pair, left, sentence = one
    told = f"{pair['detail'] or pair['rule']} (score {raw:.2f})" if pair["rule"] else "no difference seen"
    return Question(
        pair["pattern_id"], left, sentence["text"], places.get(left, ""),
        f"{sentence['document_id']}:{sentence['line']}", picked, f"{pair['method']}: {told}",
    )  # fmt: skip


def _raw_threshold(values: Mapping[str, float | None]) -> float:
    """The raw score at which a pair becomes a finding; the middle where there is none."""
    from semops_data.coherence.thresholds import NAMES

    intercept, slope, q = (values.get(name) for name in NAMES[:3])
    if intercept is None or not slope or not q:
        return 0.5
    return 1 / (1 + exp(-max(min((_logit(q) - intercept) / slope, 30.0), -30.0)))


def _logit(share: float) -> float:
    inside = min(max(share, EDGE), 1 - EDGE)
    return log(inside / (1 - inside))


def _chance(seed: str, left: str, right: str) -> str:
    return hashlib.sha256(f"{seed}\x1f{left}\x1f{right}".encode("utf-8", "surrogatepass")).hexdigest()
