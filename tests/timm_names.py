"""Which weight of timm's image models is which of ours."""

from zoo.blocks.image.mobilevit import Mobilevit
from zoo.convert.image_weights import (
    bottleneck,
    convolved,
    fed,
    in_stages,
    normal,
    projections,
    side_by_side,
)
from zoo.convert.timm import Timm
from zoo.convert.weights import beside, convolution, linear, norm, same
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


def mobilevit(task):
    stem, *blocks, last = task.backbone.image_layers
    yield from normed("stem", stem.conv, stem.conv_norm)
    for name, block in in_stages(blocks, "stages.{}.{}."):
        yield from (patchwise if isinstance(block, Mobilevit) else inverted)(name, block)
    yield from normed("final_conv", last.conv, last.conv_norm)
    yield from linear("head.fc", task.output_dense)


def normed(name, conv, norm_behind):
    return convolved((f"{name}.conv", f"{name}.bn"), conv, norm_behind)


def inverted(name, block):
    for part, conv in (("widen", "conv1_1x1"), ("depth", "conv2_kxk"), ("narrow", "conv3_1x1")):
        yield from normed(name + conv, getattr(block, part), getattr(block, f"{part}_norm"))


def patchwise(name, block):
    yield from normed(f"{name}conv_kxk", block.near, block.near_norm)
    yield from convolution(f"{name}conv_1x1", block.enter)
    for number, one in enumerate(block.transformer_layers):
        inside = f"{name}transformer.{number}."
        yield from norm(f"{inside}norm1", one.attention_norm)
        yield from beside(f"{inside}attn.qkv", projections(one.attention), by_outputs=True)
        yield from linear(f"{inside}attn.proj", one.attention.attention_output, inputs=2)
        yield from norm(f"{inside}norm2", one.feed_forward_norm)
        yield from fed((f"{inside}mlp.fc1", f"{inside}mlp.fc2"), one.feed_forward)
    yield from norm(f"{name}norm", block.output_norm)
    yield from normed(f"{name}conv_proj", block.leave, block.leave_norm)
    yield from normed(f"{name}conv_fusion", block.join, block.join_norm)
