"""The content-addressed store and the real model behind it."""

import numpy as np
import pytest

from semops_data.embeddings.encoder import LocalEncoder, ModelNotFoundError, open_encoder, revision
from semops_data.embeddings.index import VectorIndex
from semops_data.embeddings.store import VectorStore
from semops_data.lakehouse.lake import Lake
from semops_data_tests.scenario import small_settings


class Counting:
    """An encoder that counts what it is asked and gives each text its own direction."""

    def __init__(self, model_id="toy@1"):
        self.model_id, self.asked = model_id, []

    def encode(self, texts):
        self.asked += texts
        vectors = np.stack([np.random.default_rng(len(text)).normal(size=4) for text in texts])
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_text_that_was_ever_embedded_is_never_embedded_again(tmp_path):
    """A night costs what changed: repeats and known texts never reach the model, also from another process."""
    encoder = Counting()
    first = VectorStore(Lake(str(tmp_path)), encoder).embed(["a", "bb", "a"])
    again = VectorStore(Lake(str(tmp_path)), encoder).embed(["bb", "ccc"])
    assert sorted(encoder.asked) == ["a", "bb", "ccc"]
    assert (first.computed, again.computed) == (2, 1)
    assert np.array_equal(first.vectors[1], again.vectors[0])


def test_vectors_of_two_models_never_mix(tmp_path):
    """A changed model embeds everything again, whatever the store holds."""
    lake, other = Lake(str(tmp_path)), Counting("toy@2")
    VectorStore(lake, Counting("toy@1")).embed(["a"])
    assert VectorStore(lake, other).embed(["a"]).computed == 1
    assert other.asked == ["a"]


def test_no_text_at_all_gives_no_vectors(tmp_path):
    """An empty corpus is a case, not a crash."""
    assert VectorStore(Lake(str(tmp_path)), Counting()).embed([]).vectors.shape[0] == 0


def test_what_was_encoded_before_a_crash_is_kept(tmp_path, monkeypatch):
    """Long work that stops halfway goes on where it was."""
    monkeypatch.setattr("semops_data.embeddings.store.BLOCK", 2)

    class Failing(Counting):
        def encode(self, texts):
            if len(self.asked) >= 2:
                raise MemoryError
            return super().encode(texts)

    lake = Lake(str(tmp_path))
    with pytest.raises(MemoryError):
        VectorStore(lake, Failing()).embed(["a", "bb", "ccc", "dddd"])
    assert VectorStore(lake, Counting()).embed(["a", "bb", "ccc", "dddd"]).computed == 2


@pytest.mark.slow
def test_the_bundled_model_puts_meanings_where_they_belong(tmp_path):
    """The real MiniLM, offline: a paraphrase is nearer than another topic, and vectors have unit length."""
    store = VectorStore(Lake(str(tmp_path)), open_encoder(small_settings(tmp_path)))
    texts = ["Revenue after refunds.", "Income minus money given back.", "The cat sleeps on the sofa."]
    vectors = store.embed(texts).vectors
    assert vectors.shape == (3, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


def test_a_folder_without_a_model_is_refused_with_the_setting_to_change(tmp_path):
    """The error names the variable, not a stack of library calls."""
    with pytest.raises(ModelNotFoundError, match="SEMOPS_EMBEDDING_MODEL"):
        LocalEncoder(tmp_path)


def test_the_revision_changes_with_the_weights(tmp_path):
    """Same name, other weights: another model."""
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"one")
    before = revision(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"two")
    assert revision(tmp_path) != before


def test_the_index_holds_exactly_the_last_points_and_finds_the_nearest(tmp_path):
    """Points that are gone are gone; a rebuild leaves no trace of the old ones."""
    index, vectors = VectorIndex(tmp_path), np.eye(4, dtype=np.float32)
    assert index.replace(list("abcd"), vectors, [{"n": n} for n in range(4)]) == 4
    assert index.replace(list("ab"), vectors[:2], [{"n": n} for n in range(2)]) == 2
    hits = index.search(vectors[1], limit=3)
    assert [hit.payload["n"] for hit in hits] == [1, 0]
    assert hits[0].score == pytest.approx(1.0)


def test_an_index_that_was_never_built_says_what_to_do(tmp_path):
    """Searching before materializing is a beginner's first mistake."""
    with pytest.raises(FileNotFoundError, match="embeddings/index"):
        VectorIndex(tmp_path).search(np.zeros(4, np.float32))


def test_an_index_of_nothing_is_no_index(tmp_path):
    """A corpus without text leaves no points of an earlier one behind."""
    index = VectorIndex(tmp_path)
    index.replace(["a"], np.eye(1, 4, dtype=np.float32), [{}])
    assert index.replace([], np.zeros((0, 0), np.float32), []) == 0
    with pytest.raises(FileNotFoundError, match="embeddings/index"):
        index.search(np.zeros(4, np.float32))


def test_a_crash_between_the_two_renames_of_a_swap_loses_no_index(tmp_path):
    """The old shard stands aside for an instant: whoever comes next puts it back."""
    index, vector = VectorIndex(tmp_path), np.eye(1, 4, dtype=np.float32)
    index.replace(["a"], vector, [{"n": 1}])
    (tmp_path / "chunks").rename(tmp_path / "chunks.old")
    assert [hit.payload["n"] for hit in index.search(vector[0])] == [1]
    (tmp_path / "chunks").rename(tmp_path / "chunks.old")
    assert index.replace(["b"], vector, [{"n": 2}]) == 1
    assert [hit.payload["n"] for hit in index.search(vector[0])] == [2]


def test_a_qdrant_that_is_down_is_named_without_its_password(tmp_path):
    """The message says where, what to do, and nothing that is secret."""
    index = VectorIndex(tmp_path, url="http://someone:hunter22@127.0.0.1:1")
    with pytest.raises(ConnectionError, match="SEMOPS_QDRANT_URL") as raised:
        index.replace(["a"], np.eye(1, 4, dtype=np.float32), [{}])
    assert "127.0.0.1:1" in str(raised.value)
    assert "hunter22" not in str(raised.value) + index.uri


class Served(VectorIndex):
    """An index on a server, with Qdrant's own engine in memory behind the client."""

    client = None

    def _client(self):
        from qdrant_client import QdrantClient

        type(self).client = type(self).client or QdrantClient(":memory:")
        return type(self).client


def test_a_collection_on_a_server_holds_exactly_the_last_points_too(tmp_path):
    """The same promise for the server: points that are gone are deleted, and the nearest is found."""
    index, vectors = Served(tmp_path, url="http://127.0.0.1:6333"), np.eye(4, dtype=np.float32)
    assert index.replace(list("abcd"), vectors, [{"n": n} for n in range(4)]) == 4
    assert index.replace(list("ab"), vectors[:2], [{"n": n} for n in range(2)]) == 2
    assert [hit.payload["n"] for hit in index.search(vectors[0], limit=3)] == [0, 1]
    assert index.uri == "http://127.0.0.1:6333/collections/chunks"


def test_a_server_that_is_not_there_is_named_without_its_key(tmp_path):
    """The asset fails with the address; the key stays where it was."""
    index = VectorIndex(tmp_path, url="http://127.0.0.1:9", api_key="s3cret")
    with pytest.raises(ConnectionError, match=r"127\.0\.0\.1:9") as caught:
        index.replace(["a"], np.eye(4, dtype=np.float32)[:1], [{}])
    assert "s3cret" not in f"{caught.value!r}{index!r}"


def test_a_collection_on_a_server_follows_the_model(tmp_path):
    """Vectors of another model have another length: the collection is made anew, and is gone with the last chunk."""

    class Own(Served):
        client = None

    index = Own(tmp_path, url="http://127.0.0.1:6333")
    assert index.replace(list("abcd"), np.eye(4, dtype=np.float32), [{"n": n} for n in range(4)]) == 4
    assert index.replace(list("ab"), np.eye(2, 4, dtype=np.float32), [{"n": n} for n in range(2)]) == 2
    assert index.replace(list("abc"), np.eye(3, dtype=np.float32), [{"n": n} for n in range(3)]) == 3
    assert index.replace([], np.zeros((0, 0), np.float32), []) == 0
    assert not Own.client.collection_exists("chunks")
