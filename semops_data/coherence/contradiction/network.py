"""The cross-encoder: the layers of the bundled MiniLM, trained on, and a head that reads both sentences.

Word and position vectors stay as they are. What ships is the difference to the base model, which is installed
anyway (`packing`). Functions over named tensors: torch is imported where it computes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch
    from torch import Tensor

    Weights = dict[str, Tensor]

LABELS = ("entailment", "neutral", "contradiction")
CONTRADICTION = LABELS.index("contradiction")
# A second decision, for sets whose labels mean something else.
TRAINING_ONLY = "apart."
FEATURES = 5
EPSILON = 1e-12
MASKED = -1e4
# The linear maps of a layer: our name, and the base model's names that it joins.
MAPS = {
    "qkv": ("attention.self.query", "attention.self.key", "attention.self.value"),
    "out": ("attention.output.dense",),
    "rise": ("intermediate.dense",),
    "fall": ("output.dense",),
}
NORMS = {"norm1": "attention.output.LayerNorm", "norm2": "output.LayerNorm"}


@dataclass(frozen=True)
class Shape:
    """Sizes of the network.

    Attributes:
        layers: of the base model.
        heads: of attention.
        rank: singular values of each map's change that an adapter keeps in eight bits.
        coarse: further ones that it keeps in four bits; even.
        hidden: width of the head.
    """

    layers: int = 6
    heads: int = 12
    rank: int = 24
    coarse: int = 128
    hidden: int = 256


@dataclass(frozen=True)
class Network:
    """Frozen tensors, and those that learn; both by name.

    Attributes:
        shape: sizes.
        frozen: `word` and `position`, of one number type: that of the work.
        learned: everything else, float32; those that begin with `TRAINING_ONLY` are in no adapter.
    """

    shape: Shape
    frozen: Weights
    learned: Weights

    def to(self, device: str) -> Network:
        """The same on another device."""
        return Network(
            self.shape,
            {name: tensor.to(device) for name, tensor in self.frozen.items()},
            {name: tensor.to(device) for name, tensor in self.learned.items()},
        )


def base_weights(folder: Path) -> Weights:
    """Weights of the base model in a folder, from safetensors only."""
    from safetensors.torch import load_file

    return load_file(str(folder / "model.safetensors"))


def fresh(base: Mapping[str, Tensor], shape: Shape, *, kind: torch.dtype | None = None) -> Network:
    """An untrained network on a base model: its encoder computes exactly what the base model does.

    Args:
        base: weights of a BERT-like model by their usual names.
        shape: sizes.
        kind: number type of the work; float32 by default.
    """
    import torch

    kind = kind or torch.float32
    frozen = {part: base[f"embeddings.{part}_embeddings.weight"] for part in ("word", "position")}
    learned = {"segment": base["embeddings.token_type_embeddings.weight"]} | _norm(base, "norm", "embeddings.LayerNorm")
    for number in range(shape.layers):
        there = f"encoder.layer.{number}"
        for name, parts in MAPS.items():
            here = f"layers.{number}.{name}"
            learned[f"{here}.weight"] = torch.cat([base[f"{there}.{part}.weight"] for part in parts])
            learned[f"{here}.bias"] = torch.cat([base[f"{there}.{part}.bias"] for part in parts])
        for name, part in NORMS.items():
            learned |= _norm(base, f"layers.{number}.{name}", f"{there}.{part}")
    width = frozen["word"].shape[1]
    learned["mix.weight"] = torch.randn(shape.hidden, FEATURES * width) * (FEATURES * width) ** -0.5
    learned["mix.bias"] = torch.zeros(shape.hidden)
    learned["decide.weight"] = torch.randn(len(LABELS), shape.hidden) * shape.hidden**-0.5
    learned["decide.bias"] = torch.zeros(len(LABELS))
    learned |= {f"{TRAINING_ONLY}{part}": learned[f"decide.{part}"].clone() for part in ("weight", "bias")}
    return Network(
        shape,
        {name: tensor.to(kind) for name, tensor in frozen.items()},
        {name: tensor.float().clone() for name, tensor in learned.items()},
    )


def logits(
    network: Network, ids: Tensor, first: Tensor, total: Tensor, *, drop: float = 0.0, apart: Tensor | None = None
) -> Tensor:
    """Logits of entailment, neutral and contradiction, float32 of shape (pairs, 3).

    Args:
        network: the network.
        ids: tokens, int64 of shape (pairs, length): [CLS] premise [SEP] hypothesis [SEP], then padding.
        first: tokens up to and with the first [SEP], int64 of shape (pairs,).
        total: tokens without padding, int64 of shape (pairs,).
        drop: share of channels that are dropped from each branch; 0 while scoring.
        apart: pairs that the second decision judges, bool of shape (pairs,); none by default.
    """
    import torch
    from torch.nn import functional as F  # noqa: N812

    at, learned = torch.arange(ids.shape[1], device=ids.device), network.learned
    x = encoded(network, ids, first, total, drop=drop)
    premise = _mean(x, (at > 0) & (at < first[:, None] - 1))
    hypothesis = _mean(x, (at >= first[:, None]) & (at < total[:, None] - 1))
    parts = [x[:, 0], premise, hypothesis, (premise - hypothesis).abs(), premise * hypothesis]
    features = F.dropout(torch.cat(parts, dim=1), drop, training=drop > 0)
    hidden = F.gelu(F.linear(features, learned["mix.weight"], learned["mix.bias"]))
    scores = F.linear(hidden, learned["decide.weight"], learned["decide.bias"])
    if apart is None:
        return scores
    return torch.where(apart[:, None], F.linear(hidden, learned["apart.weight"], learned["apart.bias"]), scores)


def encoded(network: Network, ids: Tensor, first: Tensor, total: Tensor, *, drop: float = 0.0) -> Tensor:
    """A vector of every token, float32 of shape (pairs, length, width); arguments as for `logits`."""
    import torch

    at, word = torch.arange(ids.shape[1], device=ids.device), network.frozen["word"]
    segment = network.learned["segment"].to(word.dtype)[(at >= first[:, None]).long()]
    x = _normed(network, "norm", word[ids] + network.frozen["position"][: ids.shape[1]] + segment)
    mask = None
    if int(total.min()) < ids.shape[1]:
        padding = at >= total[:, None]
        mask = torch.zeros(padding.shape, device=x.device).masked_fill_(padding, MASKED)[:, None, None]
    for number in range(network.shape.layers):
        x = _layer(network, f"layers.{number}", x, mask, drop)
    return x.float()


def _layer(network: Network, name: str, x: Tensor, mask: Tensor | None, drop: float) -> Tensor:
    from torch.nn import functional as F  # noqa: N812

    pairs, length, width = x.shape
    flat = x.reshape(-1, width)
    qkv = _linear(network, f"{name}.qkv", flat).view(pairs, length, 3, network.shape.heads, -1)
    # Written out and in float32: on a CPU the fused kernel's backward pass takes half of the training time of heads
    # so small, and products of matrices so small gain nothing from bfloat16.
    q, k, v = qkv.permute(2, 0, 3, 1, 4).float()
    weights = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    seen = F.softmax(weights if mask is None else weights + mask, dim=-1) @ v
    back = _linear(network, f"{name}.out", seen.transpose(1, 2).reshape(-1, width).to(x.dtype))
    flat = _normed(network, f"{name}.norm1", flat + _dropped(back, pairs, drop))
    back = _linear(network, f"{name}.fall", F.gelu(_linear(network, f"{name}.rise", flat)))
    return _normed(network, f"{name}.norm2", flat + _dropped(back, pairs, drop)).view(pairs, length, width)


def _linear(network: Network, name: str, x: Tensor) -> Tensor:
    from torch.nn import functional as F  # noqa: N812

    learned = network.learned
    return F.linear(x, learned[f"{name}.weight"].to(x.dtype), learned[f"{name}.bias"].to(x.dtype))


def _norm(base: Mapping[str, Tensor], ours: str, theirs: str) -> Weights:
    return {f"{ours}.{part}": base[f"{theirs}.{part}"] for part in ("weight", "bias")}


def _normed(network: Network, name: str, x: Tensor) -> Tensor:
    from torch.nn import functional as F  # noqa: N812

    weight, bias = (network.learned[f"{name}.{part}"].to(x.dtype) for part in ("weight", "bias"))
    return F.layer_norm(x, weight.shape, weight, bias, EPSILON)


def _dropped(x: Tensor, pairs: int, share: float) -> Tensor:
    """A branch with channels dropped, the same ones for every token of a pair: one draw a pair, not one a token."""
    if not share:
        return x
    keep = x.new_empty(pairs, 1, x.shape[1]).bernoulli_(1 - share).div_(1 - share)
    return (x.view(pairs, -1, x.shape[1]) * keep).view_as(x)


def _mean(x: Tensor, chosen: Tensor) -> Tensor:
    """Mean over the chosen tokens; zeros where there is none."""
    weight = chosen.float()
    return (weight[:, None] @ x)[:, 0] / weight.sum(1, keepdim=True).clamp(min=1.0)
