"""`RemoteEncoder`: a model behind an endpoint, Ollama's or any that is compatible with OpenAI's.

What comes back is not trusted: another number of vectors than of texts, another dimension, or a value that is no
number is an error that names the endpoint, never a vector in the store.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from semops_data.embeddings.prefixes import NONE, Prefixes
from semops_data.endpoint import Endpoint, EndpointError, patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Texts of a batch are of like length; this many characters are some 60,000 tokens.
BATCH_CHARACTERS = 240_000
# Held against its own vector of before: an endpoint may change the model behind a name without a word.
PROBE = "A contract is a promise about what a column means."
SHORT_SECONDS = 5.0


class EmbeddingEndpointError(EndpointError):
    """The endpoint's vectors cannot be used."""


@dataclass
class RemoteEncoder:
    """A model behind an endpoint.

    Attributes:
        endpoint: where it is.
        model: its name there.
        api: `openai` (`/embeddings`) or `ollama` (`/api/embed`).
        prefixes: words before queries and passages.
        revision: tells two states of the model apart; what Ollama says of it by default.
        batch: most texts in one request.
        probe: a text whose vector must stay the same while the name does.
    """

    endpoint: Endpoint
    model: str
    api: str = "openai"
    prefixes: Prefixes = NONE
    revision: str | None = None
    batch: int = 64
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    probe: ClassVar[str] = PROBE

    @property
    def model_id(self) -> str:
        """Name, place and revision of the model.

        Raises:
            EndpointError: where Ollama does not answer, or does not have the model.
        """
        if self.revision is None:
            self.revision = self._digest() if self.api == "ollama" else self.endpoint.host
        return f"{self.model}@{self.revision}{self.prefixes.mark}"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of unit length, float32, shape (len(texts), dimension), in the order of the texts.

        Raises:
            EndpointError: where the endpoint does not answer, or what it gives are no vectors of these texts.
        """
        parts: list[np.ndarray] = []
        for start, end in batches(texts, self.batch):
            parts.append(self._request(texts[start:end]))
            if parts[-1].shape[1] != parts[0].shape[1]:
                raise self._unusable(f"vectors of {parts[0].shape[1]} and of {parts[-1].shape[1]} numbers")
        return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)

    def _request(self, texts: Sequence[str]) -> np.ndarray:
        asked: dict[str, Any] = {"model": self.model, "input": [text or " " for text in texts]}
        path = "/api/embed" if self.api == "ollama" else "/embeddings"
        if self.api == "openai":
            asked["encoding_format"] = "float"
        return self._vectors(patiently(lambda: self.endpoint.ask(path, asked), sleep=self.sleep), len(texts))

    def _vectors(self, said: Any, count: int) -> np.ndarray:
        try:
            if self.api == "ollama":
                rows = said["embeddings"]
            else:
                rows = [row["embedding"] for row in sorted(said["data"], key=lambda row: row["index"])]
            vectors = np.array(rows, dtype=np.float64)
        except (KeyError, TypeError, ValueError):
            raise self._unusable("an answer that holds no vectors of one length") from None
        if vectors.ndim != 2 or len(vectors) != count:
            raise self._unusable(f"{len(vectors)} vectors for {count} texts")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or not (lengths > 0).all():
            raise self._unusable("a vector with no direction (NaN, infinite or zero)")
        unit: np.ndarray = (vectors / lengths).astype(np.float32)
        return unit

    def _unusable(self, what: str) -> EmbeddingEndpointError:
        return EmbeddingEndpointError(
            f"{self.endpoint.host} gave {what} from the model {self.model!r}: nothing of it was kept; check that "
            "SEMOPS_EMBEDDING_MODEL names a model that embeds and that SEMOPS_EMBEDDING_API is what the endpoint speaks"
        )

    def _digest(self) -> str:
        quick = Endpoint(self.endpoint.url, self.endpoint.api_key, SHORT_SECONDS, self.endpoint.setting)
        said = quick.ask("/api/tags")
        wanted = {self.model, f"{self.model}:latest"}
        try:
            found = [str(row["digest"]) for row in said["models"] if row["name"] in wanted]
        except (KeyError, TypeError):
            found = []
        if not found:
            raise EmbeddingEndpointError(
                f"Ollama at {self.endpoint.host} has no model {self.model!r}: run `ollama pull {self.model}` there, or "
                "set SEMOPS_EMBEDDING_MODEL to one of `ollama list`"
            )
        return found[0].removeprefix("sha256:")[:12]


def batches(texts: Sequence[str], most: int) -> list[tuple[int, int]]:
    """Where batches start and end: at most so many texts and, beyond the first, `BATCH_CHARACTERS` characters."""
    found, start, size = [], 0, 0
    for row, text in enumerate(texts):
        if row > start and (row - start == most or size + len(text) > BATCH_CHARACTERS):
            found.append((start, row))
            start, size = row, 0
        size += len(text)
    return [*found, (start, len(texts))] if len(texts) > start else found
