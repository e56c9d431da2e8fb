"""Hybrid vision Transformers: one that reads what a ResNet with standardised weights has seen."""

from typing import Any

from zoo.convert.config import Config
from zoo.convert.families.vit import Vit
from zoo.convert.image_weights import bottleneck, convolved, in_stages
from zoo.convert.images import standardized_resnet

DEPTHS, WIDTHS = [3, 4, 9], [256, 512, 1024, 2048]
GROUPS = 32
LAID_OUT = {
    "layer_type": "bottleneck",
    "embedding_dynamic_padding": True,
    "num_groups": GROUPS,
    "width_factor": 1,
    "hidden_act": "relu",
}
"""What the config of a ResNet says, at the only value that is supported."""


class VitHybrid(Vit):
    heads = {"ViTHybridForImageClassification": "image_classifier", "ViTHybridModel": ""}
    processor = "ViTHybridImageProcessor"
    patch_size = 1

    def stages(self, config):
        config.unused("backbone")  # the shape of what it gives, too, which follows from the size
        config.must("use_timm_backbone", False)
        said = config.take("backbone_config", {})
        inside = Config({**LAID_OUT, **said}, f"{config.place}: backbone_config")
        inside.must("model_type", "bit")
        for name, only in LAID_OUT.items():
            inside.must(name, only)
        inside.among("global_padding", "same", dict.fromkeys(("same", "SAME")))
        depths = inside.sizes("depths", DEPTHS)
        widths = inside.sizes("hidden_sizes", WIDTHS)[: len(depths)]
        last = f"stage{len(depths)}"
        inside.must("out_features", [last])
        inside.must("num_channels", config.fields.get("num_channels", 3))
        for name in ("out_indices", "stage_names", "drop_path_rate", "output_stride"):
            inside.unused(name)
        stem = inside.size("embedding_size", 64)
        inside.finish()
        return standardized_resnet(depths, widths, stem)

    def side(self, looked, size, patch):
        for one in looked:
            size = -(-size // one["strides"])
        return size // patch

    def fields(self, backbone, task):
        stem, _, *looked, patches = backbone["stages"]
        side = self.side(backbone["stages"][:-1], backbone["image_size"], 1)
        inside: dict[str, Any] = {
            "model_type": "bit",
            "global_padding": "same",
            **LAID_OUT,
            "depths": [one["num_layers"] for one in looked],
            "hidden_sizes": [one["hidden_dim"] for one in looked],
            "embedding_size": stem["hidden_dim"],
            "out_features": [f"stage{len(looked)}"],
            "num_channels": backbone["num_channels"],
        }
        return {
            **super().fields(backbone, task),
            "patch_size": patches["block"]["kernel_size"],
            "backbone_config": inside,
            "backbone_featmap_shape": [1, looked[-1]["hidden_dim"], side, side],
        }

    def weights(self, backbone):
        stem, _, *blocks, _ = backbone.image_layers
        inside = f"{self.prefix}embeddings.patch_embeddings.backbone.bit."
        first = (f"{inside}embedder.convolution", f"{inside}embedder.norm")
        yield from convolved(first, stem.conv, stem.conv_norm)
        for name, block in in_stages(blocks, f"{inside}encoder.stages.{{}}.layers.{{}}."):
            shortcut = (f"{name}downsample.conv", f"{name}downsample.norm")
            parts = [(f"{name}conv{part}", f"{name}norm{part}") for part in (1, 2, 3)]
            yield from bottleneck(block, shortcut, parts)
        yield from super().weights(backbone)
