"""What a token becomes, and back."""

import gc

import numpy as np
import pytest
from examples import VOCABULARY, causal_lm, gpt
from keras import saving

from zoo.backbones import Backbone
from zoo.core.kinds import make, to_config
from zoo.embeddings import TokenEmbedding


def embedding(kind="plain", **options):
    sizes = {"vocabulary_size": VOCABULARY, "hidden_dim": 16, "initializer_range": 0.3}
    return make(TokenEmbedding, {"kind": kind, **options}, name="token_embedding", **sizes)


@pytest.fixture
def ids(draw):
    return draw.integers(0, VOCABULARY, (2, 5))


def test_two_models_can_share_one(ids):
    shared = embedding()
    first, second = (
        make(Backbone, gpt(), vocabulary_size=VOCABULARY, token_embedding=shared) for _ in "ab"
    )
    assert first.token_embedding is second.token_embedding
    before = np.array(second.embed({"token_ids": ids}))
    first.token_embedding.embeddings.assign_add(np.ones((VOCABULARY, 16)))
    np.testing.assert_allclose(second.embed({"token_ids": ids}), before + 1, atol=1e-6)


def test_a_model_is_made_again_from_what_is_written_of_it():
    written = to_config(make(Backbone, gpt(), vocabulary_size=VOCABULARY))
    assert written["token_embedding"]["kind"] == "plain"
    assert to_config(make(Backbone, written)) == written


def test_a_plain_embedding_is_quantized(ids, monkeypatch):
    monkeypatch.setattr(gc, "collect", lambda: 0)  # Keras collects after every layer it quantizes
    task = causal_lm(gpt())
    inputs = {"token_ids": ids, "padding_mask": np.ones_like(ids, bool)}
    before = np.array(task(inputs))
    task.quantize("int8")
    assert task.backbone.token_embedding.quantization_mode == "int8"
    assert np.abs(np.array(task(inputs)) - before).max() < 0.5


def test_it_is_a_layer_like_any_other(ids):
    layer = embedding()
    again = saving.deserialize_keras_object(saving.serialize_keras_object(layer))
    layer(ids), again(ids)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(ids), layer(ids))
