"""Layers nearer to the input are moved less."""

import keras
import numpy as np
import pytest
from examples import causal_lm, gpt
from image_models import build
from test_encoder_decoder import seq2seq

from zoo.training.by_layer import by_layer, scales

LESS = 0.5


def shares(task):
    """The scale of each weight, by the beginning of its path behind the model's."""
    found = {}
    for path, scale in scales(task, LESS).items():
        found.setdefault(round(scale, 6), []).append(path)
    return found


def test_a_scale_follows_from_the_depth_of_a_layer():
    found = shares(causal_lm(gpt(max_sequence_length=16)))
    assert sorted(found) == [LESS**3, LESS**2, LESS, 1.0]
    first, second, last, behind = (found[one] for one in sorted(found))
    assert all("embedding" in path or "position" in path for path in first)
    assert all("block_0" in path for path in second)
    assert all("block_1" in path for path in last)
    assert all("norm" in path or "logits" in path for path in behind)


def test_stages_of_pictures_and_both_sides_of_a_translator_have_depths():
    task = build("hybrid")
    number = len(task.backbone.image_layers) + len(task.backbone.transformer_layers)
    found = scales(task, LESS)
    assert min(found.values()) == LESS ** (number + 1)  # the class token and the positions
    assert len(set(found.values())) == number + 2 - 1  # pooling has no weights
    task = seq2seq()
    found = scales(task, LESS)
    assert {v.path for v in task.trainable_variables} == set(found)
    assert len({round(scale, 9) for scale in found.values()}) > 2


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda rate: keras.optimizers.AdamW(rate, weight_decay=0.1),
        lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
    ],
)
def test_a_step_is_that_of_an_optimizer_with_a_smaller_rate(optimizer):
    rng, rate, factors = np.random.default_rng(0), 0.1, (0.25, 1.0, 0.25)
    start = [rng.normal(size=(3, 2)).astype("float32") for _ in factors]
    steps = [[rng.normal(size=(3, 2)).astype("float32") for _ in factors] for _ in range(3)]
    ours = [keras.Variable(x, name=f"ours_{n}") for n, x in enumerate(start)]
    together = by_layer(optimizer(rate), factors)
    together.build(ours)
    for gradients in steps:
        together.apply(gradients, ours)
    for place, factor in enumerate(factors):
        theirs = keras.Variable(start[place], name=f"theirs_{place}")
        alone = optimizer(rate * factor)
        for gradients in steps:
            alone.apply([gradients[place]], [theirs])
        np.testing.assert_allclose(ours[place], theirs, atol=1e-6)
        assert np.abs(np.array(theirs) - start[place]).max() > 1e-3
