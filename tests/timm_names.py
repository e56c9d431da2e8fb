"""Which weight of timm's image models, and of transformers' CvT, is which of ours."""

import numpy as np

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
from zoo.convert.weights import (
    Weight,
    beside,
    convolution,
    linear,
    norm,
    same,
    statistics,
)
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


def levit(task):
    layers = task.backbone.image_layers
    for number, stem in enumerate(layers[:4], 1):
        name = f"stem.conv{number}."
        yield from convolved((f"{name}linear", f"{name}bn"), stem.conv, stem.conv_norm)
    for name, block in in_stages(layers[4:], "{} {}"):
        stage, layer = map(int, name.split())
        yield from attending(f"stages.{stage}.", layer, stage > 0, block)
    for name, normed, dense in zip(("head", "head_dist"), task.output_norms, task.output_denses):
        yield from kept(f"{name}.bn", normed)
        yield from linear(f"{name}.linear", dense)


def attending(stage, layer, shrinks, block):
    """A block; the first of a stage that shrinks pictures does so, and is none of its `blocks`."""
    name = f"{stage}blocks.{layer - shrinks}." if layer or not shrinks else f"{stage}downsample."
    looks = block.attention
    around = f"{name}attn_downsample." if block.strides > 1 else f"{name}attn."
    if block.strides > 1:
        yield from beside_in_heads(f"{around}q.ln", [looks.query], looks)
        yield from beside_in_heads(f"{around}kv", [looks.key, looks.value], looks)
    else:
        yield from beside_in_heads(f"{around}qkv", [looks.query, looks.key, looks.value], looks)
    yield from beside_in_heads(f"{around}proj.ln", [looks.attention_output], looks)
    biases = looks.position.steps
    yield Weight(f"{around}attention_biases", [biases], lambda theirs: [theirs], flat)
    for part, their in (("widen", "ln1"), ("narrow", "ln2")):
        yield from linear(f"{name}mlp.{their}.linear", getattr(block, part), inputs=3)
        yield from normal(f"{name}mlp.{their}.bn", getattr(block, f"{part}_norm"))


def flat(ours):
    return ours[0].reshape(len(ours[0]), -1)


def kept(name, layer):
    yield from norm(name, layer)
    yield from statistics(name, layer)


def beside_in_heads(name, parts, attention):
    """Projections with their norms, side by side in every head: `(h (e e …)) d`."""
    heads = attention.num_heads if len(parts) > 1 else 1
    ends = np.cumsum([part.size // heads for part in parts])[:-1]

    def split(theirs):
        cut = np.split(theirs.reshape(heads, -1, *theirs.shape[1:]), ends, axis=1)
        return [one.reshape(-1, *theirs.shape[1:]).T for one in cut]

    def join(ours):
        return np.concatenate([one.T for one in ours])

    yield Weight(f"{name}.linear.weight", [part.project.kernel for part in parts], split, join)
    every = [list(kept(f"{name}.bn", part.normalize)) for part in parts]
    for together in zip(*every):
        yield Weight(together[0].name, [one.variables[0] for one in together], split, join)


def cvt(task):
    backbone, inside = task.backbone, ""
    for name, block in in_stages(backbone.image_layers, "{} {}"):
        stage, layer = map(int, name.split())
        inside = f"cvt.encoder.stages.{stage}."
        if layer:
            yield from convolving(f"{inside}layers.{layer - 1}.", block)
        else:
            embedded = f"{inside}embedding.convolution_embeddings."
            yield from convolution(f"{embedded}projection", block.conv)
            yield from norm(f"{embedded}normalization", block.conv_norm.normalize)
    yield same(f"{inside}cls_token", backbone.start.token)
    for place, block in enumerate(backbone.transformer_layers):
        yield from convolving(f"{inside}layers.{place}.", block)
    yield from norm("layernorm", task.output_norm)
    yield from linear("classifier", task.output_dense)


def convolving(name, block):
    looks, inside = block.attention, f"{name}attention.attention."
    for part in ("query", "key", "value"):
        around, before = getattr(looks, f"around_{part}"), f"convolution_projection_{part}"
        before = f"{inside}{before}.convolution_projection."
        yield from convolution(f"{before}convolution", around.conv)
        yield from kept(f"{before}normalization", around.normalize)
        yield from linear(f"{inside}projection_{part}", getattr(looks, part))
    yield from linear(f"{name}attention.output.dense", looks.attention_output, inputs=2)
    yield from norm(f"{name}layernorm_before", block.attention_norm)
    yield from norm(f"{name}layernorm_after", block.feed_forward_norm)
    yield from fed((f"{name}intermediate.dense", f"{name}output.dense"), block.feed_forward)
