"""`VectorStore`: text that was ever embedded is never embedded again.

numpy and Arrow are imported inside the methods: assets name the class as a type, and importing it stays light.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence, Set

    import numpy as np

    from semops_data.embeddings.encoder import Encoder
    from semops_data.lakehouse.lake import Lake

KEY = "embeddings/vectors"
# One commit per so many new texts: what a crash can lose is one block.
BLOCK = 2_048
# Cosine of two vectors of one text by one model, on whatever machine and in whatever batch.
SAME_MODEL = 0.99


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
        changed_from: the models whose vectors the table held, where it had none of this one.
    """

    vectors: np.ndarray
    digests: list[str]
    computed: int
    model_id: str
    changed_from: tuple[str, ...] = ()


class ModelChangedError(ValueError):
    """The model gives other vectors than it gave before under the same name."""


class VectorStore:
    """The table `embeddings/vectors` in front of an encoder."""

    def __init__(self, lake: Lake, encoder: Encoder) -> None:
        self._lake, self._encoder = lake, encoder

    @property
    def model_id(self) -> str:
        """The encoder's model."""
        return self._encoder.model_id

    def embed(
        self,
        texts: Sequence[str],
        *,
        queries: Sequence[bool] | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Embedded:
        """Vectors for the texts, from the table where it has them.

        Args:
            texts: any texts; repeats cost nothing.
            queries: which of them are queries, for models that want other words before these; none by default.
            progress: called with (texts encoded so far, texts to encode) after each block.

        Raises:
            ModelChangedError: where the model's vectors are not what they were under the same name.
            EndpointError: where the model is behind an endpoint that does not do its part.
        """
        import numpy as np

        prefixes = getattr(self._encoder, "prefixes", None)
        texts = prefixes.applied(texts, queries) if prefixes is not None else texts
        digests = [sha256(text) for text in texts]
        held, others = self._held(self._wanted(digests))
        missing = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in held}
        if missing:
            self._probe(held)
        # Texts of like length share a batch, so little of it is padding.
        todo = sorted(missing, key=lambda digest: (len(missing[digest]), digest))
        for start in range(0, len(todo), BLOCK):
            block = todo[start : start + BLOCK]
            vectors = self._encoder.encode([missing[digest] for digest in block])
            self._refuse_unusable(vectors, len(block), held)
            self._append(block, vectors)
            held.update(zip(block, vectors, strict=True))
            if progress:
                progress(start + len(block), len(todo))
        dimension = len(next(iter(held.values()))) if held else 0
        stacked = np.stack([held[digest] for digest in digests]) if digests else np.zeros((0, dimension), np.float32)
        return Embedded(stacked.astype(np.float32), digests, len(todo), self.model_id, others)

    def _wanted(self, digests: Sequence[str]) -> set[str]:
        probe = getattr(self._encoder, "probe", None)
        return {*digests, sha256(probe)} if probe is not None else {*digests}

    def _probe(self, held: dict[str, np.ndarray]) -> None:
        """Hold an endpoint's model against its own vector of before: its name may stand for another model by now."""
        probe = getattr(self._encoder, "probe", None)
        if probe is None:
            return
        vectors, digest = self._encoder.encode([probe]), sha256(probe)
        self._refuse_unusable(vectors, 1, held)
        if digest not in held:
            self._append([digest], vectors)
            held[digest] = vectors[0]
        elif float(held[digest] @ vectors[0]) < SAME_MODEL:
            raise ModelChangedError(self._changed("gives another vector for the same text than it did before"))

    def _refuse_unusable(self, vectors: np.ndarray, count: int, held: dict[str, np.ndarray]) -> None:
        import numpy as np

        if vectors.shape[:1] != (count,) or vectors.ndim != 2 or not np.isfinite(vectors).all():
            raise ValueError(
                f"the model {self.model_id} gave an array of shape {vectors.shape} for {count} texts, or values that "
                "are no numbers; nothing of it was kept: try the model by itself, or set SEMOPS_EMBEDDING_MODEL"
            )
        known = len(next(iter(held.values()))) if held else vectors.shape[1]
        if vectors.shape[1] != known:
            raise ModelChangedError(
                self._changed(f"gives vectors of {vectors.shape[1]} numbers, before it was {known}")
            )

    def _changed(self, what: str) -> str:
        return (
            f"the model {self.model_id} {what}: vectors of two models cannot be compared, and nothing was written; set "
            "SEMOPS_EMBEDDING_REVISION to a new word to embed everything again, or bring the former model back"
        )

    def _held(self, wanted: Set[str]) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
        """The model's vectors by digest, of the wanted ones and one more; and the other models, where it has none.

        The table is read in batches: what nobody asks for is never held.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        from semops_data.embeddings.arrays import matrix, stream

        found: dict[str, np.ndarray] = {}
        models: set[str] = set()
        if not self._lake.exists(KEY):
            return found, ()
        asked = pa.array(sorted(wanted), pa.string())
        for rows in stream(self._lake, KEY, ["text_sha256", "model_id", "vector"]):
            own = rows.filter(pc.equal(rows["model_id"], self.model_id))
            models.update(pc.unique(rows["model_id"]).to_pylist())
            kept = own.filter(pc.is_in(own["text_sha256"], value_set=asked))
            kept = own.slice(0, 1) if not found and not len(kept) else kept
            found.update(zip(kept["text_sha256"].to_pylist(), matrix(kept["vector"]).copy(), strict=True))
        return found, () if self.model_id in models else tuple(sorted(models))

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
