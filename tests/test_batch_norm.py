"""Batch norm in one operation is Keras's: answers, statistics and gradients."""

import keras
import numpy as np
import pytest

from zoo.core.batch_norm import BatchNorm

tf = pytest.importorskip("tensorflow")


def trained(kind, x, weights, by):
    """What a layer answers to x in training, what it keeps, and the gradients of a weighted sum."""
    layer = kind(epsilon=1e-3, momentum=0.8)
    layer.build(x.shape)
    layer.set_weights(weights)
    with tf.GradientTape() as tape:
        given = tf.Variable(x)
        y = layer(given, training=True)
        total = tf.reduce_sum(y * by)
    gradients = tape.gradient(total, [given, layer.gamma.value, layer.beta.value])
    return [y, layer.moving_mean, layer.moving_variance, *gradients]


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="has it in one operation")
def test_it_trains_as_keras_does(draw):
    x = draw.normal(3, 2, (4, 5, 3, 6)).astype("float32")
    weights = [draw.normal(1, 0.3, 6).astype("float32") for _ in range(4)]
    by = draw.normal(size=x.shape).astype("float32")
    found, wanted = (
        trained(kind, x, weights, by) for kind in (BatchNorm, keras.layers.BatchNormalization)
    )
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(np.array(one), np.array(other), atol=2e-5, rtol=1e-4)
    layer = BatchNorm()
    graph = tf.function(lambda x: layer(x, training=True)).get_concrete_function(x).graph
    assert "FusedBatchNormV3" in {one.type for one in graph.get_operations()}
    frozen = BatchNorm(trainable=False)
    np.testing.assert_allclose(frozen(x, training=True), frozen(x), atol=0)
