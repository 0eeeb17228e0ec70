"""Training: encoder and head on labelled and planted pairs, resumable from where it was stopped.

The rate rises and falls. A contradiction is one in either order of its two sentences, so a share of the
pairs is shown the other way round: a swapped contradiction stays one, any other swapped pair is only known not to be
a contradiction. At the fork the training parts: each branch goes on in an order of its own while its rate falls to
nothing, learning what the teacher says as well as the labels (Hinton et al. 2015), and the weights of their ends are
averaged, which errs less than either (Wortsman et al. 2022).
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from semops_data.coherence.contradiction.mixture import Recipe, Shown, steps
from semops_data.coherence.contradiction.network import (
    CONTRADICTION,
    LABELS,
    TRAINING_ONLY,
    Network,
    Shape,
    base_weights,
    fresh,
    logits,
)
from semops_data.coherence.contradiction.pairs import TrainingDataError, open_tokenizer, tokenize

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from semops_data.coherence.contradiction.pairs import Example, Tokens

REPORT_EVERY = 50
# What starts from nothing.
HEAD = ("mix", "decide", TRAINING_ONLY.removesuffix("."))
FORK = "fork.safetensors"
MOMENTS = ("exp_avg", "exp_avg_sq", "step")


@dataclass(frozen=True)
class Training:
    """Everything a step needs; `made_of` names recipe and pairs.

    Attributes:
        network: what learns.
        optimizer: of it.
        tokens: of every pair.
        labels: of every pair, shape (pairs,).
        targets: what the branches learn of every pair: its label and the teacher's word on it, shape (pairs, 3).
        apart: whether the second decision learns a pair, shape (pairs,).
        recipe: settings.
        device: torch device.
        made_of: digest of recipe and pairs.
    """

    network: Network
    optimizer: torch.optim.Optimizer
    tokens: Tokens
    labels: np.ndarray
    targets: np.ndarray
    apart: np.ndarray
    recipe: Recipe
    device: str
    made_of: str


def train(
    base: Path,
    examples: list[Example],
    recipe: Recipe,
    *,
    device: str = "cpu",
    folder: Path | None = None,
    log: Callable[[str], None] = lambda _: None,
    save_seconds: float = 120.0,
) -> Network:
    """Train on the pairs and return the network.

    Args:
        base: folder of the base model.
        examples: labelled pairs.
        recipe: settings.
        device: torch device.
        folder: checkpoints that a stopped training goes on from, with the same pairs and recipe; kept nowhere by
            default.
        log: takes a line of progress.
        save_seconds: seconds between two checkpoints.

    Raises:
        TrainingDataError: where the checkpoints are those of other pairs or of another recipe.
    """
    run = _start(base, examples, recipe, device)
    lengths, sources = run.tokens.lengths(recipe.longest), np.array([pair.source for pair in examples])
    with tempfile.TemporaryDirectory() if folder is None else nullcontext(folder) as kept:
        ends = []
        trunk = steps(lengths, sources, recipe, recipe.sets, seed=recipe.seed)
        for branch in range(recipe.branches):
            lesson = steps(lengths, sources, recipe, recipe.lesson, seed=recipe.seed + branch)
            _branch(run, trunk, lesson, branch, Path(kept), log=log, save_seconds=save_seconds)
            ends.append({name: tensor.detach().clone() for name, tensor in run.network.learned.items()})
    learned = {name: sum(end[name] for end in ends) / len(ends) for name in run.network.learned}
    return Network(run.network.shape, run.network.frozen, learned)


def forget(folder: Path) -> None:
    """Remove the checkpoints of a training that has ended, and what its teacher said."""
    for file in (folder / FORK, *folder.glob("branch-*.safetensors"), *folder.glob("taught-*.npy")):
        file.unlink(missing_ok=True)


def _start(base: Path, examples: list[Example], recipe: Recipe, device: str) -> Training:
    import torch

    torch.manual_seed(recipe.seed)
    kind = torch.bfloat16 if _fast_bfloat16(device) else torch.float32
    network = fresh(base_weights(base), Shape(layers=recipe.layers), kind=kind).to(device)
    told = [json.dumps(asdict(recipe), sort_keys=True)]
    told += [f"{pair.source}\t{pair.label}\t{pair.taught}\t{pair.premise}\t{pair.hypothesis}" for pair in examples]
    return Training(
        network=network,
        optimizer=_optimizer(network, recipe),
        tokens=tokenize(open_tokenizer(base), [(pair.premise, pair.hypothesis) for pair in examples]),
        labels=np.array([pair.label for pair in examples]),
        targets=np.array([target(pair, recipe) for pair in examples], np.float32),
        apart=np.array([recipe.shown(pair.source).apart for pair in examples]),
        recipe=recipe,
        device=device,
        made_of=hashlib.sha256("\n".join(told).encode("utf-8", "replace")).hexdigest(),
    )


def target(pair: Example, recipe: Recipe) -> np.ndarray:
    """What a branch learns of a pair, shape (3,): its label, and the teacher's word on it where it has been asked.

    A pair that the recipe does not show before the fork has no label of its own that would count.
    """
    label: np.ndarray = np.eye(len(LABELS))[pair.label]
    if pair.taught is None:
        return label
    trust = recipe.trust if recipe.sets.get(pair.source, Shown()).times else 1.0
    found: np.ndarray = (1 - trust) * label + trust * np.array(pair.taught)
    return found


def _branch(
    run: Training,
    trunk: list[np.ndarray],
    lesson: list[np.ndarray],
    branch: int,
    folder: Path,
    *,
    log: Callable[[str], None],
    save_seconds: float,
) -> None:
    """Train to the end of a branch: the first from the beginning, any other from the fork."""
    recipe, kept = run.recipe, folder / f"branch-{branch}.safetensors"
    if len(trunk) < 2:
        raise TrainingDataError(f"{len(run.labels)} pairs are too few: a training has at least two steps")
    fork = min(max(1, round(recipe.fork * len(trunk))), len(trunk) - 1)
    end = fork + len(lesson)
    done = restore(run, kept if branch == 0 or kept.is_file() else folder / FORK)
    saved = began = time.monotonic()
    losses = []
    for step in range(done, end):
        if branch == 0 and step == fork:
            keep(run, folder / FORK, step)
        share = rate_at(min(step, fork) / len(trunk), recipe) * min(1.0, 1 - (step - fork) / len(lesson))
        rows = trunk[step] if step < fork else lesson[step - fork]
        losses.append(_step(run, rows, step, share, seed=recipe.seed + branch, taught=step >= fork))
        if time.monotonic() - saved > save_seconds:
            keep(run, kept, step + 1)
            saved = time.monotonic()
        if (step + 1) % REPORT_EVERY == 0:
            pace = (step + 1 - done) / (time.monotonic() - began)
            loss = np.mean(losses[-REPORT_EVERY:])
            log(f"branch {branch + 1}, step {step + 1} of {end}, loss {loss:.4f}, {pace:.2f} steps/s")
    if done < end:
        keep(run, kept, end)


def training_device(configured: str) -> str:
    """The device to train on: `auto` takes CUDA where torch sees it."""
    import torch

    return configured if configured != "auto" else "cuda" if torch.cuda.is_available() else "cpu"


def rate_at(done: float, recipe: Recipe) -> float:
    """Share of the full rate before the fork, at a share of the plan that is done, in [0, 1]: up, level, down."""
    up = min(1.0, (done + 1e-4) / recipe.warm_up) if recipe.warm_up else 1.0
    down = min(1.0, (1.0 - done) / recipe.decay) if recipe.decay else 1.0
    return up * down


def _optimizer(network: Network, recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW over everything that learns; what starts from nothing learns faster."""
    import torch

    for tensor in network.learned.values():
        tensor.requires_grad_(requires_grad=True)
    parts: dict[bool, list[torch.Tensor]] = {False: [], True: []}
    for name, tensor in network.learned.items():
        parts[name.split(".")[0] in HEAD].append(tensor)
    groups = [
        {"params": parts[False], "highest": recipe.rate},
        {"params": parts[True], "highest": recipe.head_rate},
    ]
    return torch.optim.AdamW(groups, recipe.rate, weight_decay=recipe.weight_decay, betas=(0.9, 0.98), fused=True)


def _step(run: Training, rows: np.ndarray, step: int, share: float, *, seed: int, taught: bool) -> float:
    import torch

    torch.manual_seed((seed + 1) * 1_000_003 + step)
    for group in run.optimizer.param_groups:
        group["lr"] = group["highest"] * share
    swap = np.random.default_rng((seed, step)).random(len(rows)) < run.recipe.swapped
    loss = _loss(run, rows, swap, taught=taught)
    run.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(run.network.learned.values(), 1.0)
    run.optimizer.step()
    return float(loss.detach())


def _loss(run: Training, rows: np.ndarray, swap: np.ndarray, *, taught: bool) -> torch.Tensor:
    """Mean loss of a batch; of a swapped pair only the contradiction is known."""
    import torch
    from torch.nn import functional as F  # noqa: N812

    batch = run.tokens.batch(rows, swap, run.recipe.longest)
    chosen = run.targets[rows] if taught else np.eye(len(LABELS), dtype=np.float32)[run.labels[rows]]
    ids, first, total, wanted, apart, swapped = (
        part.to(run.device)
        for part in (batch.ids, batch.first, batch.total, *map(torch.from_numpy, (chosen, run.apart[rows], swap)))
    )
    scores = logits(run.network, ids, first, total, drop=run.recipe.drop, apart=apart)
    whole = F.cross_entropy(scores, wanted, reduction="none", label_smoothing=run.recipe.smoothing)
    # log(1 - p) is lost to rounding near p = 1.
    said, known = F.softmax(scores, dim=1)[:, CONTRADICTION].clamp(1e-6, 0.999), wanted[:, CONTRADICTION]
    other = -(known * torch.log(said) + (1 - known) * torch.log1p(-said))
    return torch.where(~swapped | (known == 1), whole, other).mean()


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
    save_file(tensors, str(partial), metadata={"step": str(step), "made_of": run.made_of})
    partial.replace(file)


def restore(run: Training, file: Path) -> int:
    """Take over a checkpoint and return how many steps it has behind it; 0 where there is none.

    Raises:
        TrainingDataError: where the checkpoint is one of another recipe or of other pairs: what came of both could
            not be made again.
    """
    import torch
    from safetensors import safe_open

    if not file.is_file():
        return 0
    with safe_open(str(file), "pt") as held:
        about = held.metadata()
        if about["made_of"] != run.made_of:
            raise TrainingDataError(f"{file} was left by a training with another recipe or other pairs: delete it")
        for name, tensor in run.network.learned.items():
            with torch.no_grad():
                tensor.copy_(held.get_tensor(f"model.{name}"))
            state = {part: held.get_tensor(f"{part}.{name}") for part in MOMENTS}
            run.optimizer.state[tensor] = {part: value.to(tensor.device) for part, value in state.items()}
        return int(about["step"])
