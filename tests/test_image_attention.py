"""Attention whose queries, or keys, are fewer than the places of a picture."""

import keras
import numpy as np
import pytest
from image_models import normed

from zoo.attention import Attention
from zoo.core.errors import ZooError
from zoo.core.kinds import make


def test_every_kernel_finds_where_fewer_queries_stand():
    """Heads in groups, with values that are wider than keys."""
    found, x = [], np.random.default_rng(0).normal(size=(2, 35, 8)).astype("float32")
    for kernel in ("dense", {"kind": "block_sparse", "block_size": 4}, "fused"):
        written = normed(4, 8, num_key_value_heads=2, kernel=kernel)
        looks = make(Attention, written, strides=2, output_dim=12)
        looks.stand_on(5, 7)
        looks.build((None, 35, 8))
        rng = np.random.default_rng(1)
        looks.set_weights([rng.uniform(0.5, 1, weight.shape) for weight in looks.get_weights()])
        told, _ = looks.compute_output_spec(keras.KerasTensor(x.shape))
        found.append(np.array(looks(x)[0]))
        assert found[-1].shape == told.shape == (2, 12, 12)
    np.testing.assert_allclose(found[1:], [found[0]] * 2, rtol=1e-5, atol=1e-5)


def test_positions_that_are_added_are_not_seen_in_values():
    x, found = np.random.default_rng(0).normal(size=(1, 20, 8)).astype("float32"), []
    for position in ("nope", {"kind": "every_layer", "position": "sinusoidal_2d"}):
        looks = make(Attention, normed(position=position, initializer_range=1.0), strides=2)
        looks.stand_on(4, 5)
        looks.build((None, 20, 8))
        rng = np.random.default_rng(1)
        looks.set_weights([rng.uniform(0.5, 1, weight.shape) for weight in looks.get_weights()])
        found.append([np.array(looks(given)[0]) for given in (x, np.ones_like(x))])
    (one, alike), (other, alike_too) = found
    np.testing.assert_allclose(alike, alike_too, rtol=1e-6, atol=1e-5)
    assert np.abs(one - other).max() > 1e-3


def test_attention_of_pictures_asks_how_large_they_are():
    looks = make(Attention, normed(position="nope"))
    looks.build((None, 4, 8))
    with pytest.raises(ZooError, match="nothing tells how large this one is"):
        looks(np.zeros((1, 4, 8), "float32"))
