"""Global tokens with projections of their own; that they equal the original's is tested in
tests/test_published_attention.py."""

import numpy as np
import pytest
from examples import attention, attention_layer
from graphs import largest, of_gradients, reads_graphs

from zoo.attention import Attention
from zoo.core.errors import ZooError
from zoo.core.kinds import make

LENGTH = 40


def longformer(window=4, **options):
    return {"kind": "longformer", "attention_window": window, **options}


def build(pattern, kind="global_local", **options):
    return attention_layer(kind, pattern=pattern, **options)


@pytest.fixture
def x(draw):
    return draw.normal(size=(2, LENGTH, 16)).astype("float32")


@pytest.mark.parametrize("kernel", ["dense", {"kind": "block_sparse", "block_size": 4}])
def test_tokens_at_positions_are_as_global_as_those_that_are_marked(kernel, x):
    told = build(longformer(marked=True), kernel=kernel)
    written = build(longformer(positions=[3, 17]), kernel=kernel)
    written.set_weights(told.get_weights())
    mark = np.isin(np.arange(LENGTH), [3, 17])[None].repeat(2, axis=0)
    found = told(x, marks={"global_mask": mark})[0]
    np.testing.assert_allclose(written(x)[0], found, atol=1e-5)


def test_without_a_global_token_it_is_multi_head(x):
    """And with one, its own answer is another, and nothing else is but what sees it."""
    layer = build(longformer(marked=True), initializer_range=0.1)  # so that all see all a bit
    plain = build(longformer(), "multi_head")
    for name in ("query", "key", "value", "attention_output"):
        getattr(plain, name).set_weights(getattr(layer, name).get_weights())
    nobody = np.zeros((2, LENGTH), bool)
    wanted = np.array(plain(x)[0])
    found = np.array(layer(x, marks={"global_mask": nobody})[0])
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    somebody = nobody.copy()
    somebody[0, 7] = True
    moved = np.abs(np.array(layer(x, marks={"global_mask": somebody})[0]) - wanted).max(-1) > 1e-6
    far = np.abs(np.arange(LENGTH) - 7) > 2
    assert not moved[1].any()
    assert moved[0, far].all()
    assert moved[0, 7]
    assert not moved[0, [5, 6, 8, 9]].any()  # they saw it before, by the same projections


def test_only_global_tokens_use_the_global_projections(x):
    layer = build(longformer(positions=[7]))
    before = np.array(layer(x)[0])
    layer.query_global.kernel.assign(layer.query_global.kernel * 2)
    layer.value_global.bias.assign(layer.value_global.bias + 1)
    moved = np.abs(np.array(layer(x)[0]) - before).max((0, 2)) > 1e-6
    assert (moved == (np.arange(LENGTH) == 7)).all()


@pytest.mark.parametrize("pattern", ["causal", longformer(), {"kind": "local", "back": 3}])
def test_a_pattern_without_global_tokens_is_refused(pattern):
    with pytest.raises(ZooError, match="global_local: the pattern has no global tokens"):
        make(Attention, attention("global_local", pattern=pattern))


@reads_graphs
def test_marked_tokens_need_no_number_for_every_pair():
    length = 4096
    layer = build(longformer(64, marked=True))
    mark = np.arange(length)[None] == 5

    class Told:
        trainable_variables = layer.trainable_variables

        def __call__(self, x, training):
            return layer(x, marks={"global_mask": mark}, training=training)

    assert largest(of_gradients(Told(), 1, length, 16)) < length**2 // 4
