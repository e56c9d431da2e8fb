"""Make vision.npz: small image models of timm, from convolutions alone to attention alone.

Made with torch 2.15.0, timm 1.0.31 and, for `cvt`, transformers 4.35.2, in evaluation mode. For
each case

    <case>/config           JSON: the options of the case, and where they are ours, by our names
    <case>/weights/<name>   state dict, with the statistics of batch norms
    <case>/x                [batch, height, width, channels], normalised
    <case>/out              [batch, classes]

The quirks of the originals, and which case shows it:

- `coatnet`: queries, keys and values stand head by head in one matrix. The bias of a pair is that
  of the step from the key to the query: our table, turned by half a turn. Pictures become smaller
  by the mean of squares of four, in both branches. Squeeze and excite reduce by a share of the
  width of the block's output.
- `resnet`: what makes a picture smaller is the 3 × 3 convolution; borders are padded on all sides.
- `botnet`: queries are scaled before they meet the positions (`scale_pos_embed`, as in the code of
  the paper's authors); there is no projection behind the heads.
- `hybrid`: weights are standardised with 1e-8 under the root; borders as TensorFlow pads them, and
  zeros, not -inf, around the pooled stem.
- `vit`: queries, keys and values stand one after another in one matrix.
- `mobilevit`: places in one corner of all patches are a row; 7 × 7 places are resized to 8 × 8 for
  it, and back. The convolution at the end sees what was given before what was found.
- `levit`: of 5 × 5 places 3 × 3 ask, and of these 2 × 2; what they are told is not added to them.
  Values are twice, or four times, as wide as keys. Two heads, of which the mean counts.
- `cvt`: keys and values of 14 × 14, 7 × 7 and 4 × 4 places are convolved by steps of two; the class
  token, which only the last stage has, is not convolved. Scores are divided by the root of the
  width of the stage, not of a head.
"""

from functools import partial

import numpy as np
import torch
from arrays import case_arrays, noise, prefixed, save
from timm.layers.bottleneck_attn import BottleneckAttn
from timm.layers.std_conv import StdConv2dSame
from timm.models.byobnet import ByobNet, ByoModelCfg
from timm.models.levit import LevitDistilled
from timm.models.maxxvit import MaxxVit, MaxxVitCfg
from timm.models.mobilevit import _inverted_residual_block, _mobilevit_block
from timm.models.resnet import Bottleneck, ResNet
from timm.models.resnetv2 import ResNetV2
from timm.models.vision_transformer import VisionTransformer
from timm.models.vision_transformer_hybrid import HybridEmbed
from transformers import CvtConfig, CvtForImageClassification

CLASSES = 5
GAIN = {"levit": 1}
"""Where many sums would make a signal grow."""


def coatnet():
    sizes = {"embed_dim": (32, 64, 64, 96), "depths": (1, 2, 2, 1), "stem_width": 16}
    cfg = MaxxVitCfg(block_type=("C", "C", "T", "T"), head_hidden_size=96, **sizes)
    return MaxxVit(cfg, img_size=64, num_classes=CLASSES), 64


def resnet():
    sizes = {"channels": (8, 16, 24, 32)}
    return ResNet(Bottleneck, [1, 2, 1, 1], num_classes=CLASSES, **sizes), 64


class Around(torch.nn.Module):
    """Attention in the place of the 3 × 3 convolution of a bottleneck."""

    def __init__(self, size, grid, strides):
        super().__init__()
        options = {"stride": strides, "num_heads": 4, "scale_pos_embed": True}
        self.attention = BottleneckAttn(size, feat_size=(grid, grid), **options)

    def forward(self, x):
        return self.attention(x)


def botnet():
    model, size = resnet()
    for place, block in enumerate(model.layer4):
        block.conv2 = Around(32, 4 if place == 0 else 2, 2 if place == 0 else 1)
    return model, size


def vit():
    sizes = {"embed_dim": 32, "depth": 2, "num_heads": 4}
    return VisionTransformer(32, 8, num_classes=CLASSES, **sizes), 32


def hybrid():
    stem = ResNetV2(
        [1, 1],
        channels=(128, 128),
        stem_chs=32,
        num_classes=0,
        global_pool="",
        preact=False,
        stem_type="same",
        conv_layer=partial(StdConv2dSame, eps=1e-8),
    )
    embed = partial(HybridEmbed, backbone=stem, proj=True)
    sizes = {"embed_dim": 32, "depth": 1, "num_heads": 4}
    return VisionTransformer(32, 1, num_classes=CLASSES, embed_layer=embed, **sizes), 32


def mobilevit():
    inside = {"transformer_dim": 16, "transformer_depth": 2, "patch_size": 2, "br": 2.0}
    blocks = (
        _inverted_residual_block(d=2, c=8, s=1, br=2.0),
        _mobilevit_block(d=1, c=16, s=2, **inside),
        _mobilevit_block(d=1, c=24, s=2, **inside),
    )
    sizes = {"blocks": blocks, "stem_chs": 8, "num_features": 24}
    cfg = ByoModelCfg(stem_type="3x3", stem_pool="", downsample="", act_layer="silu", **sizes)
    return ByobNet(cfg, num_classes=CLASSES), 56


def levit():
    sizes = {"embed_dim": (16, 24, 32), "key_dim": 4, "num_heads": (2, 3, 4), "depth": (2, 1, 1)}
    return LevitDistilled(img_size=80, num_classes=CLASSES, **sizes), 80


class Scores(torch.nn.Module):
    """What a model of transformers scores, alone."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x).logits

    def state_dict(self):
        return self.model.state_dict()


def cvt():
    sizes = {"embed_dim": [8, 16, 24], "num_heads": [1, 2, 3], "depth": [1, 2, 3]}
    config = CvtConfig(num_labels=CLASSES, mlp_ratio=[2.0, 2.0, 2.0], **sizes)
    return Scores(CvtForImageClassification(config)), 56


def randomise(model, rng, gain):
    """Weights of the size that keeps a signal as large as it is, and statistics of some batches."""
    for name, value in [*model.named_parameters(), *model.named_buffers()]:
        if value.dtype != torch.float32:
            continue
        scale = 0.3 if value.ndim < 2 else (gain / value[0].numel()) ** 0.5
        drawn = noise(rng, *value.shape, scale=scale)
        spread = name.endswith("running_var") or (value.ndim == 1 and name.endswith("weight"))
        value.data = value.data.new_tensor(1 + abs(drawn) if spread else drawn)


def case(name, make):
    rng = np.random.default_rng(sum(map(ord, name)))
    model, size = make()
    randomise(model, rng, GAIN.get(name, 2))
    x = noise(rng, 2, size, size, 3)
    with torch.no_grad():
        out = model.eval()(torch.from_numpy(x).permute(0, 3, 1, 2))
    weights = {
        key: value
        for key, value in model.state_dict().items()
        if not any(part in key for part in ("num_batches", "index", "idxs"))
    }
    return prefixed(name, case_arrays({"image_size": size}, weights, x=x, out=out.numpy()))


if __name__ == "__main__":
    makers = (coatnet, resnet, botnet, hybrid, vit, mobilevit, levit, cvt)
    save(__file__, {k: v for make in makers for k, v in case(make.__name__, make).items()})
