"""ResNets with bottlenecks (He et al. 2015)."""

from collections.abc import Iterator
from typing import Any

from zoo.convert.config import Config
from zoo.convert.families._image import Image
from zoo.convert.image_weights import Names, bottleneck, convolved, in_stages
from zoo.convert.images import IMAGENET, convolution, stage
from zoo.convert.weights import Weight

RELU, WIDTHS = "relu", [256, 512, 1024, 2048]


class Resnet(Image):
    prefix = "resnet."
    heads = {"ResNetForImageClassification": "image_classifier", "ResNetModel": ""}
    unread = (r"num_batches_tracked",)
    processor = "ConvNextImageProcessor"
    usual = IMAGENET
    classifier = "classifier.1"

    def backbone(self, config):
        return {
            "kind": "conv_attention",
            "image_size": self.size(config),
            "stages": stages(config),
            **self.seen(config),
        }

    def fields(self, backbone, task):
        return {**super().fields(backbone, task), **fields(backbone["stages"])}

    def weights(self, backbone):
        yield from weights(self.prefix, backbone.image_layers)


def stages(config: Config, norm: str = "batch_norm") -> list[dict[str, Any]]:
    """The stages that a config says."""
    config.must("layer_type", "bottleneck")
    config.must("downsample_in_bottleneck", False)
    for name in ("out_features", "out_indices", "stage_names"):
        config.unused(name)
    widths = config.sizes("hidden_sizes", WIDTHS)
    depths = config.sizes("depths", [3, 4, 6, 3], len(widths))
    config.must("hidden_act", RELU)  # theirs has it inside of blocks, whatever is said
    smaller = config.take("downsample_in_first_stage", False)
    return laid_out(config.size("embedding_size", 64), widths, depths, smaller, norm)


def laid_out(
    stem: int, widths: list[int], depths: list[int], smaller: bool = False, norm: str = "batch_norm"
) -> list[dict[str, Any]]:
    """The stages of so many layers; the first makes pictures `smaller`, as the others do."""
    first = stage(convolution(7, activation=RELU, norm=norm), stem, strides=2)
    strides = [2 if smaller else 1] + [2] * (len(widths) - 1)
    block = {"kind": "bottleneck", "norm": norm}
    looked = [stage(block, *one) for one in zip(widths, depths, strides)]
    return [first, stage("max_pool", stem, strides=2), *looked]


def fields(written: list[dict[str, Any]]) -> dict[str, Any]:
    """What a config says of stages."""
    stem, _, *looked = written
    return {
        "embedding_size": stem["hidden_dim"],
        "hidden_sizes": [one["hidden_dim"] for one in looked],
        "depths": [one["num_layers"] for one in looked],
        "layer_type": "bottleneck",
        "hidden_act": RELU,
        "downsample_in_first_stage": looked[0]["strides"] > 1,
        "downsample_in_bottleneck": False,
    }


def weights(prefix: str, layers: list[Any]) -> Iterator[Weight]:
    """The weights of the layers of a ResNet."""
    stem, _, *blocks = layers
    yield from convolved(named(f"{prefix}embedder.embedder"), stem.conv, stem.conv_norm)
    for name, block in in_stages(blocks, f"{prefix}encoder.stages.{{}}.layers.{{}}."):
        parts = [named(f"{name}layer.{part}") for part in range(3)]
        yield from bottleneck(block, named(f"{name}shortcut"), parts)


def named(place: str) -> Names:
    """What a convolution and the norm behind it are called."""
    return f"{place}.convolution", f"{place}.normalization"
