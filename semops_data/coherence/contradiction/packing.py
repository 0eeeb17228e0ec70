"""Small enough to ship: what training changed of the base model, as low-rank pairs in eight bits.

Full fine-tuning moves every weight, but by little, and mostly in a few directions: the change of each linear map is
cut to its largest singular values, and both factors are rounded to eight bits with one scale for every value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from semops_data.coherence.contradiction.network import MAPS, TRAINING_ONLY, Network

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    Weights = dict[str, Tensor]

STEPS = 127
MIX = "mix.weight"


def packed(network: Network, base: Network) -> Weights:
    """What was learned, as an adapter's tensors.

    Args:
        network: trained.
        base: the untrained network of the same shape.

    Returns:
        For a linear map `up` int8 (out, rank), `down` int8 (rank, in) and `scale` float32 (rank,); for the mixing
        layer int8 rows with a scale each; everything else in half precision.
    """
    found: Weights = {}
    for name, tensor in network.learned.items():
        stem, ours = name.removesuffix(".weight"), tensor.detach().float().cpu()
        if name.startswith(TRAINING_ONLY):
            continue
        if is_map(name):
            change = ours - base.learned[name].float().cpu()
            found |= {f"{stem}.{part}": value for part, value in _low_rank(change, network.shape.rank).items()}
        elif name == MIX:
            found[name], found["mix.scale"] = _rounded(ours, dim=1)
        else:
            found[name] = ours.half()
    return {name: tensor.contiguous() for name, tensor in found.items()}


def unpacked(tensors: Mapping[str, Tensor], base: Network) -> Network:
    """The network that an adapter makes of the base, in float32.

    Raises:
        ValueError: where the adapter's tensors are not those of this network.
    """
    import torch

    ours = _expected(base)
    theirs = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if ours != theirs:
        differing = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
        raise ValueError(f"the adapter does not fit the base model: {', '.join(differing[:3])}")
    learned: Weights = {}
    for name, tensor in base.learned.items():
        stem = name.removesuffix(".weight")
        if name.startswith(TRAINING_ONLY):
            continue
        if is_map(name):
            up, down, scale = (tensors[f"{stem}.{part}"].float() for part in ("up", "down", "scale"))
            learned[name] = torch.addmm(tensor, up * scale, down)
        elif name == MIX:
            learned[name] = tensors[name].float() * tensors["mix.scale"][:, None]
        else:
            learned[name] = tensors[name].float()
    return Network(base.shape, base.frozen, learned)


def is_map(name: str) -> bool:
    """Whether a tensor is the weight of a linear map of the encoder."""
    parts = name.split(".")
    return parts[0] == "layers" and parts[2] in MAPS and parts[3] == "weight"


def _low_rank(change: Tensor, rank: int) -> Weights:
    import torch

    left, values, right = torch.linalg.svd(change, full_matrices=False)
    root = values[:rank].sqrt()
    up, ours = _rounded(left[:, :rank] * root, dim=0)
    down, theirs = _rounded(right[:rank] * root[:, None], dim=1)
    return {"up": up, "down": down, "scale": ours * theirs}


def _rounded(values: Tensor, *, dim: int) -> tuple[Tensor, Tensor]:
    """Eight-bit values and their scales; `dim` is the dimension that shares a scale."""
    import torch

    scale = values.abs().amax(dim, keepdim=True).clamp(min=1e-12) / STEPS
    return (values / scale).round().to(torch.int8), scale.squeeze(dim).float()


def _expected(base: Network) -> dict[str, tuple[int, ...]]:
    """Shapes of the tensors that an adapter of this base has."""
    found: dict[str, tuple[int, ...]] = {"mix.scale": (base.shape.hidden,)}
    for name, tensor in base.learned.items():
        if name.startswith(TRAINING_ONLY):
            continue
        if not is_map(name):
            found[name] = tuple(tensor.shape)
            continue
        stem, rank = name.removesuffix(".weight"), min(base.shape.rank, *tensor.shape)
        found |= {
            f"{stem}.up": (tensor.shape[0], rank),
            f"{stem}.down": (rank, tensor.shape[1]),
            f"{stem}.scale": (rank,),
        }
    return found
