"""CvT, whose attention projects by convolutions (Wu et al. 2021)."""

from typing import Any

from zoo.convert.config import Config
from zoo.convert.families._image import Image, around
from zoo.convert.image_weights import in_stages, kept
from zoo.convert.images import IMAGENET, convolution, stage
from zoo.convert.weights import convolution as convolved
from zoo.convert.weights import linear, norm, same
from zoo.core.convolutions import beyond

EPSILON = 1e-5
"""Of its norms, whatever its config says."""
AROUND = {"kernel_qkv": 3, "stride_kv": 2, "padding_kv": 1, "stride_q": 1, "padding_q": 1}
"""How what is projected is convolved before, in every stage."""
LAID_OUT = {"qkv_bias": True, "qkv_projection_method": "dw_bn", **AROUND}
LAID_OUT["attention_drop_rate"] = 0.0
EMBED = {"norm": "layer_norm", "activation": None, "use_bias": True}


class Cvt(Image):
    prefix = "cvt."
    heads = {"CvtForImageClassification": "image_classifier", "CvtModel": ""}
    unread = (r"num_batches_tracked",)
    processor = "ConvNextImageProcessor"
    usual = IMAGENET

    def backbone(self, config):
        widths = config.sizes("embed_dim", [64, 192, 384])
        number = len(widths)
        for name, only in LAID_OUT.items():
            config.must(name, [only] * number)
        config.must("cls_token", [False] * (number - 1) + [True])
        config.unused("layer_norm_eps")  # theirs asks nothing of it
        depths = config.sizes("depth", [1, 2, 10], number)
        blocks = [self.block(config, place, width) for place, width in enumerate(widths)]
        looked = []
        for embed, *one in zip(self.embeds(config, widths), blocks, widths, depths):
            looked += [embed, stage(*one)]
        looked.pop()
        return {
            "kind": "conv_attention",
            "image_size": self.size(config),
            "stages": looked,
            "class_token": True,
            "num_layers": depths[-1],
            "blocks": blocks[-1],
            **self.seen(config),
        }

    def embeds(self, config: Config, widths: list[int]) -> list[dict[str, Any]]:
        """The convolution each stage begins with."""
        number = len(widths)
        kernels = config.sizes("patch_sizes", [7, 3, 3], number)
        strides = config.sizes("patch_stride", [4, 2, 2], number)
        sizes = list(zip(kernels, strides))
        config.must("patch_padding", [beyond(*one, "symmetric") for one in sizes])
        return [
            stage(convolution(kernel, **EMBED), width, strides=step)
            for width, (kernel, step) in zip(widths, sizes)
        ]

    def block(self, config: Config, place: int, width: int) -> dict[str, Any]:
        """What a stage repeats."""
        heads = config.sizes("num_heads", [1, 3, 6])[place]
        wider = config.take("mlp_ratio", [4.0] * 3)[place]
        if width % heads:
            raise config.wrong("num_heads", f"divisors of the widths, such as one of {width}")
        return {
            "kind": "pre_norm",
            "layer_norm_epsilon": EPSILON,
            "attention": {"kind": "convolved", "num_heads": heads, "head_dim": width // heads},
            "feed_forward": {"kind": "plain", "intermediate_dim": int(wider * width)},
        }

    def task(self, config, kind):
        normed = {"pooled_norm": True, "layer_norm_epsilon": EPSILON}
        return {**super().task(config, kind), "pooling": "first", **normed}

    def fields(self, backbone, task):
        embeds = backbone["stages"][::2]
        looked = [(one["block"], one["num_layers"]) for one in backbone["stages"][1::2]]
        looked.append((backbone["blocks"][0], backbone["num_layers"]))
        widths, number = [one["hidden_dim"] for one in embeds], len(embeds)
        sizes = [(one["block"]["kernel_size"], one["strides"]) for one in embeds]
        wide = [block["feed_forward"]["intermediate_dim"] for block, _ in looked]
        return {
            **super().fields(backbone, task),
            "embed_dim": widths,
            "depth": [depth for _, depth in looked],
            "num_heads": [block["attention"]["num_heads"] for block, _ in looked],
            "mlp_ratio": [one / width for one, width in zip(wide, widths)],
            "patch_sizes": [kernel for kernel, _ in sizes],
            "patch_stride": [step for _, step in sizes],
            "patch_padding": [beyond(*one, "symmetric") for one in sizes],
            "cls_token": [False] * (number - 1) + [True],
            **{name: [only] * number for name, only in LAID_OUT.items()},
        }

    def weights(self, backbone):
        inside = ""
        for name, block in in_stages(backbone.image_layers, "{} {}"):
            place, layer = map(int, name.split())
            inside = f"{self.prefix}encoder.stages.{place}."
            if layer:
                yield from self.attends(f"{inside}layers.{layer - 1}.", block)
            else:
                embeds = f"{inside}embedding.convolution_embeddings."
                yield from convolved(f"{embeds}projection", block.conv)
                yield from norm(f"{embeds}normalization", block.conv_norm.normalize)
        yield same(f"{inside}cls_token", backbone.start.token)
        for place, block in enumerate(backbone.transformer_layers):
            yield from self.attends(f"{inside}layers.{place}.", block)

    def attends(self, name, block):
        """The weights of a layer."""
        looks, inside = block.attention, f"{name}attention.attention."
        for part in ("query", "key", "value"):
            convolves = getattr(looks, f"around_{part}")
            before = f"{inside}convolution_projection_{part}.convolution_projection."
            yield from convolved(f"{before}convolution", convolves.conv)
            yield from kept(f"{before}normalization", convolves.normalize)
            yield from linear(f"{inside}projection_{part}", getattr(looks, part))
        yield from around(name, block)

    def head_weights(self, task):
        yield from norm("layernorm", task.output_norm)
        yield from super().head_weights(task)
