"""Image models, from convolutions alone to attention alone."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
import timm_names
from keras import ops

from zoo.backbones import Backbone
from zoo.core.errors import ZooError
from zoo.core.kinds import make, to_config
from zoo.tasks import Task

GOLDEN = np.load(Path(__file__).parent / "golden" / "vision.npz")
CLASSES = 5


def conv(**options):
    return {"kind": "convolution", **options}


PLAIN = conv(norm=None, activation=None)
PATCHES = conv(kernel_size=1, norm=None, activation=None, use_bias=True)


INVERTED = {"kind": "inverted_residual", "expansion": 2}


def attention(heads, size, kind="multi_head", **options):
    sizes = {"num_heads": heads, "head_dim": size, "pattern": "full"}
    return {"kind": kind, **sizes, **options}


def feed(size):
    return {"kind": "plain", "intermediate_dim": 4 * size}


def encoder(depth):
    block = {
        "kind": "pre_norm",
        "layer_norm_epsilon": 1e-6,
        "attention": attention(4, 8),
        "feed_forward": feed(32),
    }
    told = {"kind": "learned", "max_sequence_length": 17}
    more = {"class_token": True, "position": told, "final_norm": True}
    return {"num_layers": depth, "blocks": block, **more}


def coatnet():
    def attends(size):
        looks = attention(size // 32, 32, position="grid_bias")
        return {"kind": "pre_norm", "attention": looks, "feed_forward": feed(size)}

    stem = [stage(conv(activation="gelu"), 16, strides=2), stage(PLAIN, 16)]
    looked = [("mbconv", 32, 1), ("mbconv", 64, 2), (attends(64), 64, 2), (attends(96), 96, 1)]
    head = {"pooled_norm": True, "intermediate_dim": 96}
    return {"stages": [*stem, *(stage(*one, strides=2) for one in looked)]}, head


def stage(block, hidden_dim, num_layers=1, strides=1):
    sizes = {"hidden_dim": hidden_dim, "num_layers": num_layers, "strides": strides}
    return {"block": block, **sizes}


def resnet(last="bottleneck"):
    stem = [stage(conv(kernel_size=7), 64, strides=2), stage("max_pool", 64, strides=2)]
    sizes = [(32, 1, 1), (64, 2, 2), (96, 1, 2)]
    looked = [stage("bottleneck", *one) for one in sizes]
    return {"stages": [*stem, *looked, stage(last, 128, 1, 2)]}, {}


def botnet():
    looks = attention(4, 8, "spatial", use_bias=False, position="relative_2d")
    return resnet({"kind": "bottleneck", "attention": looks})


def vit():
    patches = conv(kernel_size=8, norm=None, activation=None, use_bias=True)
    return {"stages": [stage(patches, 32, strides=8)], **encoder(2)}, {"pooling": "first"}


def hybrid():
    like = {"norm": "group_norm", "standardized": True, "padding": "same"}
    stages = [
        stage(conv(kernel_size=7, **like), 32, strides=2),
        stage({"kind": "max_pool", "padding": "same"}, 32, strides=2),
        stage({"kind": "bottleneck", **like}, 128),
        stage({"kind": "bottleneck", **like}, 128, strides=2),
        stage(PATCHES, 32),
    ]
    return {"stages": stages, **encoder(1)}, {"pooling": "first"}


def patchwise(kind="pre_norm"):
    feeds = {"kind": "plain", "intermediate_dim": 32, "activation": "silu"}
    inside = {"kind": kind, "attention": attention(4, 4), "feed_forward": feeds}
    return {"kind": "mobilevit", "inner_dim": 16, "num_layers": 2, "blocks": inside}


def mobilevit():
    stem = [stage(conv(activation="silu"), 8, strides=2), stage(INVERTED, 8, 2)]
    looked = [stage(INVERTED, 16, strides=2), stage(patchwise(), 16)]
    looked += [stage(INVERTED, 24, strides=2), stage(patchwise(), 24)]
    last = stage(conv(kernel_size=1, activation="silu"), 24)
    return {"stages": [*stem, *looked, last]}, {}


MODELS = {make.__name__: make for make in (coatnet, resnet, botnet, hybrid, vit, mobilevit)}
every = pytest.mark.parametrize("name", MODELS)


def build(name, image_size=None, mean=127.5, **options):
    written, head = MODELS[name]()
    size = image_size or json.loads(str(GOLDEN[f"{name}/config"]))["image_size"]
    given = {"image_size": size, "image_mean": [mean] * 3, "image_std": [mean or 1.0] * 3}
    backbone = make(Backbone, {"kind": "conv_attention", **written, **given, **options})
    head = {"kind": "image_classifier", "num_classes": CLASSES, "dropout": 0.0, **head}
    return make(Task, head, backbone=backbone)


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


@pytest.mark.parametrize("name", ["coatnet", "botnet", "hybrid", "mobilevit"])
def test_every_weight_learns(name):
    """Also where the branches of a ResNet begin with a scale of 0."""
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
    assert still == []


def shape(name, batch):
    size = json.loads(str(GOLDEN[f"{name}/config"]))["image_size"]
    return batch, size, size, 3


def test_a_saved_model_answers_the_same(tmp_path):
    task, images = build("coatnet"), np.random.default_rng(0).uniform(0, 255, shape("coatnet", 2))
    task.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again({"images": images}), task({"images": images}))


@pytest.mark.parametrize("name", ["coatnet", "hybrid", "botnet", "mobilevit"])
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
        (
            [stage(patchwise(), 8, strides=2)],
            "strides: found 2, expected 1",
        ),
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
    ],
)
def test_what_no_picture_can_be_read_by_is_said(options, said):
    written, _ = vit()
    if kind := options.pop("kind_of_block", None):
        written["blocks"] = {**written["blocks"], "kind": kind}
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
