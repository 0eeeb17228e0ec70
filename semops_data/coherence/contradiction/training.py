"""Training: low-rank corrections and head on labelled and planted pairs, resumable from a checkpoint.

The rate rises, stays, and falls to nothing over the last part. A contradiction is one in either order of its two
sentences, so a share of the pairs is shown the other way round: a swapped contradiction stays one, any other
swapped pair is only known not to be a contradiction.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from semops_data.coherence.contradiction.network import CONTRADICTION, Network, Shape, base_weights, fresh, logits
from semops_data.coherence.contradiction.pairs import (
    Batch,
    Example,
    Tokens,
    TrainingDataError,
    open_tokenizer,
    read_pairs,
    shuffled,
    tokenize,
)
from semops_data.coherence.contradiction.planted import planted_pairs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import torch

REPORT_EVERY = 50
MOMENTS = ("exp_avg", "exp_avg_sq", "step")


@dataclass(frozen=True)
class Recipe:
    """How the adapter is trained; the defaults are those of the adapter that ships."""

    epochs: float = 1.55
    planted: int = 12_000
    pairs_per_batch: int = 32
    rate: float = 8e-4
    warm_up: float = 0.03
    decay: float = 0.4
    swapped: float = 0.15
    smoothing: float = 0.05
    drop: float = 0.05
    weight_decay: float = 0.01
    longest: int = 96
    rank: int = 32
    layers: int = 6
    seed: int = 0


@dataclass(frozen=True)
class Training:
    """Everything a step needs."""

    network: Network
    optimizer: torch.optim.Optimizer
    tokens: Tokens
    labels: np.ndarray
    recipe: Recipe
    device: str


def training_pairs(folder: Path, recipe: Recipe) -> list[Example]:
    """Every labelled pair under `train/` and the planted ones.

    Raises:
        TrainingDataError: where the folder has no pairs.
    """
    files = sorted((folder / "train").glob("*.jsonl.gz"))
    labelled = [pair for file in files or [folder / "train" / "*.jsonl.gz"] for pair in read_pairs(file)]
    if not labelled:
        raise TrainingDataError(f"the files under {str(folder / 'train')!r} hold no pairs")
    sentences = sorted({pair.premise for pair in labelled if 20 < len(pair.premise) < 200})
    return labelled + planted_pairs(sentences, recipe.planted, np.random.default_rng(recipe.seed))


def train(
    base: Path,
    examples: list[Example],
    recipe: Recipe,
    *,
    device: str = "cpu",
    checkpoint: Path | None = None,
    log: Callable[[str], None] = lambda _: None,
    save_seconds: float = 120.0,
) -> Network:
    """Train on the pairs and return the network.

    Args:
        base: folder of the base model.
        examples: labelled pairs.
        recipe: settings.
        device: torch device.
        checkpoint: file that a stopped training goes on from, with the same pairs and recipe.
        log: takes a line of progress.
        save_seconds: seconds between two checkpoints.
    """
    import torch

    torch.manual_seed(recipe.seed)
    kind = torch.bfloat16 if _fast_bfloat16(device) else torch.float32
    shape = Shape(layers=recipe.layers, rank=recipe.rank)
    network = fresh(base_weights(base), shape, kind=kind).to(device)
    for tensor in network.learned.values():
        tensor.requires_grad_(requires_grad=True)
    optimizer = torch.optim.AdamW(
        network.learned.values(), recipe.rate, weight_decay=recipe.weight_decay, betas=(0.9, 0.98)
    )
    tokens = tokenize(open_tokenizer(base), [(pair.premise, pair.hypothesis) for pair in examples])
    run = Training(network, optimizer, tokens, np.array([pair.label for pair in examples]), recipe, device)
    plan = steps(tokens, recipe)
    done = restore(run, checkpoint) if checkpoint else 0
    saved = began = time.monotonic()
    losses = []
    for step in range(done, len(plan)):
        losses.append(_step(run, plan[step], step, len(plan)))
        if checkpoint and time.monotonic() - saved > save_seconds:
            keep(run, checkpoint, step + 1)
            saved = time.monotonic()
        if (step + 1) % REPORT_EVERY == 0:
            pace = (step + 1 - done) / (time.monotonic() - began)
            log(f"step {step + 1} of {len(plan)}, loss {np.mean(losses[-REPORT_EVERY:]):.4f}, {pace:.2f} steps/s")
    if checkpoint:
        keep(run, checkpoint, len(plan))
    return Network(shape, network.frozen, {name: tensor.detach() for name, tensor in network.learned.items()})


def training_device(configured: str) -> str:
    """The device to train on: `auto` takes CUDA where torch sees it."""
    import torch

    return configured if configured != "auto" else "cuda" if torch.cuda.is_available() else "cpu"


def rate_at(done: float, recipe: Recipe) -> float:
    """Share of the full rate at a share of the training that is done, in [0, 1]: up, level, down."""
    up = min(1.0, (done + 1e-4) / recipe.warm_up) if recipe.warm_up else 1.0
    down = min(1.0, (1.0 - done) / recipe.decay) if recipe.decay else 1.0
    return up * down


def steps(tokens: Tokens, recipe: Recipe) -> list[np.ndarray]:
    """Rows of every step, epoch after epoch, the same for the same seed."""
    lengths, rng = tokens.lengths(recipe.longest), np.random.default_rng(recipe.seed)
    per_epoch = -(-len(lengths) // recipe.pairs_per_batch)
    wanted = max(1, round(recipe.epochs * per_epoch))
    batches: list[np.ndarray] = []
    while len(batches) < wanted:
        batches += shuffled(lengths, recipe.pairs_per_batch, rng)
    return batches[:wanted]


def _step(run: Training, rows: np.ndarray, step: int, steps: int) -> float:
    import torch

    torch.manual_seed(run.recipe.seed * 1_000_003 + step)
    for group in run.optimizer.param_groups:
        group["lr"] = run.recipe.rate * rate_at(step / steps, run.recipe)
    swap = np.random.default_rng((run.recipe.seed, step)).random(len(rows)) < run.recipe.swapped
    loss = _loss(run, run.tokens.batch(rows, swap, run.recipe.longest), run.labels[rows], swap)
    run.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(run.network.learned.values(), 1.0)
    run.optimizer.step()
    return float(loss.detach())


def _loss(run: Training, batch: Batch, labels: np.ndarray, swap: np.ndarray) -> torch.Tensor:
    import torch
    from torch.nn import functional as F  # noqa: N812

    scores = logits(
        run.network, *(part.to(run.device) for part in (batch.ids, batch.first, batch.total)), drop=run.recipe.drop
    )
    wanted, swapped = (torch.from_numpy(part).to(run.device) for part in (labels, swap))
    whole = F.cross_entropy(scores, wanted, reduction="none", label_smoothing=run.recipe.smoothing)
    # log(1 - p) is lost to rounding near p = 1.
    other = -torch.log1p(-F.softmax(scores, dim=1)[:, CONTRADICTION].clamp(max=0.999))
    return torch.where(~swapped | (wanted == CONTRADICTION), whole, other).mean()


def _fast_bfloat16(device: str) -> bool:
    """Whether the device computes in bfloat16 faster than in float32."""
    import torch

    if device != "cpu":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported())  # noqa: SLF001


def keep(run: Training, file: Path, step: int) -> None:
    """Write a checkpoint; a crash leaves the old one or the new one."""
    import torch
    from safetensors.torch import save_file

    tensors = {f"model.{name}": tensor.detach() for name, tensor in run.network.learned.items()}
    for name, tensor in run.network.learned.items():
        held: dict[str, Any] = run.optimizer.state.get(tensor, {})
        tensors |= {f"{part}.{name}": torch.as_tensor(value).clone() for part, value in held.items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".new")
    save_file(tensors, str(partial), metadata={"step": str(step), "recipe": json.dumps(asdict(run.recipe))})
    partial.replace(file)


def restore(run: Training, file: Path) -> int:
    """Take over a checkpoint and return how many steps it has behind it; 0 where there is none."""
    import torch
    from safetensors import safe_open

    if not file.is_file():
        return 0
    with safe_open(str(file), "pt") as held:
        for name, tensor in run.network.learned.items():
            with torch.no_grad():
                tensor.copy_(held.get_tensor(f"model.{name}"))
            state = {part: held.get_tensor(f"{part}.{name}") for part in MOMENTS}
            run.optimizer.state[tensor] = state | {part: state[part].to(tensor.device) for part in MOMENTS[:2]}
        return int(held.metadata()["step"])
