"""Patterns that depend on the layer they stand in."""

import numpy as np
import pytest
from examples import VOCABULARY, attention, transformer
from pattern_cases import big_bird, joined

from zoo.attention.patterns import Pattern
from zoo.backbones import Backbone
from zoo.core.kinds import make, to_config

LENGTH = 120  # 15 blocks of 8: more than all links together


def times(pattern, head=0):
    place, sized = np.arange(LENGTH), pattern.sized(LENGTH)
    return sized.times(place[:, None], place[None], head)


def model(pattern, **options):
    written = transformer(attention=attention(pattern=pattern), layers=3, **options)
    return make(Backbone, written, vocabulary_size=VOCABULARY)


@pytest.mark.parametrize("around", [lambda inner: inner, lambda inner: joined("both", inner)])
def test_each_layer_seeds_its_links_with_its_own_number(around):
    blocks = model(around(big_bird(layer=None))).transformer_layers
    found = [times(block.attention.pattern) for block in blocks]
    for number, links in enumerate(found):
        np.testing.assert_array_equal(links, times(make(Pattern, big_bird(layer=number))))
    assert (found[0] != found[1]).any()


def test_a_layer_that_is_written_counts_in_every_layer():
    blocks = model(big_bird(layer=5)).transformer_layers
    found = [times(block.attention.pattern) for block in blocks]
    assert all((links == found[0]).all() for links in found)


def test_nothing_is_written_of_the_layer():
    backbone = model(big_bird(layer=None))
    written = to_config(backbone)
    assert written["blocks"][0]["attention"]["pattern"]["layer"] is None
    again = make(Backbone, written)
    for pair in zip(backbone.transformer_layers, again.transformer_layers):
        ours, theirs = (times(block.attention.pattern) for block in pair)
        np.testing.assert_array_equal(ours, theirs)


def test_layers_do_not_share_what_they_are_told_of():
    shared = make(Pattern, big_bird(layer=None))
    first, second, _ = model(shared).transformer_layers
    assert (times(first.attention.pattern) != times(second.attention.pattern)).any()


@pytest.mark.parametrize("length", [73, 120, 1024])
def test_in_evaluation_every_link_is_to_the_first_block(length):
    place = np.arange(length)
    pattern = make(Pattern, big_bird(plan="evaluation")).sized(length)
    count = pattern.times(place[:, None], place[None])
    last = (length - 1) // 8
    inside = (place // 8 > 0) & (place // 8 < last)
    assert (count[inside][:, :8] == 3).all()  # always there, and two links
    assert (count[:, 8:] <= 1).all()


def test_layers_of_dall_e_look_along_rows_down_columns_and_at_a_square():
    given, place = {"text_length": 4, "width": 5}, np.arange(29)
    kinds = ["row", "row", "column", "row", "row", "row", "column", "conv"]
    own = {"kind": "row_column_conv", "num_layers": 8, "kernel_size": 3, **given}
    found = make(Pattern, own)
    for layer, kind in enumerate(kinds):
        more = {"kernel_size": 3} if kind == "conv" else {}
        wanted = make(Pattern, {"kind": kind, **given, **more})
        pair = place[:, None], place[None]
        np.testing.assert_array_equal(found.in_layer(layer).allowed(*pair), wanted.allowed(*pair))
    assert to_config(found.in_layer(7)) == own
