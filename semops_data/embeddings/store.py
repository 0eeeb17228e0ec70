"""`VectorStore`: text that was ever embedded is never embedded again.

numpy and Arrow are imported inside the methods: assets name the class as a type, and importing it stays light.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from semops_data.embeddings.encoder import Encoder
    from semops_data.lakehouse.lake import Lake

KEY = "embeddings/vectors"
# One commit per so many new texts: what a crash can lose is one block.
BLOCK = 2_048


def sha256(text: str) -> str:
    """sha256 of a text in UTF-8, hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Embedded:
    """Vectors of some texts.

    Attributes:
        vectors: float32, shape (len(texts), dimension), rows of unit length in the texts' order.
        digests: sha256 of each text.
        computed: how many distinct texts the model had to encode.
        model_id: the model.
    """

    vectors: np.ndarray
    digests: list[str]
    computed: int
    model_id: str


class VectorStore:
    """The table `embeddings/vectors` in front of an encoder."""

    def __init__(self, lake: Lake, encoder: Encoder) -> None:
        self._lake, self._encoder = lake, encoder

    @property
    def model_id(self) -> str:
        """The encoder's model."""
        return self._encoder.model_id

    def embed(self, texts: Sequence[str], *, progress: Callable[[int, int], None] | None = None) -> Embedded:
        """Vectors for the texts, from the table where it has them.

        Args:
            texts: any texts; repeats cost nothing.
            progress: called with (texts encoded so far, texts to encode) after each block.
        """
        import numpy as np

        digests = [sha256(text) for text in texts]
        held = self._held()
        missing = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in held}
        # Texts of like length share a batch, so little of it is padding.
        todo = sorted(missing, key=lambda digest: (len(missing[digest]), digest))
        for start in range(0, len(todo), BLOCK):
            block = todo[start : start + BLOCK]
            vectors = self._encoder.encode([missing[digest] for digest in block])
            self._append(block, vectors)
            held.update(zip(block, vectors, strict=True))
            if progress:
                progress(start + len(block), len(todo))
        dimension = len(next(iter(held.values()))) if held else 0
        stacked = np.stack([held[digest] for digest in digests]) if digests else np.zeros((0, dimension), np.float32)
        return Embedded(stacked.astype(np.float32), digests, len(todo), self.model_id)

    def _held(self) -> dict[str, np.ndarray]:
        import pyarrow.compute as pc

        from semops_data.embeddings.arrays import matrix

        if not self._lake.exists(KEY):
            return {}
        data = self._lake.read(KEY)
        mask = pc.equal(data["model_id"], self.model_id)
        data = data.filter(mask)
        return dict(zip(data["text_sha256"].to_pylist(), matrix(data["vector"]), strict=True))

    def _append(self, digests: list[str], vectors: np.ndarray) -> None:
        import pyarrow as pa

        from semops_data.embeddings.arrays import vector_column

        self._lake.append(
            KEY,
            pa.table(
                {
                    "text_sha256": digests,
                    "model_id": [self.model_id] * len(digests),
                    "vector": vector_column(vectors),
                }
            ),
        )
