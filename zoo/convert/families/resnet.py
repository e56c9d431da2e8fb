"""ResNets with bottlenecks (He et al. 2015)."""

from zoo.convert.families._image import Image
from zoo.convert.image_weights import bottleneck, convolved, in_stages
from zoo.convert.images import convolution, stage

SIZE, RELU = 224, "relu"


class Resnet(Image):
    prefix = "resnet."
    heads = {"ResNetForImageClassification": "image_classifier", "ResNetModel": ""}
    unread = (r"num_batches_tracked",)
    processor = "ConvNextImageProcessor"
    usual = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    classifier = "classifier.1"

    def backbone(self, config):
        config.must("layer_type", "bottleneck")
        config.must("downsample_in_bottleneck", False)
        for name in ("out_features", "out_indices", "stage_names"):
            config.unused(name)
        widths = config.sizes("hidden_sizes", [256, 512, 1024, 2048])
        depths = config.sizes("depths", [3, 4, 6, 3], len(widths))
        config.must("hidden_act", RELU)  # theirs has it inside of blocks, whatever is said
        stem = config.size("embedding_size", 64)
        first = [stage(convolution(7, activation=RELU), stem, strides=2)]
        strides = [2 if config.take("downsample_in_first_stage", False) else 1]
        strides += [2] * (len(widths) - 1)
        looked = [stage("bottleneck", *one) for one in zip(widths, depths, strides)]
        return {
            "kind": "conv_attention",
            "image_size": self.size(config),
            "stages": [*first, stage("max_pool", stem, strides=2), *looked],
            **self.seen(config),
        }

    def size(self, config):
        """How large pictures are, which the config does not say."""
        told = self.told(config)
        said = told.take("size", {})
        found = said.get("shortest_edge") or said.get("height") or SIZE
        if type(found) is not int or found < 1 or said.get("width", found) != found:
            raise told.wrong("size", "as many rows as columns")
        return found

    def fields(self, backbone, task):
        stem, _, *stages = backbone["stages"]
        return {
            **super().fields(backbone, task),
            "embedding_size": stem["hidden_dim"],
            "hidden_sizes": [one["hidden_dim"] for one in stages],
            "depths": [one["num_layers"] for one in stages],
            "layer_type": "bottleneck",
            "hidden_act": RELU,
            "downsample_in_first_stage": stages[0]["strides"] > 1,
            "downsample_in_bottleneck": False,
        }

    def weights(self, backbone):
        stem, _, *blocks = backbone.image_layers
        name = f"{self.prefix}embedder.embedder."
        names = (f"{name}convolution", f"{name}normalization")
        yield from convolved(names, stem.conv, stem.conv_norm)
        for name, block in in_stages(blocks, f"{self.prefix}encoder.stages.{{}}.layers.{{}}."):
            said = (f"{name}{one}" for one in ("shortcut", "layer.0", "layer.1", "layer.2"))
            shortcut, *parts = ((f"{one}.convolution", f"{one}.normalization") for one in said)
            yield from bottleneck(block, shortcut, parts)
