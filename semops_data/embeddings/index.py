"""`VectorIndex`: the chunks in Qdrant, for search by people and agents.

Embedded by default: a Qdrant Edge shard in a folder, rebuilt beside the old one and swapped in, so that a crash
leaves the old one or the new one. With a server's URL: a collection, points upserted and the ones that are gone
deleted. The scorer does not read it: exact search does that job.
"""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

BATCH = 512
TIMEOUT_SECONDS = 10
NAMESPACE = uuid.UUID("5f0b5a53-6c1b-5c52-9a4e-6f7e2f0a7c11")


@dataclass(frozen=True)
class Hit:
    """One result: the chunk's payload and its cosine to the query."""

    payload: dict[str, Any]
    score: float


@dataclass(frozen=True)
class VectorIndex:
    """One collection of chunks.

    Attributes:
        folder: where the embedded shard lies.
        url: Qdrant server; embedded where None.
        api_key: key of the server; left out of `repr`.
        collection: name of the collection.
    """

    folder: Path
    url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    collection: str = "chunks"

    @property
    def uri(self) -> str:
        """Where the collection lies; without the user and password that a server's URL may hold."""
        return f"{self._server}/collections/{self.collection}" if self.url else str(self.folder / self.collection)

    @property
    def _server(self) -> str:
        parts = urlsplit(self.url or "")
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="")).rstrip("/")

    def replace(self, ids: Sequence[str], vectors: np.ndarray, payloads: Sequence[dict[str, Any]]) -> int:
        """Make the collection hold exactly these points; without points there is no collection.

        Args:
            ids: identity of each point, any string.
            vectors: float32, shape (len(ids), dimension).
            payloads: what a search gives back, one per point.

        Returns:
            The number of points the collection holds now.

        Raises:
            ConnectionError: where the server does not answer in time, or refuses the points.
        """
        points = [str(uuid.uuid5(NAMESPACE, name)) for name in ids]
        if self.url:
            return self._replace_on_server(points, vectors, payloads)
        return self._replace_in_folder(points, vectors, payloads)

    def search(self, vector: np.ndarray, *, limit: int = 10) -> list[Hit]:
        """The points nearest to a vector of shape (dimension,), best first.

        Raises:
            FileNotFoundError: where the embedded index was never built.
        """
        if self.url:
            found = self._client().query_points(self.collection, query=vector.tolist(), limit=limit).points
            return [Hit(dict(point.payload or {}), float(point.score)) for point in found]
        from qdrant_edge import EdgeShard, Query, QueryRequest

        target = self.folder / self.collection
        self._finish_swap()
        if not (target / "edge_config.json").is_file():
            raise FileNotFoundError(f"no vector index at {target}: materialize embeddings/index first")
        shard = EdgeShard.load(str(target))
        try:
            request = QueryRequest(query=Query.Nearest(vector.tolist()), limit=limit, with_payload=True)
            return [Hit(dict(point.payload or {}), float(point.score)) for point in shard.query(request)]
        finally:
            shard.close()

    def _replace_in_folder(self, ids: list[str], vectors: np.ndarray, payloads: Sequence[dict[str, Any]]) -> int:
        from qdrant_edge import CountRequest, Distance, EdgeConfig, EdgeShard, EdgeVectorParams, Point, UpdateOperation

        target, fresh = self.folder / self.collection, self.folder / f"{self.collection}.new"
        self._finish_swap()
        if not ids:
            shutil.rmtree(target, ignore_errors=True)
            return 0
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        config = EdgeConfig(vectors=EdgeVectorParams(size=int(vectors.shape[1]), distance=Distance.Cosine))
        shard = EdgeShard.create(str(fresh), config)
        try:
            for start in range(0, len(ids), BATCH):
                rows = range(start, min(start + BATCH, len(ids)))
                points = [Point(ids[row], vectors[row].tolist(), payloads[row]) for row in rows]
                shard.update(UpdateOperation.upsert_points(points))
            shard.flush()
            count = int(shard.count(CountRequest(exact=True)))
        finally:
            shard.close()
        if target.exists():
            target.rename(self._old)
        fresh.rename(target)
        shutil.rmtree(self._old, ignore_errors=True)
        return count

    @property
    def _old(self) -> Path:
        return self.folder / f"{self.collection}.old"

    def _finish_swap(self) -> None:
        """Put the old shard back that a crash between the two renames left aside; else remove it."""
        target = self.folder / self.collection
        if self._old.exists() and not target.exists():
            self._old.rename(target)
        shutil.rmtree(self._old, ignore_errors=True)

    def _replace_on_server(self, ids: list[str], vectors: np.ndarray, payloads: Sequence[dict[str, Any]]) -> int:
        from qdrant_client import models
        from qdrant_client.http.exceptions import ApiException

        try:
            client = self._client()
            self._make_room(client, int(vectors.shape[1]) if ids else None)
            if not ids:
                return 0
            client.upload_collection(self.collection, vectors, payloads, ids, batch_size=BATCH, wait=True)
            gone = models.Filter(must_not=[models.HasIdCondition(has_id=list(ids))])
            client.delete(self.collection, points_selector=models.FilterSelector(filter=gone), wait=True)
            return int(client.count(self.collection, exact=True).count)
        except (ApiException, OSError, RuntimeError, ValueError) as error:
            # The text of these errors may hold the URL, and with it a password.
            raise ConnectionError(
                f"Qdrant at {self._server} did not take the points ({type(error).__name__}): start it, or correct or "
                "unset SEMOPS_QDRANT_URL"
            ) from None

    def _make_room(self, client: Any, size: int | None) -> None:
        """A collection for vectors of that size, made anew where another model's vectors lie there; none for None."""
        from qdrant_client import models

        if client.collection_exists(self.collection):
            if client.get_collection(self.collection).config.params.vectors.size == size:
                return
            client.delete_collection(self.collection)
        if size is not None:
            params = models.VectorParams(size=size, distance=models.Distance.COSINE)
            client.create_collection(self.collection, vectors_config=params)

    def _client(self) -> Any:
        from qdrant_client import QdrantClient

        return QdrantClient(url=self.url, api_key=self.api_key, timeout=TIMEOUT_SECONDS, check_compatibility=False)
