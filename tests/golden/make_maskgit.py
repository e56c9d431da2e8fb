"""Make maskgit.npz and checkpoints/maskgit_0.npz: what MaskGIT hides, writes and answers.

    pip install jax flax
    python tests/golden/make_maskgit.py FOLDER

The folder holds google-research/maskgit. Made with jax 0.10.2 and flax 0.12.8.

    number/<method>   int32 `n t`: how many of each number of TOTALS are hidden behind each of TURNS
    tokens/<case>     int32 `t b n`: what the model is shown at each turn, -1 for hidden
    sampled/<case>    int32 `t b n`: what it has drawn
    luck/<case>       float32 `t b n`: what is added to the logarithms of their probabilities
    table, places     float32: logits are table[tokens] + places, and the mean over all places
"""

import importlib
import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

sys.path.insert(0, sys.argv.pop(1))
from arrays import noise, save
from maskgit.libml import mask_schedule
from maskgit.nets.maskgit_transformer import Transformer

jnp.DeviceArray = jax.Array  # what it was called when the original was written
parallel_decode = importlib.import_module("maskgit.libml.parallel_decode")

METHODS = {
    "cosine": "cosine",
    "linear": "uniform",
    "square": "pow2",
    "cubic": "pow3",
    "square_root": "pow0.5",
    "logarithmic": "log",
    "exponential": "exp",
}
TOTALS, TURNS = (7, 16, 64, 256, 1024), 12
CASES = {"cosine": (8, 4.5), "linear": (5, 1.0), "exponential": (4, 0.0)}
CODES, LENGTH, ROWS = 11, 16, 3
SIZES = {
    "vocab_size": 22,
    "hidden_size": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 20,
    "max_position_embeddings": 17,
}


def numbers(method):
    ratios = jnp.arange(1, TURNS + 1) / TURNS
    rows = [jnp.floor(n * mask_schedule.schedule(ratios, n, method)) for n in TOTALS]
    return np.array(rows).astype("int32")


def decoded(table, places, method, turns, temperature):
    """The original's whole way from hidden tokens to a picture, and the luck it had."""
    seen = []

    def score(tokens):
        seen.append(np.array(tokens))
        found = table[tokens] + places
        return found + found.mean(axis=1, keepdims=True)

    begun = np.full((ROWS, LENGTH), -1)
    begun[1, :5] = np.arange(5)
    begun[2, 3:] = 7
    key = jax.random.PRNGKey(3)
    with jax.disable_jit():
        drawn = parallel_decode.decode(
            jnp.array(begun),
            key,
            score,
            num_iter=turns,
            choice_temperature=temperature,
            mask_scheduling_method=METHODS[method],
        )
    luck = []
    for turn in range(turns):
        key, _ = jax.random.split(key, 2)
        key, choice = jax.random.split(key)
        heat = temperature * (1 - (turn + 1) / turns)
        luck.append(heat * jax.random.gumbel(choice, begun.shape))
    return {
        f"tokens/{method}": np.array(seen).astype("int32"),
        f"sampled/{method}": np.array(drawn).swapaxes(0, 1).astype("int32"),
        f"luck/{method}": np.array(luck).astype("float32"),
    }


def named(tree, before=""):
    for name, part in tree.items():
        if isinstance(part, dict):
            yield from named(part, f"{before}{name}.")
        else:
            yield before + name, part


def answered(rng):
    """A model with weights at random, as a checkpoint."""
    model = Transformer(**SIZES)
    ids = rng.integers(0, SIZES["vocab_size"], (2, 17)).astype("int32")
    params = model.init(jax.random.PRNGKey(0), jnp.array(ids))["params"]
    params = jax.tree.map(lambda x: noise(rng, *x.shape, scale=0.5), params)
    answer = model.apply({"params": params}, jnp.array(ids), deterministic=True)
    told = {"model_type": "maskgit", "architectures": ["Transformer"], **SIZES}
    return {
        "config": np.array(json.dumps(told)),
        **{f"weights/{name}": array for name, array in named(params)},
        "inputs/token_ids": ids,
        "inputs/padding_mask": np.ones(ids.shape, bool),
        "answer": np.array(answer),
    }


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    table, places = noise(rng, CODES + 1, CODES), noise(rng, LENGTH, CODES)
    arrays = {f"number/{kind}": numbers(method) for kind, method in METHODS.items()}
    arrays |= {"table": table, "places": places}
    for method, options in CASES.items():
        arrays |= decoded(jnp.array(table), jnp.array(places), method, *options)
    save(Path(__file__), arrays)
    case = Path(__file__).parent / "checkpoints" / "maskgit_0.npz"
    np.savez_compressed(case, **answered(rng))
