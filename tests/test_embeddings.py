"""What a token becomes, and back."""

import gc

import numpy as np
import pytest
from examples import VOCABULARY, causal_lm, gpt
from keras import saving

from zoo.backbones import Backbone
from zoo.core.compiled import compiled
from zoo.core.errors import ZooError
from zoo.core.kinds import make, to_config
from zoo.embeddings import TokenEmbedding


def embedding(kind="plain", **options):
    sizes = {"vocabulary_size": VOCABULARY, "hidden_dim": 16, "initializer_range": 0.3}
    return make(TokenEmbedding, {"kind": kind, **options}, name="token_embedding", **sizes)


ADAPTIVE = {
    "one_table": {"cutoffs": [9, 20]},
    "projected": {"cutoffs": [9, 20], "embedding_dim": 6},
    "smaller_tables": {"cutoffs": [9, 20, 30], "div_val": 2},
    "own_projections": {"cutoffs": [9], "div_val": 4, "share_projections": False},
    "no_clusters": {"embedding_dim": 5},
}


@pytest.fixture
def ids(draw):
    return draw.integers(0, VOCABULARY, (2, 5))


def test_one_token_is_scored_as_many_are(draw):
    layer, hidden = embedding(), draw.standard_normal((3, 1, 16)).astype("float32")
    layer.build()
    many = layer(hidden, reverse=True)
    alone = [np.array(layer(row[None], reverse=True)) for row in hidden]
    np.testing.assert_allclose(many, np.concatenate(alone), atol=1e-5)
    assert alone[0].shape == (1, 1, VOCABULARY)


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


@pytest.mark.parametrize("options", [{}, {"kind": "adaptive", **ADAPTIVE["projected"]}])
def test_it_is_a_layer_like_any_other(options, ids):
    layer = embedding(**options)
    again = saving.deserialize_keras_object(saving.serialize_keras_object(layer))
    layer(ids), again(ids)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(ids), layer(ids))


@pytest.mark.parametrize("case", ADAPTIVE)
def test_scores_are_logarithms_of_probabilities(case, draw):
    layer = embedding("adaptive", **ADAPTIVE[case])
    layer(np.arange(VOCABULARY)[None])
    scores = np.array(layer(draw.normal(size=(2, 3, 16)).astype("float32"), reverse=True))
    assert scores.shape == (2, 3, VOCABULARY)
    np.testing.assert_allclose(np.exp(scores).sum(-1), 1, atol=1e-5)
    assert len(np.unique(scores)) == scores.size


@pytest.mark.parametrize("case", ADAPTIVE)
def test_a_token_has_the_vector_its_cluster_has_for_it(case):
    layer = embedding("adaptive", **ADAPTIVE[case])
    vectors = np.array(layer(np.arange(VOCABULARY)[None]))[0]
    for cluster in layer.clusters():
        table, wide = np.array(cluster.table), cluster.projection
        wanted = table if wide is None else table @ np.array(wide).T
        np.testing.assert_allclose(vectors[cluster.first : cluster.last], wanted, atol=1e-6)


def test_a_cluster_that_grows_likelier_leaves_less_to_the_others(draw):
    layer = embedding("adaptive", **ADAPTIVE["smaller_tables"])
    layer(np.arange(VOCABULARY)[None])
    hidden = draw.normal(size=(4, 16)).astype("float32")
    before = np.exp(layer(hidden, reverse=True))
    layer.cluster_bias.assign([0, 3, 0])  # the third of four clusters: tokens 20 to 29
    after = np.exp(layer(hidden, reverse=True))
    inside = (np.arange(VOCABULARY) >= 20) & (np.arange(VOCABULARY) < 30)
    assert ((after > before) == inside).all()


def test_a_model_learns_by_it_in_chunks_as_at_once(ids):
    written = {**gpt(), "token_embedding": {"kind": "adaptive", **ADAPTIVE["smaller_tables"]}}
    whole, chunked = causal_lm(written), causal_lm(written, loss_chunk_size=3)
    chunked.set_weights(whole.get_weights())
    weights, losses = np.ones_like(ids), []
    for task in (whole, chunked):
        hidden, _ = task.encode({"token_ids": ids})
        losses.append(np.array(compiled(task.measure, task)(hidden, ids, weights)[:3]))
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    scores = np.array(whole({"token_ids": ids, "padding_mask": weights.astype(bool)}))
    wanted = -np.take_along_axis(scores, ids[..., None], -1).mean()
    np.testing.assert_allclose(losses[0][1], wanted, rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"cutoffs": [9, 9]}, r"cutoffs \[9, 9\] must rise"),
        ({"cutoffs": [9, VOCABULARY]}, "must rise, all below 37 tokens"),
        ({"cutoffs": [9, 20], "div_val": 5}, "embedding_dim 16 is too small for 3 clusters"),
    ],
)
def test_clusters_that_cannot_be_are_refused(options, told):
    with pytest.raises(ZooError, match=told):
        embedding("adaptive", **options)
