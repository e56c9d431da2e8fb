"""BoTNets (Srinivas et al. 2021) as timm has trained them: attention in the last two stages or
three, and a stem of three small convolutions."""

from zoo.convert.image_weights import bottleneck, convolved, in_stages, lines, normal, side_by_side
from zoo.convert.images import convolution, stage
from zoo.convert.timm import Timm
from zoo.convert.weights import linear

WIDTHS = (256, 512, 1024, 2048)
STEM, HEADS, NARROWER = 64, 4, 4
BLOCKS = {
    "botnet26t_256": (("cc", "cc", "ca", "aa"), "relu"),
    "botnet50ts_256": (("ccc", "ccca", "cacaca", "cac"), "silu"),
}
"""The blocks of each stage, which convolve or attend, and what activates them."""
EVEN = 8


def even(size: float) -> int:
    """The nearest number that 8 divides, and no tenth below."""
    found = max(EVEN, int(size + EVEN / 2) // EVEN * EVEN)
    return found + EVEN if found < 0.9 * size else found


class Botnet(Timm):
    models = {name: {"width_factor": 1.0} for name in BLOCKS}
    classifier = "head.fc"

    def model(self, args, size):
        share = args.take("width_factor", 1.0)
        stages, activation = BLOCKS[self.architecture]
        small, stem = convolution(3, activation=activation), round(STEM * share)
        widths = [3 * stem // 8, stem // 2, stem]
        first = [stage(small, width, 1, 2 if n == 0 else 1) for n, width in enumerate(widths)]
        looked = []
        for place, (width, kinds) in enumerate(zip(WIDTHS, stages)):
            for layer, kind in enumerate(kinds):
                strides = 2 if place and not layer else 1
                block = self.block(kind, even(width * share), activation)
                looked.append(stage(block, even(width * share), 1, strides))
        return {"stages": [*first, stage("max_pool", stem, strides=2), *looked]}

    def block(self, kind, width, activation):
        """A bottleneck that convolves, or attends."""
        size = width // NARROWER // HEADS
        attention = {
            "kind": "spatial",
            "num_heads": HEADS,
            "head_dim": size,
            "position": "relative_2d",
        }
        plain = {"kind": "bottleneck", "activation": activation}
        return {**plain, "attention": attention} if kind == "a" else plain

    def args(self, backbone, task):
        return {"width_factor": backbone["stages"][-1]["hidden_dim"] / WIDTHS[-1]}

    def weights(self, backbone):
        *stem, _ = (one for one in backbone.image_layers if not hasattr(one, "narrow"))
        for number, block in enumerate(stem, 1):
            name = f"stem.conv{number}"
            yield from convolved((f"{name}.conv", f"{name}.bn"), block.conv, block.conv_norm)
        for name, block in in_stages(backbone.image_layers[len(stem) + 1 :], "stages.{}.{}."):
            shortcut = (f"{name}shortcut.conv", f"{name}shortcut.bn")
            layers = ("conv1_1x1", "conv2_kxk", "conv3_1x1")
            parts = [(f"{name}{layer}.conv", f"{name}{layer}.bn") for layer in layers]
            yield from bottleneck(block, shortcut, parts)
            if block.attention:
                yield from self.attends(name, block)

    def attends(self, name, block):
        """The weights of the attention of a block, and of the norm behind it."""
        attention = block.attention
        yield from side_by_side(f"{name}self_attn.qkv", attention)
        scale, position = attention.head_dim**-0.5, attention.position
        for axis, table in (("height", position.down), ("width", position.right)):
            yield lines(f"{name}self_attn.pos_embed.{axis}_rel", table, scale)
        yield from normal(f"{name}post_attn", block.middle_norm)

    def head_weights(self, task):
        yield from linear("head.fc", task.output_dense)
