"""CoAtNet (Dai et al. 2021), as the paper has it."""

from typing import Any

from zoo.convert import images
from zoo.convert.image_weights import fed, head_by_head, in_stages, normal, steps
from zoo.convert.images import stage
from zoo.convert.timm import Timm
from zoo.convert.weights import convolution, linear, norm, place_by_place

HEAD, STAGES = 32, 4
ATTENDS = (False, False, True, True)
"""Which stages do."""
SIZES = {
    "coatnet_0_224": ([96, 192, 384, 768], [2, 3, 5, 2], 64),
    "coatnet_1_224": ([96, 192, 384, 768], [2, 6, 14, 2], 64),
    "coatnet_2_224": ([128, 256, 512, 1024], [2, 6, 14, 2], 128),
    "coatnet_3_224": ([192, 384, 768, 1536], [2, 6, 14, 2], 192),
    "coatnet_4_224": ([192, 384, 768, 1536], [2, 12, 28, 2], 192),
    "coatnet_5_224": ([256, 512, 1280, 2048], [2, 12, 28, 2], 192),
}
NAMES = ("embed_dim", "depths", "stem_width")


class Coatnet(Timm):
    models = {
        name: {**dict(zip(NAMES, sizes)), "head_hidden_size": sizes[0][-1]}
        for name, sizes in SIZES.items()
    }
    classifier = "head.fc"

    def model(self, args, size):
        widths = args.sizes("embed_dim", [], STAGES)
        depths = args.sizes("depths", [], STAGES)
        stem, looked = args.size("stem_width", HEAD), []
        for width, depth, attends in zip(widths, depths, ATTENDS):
            block = attention(width, width) if attends else "mbconv"
            looked.append(stage(block, width, depth, 2))
        return {"stages": [*self.stem([stem, stem], "gelu"), *looked]}

    def stem(self, widths, activation):
        """Two convolutions; the first makes the picture smaller."""
        first = images.convolution(activation=activation)
        return [stage(first, widths[0], strides=2), stage(images.convolution(), widths[1])]

    def head(self, args):
        return {"pooled_norm": True, "intermediate_dim": args.size("head_hidden_size", HEAD)}

    def args(self, backbone, task):
        stem, _, *stages = backbone["stages"]
        return {
            **grown(stages),
            "stem_width": stem["hidden_dim"],
            "head_hidden_size": task["intermediate_dim"] or 0,
        }

    def weights(self, backbone):
        stem, second, *blocks = backbone.image_layers
        yield from convolution("stem.conv1", stem.conv)
        yield from normal("stem.norm1", stem.conv_norm)
        yield from convolution("stem.conv2", second.conv)
        for name, block in in_stages(blocks, "stages.{}.blocks.{}."):
            if block.shortcut.project:
                yield from place_by_place(f"{name}shortcut.expand", block.shortcut.project)
            yield from (self.convolves if hasattr(block, "depth") else self.attends)(name, block)

    def convolves(self, name, block):
        """The weights of an inverted bottleneck."""
        yield from normal(f"{name}pre_norm", block.input_norm)
        yield from convolution(f"{name}conv1_1x1", block.widen)
        yield from normal(f"{name}norm1", block.widen_norm)
        yield from convolution(f"{name}conv2_kxk", block.depth)
        yield from normal(f"{name}norm2", block.depth_norm)
        weighs = f"{name}se" + "_early" * (block.squeezed == "before_norm")
        yield from place_by_place(f"{weighs}.fc1", block.excite.narrow)
        yield from place_by_place(f"{weighs}.fc2", block.excite.widen)
        yield from convolution(f"{name}conv3_1x1", block.narrow)

    def attends(self, name, block):
        """The weights of a block of attention."""
        attention, table = block.attention, block.attention.position.steps
        yield from norm(f"{name}norm1" + ".norm" * (block.strides > 1), block.attention_norm)
        yield from head_by_head(f"{name}attn.qkv", attention)
        yield steps(f"{name}attn.rel_pos.relative_position_bias_table", table)
        yield from place_by_place(f"{name}attn.proj", attention.attention_output, inputs=2)
        yield from norm(f"{name}norm2", block.feed_forward_norm)
        names = (f"{name}mlp.fc1", f"{name}mlp.fc2")
        yield from fed(names, block.feed_forward, place_by_place)

    def head_weights(self, task):
        yield from norm("head.norm", task.output_norm)
        yield from linear("head.pre_logits.fc", task.pooled_dense)
        yield from linear("head.fc", task.output_dense)


def attention(width: int, given: int, **options: Any) -> dict[str, Any]:
    """A block of attention over all places of a picture, with heads for so many features."""
    heads = {"kind": "multi_head", "num_heads": given // HEAD, "head_dim": HEAD}
    looks = {**heads, "pattern": "full", "position": "grid_bias"}
    fed = {"kind": "plain", "intermediate_dim": 4 * width}
    return {"kind": "pre_norm", "attention": looks, "feed_forward": fed, **options}


def grown(stages: list[dict[str, Any]]) -> dict[str, list[int]]:
    """The widths and depths of stages; what makes a picture smaller begins one."""
    widths, depths = [], []
    for one in stages:
        if one["strides"] > 1:
            widths, depths = [*widths, one["hidden_dim"]], [*depths, 0]
        depths[-1] += one["num_layers"]
    return {"embed_dim": widths, "depths": depths}
