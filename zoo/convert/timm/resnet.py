"""ResNets with bottlenecks (He et al. 2015), and wide ones (Zagoruyko and Komodakis 2016)."""

from zoo.convert.image_weights import bottleneck, convolved, in_stages
from zoo.convert.images import convolution, stage
from zoo.convert.timm import Timm
from zoo.convert.weights import linear

STEM = 64
CHANNELS = [64, 128, 256, 512]
NARROWER, BASE = 4, 64
"""How many times narrower a bottleneck is inside, and for which `base_width`."""
LAYERS = {
    "resnet26": [2, 2, 2, 2],
    "resnet50": [3, 4, 6, 3],
    "resnet101": [3, 4, 23, 3],
    "resnet152": [3, 8, 36, 3],
    "resnet200": [3, 24, 36, 3],
}


class Resnet(Timm):
    models = {
        **{name: {"layers": layers} for name, layers in LAYERS.items()},
        "wide_resnet50_2": {"layers": LAYERS["resnet50"], "base_width": 128},
        "wide_resnet101_2": {"layers": LAYERS["resnet101"], "base_width": 128},
    }
    classifier = "fc"
    fixed = False

    def model(self, args, size):
        width = args.size("base_width", BASE)
        if NARROWER * BASE % width:
            raise args.wrong("base_width", f"a divisor of {NARROWER * BASE}")
        block = {"kind": "bottleneck", "reduction": NARROWER * BASE // width}
        layers = args.sizes("layers", [])
        channels = args.sizes("channels", CHANNELS, len(layers))
        sizes = [(NARROWER * size, number) for size, number in zip(channels, layers)]
        seven = convolution(7, activation="relu")
        stem = [stage(seven, STEM, strides=2), stage("max_pool", STEM, strides=2)]
        looked = [stage(block, *one, 1 if place == 0 else 2) for place, one in enumerate(sizes)]
        return {"stages": [*stem, *looked]}

    def args(self, backbone, task):
        stages = backbone["stages"][2:]
        reduction = stages[0]["block"]["reduction"]
        channels = [one["hidden_dim"] // NARROWER for one in stages]
        return {
            "layers": [one["num_layers"] for one in stages],
            **({} if channels == CHANNELS else {"channels": channels}),
            **({} if reduction == NARROWER else {"base_width": NARROWER * BASE // reduction}),
        }

    def weights(self, backbone):
        stem, _, *blocks = backbone.image_layers
        yield from convolved(("conv1", "bn1"), stem.conv, stem.conv_norm)
        for name, block in in_stages(blocks, "layer{}.{}.", 1):
            shortcut = (f"{name}downsample.0", f"{name}downsample.1")
            parts = [(f"{name}conv{part}", f"{name}bn{part}") for part in (1, 2, 3)]
            yield from bottleneck(block, shortcut, parts)

    def head_weights(self, task):
        yield from linear("fc", task.output_dense)
