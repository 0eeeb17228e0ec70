"""A teacher: a larger encoder that learns the labels first, and then tells its opinion of pairs that have none.

all-mpnet-base-v2, eight times the work of what ships, is needed while training alone. Its lower half stays as it is,
so that its outputs are computed once a pair; the upper half and a head of its own learn the labels of what is judged.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from semops_data.coherence.contradiction.mixture import JUDGED, RELABELLED, SIBLING
from semops_data.coherence.contradiction.network import LABELS, MASKED
from semops_data.coherence.contradiction.pairs import (
    TrainingDataError,
    by_length,
    by_window,
    cut,
    open_tokenizer,
    tokenize,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from torch import Tensor

    from semops_data.coherence.contradiction.mixture import Pairs
    from semops_data.coherence.contradiction.pairs import Example, Tokens

BEGIN, PAD, END = 0, 1, 2
LONGEST = 80
BATCH, JUDGED_AT_ONCE = 32, 64
RATE, HEAD_RATE = 7e-5, 4e-4
WARM_UP, SMOOTHING, DROP = 0.08, 0.03, 0.1
# Pairs of each set in a first and in a second pass.
PASSES = ({"mnli": None, "snli": 3_500}, {"mnli": 6_000, "snli": 1_000})
REPORT_EVERY = 50
WORDS = "taught-"
ASKED = ("mnli", SIBLING, RELABELLED)


@dataclass(frozen=True)
class Teacher:
    """The encoder in two halves and its head.

    Attributes:
        embeddings: of words and positions, in bfloat16.
        lower: layers that stay as they are, in bfloat16.
        upper: layers that learn.
        head: from the first token and the mean of all to the logits.
        bias: the bias of attention that depends on the distance of two tokens.
    """

    embeddings: Any
    lower: Any
    upper: Any
    head: Any
    bias: Callable[[Tensor], Tensor]

    def below(self, ids: Tensor, total: Tensor) -> Tensor:
        """Outputs of the lower half, bfloat16 of shape (pairs, length, width)."""
        import torch

        with torch.no_grad():
            x = self.embeddings(input_ids=ids)
            return self._through(self.lower, x, total)

    def logits(self, x: Tensor, total: Tensor) -> Tensor:
        """Logits, float32 of shape (pairs, 3), from the outputs of the lower half."""
        import torch

        x = self._through(self.upper, x, total).float()
        told = (torch.arange(x.shape[1]) < total[:, None]).float()
        mean = (told[:, None] @ x)[:, 0] / told.sum(1, keepdim=True)
        scores: Tensor = self.head(torch.cat([x[:, 0], mean], 1))
        return scores.float()

    def _through(self, layers: Any, x: Tensor, total: Tensor) -> Tensor:
        import torch

        length = x.shape[1]
        mask = torch.zeros(len(total), length).masked_fill_(torch.arange(length) >= total[:, None], MASKED)
        bias, mask = self.bias(x).to(x.dtype), mask[:, None, None].to(x.dtype)
        for layer in layers:
            x = layer(x, mask, position_bias=bias)[0]
        return x


def taught(pairs: Pairs, folder: Path, kept: Path, *, log: Callable[[str], None] = lambda _: None) -> Pairs:
    """The same pairs with the teacher's probabilities on those of MultiNLI and on those without a label.

    Args:
        pairs: to learn from.
        folder: of all-mpnet-base-v2.
        kept: folder for what it said, so that a training that was stopped does not ask again.
        log: takes a line of progress.

    Raises:
        TrainingDataError: where the folder holds no such model.
    """
    lacking = [name for name in ("model.safetensors", "config.json", "tokenizer.json") if not (folder / name).is_file()]
    if lacking:
        raise TrainingDataError(f"no {lacking[0]} in {str(folder)!r}: `teacher` is a folder of all-mpnet-base-v2")
    learned = [pair for pair in pairs.training if pair.source in JUDGED]
    rows = [row for row, pair in enumerate(pairs.training) if pair.source in ASKED]
    asked = [pairs.training[row] for row in rows]
    file = kept / f"{WORDS}{_digest([*learned, *asked])}.npy"
    if not file.is_file():
        kept.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".new")
        with partial.open("wb") as opened:
            np.save(opened, _opinions(folder, learned, asked, log))
        partial.replace(file)
    training = list(pairs.training)
    for row, word in zip(rows, np.load(file).tolist(), strict=True):
        training[row] = replace(training[row], taught=tuple(word))
    return replace(pairs, training=training)


def _digest(pairs: Sequence[Example]) -> str:
    told = "\n".join(f"{pair.source}\t{pair.label}\t{pair.premise}\t{pair.hypothesis}" for pair in pairs)
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16]


def _opinions(
    folder: Path, learned: Sequence[Example], asked: Sequence[Example], log: Callable[[str], None]
) -> np.ndarray:
    """Probabilities of the asked pairs by a teacher that has learned the others, shape (asked, 3)."""
    import torch

    tokenizer = open_tokenizer(folder)
    known, ids = (_marked(tokenize(tokenizer, [(p.premise, p.hypothesis) for p in part])) for part in (learned, asked))
    plan = _plan(learned, np.array([len(row) for row in known]))
    teacher = _load(folder)
    held = _held(teacher, known, np.unique(np.concatenate(plan)))
    _learn(teacher, held, np.array([pair.label for pair in learned]), plan, log)
    del held
    found = np.zeros((len(asked), len(LABELS)), np.float32)
    teacher.upper.eval()
    teacher.head.eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for rows in by_length(np.array([len(row) for row in ids]), JUDGED_AT_ONCE):
            batch, total = _padded([ids[row] for row in rows])
            found[rows] = torch.softmax(teacher.logits(teacher.below(batch, total), total), dim=1).numpy()
    return found


def _load(folder: Path) -> Teacher:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import torch
    from torch import nn
    from transformers import MPNetModel

    model = MPNetModel.from_pretrained(
        str(folder), local_files_only=True, use_safetensors=True, add_pooling_layer=False
    ).eval()
    layers, width = model.encoder.layer, model.config.hidden_size
    torch.manual_seed(1)
    rise, fall = nn.Linear(2 * width, width), nn.Linear(width, len(LABELS))
    model.requires_grad_(requires_grad=False)
    upper = layers[len(layers) // 2 :].requires_grad_(requires_grad=True)
    return Teacher(
        embeddings=model.embeddings.to(torch.bfloat16),
        lower=layers[: len(layers) // 2].to(torch.bfloat16),
        upper=upper,
        head=nn.Sequential(nn.Dropout(DROP), rise, nn.GELU(), fall),
        bias=model.encoder.compute_position_bias,
    )


def _marked(tokens: Tokens) -> list[list[int]]:
    """Ids of every pair with their marks, at most `LONGEST`."""
    found = []
    for left, right in zip(tokens.left, tokens.right, strict=True):
        a, b = cut(tokens.sentences[left], tokens.sentences[right], LONGEST - 1)
        found.append([BEGIN, *a, END, END, *b, END])
    return found


def _plan(pairs: Sequence[Example], lengths: np.ndarray) -> list[np.ndarray]:
    """Rows of every step."""
    rng, sources = np.random.default_rng(0), np.array([pair.source for pair in pairs])
    passes = [
        np.concatenate([rng.permutation(np.flatnonzero(sources == name))[:most] for name, most in shown.items()])
        for shown in PASSES
    ]
    return by_window(np.concatenate([rng.permutation(rows) for rows in passes]), lengths, BATCH, rng)


def _held(teacher: Teacher, ids: list[list[int]], rows: np.ndarray) -> dict[int, Tensor]:
    """Outputs of the lower half of every row, each of shape (length, width)."""
    found: dict[int, Tensor] = {}
    for part in by_length(np.array([len(ids[row]) for row in rows]), JUDGED_AT_ONCE):
        batch, total = _padded([ids[row] for row in rows[part]])
        x = teacher.below(batch, total)
        found |= {int(row): x[i, : int(total[i])].clone() for i, row in enumerate(rows[part])}
    return found


def _learn(
    teacher: Teacher, held: dict[int, Tensor], labels: np.ndarray, plan: list[np.ndarray], log: Callable[[str], None]
) -> None:
    import torch
    from torch.nn import functional as F  # noqa: N812
    from torch.nn.utils.rnn import pad_sequence

    body, head = list(teacher.upper.parameters()), list(teacher.head.parameters())
    groups = [{"params": body, "highest": RATE}, {"params": head, "highest": HEAD_RATE}]
    optimizer = torch.optim.AdamW(groups, RATE, weight_decay=0.01, betas=(0.9, 0.98), fused=True)
    teacher.upper.train()
    teacher.head.train()
    for step, rows in enumerate(plan):
        torch.manual_seed(step)
        for group in optimizer.param_groups:
            group["lr"] = group["highest"] * min(1, (step + 1) / (WARM_UP * len(plan))) * (1 - step / len(plan))
        parts = [held[int(row)] for row in rows]
        with torch.autocast("cpu", torch.bfloat16):
            scores = teacher.logits(pad_sequence(parts, batch_first=True), torch.tensor([len(part) for part in parts]))
        loss = F.cross_entropy(scores, torch.from_numpy(labels[rows]), label_smoothing=SMOOTHING)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(body + head, 1.0)
        optimizer.step()
        if (step + 1) % REPORT_EVERY == 0:
            log(f"teacher, step {step + 1} of {len(plan)}, loss {float(loss.detach()):.4f}")


def _padded(ids: list[list[int]]) -> tuple[Tensor, Tensor]:
    import torch

    total = torch.tensor([len(row) for row in ids])
    found = torch.full((len(ids), int(total.max())), PAD, dtype=torch.int64)
    for i, row in enumerate(ids):
        found[i, : len(row)] = torch.tensor(row)
    return found, total
