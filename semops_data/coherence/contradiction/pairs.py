"""Pairs of sentences: read, tokenized once a sentence, laid out in batches of like length."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from semops_data.coherence.contradiction.network import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import torch

CLS, SEP = 101, 102
LONGEST = 128
# Characters of a sentence that are looked at: what is beyond can never reach the network.
READ = 4_000


@dataclass(frozen=True)
class Example:
    """A premise, a hypothesis, the index of their label in `LABELS`, and the name of their set.

    `taught` holds the probabilities that a teacher gives the three labels, where one was asked.
    """

    premise: str
    hypothesis: str
    label: int
    source: str = ""
    taught: tuple[float, float, float] | None = None


class TrainingDataError(ValueError):
    """The folder of training pairs lacks something, or a file is not what it should be."""


def read_pairs(file: Path) -> list[Example]:
    """Pairs of a gzip file of JSON lines with premise, hypothesis and label.

    Raises:
        TrainingDataError: where the file is missing or a line is not such a pair.
    """
    if not file.is_file():
        raise TrainingDataError(
            f"no {file.name} in {str(file.parent)!r}: set SEMOPS_NLI_DATA to the folder that has train/*.jsonl.gz and "
            "test/*.jsonl.gz, one JSON object with premise, hypothesis and label a line"
        )
    found, source = [], file.name.removesuffix(".jsonl.gz")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                found.append(Example(row["premise"], row["hypothesis"], LABELS.index(row["label"]), source))
            except (ValueError, KeyError, TypeError) as error:
                raise TrainingDataError(f"{file} line {number} is no labelled pair: {error}") from error
    return found


def open_tokenizer(folder: Path) -> Any:
    """The base model's tokenizer, without padding and truncation: both depend on the pair."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


@dataclass(frozen=True)
class Tokens:
    """Pairs as token ids: row i joins sentence `left[i]` with sentence `right[i]`."""

    sentences: list[list[int]]
    left: np.ndarray
    right: np.ndarray

    def lengths(self, longest: int = LONGEST) -> np.ndarray:
        """Tokens of every pair with its three marks, at most `longest`, shape (pairs,)."""
        sizes = np.array([len(ids) for ids in self.sentences], np.int64)
        found: np.ndarray = np.minimum(sizes[self.left] + sizes[self.right] + 3, longest)
        return found

    def batch(self, rows: np.ndarray, swap: np.ndarray | None = None, longest: int = LONGEST) -> Batch:
        """Rows as one padded batch; where `swap` the two sentences change places."""
        import torch

        joined = []
        for i, row in enumerate(rows):
            a, b = self.sentences[self.left[row]], self.sentences[self.right[row]]
            joined.append(cut(b, a, longest) if swap is not None and swap[i] else cut(a, b, longest))
        total = torch.tensor([len(a) + len(b) + 3 for a, b in joined])
        ids = torch.zeros(len(joined), int(total.max()), dtype=torch.int64)
        for i, (a, b) in enumerate(joined):
            ids[i, : len(a) + len(b) + 3] = torch.tensor([CLS, *a, SEP, *b, SEP])
        return Batch(ids, torch.tensor([len(a) + 2 for a, _ in joined]), total)


@dataclass(frozen=True)
class Batch:
    """What the network takes."""

    ids: torch.Tensor
    first: torch.Tensor
    total: torch.Tensor


def tokenize(tokenizer: Any, pairs: Sequence[tuple[str, str]]) -> Tokens:
    """Every different sentence tokenized once."""
    place: dict[str, int] = {}
    left = np.array([place.setdefault(a[:READ], len(place)) for a, _ in pairs], np.int64)
    right = np.array([place.setdefault(b[:READ], len(place)) for _, b in pairs], np.int64)
    encoded = tokenizer.encode_batch(list(place), add_special_tokens=False)
    return Tokens([item.ids for item in encoded], left, right)


def by_length(lengths: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Rows in batches of like length, the longest first, so that too little memory shows at once."""
    order = np.argsort(-lengths, kind="stable")
    for start in range(0, len(order), size):
        yield order[start : start + size]


def by_window(
    order: np.ndarray, lengths: np.ndarray, size: int, rng: np.random.Generator, *, window: int = 50
) -> list[np.ndarray]:
    """Rows in batches of like length, in their order but for windows of `window` batches, within which it is random."""
    found = []
    for start in range(0, len(order), size * window):
        part = order[start : start + size * window]
        part = part[np.argsort(lengths[part], kind="stable")]
        batches = [part[i : i + size] for i in range(0, len(part), size)]
        found += [batches[i] for i in rng.permutation(len(batches))]
    return found


def cut(left: list[int], right: list[int], longest: int) -> tuple[list[int], list[int]]:
    """Both sentences, and three marks, within the limit; the longer one gives way."""
    room = longest - 3
    if len(left) + len(right) > room:
        short = min(len(left), len(right), room // 2)
        keep = (short, room - short) if len(left) <= len(right) else (room - short, short)
        left, right = left[: keep[0]], right[: keep[1]]
    return left, right
