"""MobileViT (Mehta and Rastegari 2022). Theirs sees blue before red: the weights of the first
convolution are turned."""

from zoo.convert._mobilevit import DEPTHS, Called, inverted, looking, stages
from zoo.convert.config import name_of
from zoo.convert.families._image import Image, layer
from zoo.convert.image_weights import in_stages
from zoo.core.kinds import as_list

LOOKS = {
    "near": "conv_kxk",
    "enter": "conv_1x1.convolution",
    "layers": "transformer.layer",
    "norm": "layernorm",
    "leave": "conv_projection",
    "join": "fusion",
}
INVERTED = ("expand_1x1", "conv_3x3", "reduce_1x1")
CALLED = Called("convolution", "normalization", INVERTED, LOOKS, layer)
EVEN, SHALLOW = 8, 2
"""Widths are multiples of the one; before so many stages nothing attends."""
LAID_OUT = {"conv_kernel_size": 3, "output_stride": 32, "qkv_bias": True}


class Mobilevit(Image):
    prefix = "mobilevit."
    heads = {"MobileViTForImageClassification": "image_classifier", "MobileViTModel": ""}
    unread = (r"num_batches_tracked",)
    processor = "MobileViTImageProcessor"
    usual = ([0.0] * 3, [1.0] * 3)
    unsaid = Image.unsaid - {"dropout"}

    def backbone(self, config):
        for name, only in LAID_OUT.items():
            config.must(name, only)
        for prefix in ("aspp_", "atrous_rates", "semantic_loss_ignore_index"):
            config.unused(prefix)  # of another head
        self.told(config).must("do_flip_channel_order", True)
        inner = config.sizes("hidden_sizes", [144, 192, 240], len(DEPTHS))
        heads = config.size("num_attention_heads", 4)
        if any(wide % heads for wide in inner):
            raise config.wrong("num_attention_heads", f"a divisor of {inner}")
        widths = config.sizes("neck_hidden_sizes", [16, 32, 64, 96, 128, 160, 640], 7)
        looked = stages(
            widths,
            inner,
            self.expansion(config, widths[:-1]),
            num_heads=heads,
            mlp_ratio=config.take("mlp_ratio", 2.0),
            patch_size=config.size("patch_size", 2),
            activation=config.activation("hidden_act", "silu"),
            epsilon=config.take("layer_norm_eps", 1e-5),
            dropout=config.take("hidden_dropout_prob", 0.1),
            attention_dropout=config.take("attention_probs_dropout_prob", 0.0),
        )
        size = config.size("image_size", 256)
        return {"kind": "conv_attention", "image_size": size, "stages": looked, **self.seen(config)}

    def task(self, config, kind):
        return {**self.classes(config), "dropout": config.take("classifier_dropout_prob", 0.1)}

    def expansion(self, config, widths):
        """By how much inverted residuals are wider inside."""
        found = config.take("expand_ratio", 4.0)
        if found < 1 or found % 1:
            raise config.wrong("expand_ratio", "a whole number greater than 0")
        if any(found * width % EVEN for width in widths):  # which theirs rounds
            wanted = f"widths that are multiples of {EVEN}, {found:g} times as many"
            raise config.wrong("neck_hidden_sizes", wanted)
        return int(found)

    def fields(self, backbone, task):
        looked = [one for one in backbone["stages"] if one["block"]["kind"] == "mobilevit"]
        blocks = [as_list(one["block"]["blocks"])[0] for one in looked]
        attention, fed = blocks[0]["attention"], blocks[0]["feed_forward"]
        inner = [one["block"]["inner_dim"] for one in looked]
        stem, *between, last = backbone["stages"]
        widths = [stem, *(one for one in between if one not in looked), last]
        return {
            **super().fields(backbone, task),
            **LAID_OUT,
            "image_size": backbone["image_size"],
            "neck_hidden_sizes": [one["hidden_dim"] for one in widths],
            "hidden_sizes": inner,
            "expand_ratio": float(between[0]["block"]["expansion"]),
            "num_attention_heads": attention["num_heads"],
            "mlp_ratio": fed["intermediate_dim"] / inner[0],
            "patch_size": looked[0]["block"]["patch_size"],
            "hidden_act": name_of(fed["activation"]),
            "layer_norm_eps": blocks[0]["layer_norm_epsilon"],
            "hidden_dropout_prob": blocks[0]["dropout"],
            "attention_probs_dropout_prob": attention["dropout"],
            "classifier_dropout_prob": task.get("dropout", 0.0),
        }

    def beside(self, backbone):
        found = super().beside(backbone)
        for name in ("do_normalize", "image_mean", "image_std"):  # which theirs does not
            del found[name]
        return {**found, "do_flip_channel_order": True}

    def weights(self, backbone):
        stem, *blocks, last = backbone.image_layers
        first, *normed = CALLED.pair(f"{self.prefix}conv_stem", stem.conv, stem.conv_norm)
        yield first._replace(
            split=lambda theirs: first.split(theirs[:, ::-1]),
            join=lambda ours: first.join(ours)[:, ::-1],
        )
        yield from normed
        for name, block in in_stages(blocks, f"{self.prefix}encoder.layer.{{}} {{}}"):
            place, number = name.split()
            if hasattr(block, "transformer_layers"):
                yield from looking(f"{place}.", block, CALLED)
            else:
                shallow = int(place.rpartition(".")[2]) < SHALLOW
                inside = f"layer.{number}" if shallow else "downsampling_layer"
                yield from inverted(f"{place}.{inside}.", block, CALLED)
        yield from CALLED.pair(f"{self.prefix}conv_1x1_exp", last.conv, last.conv_norm)
