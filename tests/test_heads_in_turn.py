"""Heads computed one after the other: the same answers and gradients as all at once."""

import keras
import numpy as np
import pytest
from examples import ATTENTION, COMBINED, KERNELS, PATTERNS, POSITIONS, attention, attention_layer
from gradients import gradients, near
from keras import ops

from zoo.attention import Attention
from zoo.core.errors import ZooError
from zoo.core.kinds import make

LENGTH = 40
LARGE = ("block_routed", "global_local")
SWEPT = [(kind, at) for kind, at in COMBINED if kind not in LARGE or at == "t5_buckets"]
"""Some build large graphs; they meet positions no otherwise than `multi_head`."""


def twins(kind, few, **options):
    """The same attention all at once and in turn."""
    layers = []
    for number in (None, few):
        keras.utils.set_random_seed(1)
        layers.append(attention_layer(kind, num_parallel_heads=number, **options))
    whole, turns = layers
    turns.set_weights(whole.get_weights())
    return whole, turns


def compare(whole, turns, x, jit=False):
    mask = np.arange(LENGTH)[None] < np.array([[LENGTH], [29]])

    def mean_square(layer):
        return lambda x: ops.mean(layer(x, mask, training=True)[0] ** 2)

    near(turns(x, mask)[0], whole(x, mask)[0])
    pairs = zip(*(gradients(mean_square(layer), layer, x, jit=jit) for layer in (turns, whole)))
    for found, wanted in pairs:
        near(found, wanted)
    for found, wanted in zip(turns.variables, whole.variables):  # the seeds moved on alike
        np.testing.assert_array_equal(*map(ops.convert_to_numpy, (found, wanted)))


@pytest.fixture
def x(draw):
    return draw.normal(size=(2, LENGTH, 16)).astype("float32")


@pytest.mark.parametrize(("kind", "position"), SWEPT)
def test_heads_in_turn_equal_all_at_once(kind, position, x):
    """With dropout, padding, hashing; with gradients of everything."""
    compare(*twins(kind, 2, position=POSITIONS[position], dropout=0.2), x)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("pattern", ["big_bird", "heads"])
def test_each_head_keeps_its_own_pattern(pattern, kernel, x):
    compare(*twins("multi_head", 1, pattern=PATTERNS[pattern], kernel=KERNELS[kernel]), x)


@pytest.mark.parametrize("kind", ATTENTION)
def test_heads_in_turn_compile(kind, x):
    compare(*twins(kind, 2), x, jit=True)


@pytest.mark.parametrize("position", ["alibi", "relative_xl", "t5_buckets"])
def test_queries_go_with_their_keys(position, x):
    options = {"num_key_value_heads": 2, "position": POSITIONS[position], "use_bias": False}
    compare(*twins("multi_head", 1, **options), x)


def test_the_number_must_divide():
    with pytest.raises(ZooError, match="num_parallel_heads 3 must divide num_key_value_heads 4"):
        make(Attention, attention(num_parallel_heads=3))
