"""VQGANs of taming-transformers (Esser et al. 2021).

A config holds the `params` of their YAML files, `ddconfig`, `n_embed` and `embed_dim`; weights are
the `state_dict` of their checkpoints.
"""

from collections.abc import Iterator
from typing import Any

from zoo.convert.config import Config
from zoo.convert.families._codes import Coded
from zoo.convert.image_weights import normal
from zoo.convert.weights import Weight, convolution, place_by_place, same

BETA = 0.25
"""Of the codebook, for all of them."""


class Vqgan(Coded):
    heads = {"VQModel": "image_codes"}
    unread = (r"loss\..+", r"colorize", r"quantize\.used")
    unsaid = Coded.unsaid | {"beta", "beta_weighs"}

    def backbone(self, config):
        for name in ("lossconfig", "image_key", "monitor", "sane_index_shape"):
            config.unused(name)
        config.must("remap", None)
        said = Config(config.take("ddconfig", {}), f"{config.place}: ddconfig")
        said.must("double_z", False)
        said.must("resamp_with_conv", True)
        table = {
            "num_codes": config.size("n_embed", 1024),
            "code_dim": config.size("embed_dim", 256),
        }
        found = {
            "kind": "vqgan",
            "image_size": self.size(said),
            "codebook": {"kind": "nearest", "beta": BETA, "beta_weighs": "codebook", **table},
            "hidden_dim": said.size("ch", 128),
            "multipliers": said.sizes("ch_mult", [1, 1, 2, 2, 4]),
            "num_layers": said.size("num_res_blocks", 2),
            "attention_sizes": said.sizes("attn_resolutions", [16]),
            "latent_dim": said.size("z_channels", 256),
            "dropout": said.take("dropout", 0.0),
            **self.channels(said, "in_channels", "out_ch"),
        }
        said.finish()
        return found

    def fields(self, backbone, task):
        return {
            "n_embed": backbone["codebook"]["num_codes"],
            "embed_dim": backbone["codebook"]["code_dim"],
            "ddconfig": {
                "double_z": False,
                "z_channels": backbone["latent_dim"],
                "resolution": backbone["image_size"],
                "in_channels": backbone["num_channels"],
                "out_ch": backbone["num_channels"],
                "ch": backbone["hidden_dim"],
                "ch_mult": backbone["multipliers"],
                "num_res_blocks": backbone["num_layers"],
                "attn_resolutions": backbone["attention_sizes"],
                "dropout": backbone["dropout"],
            },
        }

    def weights(self, backbone):
        yield same("quantize.embedding.weight", backbone.codebook.embeddings)
        yield from convolution("quant_conv", backbone.project)
        yield from convolution("post_quant_conv", backbone.project_back)
        yield from convolution("decoder.conv_out", backbone.output_conv)
        for layer in (*backbone.encoder_layers, *backbone.decoder_layers):
            yield from of_layer(theirs(layer.name), layer)


WORDS = {"input": "conv_in", "output": "conv_out", "norm": "norm_out"}
MIDDLE = {"0": "mid.block_1", "attend": "mid.attn_1", "1": "mid.block_2"}


def theirs(name: str) -> str:
    """What they call a layer: `encoder_2_0_attend` is `encoder.down.2.attn.0`."""
    side, part, *rest = name.split("_")
    if part == "middle":
        return f"{side}.{MIDDLE[rest[0]]}"
    if part in WORDS:
        return f"{side}.{WORDS[part]}"
    level = f"{side}.{'down' if side == 'encoder' else 'up'}.{part}"
    if rest[0] in ("smaller", "larger"):
        return f"{level}.{'downsample' if rest[0] == 'smaller' else 'upsample'}.conv"
    return f"{level}.{'attn' if rest[1:] else 'block'}.{rest[0]}"


def of_layer(name: str, layer: Any) -> Iterator[Weight]:
    """The weights of a layer of an encoder or a decoder."""
    if hasattr(layer, "first"):
        for number, (norm, conv) in enumerate(
            ((layer.first_norm, layer.first), (layer.second_norm, layer.second)), 1
        ):
            yield from normal(f"{name}.norm{number}", norm)
            yield from convolution(f"{name}.conv{number}", conv)
        if layer.project:
            yield from convolution(f"{name}.nin_shortcut", layer.project)
    elif hasattr(layer, "attend_norm"):
        yield from normal(f"{name}.norm", layer.attend_norm)
        for part in ("query", "key", "value"):
            yield from place_by_place(f"{name}.{part[0]}", getattr(layer.attention, part))
        yield from place_by_place(f"{name}.proj_out", layer.attention.attention_output, inputs=2)
    elif hasattr(layer, "normalize"):
        yield from normal(name, layer)
    else:
        yield from convolution(name, getattr(layer, "conv", layer))
