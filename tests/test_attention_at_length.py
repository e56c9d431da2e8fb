"""Long texts: no tensor for all pairs, whatever the pattern and position; all of it compiles."""

import keras
import numpy as np
import pytest
from examples import ATTENTION, INSIDE, PATTERNS, POSITIONS, UNMARKED, attention
from gradients import TENSORFLOW, gradients, near
from graphs import largest
from keras import ops

from zoo.attention import Attention
from zoo.core.kinds import make

LENGTH = 4096
ROOM = LENGTH**2 // 4
"""Elements: a quarter of the table of scores of a single head, of which there are four."""


def build(kind="multi_head", **options):
    keras.utils.set_random_seed(1)
    layer = make(Attention, attention(kind, **options), name="attention")
    layer.build((None, None, 16))
    return layer


def traced(layer, length):
    """The graph of the layer's gradients, not run."""
    import tensorflow as tf

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x, training=True)[0] ** 2)
        return tape.gradient(loss, [v.value for v in layer.trainable_variables])

    return step.get_concrete_function(tf.TensorSpec((1, length, 16))).graph


reads_graphs = pytest.mark.skipif(not TENSORFLOW, reason="reads TensorFlow's graph")


@reads_graphs
@pytest.mark.parametrize("position", INSIDE)
@pytest.mark.parametrize("kernel", ["block_sparse", "chunked"])
def test_no_position_needs_a_number_for_every_pair(kernel, position):
    layer = build(kernel=kernel, pattern="full", position=POSITIONS[position], dropout=0.1)
    assert largest(traced(layer, LENGTH)) < ROOM


@reads_graphs
@pytest.mark.parametrize("pattern", UNMARKED)
def test_no_pattern_needs_a_number_for_every_pair(pattern):
    kernel = {"kind": "block_sparse", "block_size": 64}
    assert largest(traced(build(kernel=kernel, pattern=PATTERNS[pattern]), LENGTH)) < ROOM


@reads_graphs
def test_the_plain_kernel_does():
    assert largest(traced(build(kernel="dense"), LENGTH)) >= LENGTH**2


@reads_graphs
@pytest.mark.parametrize("kind", ATTENTION)
def test_every_attention_chooses_a_kernel_that_fits(kind):
    options = {"block_size": 64} if kind == "block_routed" else {}
    assert largest(traced(build(kind, **options), LENGTH)) < ROOM


def squares(layer):
    return lambda x: ops.mean(layer(x, training=True)[0] ** 2)


def compare(x, **options):
    """What XLA compiles against what it does not: values and gradients."""
    layer = build(**options)
    plain, compiled = (gradients(squares(layer), layer, x, jit=jit) for jit in (False, True))
    for found, wanted in zip(compiled, plain):
        near(found, wanted)


@pytest.fixture
def x(draw):
    return draw.normal(size=(2, 24, 16)).astype("float32")


@pytest.mark.slow
@pytest.mark.parametrize("kernel", ["block_sparse", "chunked"])
@pytest.mark.parametrize("position", INSIDE)
def test_every_position_compiles(position, kernel, x):
    compare(x, kernel={"kind": kernel, "block_size": 8}, position=POSITIONS[position])


@pytest.mark.slow
@pytest.mark.parametrize("pattern", UNMARKED)
def test_every_pattern_compiles(pattern, x):
    compare(x, kernel={"kind": "block_sparse", "block_size": 4}, pattern=PATTERNS[pattern])


@pytest.mark.slow
@pytest.mark.parametrize("pattern", ["global_tokens", "segments"])
def test_marks_compile(pattern, x):
    options = {"kernel": {"kind": "block_sparse", "block_size": 4}, "pattern": PATTERNS[pattern]}
    layer = build(**options)
    told = {"segment_ids": np.arange(24)[None] // np.array([[7], [9]])}
    told["global_mask"] = np.arange(24)[None] == np.array([[3], [20]])
    marks = {name: told[name] for name in layer.pattern.marks}

    def mean_square(x):
        return ops.mean(layer(x, marks=marks, training=True)[0] ** 2)

    plain, compiled = (gradients(mean_square, layer, x, jit=jit) for jit in (False, True))
    for found, wanted in zip(compiled, plain):
        near(found, wanted)
