"""Make codes.npz: small random autoencoders of taming-transformers and of DALL-E, and their parts.

    pip install torch einops attrs
    PYTHONPATH=taming-transformers:DALL-E python tests/golden/make_codes.py

The two folders are checkouts of CompVis/taming-transformers and of openai/DALL-E. For each of the
autoencoders, `vqgan_0` and `dvae_0`,

    <case>/config           JSON: what the original was made with
    <case>/shapes           JSON: names and shapes of its weights, which are drawn from these
    <case>/x                [batch, height, width, channels], 0 to 255
    <case>/codes            [batch, height, width]
    <case>/out              [batch, height, width, channels], 0 to 255, before it is cut off

and besides

    quantiser/...           of one table and vectors: codes, what is read, and both losses
    critic/...              a critic in training: pictures -1 to 1, and scores
    lpips/...               pictures -1 to 1, and their distances; those that weigh are not negative

DALL-E's two state dicts stand behind `encoder.` and `decoder.`. torchvision, which LPIPS takes its
VGG-16 from, is not needed: a network of the same layers stands in.
"""

import json
import sys
import types

import numpy as np
import torch
from arrays import drawn, noise, prefixed, save
from torch import nn

VQGAN = {"ch": 32, "ch_mult": [1, 1, 2], "num_res_blocks": 1, "attn_resolutions": [8]}
VQGAN |= {"resolution": 16, "z_channels": 8, "in_channels": 3, "out_ch": 3}
VQGAN |= {"dropout": 0.0, "double_z": False}
NUMBER, SIZE = 12, 8
DVAE = {"n_hid": 64, "n_blk_per_group": 1, "vocab_size": 512}
VGG = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0)


def pictures(rng, size, number=2):
    return rng.integers(0, 256, (number, size, size, 3)).astype("float32")


def turned(x):
    """[batch, height, width, channels] -> [batch, channels, height, width], or back."""
    return torch.tensor(x).permute(0, 3, 1, 2)


def back(x):
    return x.detach().permute(0, 2, 3, 1).numpy()


def fill(module, before=""):
    """Give every parameter of a module what is drawn for its name."""
    for name, parameter in module.named_parameters():
        parameter.data = torch.tensor(drawn(before + name, tuple(parameter.shape)))


def case(config, states):
    """The config of a case, and the shapes of its weights: which are drawn from their names."""
    shapes = {
        before + name: list(x.shape)
        for before, state in states.items()
        for name, x in state.items()
    }
    return {"config": np.array(json.dumps(config)), "shapes": np.array(json.dumps(shapes))}


def vqgan():
    from taming.modules.diffusionmodules.model import Decoder, Encoder
    from taming.modules.vqvae.quantize import VectorQuantizer2

    rng, parts = np.random.default_rng(0), nn.Module()
    parts.encoder, parts.decoder = Encoder(**VQGAN), Decoder(**VQGAN)
    parts.quantize = VectorQuantizer2(NUMBER, SIZE, 0.25, sane_index_shape=True)
    parts.quant_conv, parts.post_quant_conv = nn.Conv2d(8, SIZE, 1), nn.Conv2d(SIZE, 8, 1)
    fill(parts)
    x = pictures(rng, 16)
    latent = parts.quant_conv(parts.encoder(turned(x / 127.5 - 1)))
    read, _, (_, _, codes) = parts.quantize(latent)
    out = (back(parts.decoder(parts.post_quant_conv(read))) + 1) * 127.5
    config = {"ddconfig": VQGAN, "n_embed": NUMBER, "embed_dim": SIZE}
    config |= {"model_type": "vqgan", "architectures": ["VQModel"]}
    found = {"x": x, "codes": codes.numpy(), "out": out}
    return {**case(config, {"": parts.state_dict()}), **found}


def dvae():
    from dall_e.decoder import Decoder
    from dall_e.encoder import Encoder
    from dall_e.utils import map_pixels, unmap_pixels

    rng, sides = np.random.default_rng(1), {}
    few = {"n_hid": DVAE["n_hid"], "n_blk_per_group": 1, "vocab_size": DVAE["vocab_size"]}
    sides["encoder"] = Encoder(**few)
    sides["decoder"] = Decoder(**few, n_init=8)
    for name, side in sides.items():
        fill(side, f"{name}.")
    x = pictures(rng, 16)
    codes = sides["encoder"](map_pixels(turned(x / 255))).argmax(1)
    ones = nn.functional.one_hot(codes, DVAE["vocab_size"]).permute(0, 3, 1, 2).float()
    told = sides["decoder"](ones)
    config = {**DVAE, "n_init": 8, "resolution": 16}
    config |= {"model_type": "dvae", "architectures": ["DVAE"]}
    out = 255 * back(unmap_pixels(torch.sigmoid(told[:, :3])))
    found = {"x": x, "codes": codes.numpy(), "out": out, "told": back(told)}
    states = {f"{name}.": side.state_dict() for name, side in sides.items()}
    return {**case(config, states), **found}


def quantiser():
    from taming.modules.vqvae.quantize import VectorQuantizer2

    rng, found = np.random.default_rng(2), {}
    z, table = noise(rng, 2, 3, 3, 4), noise(rng, 6, 4)
    for legacy in (True, False):
        made = VectorQuantizer2(6, 4, 0.25, legacy=legacy, sane_index_shape=True)
        made.embedding.weight.data = torch.tensor(table)
        read, loss, (_, _, codes) = made(turned(z))
        found[f"loss_{'codebook' if legacy else 'commitment'}"] = loss.detach().numpy()
    return {"z": z, "table": table, "read": back(read), "codes": codes.numpy(), **found}


def critic():
    from taming.modules.discriminator.model import NLayerDiscriminator

    rng, made = np.random.default_rng(3), NLayerDiscriminator(3, ndf=4, n_layers=2)
    fill(made)
    x = pictures(rng, 16) / 127.5 - 1
    scores = made.train()(turned(x))[:, 0].detach().numpy()
    return {
        **case({"hidden_dim": 4, "num_layers": 2}, {"": dict(made.named_parameters())}),
        "x": x,
        "out": scores,
    }


def features():
    """The layers of a VGG-16 as torchvision counts them."""
    layers, given = [], 3
    for width in VGG:
        layers += [nn.Conv2d(given, width, 3, padding=1), nn.ReLU()] if width else [nn.MaxPool2d(2)]
        given = width or given
    return nn.Sequential(*layers)


def lpips():
    torchvision = types.ModuleType("torchvision")
    vgg = types.SimpleNamespace(features=features())
    torchvision.models = types.SimpleNamespace(vgg16=lambda pretrained: vgg)
    sys.modules["torchvision"] = torchvision
    from taming.modules.losses import lpips as theirs

    theirs.LPIPS.load_from_pretrained = lambda self: None
    made, rng = theirs.LPIPS().eval(), np.random.default_rng(4)
    fill(vgg.features, "features.")
    lines = {f"lin{level}.": getattr(made, f"lin{level}") for level in range(5)}
    for name, line in lines.items():
        fill(line, name)
        line.model[1].weight.data.abs_()
    one, other = (pictures(rng, 32) / 127.5 - 1 for _ in range(2))
    states = {"features.": vgg.features.state_dict()}
    states |= {name: line.state_dict() for name, line in lines.items()}
    out = made(turned(one), turned(other)).detach().numpy()
    return {**case({}, states), "one": one, "other": other, "out": out.ravel()}


if __name__ == "__main__":
    cases = {"vqgan_0": vqgan, "dvae_0": dvae, "quantiser": quantiser, "critic": critic}
    found = {}
    for name, make in {**cases, "lpips": lpips}.items():
        found |= prefixed(name, make())
        print(name, json.dumps(sorted(key for key in found if key.startswith(name))[:2]))
    save(__file__, found)
