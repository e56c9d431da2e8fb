"""Make transformer_xl.npz: tiny Transformer-XL models run by the Hugging Face implementation.

Needs an environment of its own, because later transformers releases have dropped the model:

    python3 -m venv hf
    hf/bin/pip install torch==2.13.0 "numpy<2" transformers==4.35.2 sacremoses
    hf/bin/python tests/golden/make_transformer_xl.py

For each case the file holds

    <case>/config           JSON text of what TransfoXLConfig was given
    <case>/weights/<name>   every array of the model's state dict (tied and shared ones repeated)
    <case>/token_ids        [segments, batch, length]
    <case>/logits           [segments, batch, length, vocabulary]: log-probabilities, since the
                            model returns log_softmax of its logits
    <case>/memory           [layers, batch, memory, hidden] after the last segment

The memory before the first segment is mem_len zero vectors, which ARE attended to.
Layer normalisation uses epsilon 1e-5 throughout.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from transformers import TransfoXLConfig, TransfoXLLMHeadModel

SEGMENTS, BATCH, LENGTH = 3, 2, 5

COMMON = {
    "vocab_size": 37,
    "cutoffs": [],
    "d_model": 16,
    "d_embed": 16,
    "n_head": 2,
    "d_head": 8,
    "d_inner": 24,
    "n_layer": 3,
    "div_val": 1,
    "mem_len": 8,
    "clamp_len": -1,  # no clamping
    "same_length": False,
    "untie_r": False,  # one pair of u, v biases for all layers
    "pre_lnorm": False,
    "dropout": 0.0,
    "dropatt": 0.0,
    "layer_norm_epsilon": 1e-5,
}

CASES = {
    "memory_longer": {},
    "memory_equal": {"mem_len": 5, "d_head": 6},  # n_head * d_head != d_model
    "memory_shorter": {"mem_len": 3},
    "no_memory": {"mem_len": 0},
    "same_length": {"same_length": True},
    "clamp": {"clamp_len": 4},
    "untied": {"untie_r": True},
    "pre_norm": {"pre_lnorm": True},
}


def randomise(model, generator):
    """Give every parameter random values: none is left at a trivial zero or one."""
    for name, parameter in model.named_parameters():
        # Multiples of 1/256 are exact in float32 and compress well.
        noise = torch.randn(parameter.shape, generator=generator)
        value = torch.round(noise * 0.25 * 256) / 256
        if "layer_norm.weight" in name:
            value = value + 1.0
        parameter.data.copy_(value)


@torch.no_grad()
def run_case(changes, seed):
    config = {**COMMON, **changes}
    generator = torch.Generator().manual_seed(seed)
    model = TransfoXLLMHeadModel(TransfoXLConfig(**config)).eval()
    randomise(model, generator)
    shape = (SEGMENTS, BATCH, LENGTH)
    token_ids = torch.randint(0, config["vocab_size"], shape, generator=generator)
    memory, logits = None, []
    for segment in token_ids:
        output = model(segment, mems=memory)
        memory = output.mems  # None where mem_len is 0
        logits.append(output.prediction_scores)
    if memory is None:
        memory = [torch.zeros(0, BATCH, config["d_model"])] * config["n_layer"]
    arrays = {
        "config": np.array(json.dumps(config, sort_keys=True)),
        "token_ids": token_ids.numpy().astype("int32"),
        "logits": torch.stack(logits).numpy(),
        "memory": torch.stack(list(memory)).transpose(1, 2).contiguous().numpy(),
    }
    for name, value in model.state_dict().items():
        arrays[f"weights/{name}"] = value.numpy()
    return arrays


def main():
    torch.set_num_threads(1)
    arrays = {}
    for seed, (case, changes) in enumerate(CASES.items()):
        for name, value in run_case(changes, seed).items():
            arrays[f"{case}/{name}"] = value
    path = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("transformer_xl.npz")
    np.savez_compressed(path, **arrays)
    print(f"{path}: {len(arrays)} arrays, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
