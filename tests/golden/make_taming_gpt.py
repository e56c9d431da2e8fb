"""Make checkpoints/taming_gpt_<n>.npz: what the transformer of Taming Transformers answers.

    pip install torch "transformers==4.35.2"
    python tests/golden/make_taming_gpt.py FOLDER

The folder holds CompVis/taming-transformers. Each file holds the constructor's arguments as a
config, all weights under `weights/`, inputs under `inputs/`, and the answer.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, sys.argv.pop(1))
from arrays import randomise
from taming.modules.transformer.mingpt import GPT

SIZES = {"vocab_size": 29, "block_size": 16, "n_layer": 2, "n_embd": 12}
CASES = [{**SIZES, "n_head": 3}, {**SIZES, "n_head": 2, "n_unmasked": 5, "embd_pdrop": 0.1}]

if __name__ == "__main__":
    for number, config in enumerate(CASES):
        rng = np.random.default_rng(number)
        model = GPT(**config).eval()
        randomise(model, rng)
        ids = rng.integers(0, SIZES["vocab_size"], (2, 13))
        state = {n: x.numpy() for n, x in model.state_dict().items() if not n.endswith("mask")}
        told = {"model_type": "taming_gpt", "architectures": ["GPT"], **config}
        with torch.no_grad():
            answer = model(torch.from_numpy(ids))[0].numpy()
        arrays = {
            "config": np.array(json.dumps(told)),
            **{f"weights/transformer.{name}": array for name, array in state.items()},
            "inputs/token_ids": ids.astype("int32"),
            "inputs/padding_mask": np.ones(ids.shape, bool),
            "answer": answer,
        }
        file = Path(__file__).parent / "checkpoints" / f"taming_gpt_{number}.npz"
        np.savez_compressed(file, **arrays)
        print(f"{file}: {len(arrays)} arrays, {file.stat().st_size} bytes")
