"""MobileViT (Mehta and Rastegari 2022)."""

from zoo.convert._mobilevit import Called, inverted, looking, stages
from zoo.convert.image_weights import in_stages, layer
from zoo.convert.timm import Timm
from zoo.convert.weights import linear

SIZES = {
    "mobilevit_xxs": ([16, 16, 24, 48, 64, 80, 320], [64, 80, 96], 2),
    "mobilevit_xs": ([16, 32, 48, 64, 80, 96, 384], [96, 120, 144], 4),
    "mobilevit_s": ([16, 32, 64, 96, 128, 160, 640], [144, 192, 240], 4),
}
"""How wide stages are, how wide attention is in the last three, and by how much inverted residuals
are wider inside. Other models of timm than these have no config."""
LOOKS = {
    "near": "conv_kxk",
    "enter": "conv_1x1",
    "layers": "transformer",
    "norm": "norm",
    "leave": "conv_proj",
    "join": "conv_fusion",
}
CALLED = Called("conv", "bn", ("conv1_1x1", "conv2_kxk", "conv3_1x1"), LOOKS, layer)


class Mobilevit(Timm):
    models = {name: {} for name in SIZES}
    classifier = "head.fc"
    fixed = False
    size = 256

    def model(self, args, size):
        return {"stages": stages(*SIZES[self.architecture])}

    def args(self, backbone, task):
        return {}

    def weights(self, backbone):
        stem, *blocks, last = backbone.image_layers
        yield from CALLED.pair("stem", stem.conv, stem.conv_norm)
        for name, block in in_stages(blocks, "stages.{}.{}."):
            look = looking if hasattr(block, "transformer_layers") else inverted
            yield from look(name, block, CALLED)
        yield from CALLED.pair("final_conv", last.conv, last.conv_norm)

    def head_weights(self, task):
        yield from linear("head.fc", task.output_dense)
