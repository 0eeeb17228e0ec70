"""Models behind endpoints: what is sent, what is refused, and that vectors of two models never meet."""

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semops_data.embeddings.encoder import (
    LocalEncoder,
    ModelNotFoundError,
    UntrustedModelError,
    model_version,
    open_encoder,
)
from semops_data.embeddings.prefixes import NONE, Prefixes, prefixes_for
from semops_data.embeddings.remote import BATCH_CHARACTERS, RemoteEncoder, batches
from semops_data.embeddings.store import ModelChangedError, VectorStore
from semops_data.endpoint import Endpoint, EndpointError
from semops_data.lakehouse.lake import Lake
from semops_data.settings import Settings
from semops_data_tests.fakes.json_server import JsonServer, Said


def numbers(text, dimension=4, seed=0):
    digest = hashlib.sha256(f"{seed}{text}".encode()).digest()
    return [byte / 16 + 1 for byte in digest[:dimension]]


def openai(dimension=4, seed=0):
    def answer(path, body):
        assert path == "/v1/embeddings"
        rows = [{"index": n, "embedding": numbers(t, dimension, seed)} for n, t in enumerate(body["input"])]
        return {"data": rows[::-1], "model": body["model"]}

    return answer


def ollama(digest="sha256:0123456789abcdef"):
    def answer(path, body):
        if path == "/api/tags":
            return {"models": [{"name": "nomic-embed-text:latest", "digest": digest}]}
        assert path == "/api/embed"
        return {"embeddings": [numbers(t) for t in body["input"]]}

    return answer


def remote(server, **more):
    return RemoteEncoder(Endpoint(f"{server.url}/v1"), "toy", sleep=lambda _: None, **more)


def store(tmp_path, server, **more):
    settings = Settings(
        home=tmp_path, embedding_url=f"{server.url}/v1", embedding_model="toy", embedding_revision="1", **more
    )
    return VectorStore(Lake(str(tmp_path / "lake")), open_encoder(settings))


def test_vectors_come_back_in_the_order_of_the_texts_and_with_unit_length():
    """The endpoint may answer in any order; the index tells."""
    with JsonServer(openai()) as server:
        vectors = remote(server, batch=2).encode(["a", "b", "c"])
        assert [len(body["input"]) for _, body in server.requests] == [2, 1]
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    expected = np.array(numbers("c")) / np.linalg.norm(numbers("c"))
    assert np.allclose(vectors[2], expected, atol=1e-6)


def test_ollama_is_asked_in_its_own_words_and_names_its_revision():
    """The digest of a model in Ollama is its revision: a pull of a new one embeds everything again."""
    with JsonServer(ollama()) as server:
        settings = Settings(embedding_url=server.url, embedding_api="ollama", embedding_model="nomic-embed-text")
        encoder = open_encoder(settings)
        assert encoder.model_id.startswith("nomic-embed-text@0123456789ab+")
        assert encoder.encode(["a"]).shape == (1, 4)
        assert model_version(settings) == encoder.model_id


def test_a_model_that_ollama_lacks_is_named_with_what_to_do():
    with JsonServer(ollama()) as server:
        settings = Settings(embedding_url=server.url, embedding_api="ollama", embedding_model="other")
        with pytest.raises(EndpointError, match="ollama pull other"):
            _ = open_encoder(settings).model_id
        assert model_version(settings).startswith("missing: ")


def test_an_endpoint_without_a_model_is_a_configuration_to_complete():
    with pytest.raises(ModelNotFoundError, match="SEMOPS_EMBEDDING_MODEL"):
        open_encoder(Settings(embedding_url="http://127.0.0.1:9"))


def test_the_key_of_the_endpoint_is_sent_and_never_shown():
    with JsonServer(openai()) as server:
        encoder = open_encoder(
            Settings(embedding_url=f"{server.url}/v1", embedding_model="toy", embedding_api_key="sk-secret-embedding")
        )
        encoder.encode(["a"])
    assert server.headers[0]["Authorization"] == "Bearer sk-secret-embedding"
    assert "sk-secret-embedding" not in repr(encoder)


BROKEN = {
    "NaN": {"data": [{"index": 0, "embedding": [float("nan"), 1.0]}]},
    "zero": {"data": [{"index": 0, "embedding": [0.0, 0.0]}]},
    "too few": {"data": []},
    "too many": {"data": [{"index": n, "embedding": [1.0, 2.0]} for n in range(2)]},
    "ragged": {"data": [{"index": n, "embedding": [1.0] * (n + 1)} for n in range(2)]},
    "no vectors": {"error": {"message": "not an embedding model"}},
    "words": {"data": [{"index": 0, "embedding": ["a", "b"]}]},
    "a list": [],
    "null": {"data": [{"index": 0, "embedding": None}]},
}


@pytest.mark.parametrize("broken", BROKEN, ids=str)
def test_what_are_no_vectors_of_these_texts_is_refused_and_not_kept(tmp_path, broken):
    """One NaN in the store would be in every score from then on."""
    told = r"127\.0\.0\.1:\d+ gave .*'toy'.*SEMOPS_EMBEDDING_MODEL"
    said = Said(json.dumps(BROKEN[broken]).encode())
    with JsonServer(lambda *_: said) as server, pytest.raises(EndpointError, match=told):
        store(tmp_path, server).embed(["a"])
    assert not Lake(str(tmp_path / "lake")).exists("embeddings/vectors")


def test_a_dimension_that_changes_between_batches_is_refused():
    sizes = iter([3, 4])

    def answer(path, body):
        size = next(sizes)
        return {"data": [{"index": n, "embedding": [1.0] * size} for n in range(len(body["input"]))]}

    with JsonServer(answer) as server, pytest.raises(EndpointError, match="vectors of 3 and of 4 numbers"):
        remote(server, batch=1).encode(["a", "b"])


def test_another_dimension_under_the_same_name_is_refused_with_the_way_out(tmp_path):
    """The store would compare what cannot be compared."""
    with JsonServer(openai(dimension=4)) as server:
        store(tmp_path, server).embed(["a"])
    told = r"6 numbers, before it was 4.*SEMOPS_EMBEDDING_REVISION"
    with JsonServer(openai(dimension=6)) as server, pytest.raises(ModelChangedError, match=told):
        store(tmp_path, server).embed(["b"])


def test_another_model_behind_the_same_name_is_noticed_by_its_vectors(tmp_path):
    """An endpoint may put another model of the same dimension behind a name, and say nothing."""
    with JsonServer(openai(seed=0)) as server:
        store(tmp_path, server).embed(["a"])
        assert store(tmp_path, server).embed(["a", "b"]).computed == 1

    def other(path, body):
        rows = openai()(path, body)["data"]
        return {"data": [row | {"embedding": [-x for x in row["embedding"]]} for row in rows]}

    with JsonServer(other) as server:
        with pytest.raises(ModelChangedError, match="SEMOPS_EMBEDDING_REVISION"):
            store(tmp_path, server).embed(["c"])
        assert store(tmp_path, server).embed(["a"]).computed == 0


def test_a_new_model_or_prefix_embeds_again_and_says_from_what(tmp_path):
    """Nothing of the old model is used, and the run can say why it took so long."""
    with JsonServer(openai()) as server:
        first = store(tmp_path, server).embed(["a"])
        again = store(tmp_path, server).embed(["a"])
        changed = store(tmp_path, server, embedding_document_prefix="passage: ").embed(["a"])
        asked = [text for _, body in server.requests for text in body["input"]]
    assert (first.changed_from, again.changed_from, again.computed) == ((), (), 0)
    assert changed.computed == 1
    assert changed.changed_from == (first.model_id,)
    assert changed.model_id != first.model_id
    assert "passage: a" in asked


def test_the_asset_and_the_command_say_that_the_model_changed(tmp_path):
    """Why a night took hours must be readable where people look."""
    from semops_data.cli.execute import Outcome, Watcher
    from semops_data_tests.coherence.handbook import Platform

    platform, said = Platform(tmp_path), []
    platform.materialize(selection="*embeddings/chunks")
    platform.encoder.model_id = "toy@2"
    result, watcher = platform.materialize(selection="*embeddings/chunks"), Watcher(Outcome(), None, said.append, None)
    for event in result.get_asset_materialization_events():
        watcher.on_asset_materialization(event)
    assert [line.split()[0] for line in said] == ["embeddings/chunks"]
    assert said[0].endswith("every text anew: the model was toy@1")


def test_a_query_and_a_passage_of_the_same_words_are_two_texts(tmp_path):
    """Models that want prefixes put the two at different places on purpose."""
    with JsonServer(openai()) as server:
        kept = store(tmp_path, server, embedding_query_prefix="query: ", embedding_document_prefix="passage: ")
        found = kept.embed(["a", "a"], queries=[True, False])
        assert kept.embed(["a"], queries=[True]).computed == 0
    assert found.computed == 2
    assert found.digests[0] != found.digests[1]


@pytest.mark.parametrize(
    ("name", "query", "document"),
    [
        ("intfloat/e5-base-v2", "query: ", "passage: "),
        ("multilingual-e5-small", "query: ", "passage: "),
        ("nomic-embed-text", "search_query: ", "search_document: "),
        ("BAAI/bge-small-en-v1.5", "Represent this sentence for searching relevant passages: ", ""),
        ("bge-m3", "", ""),
        ("all-MiniLM-L6-v2", "", ""),
        ("text-embedding-3-small", "", ""),
        ("snowflake-arctic-embed2", "query: ", ""),
    ],
)
def test_models_that_are_known_get_the_words_that_their_cards_ask_for(name, query, document):
    assert prefixes_for(Settings(), name) == Prefixes(query, document)


def test_what_is_configured_and_what_the_model_says_goes_before_what_is_known(tmp_path):
    """A model's own files know better than a table of names, and its user knows better than both."""
    (tmp_path / "config_sentence_transformers.json").write_text(json.dumps({"prompts": {"query": "ask: "}}))
    assert prefixes_for(Settings(), "e5-base", tmp_path) == Prefixes("ask: ", "")
    (tmp_path / "config_sentence_transformers.json").write_text("[]")
    assert prefixes_for(Settings(), "e5-base", tmp_path) == Prefixes("query: ", "passage: ")
    assert prefixes_for(Settings(embedding_query_prefix=""), "e5-base") == Prefixes("", "passage: ")
    assert NONE.mark == ""


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=60), st.integers(1, 7))
def test_batches_hold_every_text_once_and_in_order(texts, most):
    found = batches(texts, most)
    assert [row for start, end in found for row in range(start, end)] == list(range(len(texts)))
    assert all(0 < end - start <= most for start, end in found)


def test_long_texts_share_a_batch_with_few_others():
    """A request has a size, not only a count."""
    assert batches(["a" * BATCH_CHARACTERS] * 3, 64) == [(0, 1), (1, 2), (2, 3)]


@pytest.mark.parametrize("name", ["pytorch_model.bin", "1_Dense/pytorch_model.bin", "model.ckpt", "weights.PKL"])
def test_pickled_weights_are_refused_before_anything_is_read(tmp_path, name):
    """Reading a pickle can run anything."""
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"\x80\x04")
    with pytest.raises(UntrustedModelError, match="safetensors"):
        LocalEncoder(tmp_path)
    (tmp_path / name).with_name("model.safetensors").write_bytes(b"")
    LocalEncoder(tmp_path)


def test_an_address_with_a_login_is_refused_without_repeating_it():
    """Keys have settings of their own, which are never shown."""
    with pytest.raises(ValueError, match="give keys in their own setting") as raised:
        Settings(embedding_url="http://someone:hunter22@127.0.0.1")
    assert "hunter22" not in str(raised.value)
