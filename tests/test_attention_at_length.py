"""Long texts: no tensor for all pairs, whatever the pattern and position; all of it compiles."""

import keras
import numpy as np
import pytest
from examples import ATTENTION, INSIDE, PATTERNS, POSITIONS, UNMARKED, attention_layer
from gradients import gradients, near
from graphs import largest, of_gradients, reads_graphs
from keras import ops

LENGTH = 4096
ROOM = LENGTH**2 // 4
"""Elements: a quarter of the table of scores of a single head, of which there are four."""


SMALL = {"kind": "block_sparse", "block_size": 4}


def build(kind="multi_head", **options):
    keras.utils.set_random_seed(1)
    return attention_layer(kind, **options)


def traced(layer):
    return of_gradients(layer, 1, LENGTH, 16)


@reads_graphs
@pytest.mark.parametrize("position", INSIDE)
@pytest.mark.parametrize("kernel", ["block_sparse", "chunked"])
def test_no_position_needs_a_number_for_every_pair(kernel, position):
    layer = build(kernel=kernel, pattern="full", position=POSITIONS[position], dropout=0.1)
    assert largest(traced(layer)) < ROOM


@reads_graphs
@pytest.mark.parametrize("pattern", UNMARKED)
def test_no_pattern_needs_a_number_for_every_pair(pattern):
    kernel = {"kind": "block_sparse", "block_size": 64}
    assert largest(traced(build(kernel=kernel, pattern=PATTERNS[pattern]))) < ROOM


@reads_graphs
def test_the_plain_kernel_does():
    assert largest(traced(build(kernel="dense"))) >= LENGTH**2


@reads_graphs
@pytest.mark.parametrize("kind", ATTENTION)
def test_every_attention_chooses_a_kernel_that_fits(kind):
    options = {"block_size": 64} if kind == "block_routed" else {}
    assert largest(traced(build(kind, **options))) < ROOM


def compare(layer, x, **given):
    """What XLA compiles against what it does not: values and gradients."""

    def mean_square(x):
        return ops.mean(layer(x, training=True, **given)[0] ** 2)

    plain, compiled = (gradients(mean_square, layer, x, jit=jit) for jit in (False, True))
    for found, wanted in zip(compiled, plain):
        near(found, wanted)


@pytest.fixture
def x(draw):
    return draw.normal(size=(2, 24, 16)).astype("float32")


@pytest.mark.slow
@pytest.mark.parametrize("kernel", ["block_sparse", "chunked"])
@pytest.mark.parametrize("position", INSIDE)
def test_every_position_compiles(position, kernel, x):
    kernel = {"kind": kernel, "block_size": 8}
    compare(build(kernel=kernel, position=POSITIONS[position]), x)


@pytest.mark.slow
@pytest.mark.parametrize("pattern", UNMARKED)
def test_every_pattern_compiles(pattern, x):
    compare(build(kernel=SMALL, pattern=PATTERNS[pattern]), x)


@pytest.mark.slow
@pytest.mark.parametrize("pattern", ["global_tokens", "segments"])
def test_marks_compile(pattern, x):
    layer = build(kernel=SMALL, pattern=PATTERNS[pattern])
    told = {"document_ids": np.arange(24)[None] // np.array([[7], [9]])}
    told["global_mask"] = np.arange(24)[None] == np.array([[3], [20]])
    compare(layer, x, marks={name: told[name] for name in layer.pattern.marks})
