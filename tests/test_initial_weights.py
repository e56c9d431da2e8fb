"""Weights begin around 0, as far from it as they are told to."""

import image_models
import pytest
from keras import ops

from zoo.attention import Attention
from zoo.backbones import Backbone
from zoo.core.kinds import make
from zoo.tasks import Task

SPREAD = 0.3
WIDTH = 64
ENOUGH = 1000
"""Numbers of a weight, from which on their mean and spread say something."""


def drawn(model):
    """The weights that begin as many numbers, none of them all alike."""
    for weight in model.weights:
        numbers = ops.convert_to_numpy(weight).astype("float64")
        if numbers.size > ENOUGH and numbers.std() > 0:
            yield weight.path, numbers


def around_zero(model):
    found = list(drawn(model))
    assert found
    for path, numbers in found:
        assert abs(numbers.mean()) < 6 * numbers.std() / numbers.size**0.5, path
    return found


@pytest.mark.parametrize("position", ["nope", "t5_buckets", "relative_xl"])
def test_models_of_text_begin_as_they_are_told(position):
    where = {"kind": position, "initializer_range": SPREAD} if position != "nope" else "nope"
    where = {**where, "hidden_dim": WIDTH} if position == "relative_xl" else where
    looks = {"kind": "multi_head", "num_heads": 4, "head_dim": 16, "position": where}
    feeds = {"kind": "plain", "intermediate_dim": 2 * WIDTH}
    told = {"max_sequence_length": 32, "initializer_range": SPREAD}
    backbone = {
        "kind": "transformer",
        "vocabulary_size": 200,
        "hidden_dim": WIDTH,
        "num_layers": 2,
        "initializer_range": SPREAD,
        "position": {"kind": "learned", **told},
        "blocks": {
            "kind": "pre_norm",
            "attention": {**looks, "initializer_range": SPREAD},
            "feed_forward": {**feeds, "initializer_range": SPREAD},
        },
    }
    model = make(Task, {"kind": "causal_lm"}, backbone=make(Backbone, backbone))
    found = around_zero(model)
    assert len(found) > 10
    for path, numbers in found:
        assert numbers.std() == pytest.approx(SPREAD, rel=0.1), path


def test_weights_are_as_small_as_what_they_read_is_wide():
    looks = {"kind": "multi_head", "num_heads": 4, "head_dim": 16}
    blocks = {"attention": looks, "feed_forward": {"kind": "plain", "intermediate_dim": 4 * WIDTH}}
    sizes = {"vocabulary_size": 200, "hidden_dim": WIDTH, "num_layers": 2}
    position = {"kind": "learned", "max_sequence_length": 32}
    blocks = {"kind": "pre_norm", **blocks}
    written = {"kind": "transformer", **sizes, "position": position, "blocks": blocks}
    for path, numbers in around_zero(make(Backbone, written)):
        read = 4 * WIDTH if "narrow" in path else WIDTH
        assert numbers.std() == pytest.approx((0.4 / read) ** 0.5, rel=0.1), path


@pytest.mark.parametrize("name", image_models.MODELS)
def test_models_of_pictures_begin_around_zero(name):
    around_zero(image_models.build(name))


def test_no_two_weights_begin_alike():
    looks = {"num_heads": 4, "head_dim": 16, "position": {"kind": "relative_xl", "hidden_dim": 64}}
    for written in (
        {**looks, "kind": "multi_head"},
        {"kind": "graph_attention", "num_heads": 4, "head_dim": 16},
        {"kind": "along_edges", "num_heads": 4, "head_dim": 16, "num_labels": 2},
    ):
        layer = make(Attention, written)
        layer.build((None, None, WIDTH))
        begun = [numbers for numbers in map(ops.convert_to_numpy, layer.weights) if numbers.std()]
        for place, one in enumerate(begun):
            for other in begun[:place]:
                assert one.shape != other.shape or (one != other).any()
