"""Image models, from convolutions alone to attention alone."""

import keras
import numpy as np
import pytest
import timm_names
from image_models import (
    CLASSES,
    GOLDEN,
    MODELS,
    attention,
    build,
    conv,
    feed,
    levit_block,
    looking,
    normed,
    patchwise,
    shape,
    stage,
    vit,
)
from keras import ops

from zoo.backbones import Backbone
from zoo.core.errors import ZooError
from zoo.core.kinds import make, to_config
from zoo.tasks import Task

every = pytest.mark.parametrize("name", MODELS)


@every
def test_it_computes_what_the_original_computes(name):
    task, said = build(name, mean=0.0), f"{name}/weights/"
    theirs = {key.removeprefix(said): GOLDEN[key] for key in GOLDEN.files if key.startswith(said)}
    for weight in getattr(timm_names, name)(task):
        array = theirs.pop(weight.name)
        expected = weight.join([np.empty(one.shape) for one in weight.variables]).shape
        assert array.shape == expected, weight.name
        for variable, ours in zip(weight.variables, weight.split(array)):
            variable.assign(ours.reshape(variable.shape))
    assert not theirs
    out = task({"images": GOLDEN[f"{name}/x"]})
    np.testing.assert_allclose(out, GOLDEN[f"{name}/out"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["coatnet", "botnet", "hybrid", "mobilevit", "levit", "cvt"])
def test_every_weight_learns(name):
    """Also where the branches of a ResNet begin with a scale of 0. In the last layer of CvT only
    the class token is read: how places ask there, it never learns."""
    task, images = build(name), np.random.default_rng(0).uniform(0, 255, shape(name, 4))
    for weight in task.trainable_weights:
        if weight.path.endswith("gamma"):
            weight.assign(ops.ones_like(weight))
    before = [np.array(weight) for weight in task.trainable_weights]
    task.compile(keras.optimizers.Adam(1e-2), run_eagerly=True)
    task.fit({"images": images}, np.arange(4) % CLASSES, batch_size=4, epochs=1, verbose=0)
    still = [
        weight.path
        for weight, old in zip(task.trainable_weights, before)
        if np.array_equal(weight, old)
    ]
    unread = "block_2/attention/around_query/"
    assert [path for path in still if name != "cvt" or unread not in path] == []
    assert len(still) == 3 * (name == "cvt")


def test_a_saved_model_answers_the_same(tmp_path):
    task, images = build("coatnet"), np.random.default_rng(0).uniform(0, 255, shape("coatnet", 2))
    task.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again({"images": images}), task({"images": images}))


@pytest.mark.parametrize("name", ["coatnet", "hybrid", "botnet", "mobilevit", "levit", "cvt"])
def test_pictures_may_have_odd_sizes(name):
    """What a block says of its size is what it gives."""
    written, _ = MODELS[name]()
    without = {k: v for k, v in written.items() if k in ("kind", "stages")}
    sizes = {"kind": "conv_attention", "image_size": 45, **without}
    backbone = make(Backbone, sizes)
    x = np.zeros((1, 45, 45, 3), "float32")
    for layer in backbone.image_layers:
        told = layer.compute_output_spec(keras.KerasTensor(x.shape)).shape
        x = np.array(layer(x))
        assert x.shape == told, layer.name


def test_colours_are_told_apart_by_their_mean():
    """255 is 1, 0 is -1 where nothing else is said."""
    backbone = build("vit").backbone
    found = backbone.rescale(np.array([0.0, 127.5, 255.0])[:, None, None, None] * np.ones(3))
    np.testing.assert_allclose(np.array(found)[:, 0, 0, 0], [-1, 0, 1])


def test_branches_are_left_out_more_often_the_deeper_they_lie():
    layers = build("resnet", stochastic_depth=0.4).backbone.image_layers
    rates = [layer.stochastic_depth for layer in layers]
    np.testing.assert_allclose(rates, np.linspace(0, 0.4, len(layers)))


def test_a_branch_is_there_whole_or_not_at_all():
    block = build("resnet", stochastic_depth=0.9).backbone.image_layers[-1]
    x = np.ones((64, 2, 2, 96), "float32")
    kept, told = np.array(block.drop_branch(x, training=True)), np.array(block.drop_branch(x))
    wholes = kept.reshape(64, -1)
    assert (wholes == wholes[:, :1]).all()
    assert 0 < (wholes[:, 0] == 0).mean() < 1
    np.testing.assert_array_equal(told, x)


def test_what_it_was_built_from_builds_the_same():
    backbone = build("hybrid").backbone
    again = make(Backbone, to_config(backbone))
    assert to_config(again) == to_config(backbone)
    shapes = [[tuple(w.shape) for w in one.weights] for one in (backbone, again)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ([stage("max_pool", 64)], "max_pool: hidden_dim: found 64, expected 3"),
        ([stage(patchwise(), 8, strides=2)], "strides: found 2, expected 1"),
        (
            [stage(levit_block(attention(2, 8)), 8, 1, 2)],
            "makes no picture smaller",
        ),
        ([stage(levit_block(normed(position="rotary")), 8, 1, 2)], "rotary does not tell where"),
        ([stage(levit_block(normed(pattern="causal")), 8)], "expected full"),
        (
            [stage(levit_block(looking(position="rotary")), 8)],
            "found rotary, but convolutions tell",
        ),
        ([stage(levit_block(normed(num_parallel_heads=1)), 8)], "computed at once"),
        ([stage(patchwise("reversible"), 8)], "blocks: pictures are read in one stream"),
        (
            [stage({"kind": "bottleneck", "attention": attention(2, 8, "spatial")}, 128)],
            "found 2 heads of 8, expected 32 features",
        ),
        (
            [
                stage(
                    {
                        "kind": "pre_norm",
                        "attention": attention(
                            2, 8, position={"kind": "grid_bias", "height": 4, "width": 4}
                        ),
                        "feed_forward": feed(16),
                    },
                    16,
                )
            ],
            "found 4 × 4 places, but the picture has 8 × 8",
        ),
    ],
)
def test_what_does_not_fit_together_is_said(stages, said):
    with pytest.raises(ZooError, match=said):
        make(Backbone, {"kind": "conv_attention", "image_size": 8, "stages": stages})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilevit", "levit", "cvt"])
def test_it_compiles(name):
    """A step of training, under XLA, comes to the loss that it has without."""
    images, task = np.random.default_rng(0).uniform(0, 255, shape(name, 2)), build(name)
    before, losses = task.get_weights(), []
    for options in ({"jit_compile": True}, {"run_eagerly": True}):
        task.set_weights(before)
        task.compile(keras.optimizers.Adam(1e-2), **options)
        told = task.fit({"images": images}, np.arange(2), batch_size=2, epochs=2, verbose=0)
        losses.append(told.history["loss"])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-3)


def test_a_fresh_model_tells_pictures_apart():
    """Also where attention is not added, and what is added begins with a scale of 0. Scores of a
    fresh model are small, so they are measured by themselves."""
    images = np.random.default_rng(0).uniform(0, 255, shape("levit", 2))
    one, other = np.array(build("levit")({"images": images}))
    assert np.abs(one - other).max() > 0.1 * np.abs(one).max() > 0


@pytest.mark.parametrize("name", ["mobilevit", "cvt"])
def test_pictures_of_another_size_take_the_same_weights(name):
    small, large = build(name), build(name, image_size=72)
    large.set_weights(small.get_weights())
    assert large({"images": np.zeros((1, 72, 72, 3))}).shape == (1, CLASSES)


def test_the_mean_of_several_heads_counts():
    task, images = build("levit"), np.random.default_rng(0).uniform(0, 255, shape("levit", 2))
    before = np.array(task({"images": images}))
    second = task.output_denses[1]
    second.bias.assign_add(ops.arange(CLASSES, dtype="float32"))
    moved = np.array(task({"images": images})) - before
    np.testing.assert_allclose(moved, np.arange(CLASSES) * [[0.5], [0.5]], atol=1e-5)


def test_a_grid_that_nothing_tells_is_asked_for():
    with pytest.raises(ZooError, match="needs height and width"):
        make(
            Backbone,
            {
                "kind": "transformer",
                "num_layers": 1,
                "hidden_dim": 16,
                "blocks": {
                    "kind": "pre_norm",
                    "attention": attention(2, 8, position="grid_bias"),
                    "feed_forward": feed(16),
                },
            },
            vocabulary_size=10,
        )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"num_layers": 2, "blocks": None}, "expected what the 2 layers are"),
        ({"image_mean": [0.0]}, "found 1, expected 3, one a channel"),
        ({"kind_of_block": "reversible"}, "pictures are read in one stream"),
        ({"attention": normed()}, "found 1 tokens, expected places alone"),
        ({"attention": attention(4, 8, position="grid_bias")}, "needs height and width"),
    ],
)
def test_what_no_picture_can_be_read_by_is_said(options, said):
    written, _ = vit()
    for name, key in (("kind_of_block", "kind"), ("attention", "attention")):
        if name in options:
            written["blocks"] = {**written["blocks"], key: options.pop(name)}
    asked = {"kind": "conv_attention", "image_size": 32, **written, **options}
    with pytest.raises(ZooError, match=said):
        make(Backbone, asked)


def test_blocks_over_places_are_told_which_layer_they_are():
    """As patterns that differ from layer to layer have to know."""
    looks = attention(4, 8, pattern={"kind": "big_bird", "num_heads": 4, "block_size": 1})
    written, _ = vit()
    written["blocks"] = {**written["blocks"], "attention": looks}
    made = make(Backbone, {"kind": "conv_attention", "image_size": 32, **written})
    drawn = [block.attention.pattern for block in made.transformer_layers]
    places = np.arange(17)
    first, second = (one.sized(17).allowed(places[:, None], places) for one in drawn)
    assert not np.array_equal(first, second)


def test_places_may_see_what_is_near_them():
    """At the same weights: a square as large as the picture is the whole picture."""
    pattern = {"kind": "neighborhood", "width": 4}
    tasks = [near(size, pattern) for size in (7, 3)]
    whole = near(None, "full")
    images = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3))
    for task in tasks:
        task.set_weights(whole.get_weights())
    wide, narrow = (task({"images": images}) for task in tasks)
    np.testing.assert_allclose(wide, whole({"images": images}), atol=1e-5)
    assert np.abs(np.array(narrow) - np.array(wide)).max() > 1e-4
    with pytest.raises(ZooError, match="width: found 5, the picture is 4 places wide"):
        near(3, {**pattern, "width": 5})


def near(kernel_size, pattern):
    """A model of 4 × 4 places whose attention has a pattern."""
    pattern = pattern if kernel_size is None else {**pattern, "kernel_size": kernel_size}
    looks = {
        "kind": "pre_norm",
        "attention": attention(2, 8, pattern=pattern),
        "feed_forward": feed(16),
    }
    stages = [stage(conv(), 16, strides=8), stage(looks, 16)]
    backbone = make(Backbone, {"kind": "conv_attention", "image_size": 32, "stages": stages})
    return make(Task, {"kind": "image_classifier", "num_classes": 3}, backbone=backbone)
