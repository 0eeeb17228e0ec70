"""Linear layers through oneDNN on the CPU, where that is twice as fast.

PyTorch multiplies float32 matrices with MKL, which on processors of other makers than Intel leaves half of their
vector units idle; oneDNN, which PyTorch brings along, uses them. The sums are the same up to rounding (1e-6 of the
result). The operators belong to PyTorch's compiler and not to its public interface: where they are missing or fail,
layers stay as they are. `semops_data_tests/embeddings/test_onednn.py` pins them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

Module = Any


@cache
def layer_class() -> type[Any]:
    """The class of a linear layer for inference whose weight lies as oneDNN wants it, made when torch is there."""
    import torch

    class OneDnnLinear(torch.nn.Module):  # type: ignore[misc]
        def __init__(self, layer: Module) -> None:
            super().__init__()
            self.packed = torch.ops.mkldnn._reorder_linear_weight(layer.weight.detach())  # noqa: SLF001
            self.bias = None if layer.bias is None else layer.bias.detach()

        def forward(self, rows: torch.Tensor) -> Any:
            """Rows of shape (..., in) to rows of shape (..., out)."""
            return torch.ops.mkldnn._linear_pointwise(rows, self.packed, self.bias, "none", [], "")  # noqa: SLF001

    return OneDnnLinear


def quicken(model: Module) -> int:
    """Replace the float32 linear layers of a model that only infers on the CPU.

    Args:
        model: a `torch.nn.Module`, changed in place; its replaced layers can neither be trained nor saved.

    Returns:
        How many layers were replaced: 0 where this build of PyTorch cannot, or the model is not on the CPU.
    """
    import torch

    if not torch.backends.mkldnn.is_available():
        return 0
    replaced = 0
    for parent in list(model.modules()):
        for name, layer in list(parent.named_children()):
            if type(layer) is not torch.nn.Linear or not _is_plain(layer.weight):
                continue
            try:
                quick = layer_class()(layer)
                with torch.inference_mode():
                    quick(torch.zeros(2, layer.in_features))
            except (RuntimeError, AttributeError):
                return replaced
            setattr(parent, name, quick)
            replaced += 1
    return replaced


def _is_plain(weight: Any) -> bool:
    import torch

    return bool(weight.device.type == "cpu" and weight.dtype == torch.float32)
