"""Small image models, from convolutions alone to attention alone, as the golden file has them."""

import json
from pathlib import Path

import numpy as np

from zoo.backbones import Backbone
from zoo.core.kinds import make
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


def normed(heads=2, value=8, **options):
    looks = {"kind": "batch_normed", "num_heads": heads, "head_dim": 4, "value_dim": value}
    return {**looks, "position": "grid_distance", **options}


def levit_block(looks):
    return {"kind": "levit", "attention": looks}


def levit():
    def attends(heads, value):
        return levit_block(normed(heads, value))

    stem = [stage(conv(activation="hard_swish"), size, strides=2) for size in (2, 4, 8)]
    looked = [stage(attends(2, 8), 16, 2), stage(attends(4, 16), 24, strides=2)]
    looked += [stage(attends(3, 8), 24), stage(attends(6, 16), 32, strides=2)]
    stages = [*stem, stage(conv(activation=None), 16, strides=2), *looked, stage(attends(4, 8), 32)]
    head = {"pooled_norm": True, "norm": "batch_norm", "layer_norm_epsilon": 1e-5, "num_heads": 2}
    return {"stages": stages}, head


def looking(heads=1, **options):
    return {"kind": "convolved", "num_heads": heads, "head_dim": 8, **options}


def cvt():
    def embeds(size, kernel_size=3, strides=2):
        like = {"norm": "layer_norm", "activation": None, "use_bias": True}
        return stage(conv(kernel_size=kernel_size, **like), size, strides=strides)

    def block(heads):
        feeds = {"kind": "plain", "intermediate_dim": 16 * heads}
        like = {"layer_norm_epsilon": 1e-5, "attention": looking(heads), "feed_forward": feeds}
        return {"kind": "pre_norm", **like}

    stages = [embeds(8, 7, 4), stage(block(1), 8), embeds(16), stage(block(2), 16, 2), embeds(24)]
    head = {"pooling": "first", "pooled_norm": True, "layer_norm_epsilon": 1e-5}
    return {"stages": stages, "class_token": True, "num_layers": 3, "blocks": block(3)}, head


MADE = (coatnet, resnet, botnet, hybrid, vit, mobilevit, levit, cvt)
MODELS = {make.__name__: make for make in MADE}


def build(name, image_size=None, mean=127.5, **options):
    written, head = MODELS[name]()
    size = image_size or json.loads(str(GOLDEN[f"{name}/config"]))["image_size"]
    given = {"image_size": size, "image_mean": [mean] * 3, "image_std": [mean or 1.0] * 3}
    backbone = make(Backbone, {"kind": "conv_attention", **written, **given, **options})
    head = {"kind": "image_classifier", "num_classes": CLASSES, "dropout": 0.0, **head}
    return make(Task, head, backbone=backbone)


def shape(name, batch):
    size = json.loads(str(GOLDEN[f"{name}/config"]))["image_size"]
    return batch, size, size, 3
