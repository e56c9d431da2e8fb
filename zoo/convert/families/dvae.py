"""DALL·E's autoencoder as OpenAI released it (Ramesh et al. 2021).

Its encoder and its decoder are files of their own. Here their arrays stand in one, behind
`encoder.` and `decoder.`, and a config says what both were made with. What was published are whole
modules, pickled, which the zoo does not read: save their state dicts.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from zoo.convert.families._codes import Coded
from zoo.convert.weights import Weight, convolution, place_by_place

LETTERS = {"weight": "w", "bias": "b"}


class Dvae(Coded):
    heads = {"DVAE": "image_codes"}
    unsaid = Coded.unsaid | {
        *("temperature", "final_temperature", "annealing_steps", "kl_weight", "kl_warmup_steps"),
        "hard",
    }

    def backbone(self, config):
        for name in ("device", "requires_grad", "use_mixed_precision"):
            config.unused(name)
        groups = config.size("group_count", 4)
        table = {
            "num_codes": config.size("vocab_size", 8192),
            "code_dim": config.size("n_init", 128),
        }
        return {
            "kind": "dvae",
            "image_size": self.size(config),
            "codebook": {"kind": "gumbel", "use_bias": True, **table},
            "hidden_dim": config.size("n_hid", 256),
            "multipliers": [2**group for group in range(groups)],
            "num_layers": config.size("n_blk_per_group", 2),
            **self.channels(config, "input_channels", "output_channels"),
        }

    def fields(self, backbone, task):
        return {
            "resolution": backbone["image_size"],
            "group_count": len(backbone["multipliers"]),
            "n_hid": backbone["hidden_dim"],
            "n_blk_per_group": backbone["num_layers"],
            "n_init": backbone["codebook"]["code_dim"],
            "vocab_size": backbone["codebook"]["num_codes"],
            "input_channels": backbone["num_channels"],
            "output_channels": backbone["num_channels"],
        }

    def weights(self, backbone):
        book = backbone.codebook
        yield from lettered(convolution("encoder.blocks.input", backbone.input_conv))
        yield from lettered(place_by_place("encoder.blocks.output.conv", book.scores))
        yield from lettered(place_by_place("decoder.blocks.input", book.read))
        yield from lettered(convolution("decoder.blocks.output.conv", backbone.output_conv))
        sides = {"encoder": backbone.encoder_groups, "decoder": backbone.decoder_groups}
        for side, groups in sides.items():
            for group, layers in enumerate(groups, 1):
                for place, layer in enumerate(layers, 1):
                    yield from of_block(f"{side}.blocks.group_{group}.block_{place}.", layer)


def of_block(name: str, layer: Any) -> Iterator[Weight]:
    """The weights of a block."""
    if layer.project:
        yield from lettered(convolution(f"{name}id_path", layer.project))
    for number, conv in enumerate(layer.convs, 1):
        yield from lettered(convolution(f"{name}res_path.conv_{number}", conv))


def lettered(weights: Iterable[Weight]) -> Iterator[Weight]:
    """Weights under names of one letter."""
    for weight in weights:
        place, _, last = weight.name.rpartition(".")
        yield weight._replace(name=f"{place}.{LETTERS[last]}")
