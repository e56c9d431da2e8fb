"""CoAtNets as timm has trained them: more is learned between a norm and the next, and blocks that
make a picture deeper look at it before."""

from zoo.convert.images import stage
from zoo.convert.timm.coatnet import ATTENDS, NAMES, STAGES, Coatnet, attention, grown
from zoo.convert.weights import linear, norm

SMALL = ([64, 128, 256, 512], [32, 64])
USUAL = ([96, 192, 384, 768], [32, 64])
LARGE = ([128, 256, 512, 1024], [64, 128])
FIRST = {"input_activation": "silu", "use_bias": False}
EARLY = {**FIRST, "squeeze_activation": "relu", "squeezed": "before_norm"}
POOL = {"smaller_by": "pool"}
SIZES = {
    "coatnet_pico_rw_224": (SMALL, [2, 3, 5, 2], {}, True),
    "coatnet_nano_rw_224": (SMALL, [3, 4, 6, 3], POOL, True),
    "coatnet_0_rw_224": (USUAL, [2, 3, 7, 2], {**EARLY, **POOL}, False),
    "coatnet_1_rw_224": (USUAL, [2, 6, 14, 2], EARLY, False),
    "coatnet_2_rw_224": (LARGE, [2, 6, 14, 2], FIRST, True),
}
"""The widths of stages and of the stem, how deep stages are, what their convolutions are like, and
whether the shortcuts of attention have a bias."""
BLOCK = {"kind": "mbconv", "activation": "silu", "shares_of": "input", "squeeze": 1.0}


class CoatnetRw(Coatnet):
    models = {
        name: dict(zip(NAMES, (widths, depths, stem)))
        for name, ((widths, stem), depths, *_) in SIZES.items()
    }

    def model(self, args, size):
        widths = args.sizes("embed_dim", [], STAGES)
        depths = args.sizes("depths", [], STAGES)
        stem = args.sizes("stem_width", [], 2)
        *_, like, bias = SIZES[self.architecture]
        stages, given = self.stem(stem, "silu"), stem[-1]
        for width, depth, attends in zip(widths, depths, ATTENDS):
            if attends:
                first, rest = (attention(width, of, shortcut_bias=bias) for of in (given, width))
                stages.append(stage(first, width, 1, 2))
                stages += [stage(rest, width, depth - 1)] if depth > 1 else []
            else:
                stages.append(stage({**BLOCK, **like}, width, depth, 2))
            given = width
        return {"stages": stages, "final_norm": True}

    def head(self, args):
        return {}

    def args(self, backbone, task):
        first, second, *stages = backbone["stages"]
        return {**grown(stages), "stem_width": [first["hidden_dim"], second["hidden_dim"]]}

    def weights(self, backbone):
        yield from super().weights(backbone)
        yield from norm("norm", backbone.output_norm)

    def head_weights(self, task):
        yield from linear("head.fc", task.output_dense)
