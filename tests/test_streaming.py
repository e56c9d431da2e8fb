"""Sinks and a window: what is forgotten, where the rest stands, and that a token costs the same."""

import keras
import numpy as np
import pytest
from examples import POSITIONS, attention_layer, causal_lm, transformer

from zoo.generation.write import Sampling, Writer


def build(position="rotary", window=5, num_sinks=2, **options):
    written = {"window": window, "num_sinks": num_sinks, "position": POSITIONS[position]}
    return attention_layer("streaming", **written, **options)


def twin(layer, x):
    """The same, slowly: each token asks a memory of its own, in which it stands last."""
    whole, answers = layer.window + layer.num_sinks, []
    plain = attention_layer("multi_head", position=layer.position)
    plain.set_weights(layer.get_weights())
    for place in range(x.shape[1]):
        seen = list(range(place + 1))
        if len(seen) > whole:
            seen = seen[: layer.num_sinks] + seen[-layer.window :]
        answers.append(np.array(plain(x[:, seen])[0])[:, -1])
    return np.stack(answers, axis=1)


@pytest.fixture
def x(draw):
    return draw.normal(size=(2, 23, 16)).astype("float32")


@pytest.mark.parametrize("position", ["rotary", "alibi", "nope", "t5_buckets"])
@pytest.mark.parametrize("segment", [1, 4, 23])
def test_every_token_asks_the_sinks_and_the_last_ones(position, segment, x):
    layer = build(position)
    state, parts = layer.initial_state(2, 100), []
    for first in range(0, 23, segment):
        part, state = layer(x[:, first : first + segment], state=state)
        parts.append(part)
    np.testing.assert_allclose(np.concatenate(parts, axis=1), twin(layer, x), atol=2e-5)
    np.testing.assert_array_equal(state.length, [23, 23])


def test_without_sinks_the_first_tokens_are_forgotten(x):
    layer, changed = build(num_sinks=0), x.copy()
    changed[:, :3] += 1
    one, two = (np.array(layer(y, state=layer.initial_state(2, 1))[0]) for y in (x, changed))
    assert np.abs(one - two)[:, :8].max() > 1e-2
    np.testing.assert_array_equal(one[:, 8:], two[:, 8:])


def test_padding_changes_no_memory(x):
    layer, mask = build(), np.arange(23)[None] < np.array([[23], [9]])
    _, after = layer(x, mask, layer.initial_state(2, 1))
    _, short = layer(x[1:, :9], None, layer.initial_state(1, 1))
    for one, two in zip(after, short):
        np.testing.assert_allclose(np.array(one)[1:], two, atol=1e-6)


def test_it_takes_the_weights_of_multi_head_and_without_a_state_its_answers(x):
    layer, plain = build(), attention_layer("multi_head", position=POSITIONS["rotary"])
    layer.set_weights(plain.get_weights())
    np.testing.assert_array_equal(layer(x)[0], plain(x)[0])


def test_a_text_without_end_costs_the_same_memory_and_one_graph():
    inside = {"kind": "streaming", "window": 6, "num_heads": 2, "head_dim": 8, "position": "rotary"}
    writer = Writer(causal_lm(transformer(attention=inside, final_norm=True)))
    sizes = set()
    for length in (3, 40):
        _, state = writer.begin(np.arange(length)[None] % 37, 1000)
        sizes.add(tuple(leaf.shape for leaf in keras.tree.flatten(state)))
    assert sizes == {((1, 2, 10, 8), (1, 2, 10, 8), (1,)) * 2}
    written = list(writer.write(np.arange(3), 60, Sampling(temperature=0.0)))
    assert len(written) == 60
