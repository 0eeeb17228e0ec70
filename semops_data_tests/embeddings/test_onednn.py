"""Layers through oneDNN give the same vectors."""

import numpy as np
import pytest
import torch
from torch import nn

from semops_data.embeddings.encoder import open_encoder
from semops_data.embeddings.onednn import layer_class, quicken
from semops_data.settings import Settings

TEXTS = ["Net revenue is what customers paid, less refunds.", "", "x " * 600, "Ein deutscher Satz.", "0.8 >= 0.7"]


def test_every_linear_layer_of_the_bundled_model_is_replaced_and_the_vectors_stay(tmp_path):
    """Equal to float32 rounding: the greatest difference of a component is far below what any score resolves."""
    from sentence_transformers import SentenceTransformer

    encoder = open_encoder(Settings(home=tmp_path, device="cpu"))
    plain = SentenceTransformer(str(encoder._folder), device="cpu", local_files_only=True)
    expected = plain.encode(TEXTS, normalize_embeddings=True)
    assert np.abs(encoder.encode(TEXTS) - expected).max() < 1e-5
    assert not [layer for layer in encoder._model.modules() if type(layer) is nn.Linear]
    assert [layer for layer in encoder._model.modules() if isinstance(layer, layer_class())]


def test_what_cannot_be_replaced_stays(monkeypatch):
    """A PyTorch without oneDNN, and layers of another precision."""
    half = nn.Sequential(nn.Linear(4, 4).to(torch.float64))
    assert quicken(half) == 0
    assert type(half[0]) is nn.Linear
    plain = nn.Sequential(nn.Linear(4, 4))
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert quicken(plain) == 0


@pytest.mark.parametrize("bias", [True, False])
def test_a_layer_of_any_shape_equals_pytorchs_own(bias):
    layer = nn.Linear(7, 5, bias=bias)
    for shape in ((7,), (1, 7), (3, 2, 7)):
        rows = torch.randn(*shape)
        with torch.inference_mode():
            assert torch.allclose(layer_class()(layer)(rows), layer(rows), atol=1e-5)
