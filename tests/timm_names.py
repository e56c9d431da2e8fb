"""Which weight of timm's image models is which of ours."""

import numpy as np
from keras import layers

from zoo.convert.weights import (
    Weight,
    beside,
    convolution,
    linear,
    norm,
    place_by_place,
    same,
    statistics,
)


def normal(name, layer):
    yield from norm(name, layer.normalize)
    if isinstance(layer.normalize, layers.BatchNormalization):
        yield from statistics(name, layer.normalize)


def coatnet(task):
    stem, second, *blocks = task.backbone.image_layers
    yield from convolution("stem.conv1", stem.conv)
    yield from normal("stem.norm1", stem.conv_norm)
    yield from convolution("stem.conv2", second.conv)
    for block, name in zip(blocks, numbered(task.backbone.stages[2:], "stages.{}.blocks.{}.")):
        if block.shortcut.project:
            yield from place_by_place(f"{name}shortcut.expand", block.shortcut.project)
        yield from (mbconv if hasattr(block, "depth") else attending)(name, block)
    yield from norm("head.norm", task.norm)
    yield from linear("head.pre_logits.fc", task.pooled_dense)
    yield from linear("head.fc", task.output_dense)


def numbered(stages, name, first=0):
    """The names of all blocks of some stages, which are counted from `first`."""
    counts = enumerate((stage["num_layers"] for stage in stages), first)
    return [name.format(place, layer) for place, count in counts for layer in range(count)]


def mbconv(name, block):
    yield from normal(f"{name}pre_norm", block.input_norm)
    yield from convolution(f"{name}conv1_1x1", block.widen)
    yield from normal(f"{name}norm1", block.widen_norm)
    yield from convolution(f"{name}conv2_kxk", block.depth)
    yield from normal(f"{name}norm2", block.depth_norm)
    yield from place_by_place(f"{name}se.fc1", block.excite.narrow)
    yield from place_by_place(f"{name}se.fc2", block.excite.widen)
    yield from convolution(f"{name}conv3_1x1", block.narrow)


def attending(name, block):
    attention, feed = block.attention, block.feed_forward
    yield from norm(f"{name}norm1" + ".norm" * (block.strides > 1), block.attention_norm)
    yield from head_by_head(f"{name}attn.qkv", attention)
    yield steps(f"{name}attn.rel_pos.relative_position_bias_table", attention.position.steps)
    yield from place_by_place(f"{name}attn.proj", attention.attention_output, inputs=2)
    yield from norm(f"{name}norm2", block.feed_forward_norm)
    yield from place_by_place(f"{name}mlp.fc1", feed.widen)
    yield from place_by_place(f"{name}mlp.fc2", feed.narrow)


def head_by_head(name, attention):
    """Queries, keys and values of each head beside one another: `(h 3 e) d 1 1`."""
    parts, shape = projections(attention), (attention.num_heads, 3, attention.head_dim, -1)

    def kernels(theirs):
        return list(theirs.reshape(shape).transpose(1, 3, 0, 2))

    def biases(theirs):
        return list(theirs.reshape(shape[:3]).transpose(1, 0, 2))

    given = attention.query.kernel.shape[0]
    joined = np.empty((attention.num_heads * 3 * attention.head_dim, given, 1, 1))
    yield Weight(f"{name}.weight", [one.kernel for one in parts], kernels, lambda _: joined)
    yield Weight(f"{name}.bias", [one.bias for one in parts], biases, lambda _: joined[:, 0, 0, 0])


def projections(attention):
    return [attention.query, attention.key, attention.value]


def steps(name, table):
    """Biases by the step from the key to the query, `(y x) h`; ours by the step back, `h y x`."""

    def split(theirs):
        return [theirs.T.reshape(table.shape)[:, ::-1, ::-1]]

    return Weight(name, [table], split, lambda ours: ours[0].reshape(len(ours[0]), -1).T)


def resnet(task):
    stem, _, *blocks = task.backbone.image_layers
    yield from convolution("conv1", stem.conv)
    yield from normal("bn1", stem.conv_norm)
    for block, name in zip(blocks, numbered(task.backbone.stages[2:], "layer{}.{}.", 1)):
        names = [("downsample.0", "downsample.1"), *[(f"conv{n}", f"bn{n}") for n in (1, 2, 3)]]
        yield from bottleneck(block, [[name + one for one in pair] for pair in names])
    yield from linear("fc", task.output_dense)


botnet = resnet


def bottleneck(block, names):
    """`names`: of convolution and norm of the shortcut, and of the three of the branch."""
    if block.project:
        yield from convolution(names[0][0], block.project)
        yield from normal(names[0][1], block.project_norm)
    for part, (conv, normed) in zip(("narrow", "middle", "widen"), names[1:]):
        yield from normal(normed, getattr(block, f"{part}_norm"))
        if part != "middle" or not block.attention:
            yield from convolution(conv, getattr(block, part))
    if block.attention:
        around = f"{names[2][0]}.attention."
        yield from side_by_side(f"{around}qkv", block.attention)
        for axis, table in (("height", "down"), ("width", "right")):
            yield same(f"{around}pos_embed.{axis}_rel", getattr(block.attention.position, table))


def side_by_side(name, attention):
    """Queries, then keys, then values: `(3 h e) d 1 1`."""
    weight, *_ = beside(name, projections(attention), by_outputs=True)
    split = lambda theirs: weight.split(theirs[..., 0, 0])  # noqa: E731
    yield weight._replace(split=split, join=lambda ours: weight.join(ours)[..., None, None])


def vit(task):
    patches, backbone = task.backbone.image_layers[-1], task.backbone
    yield same("cls_token", backbone.start.token)
    table = backbone.position.embeddings
    yield Weight("pos_embed", [table], lambda theirs: [theirs[0]], lambda ours: ours[0][None])
    yield from convolution("patch_embed.proj", patches.conv)
    for number, block in enumerate(backbone.transformer_layers):
        name, attention, feed = f"blocks.{number}.", block.attention, block.feed_forward
        yield from norm(f"{name}norm1", block.attention_norm)
        yield from beside(f"{name}attn.qkv", projections(attention), by_outputs=True)
        yield from linear(f"{name}attn.proj", attention.attention_output, inputs=2)
        yield from norm(f"{name}norm2", block.feed_forward_norm)
        yield from linear(f"{name}mlp.fc1", feed.widen)
        yield from linear(f"{name}mlp.fc2", feed.narrow)
    yield from norm("norm", backbone.output_norm)
    yield from linear("head", task.output_dense)


def hybrid(task):
    stem, _, *blocks, _ = task.backbone.image_layers
    inside = "patch_embed.backbone."
    yield from convolution(f"{inside}stem.conv", stem.conv)
    yield from normal(f"{inside}stem.norm", stem.conv_norm)
    stages = task.backbone.stages[2:-1]
    for block, name in zip(blocks, numbered(stages, f"{inside}stages.{{}}.blocks.{{}}.")):
        names = [("downsample.conv", "downsample.norm")]
        names += [(f"conv{n}", f"norm{n}") for n in (1, 2, 3)]
        yield from bottleneck(block, [[name + one for one in pair] for pair in names])
    yield from vit(task)
