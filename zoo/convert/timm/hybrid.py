"""Hybrid vision Transformers, which read what a ResNet with standardised weights has seen
(Dosovitskiy et al. 2021; Steiner et al. 2021)."""

from zoo.convert.image_weights import bottleneck, convolved, in_stages
from zoo.convert.images import standardized_resnet
from zoo.convert.timm import vision_transformer
from zoo.convert.timm.vision_transformer import VisionTransformer

LAYERS = {
    "vit_tiny_r_s16_p8": ("tiny", 8, []),
    "vit_small_r26_s32": ("small", 1, [2, 2, 2, 2]),
    "vit_base_r26_s32": ("base", 1, [2, 2, 2, 2]),
    "vit_base_r50_s16": ("base", 1, [3, 4, 9]),
    "vit_large_r50_s32": ("large", 1, [3, 4, 6, 3]),
}
"""How wide each is, how large its patches are, and the layers of each stage of its ResNet."""
STEM, WIDTHS = 64, [256, 512, 1024, 2048]


class Hybrid(VisionTransformer):
    models = {
        f"{name}_{size}": vision_transformer.sizes(width, patch)
        for name, (width, patch, _) in LAYERS.items()
        for size in (224, 384)
        if (name, size) != ("vit_base_r26_s32", 384)
    }

    def layers(self):
        return LAYERS[self.architecture.rpartition("_")[0]][2]

    def stages(self, args, patch):
        return standardized_resnet(self.layers(), WIDTHS, STEM)

    def side(self, size, patch):
        for _ in range(1 + max(1, len(self.layers()))):
            size = -(-size // 2)
        return size // patch

    def args(self, backbone, task):
        patch = backbone["stages"][-1]["block"]["kernel_size"]
        return {**super().args(backbone, task), "patch_size": patch}

    def weights(self, backbone):
        stem, _, *blocks, _ = backbone.image_layers
        inside = "patch_embed.backbone."
        before = inside if not blocks else f"{inside}stem."
        yield from convolved((f"{before}conv", f"{before}norm"), stem.conv, stem.conv_norm)
        for name, block in in_stages(blocks, f"{inside}stages.{{}}.blocks.{{}}."):
            shortcut = (f"{name}downsample.conv", f"{name}downsample.norm")
            parts = [(f"{name}conv{part}", f"{name}norm{part}") for part in (1, 2, 3)]
            yield from bottleneck(block, shortcut, parts)
        yield from super().weights(backbone)
