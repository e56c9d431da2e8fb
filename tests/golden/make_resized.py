"""Make resized.npz: what timm makes of positions where pictures become larger or smaller.

Made with torch 2.15.0 and timm 1.0.31.

    <case>/old, <case>/new      a table, and what timm makes of it
    <model>/x, <model>/out      pictures of another size, and what a model answers whose weights, of
                                a case in image_checkpoints, timm has resized for them
"""

import json
from pathlib import Path

import numpy as np
import timm
import torch
from arrays import noise, save
from timm.layers import resample_abs_pos_embed, resize_rel_pos_bias_table
from timm.models import maxxvit, vision_transformer

FOLDER = Path(__file__).parent / "image_checkpoints"
HEADS = 2
GRIDS = {"larger": (4, 7), "smaller": (6, 4), "twice": (3, 6), "one": (1, 3)}
MODELS = {
    "coatnet_0": (maxxvit.checkpoint_filter_fn, 96),
    "vision_transformer_0": (vision_transformer.checkpoint_filter_fn, 48),
}


def tables(rng, old, new):
    """Of positions behind a class token, and of steps from place to place."""
    places = torch.from_numpy(noise(rng, 1, 1 + old * old, 8))
    steps = torch.from_numpy(noise(rng, (2 * old - 1) ** 2, HEADS))
    yield "places", places, resample_abs_pos_embed(places, [new, new], [old, old])
    shape = ((2 * new - 1) ** 2, HEADS)
    yield "steps", steps, resize_rel_pos_bias_table(steps, (new, new), shape)


def model(rng, name, resize, size):
    with np.load(FOLDER / f"{name}.npz") as found:
        config = json.loads(str(found["config"]))
        state = {
            key.removeprefix("weights/"): torch.from_numpy(found[key])
            for key in found.files
            if key.startswith("weights/")
        }
    args = {**config["model_args"], "img_size": size}
    made = timm.create_model(config["architecture"], **args).eval()
    left = made.load_state_dict(resize(state, made), strict=False)
    if left.unexpected_keys or any("num_batches" not in one for one in left.missing_keys):
        raise ValueError(f"{name}: {left}")
    x = noise(rng, 2, size, size, 3)
    with torch.no_grad():
        return x, made(torch.from_numpy(x).permute(0, 3, 1, 2)).numpy()


if __name__ == "__main__":
    rng, arrays = np.random.default_rng(0), {}
    for grid, sizes in GRIDS.items():
        for kind, old, new in tables(rng, *sizes):
            arrays |= {f"{kind}_{grid}/old": old.numpy(), f"{kind}_{grid}/new": new.numpy()}
    for name, case in MODELS.items():
        arrays[f"{name}/x"], arrays[f"{name}/out"] = model(rng, name, *case)
    save(__file__, arrays)
