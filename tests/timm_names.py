"""Which weight of timm's image models is which of ours."""

from zoo.convert.image_weights import bottleneck, convolved, in_stages, normal, side_by_side
from zoo.convert.timm import Timm
from zoo.convert.weights import linear, same
from zoo.core.kinds import find


def of(kind, architecture):
    """The names of an architecture, for models of other sizes too."""
    family = find(Timm.shelf, kind)(architecture)

    def weights(task):
        yield from family.weights(task.backbone)
        yield from family.head_weights(task)

    return weights


coatnet = of("coatnet", "coatnet_0_224")
resnet = of("resnet", "resnet50")
hybrid = of("hybrid", "vit_base_r50_s16_224")
vit = of("vision_transformer", "vit_base_patch16_224")


def botnet(task):
    """Attention in the place of a convolution of a ResNet, as the golden case has it."""
    stem, _, *blocks = task.backbone.image_layers
    yield from convolved(("conv1", "bn1"), stem.conv, stem.conv_norm)
    for name, block in in_stages(blocks, "layer{}.{}.", 1):
        shortcut = (f"{name}downsample.0", f"{name}downsample.1")
        parts = [(f"{name}conv{part}", f"{name}bn{part}") for part in (1, 2, 3)]
        yield from bottleneck(block, shortcut, parts)
        if not block.attention:
            continue
        around = f"{name}conv2.attention."
        yield from side_by_side(f"{around}qkv", block.attention)
        for axis, table in (("height", "down"), ("width", "right")):
            yield same(f"{around}pos_embed.{axis}_rel", getattr(block.attention.position, table))
        yield from normal(parts[1][1], block.middle_norm)
    yield from linear("fc", task.output_dense)
