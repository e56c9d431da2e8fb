"""GROVER's block against its formula (families.md, section 2.6)."""

import numpy as np
from examples import attention, transformer
from gradients import near

from zoo.backbones import Backbone
from zoo.blocks import Block
from zoo.core.kinds import make


def normal(x, norm):
    centred = np.array(x) - np.mean(x, -1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * norm.gamma + norm.beta


def test_grover_normalises_around_the_feed_forward_network_only(draw):
    x = draw.normal(size=(2, 9, 16)).astype("float32")
    feed_forward = {"kind": "plain", "intermediate_dim": 24, "initializer_range": 0.3}
    ours = make(Block, {"kind": "grover", "attention": attention(), "feed_forward": feed_forward})
    ours.build((None, None, 16))
    for weight in ours.weights:
        if weight.name in ("gamma", "beta"):
            weight.assign(draw.normal(size=16))
    found, _ = ours(x)
    attended = x + ours.attention(x)[0]
    fed = ours.feed_forward(normal(attended, ours.feed_forward_norm).astype("float32"))
    near(found, normal(attended + fed, ours.output_norm))


def test_a_stack_of_them_has_two_norms_a_block_and_one_at_the_embedding():
    written = transformer("grover", attention=attention(), embedding_norm="before_dropout")
    backbone = make(Backbone, written, vocabulary_size=5)
    assert next(w.path for w in backbone.weights if w.name == "gamma").endswith("input_norm/gamma")
    assert len([w for w in backbone.weights if w.name == "gamma"]) == 5
