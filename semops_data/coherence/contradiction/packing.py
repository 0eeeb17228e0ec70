"""Small enough to ship: what training changed of the base model, as low-rank pairs in eight and four bits.

Full fine-tuning moves every weight, but by little, and mostly in a few directions: the change of each linear map is
cut to its largest singular values, and both factors are rounded with one scale for every value: the largest to eight
bits, the others to four, which loses less than fewer of them in eight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from semops_data.coherence.contradiction.network import MAPS, TRAINING_ONLY, Network, Shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    Weights = dict[str, Tensor]

STEPS, COARSE_STEPS = 127, 7
MIX = "mix.weight"


def packed(network: Network, base: Network) -> Weights:
    """What was learned, as an adapter's tensors.

    Args:
        network: trained.
        base: the untrained network of the same shape.

    Returns:
        For a linear map `up` int8 (out, rank), `down` int8 (rank, in), the same with two values in a byte as
        `up_coarse` uint8 (out, coarse / 2) and `down_coarse` uint8 (coarse / 2, in), and `scale` float32
        (rank + coarse,); for the mixing layer int8 rows with a scale each; everything else in half precision.
    """
    found: Weights = {}
    for name, tensor in network.learned.items():
        stem, ours = name.removesuffix(".weight"), tensor.detach().float().cpu()
        if name.startswith(TRAINING_ONLY):
            continue
        if is_map(name):
            change = ours - base.learned[name].float().cpu()
            found |= {f"{stem}.{part}": value for part, value in _low_rank(change, network.shape).items()}
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
            up = torch.cat([tensors[f"{stem}.up"], _apart(tensors[f"{stem}.up_coarse"].T).T], dim=1).float()
            down = torch.cat([tensors[f"{stem}.down"], _apart(tensors[f"{stem}.down_coarse"])]).float()
            learned[name] = torch.addmm(tensor, up * tensors[f"{stem}.scale"].float(), down)
        elif name == MIX:
            learned[name] = tensors[name].float() * tensors["mix.scale"][:, None]
        else:
            learned[name] = tensors[name].float()
    return Network(base.shape, base.frozen, learned)


def is_map(name: str) -> bool:
    """Whether a tensor is the weight of a linear map of the encoder."""
    parts = name.split(".")
    return parts[0] == "layers" and parts[2] in MAPS and parts[3] == "weight"


def _low_rank(change: Tensor, shape: Shape) -> Weights:
    import torch

    left, values, right = torch.linalg.svd(change, full_matrices=False)
    fine, rank = shape.rank, shape.rank + shape.coarse
    root = values[:rank].sqrt()
    steps = torch.tensor([STEPS] * fine + [COARSE_STEPS] * shape.coarse)
    up, ours = _rounded(left[:, :rank] * root, dim=0, steps=steps)
    down, theirs = _rounded(right[:rank] * root[:, None], dim=1, steps=steps[:, None])
    return {
        "up": up[:, :fine],
        "down": down[:fine],
        "up_coarse": _together(up[:, fine:].T).T,
        "down_coarse": _together(down[fine:]),
        "scale": ours * theirs,
    }


def _rounded(values: Tensor, *, dim: int, steps: Tensor | int = STEPS) -> tuple[Tensor, Tensor]:
    """Values of at most so many steps and their scales; `dim` is the dimension that shares a scale."""
    import torch

    scale = values.abs().amax(dim, keepdim=True).clamp(min=1e-12) / steps
    return (values / scale).round().to(torch.int8), scale.squeeze(dim).float()


def _together(values: Tensor) -> Tensor:
    """Rows of four-bit values, two rows in one of bytes."""
    import torch

    shifted = (values + COARSE_STEPS + 1).to(torch.uint8)
    return shifted[::2] | (shifted[1::2] << 4)


def _apart(found: Tensor) -> Tensor:
    """What `_together` put together."""
    import torch

    rows = torch.stack([found & 15, found >> 4], dim=1).flatten(0, 1)
    return rows.to(torch.int8) - (COARSE_STEPS + 1)


def _expected(base: Network) -> dict[str, tuple[int, ...]]:
    """Shapes of the tensors that an adapter of this base has."""
    found: dict[str, tuple[int, ...]] = {"mix.scale": (base.shape.hidden,)}
    for name, tensor in base.learned.items():
        if name.startswith(TRAINING_ONLY):
            continue
        if not is_map(name):
            found[name] = tuple(tensor.shape)
            continue
        stem, (out, into) = name.removesuffix(".weight"), tensor.shape
        fine, coarse = base.shape.rank, base.shape.coarse
        found |= {
            f"{stem}.up": (out, fine),
            f"{stem}.down": (fine, into),
            f"{stem}.up_coarse": (out, coarse // 2),
            f"{stem}.down_coarse": (coarse // 2, into),
            f"{stem}.scale": (fine + coarse,),
        }
    return found
