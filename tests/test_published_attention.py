"""Attention layers give what Hugging Face's give, with their weights: BigBird and Longformer.

The golden files hold what theirs gave: tests/golden/make_big_bird.py and make_longformer.py. The
patterns, the random plans and LSH are compared in files of their own.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from zoo.attention.global_local import GlobalLocal
from zoo.attention.multi_head import MultiHead

GOLDEN = Path(__file__).parent / "golden"


def cases(name):
    with np.load(GOLDEN / f"{name}.npz") as file:
        names = sorted({key.split("/")[0] for key in file if key.endswith("/config")})
        return {
            case: {k.partition("/")[2]: file[k] for k in file if k.startswith(f"{case}/")}
            for case in names
        }


BIG_BIRD, LONGFORMER = cases("big_bird"), cases("longformer")


def layer(case, kind=MultiHead, names=("query", "key", "value"), **options):
    """Ours with their projections, and nothing after the heads are joined."""
    config = json.loads(str(case["config"]))
    heads, size = config["num_heads"], config["head_dim"]
    width, use_bias = case["x"].shape[-1], config.get("use_bias", True)
    made = kind(num_heads=heads, head_dim=size, use_bias=use_bias, **options)
    made.build((None, None, width))
    for name in names:
        weight = case[f"weights/{name}.weight"]
        part = getattr(made, name)
        part.kernel.assign(weight.T.reshape(width, heads, size))
        if use_bias:
            part.bias.assign(case[f"weights/{name}.bias"].reshape(heads, size))
    made.attention_output.kernel.assign(np.eye(heads * size).reshape(heads, size, -1))
    return made


@pytest.mark.parametrize("kernel", ["dense", "block_sparse"])
@pytest.mark.parametrize("name", BIG_BIRD)
def test_big_bird_equals_hugging_face(name, kernel):
    """Also in evaluation, when theirs links every block to the first one instead of at random."""
    case = BIG_BIRD[name]
    config = json.loads(str(case["config"]))
    pattern = {
        "kind": "big_bird",
        "num_heads": config["num_heads"],
        "block_size": config["block_size"],
        "num_random_blocks": config["num_random_blocks"],
        "random": case["random"].tolist(),
    }
    found = np.array(layer(case, pattern=pattern, kernel=kernel)(case["x"], case["mask"])[0])
    np.testing.assert_allclose(found[case["mask"]], case["out"][case["mask"]], atol=1e-5)


@pytest.mark.parametrize("kernel", ["dense", {"kind": "block_sparse", "block_size": 4}])
@pytest.mark.parametrize("name", LONGFORMER)
def test_longformer_equals_hugging_face(name, kernel):
    case = LONGFORMER[name]
    names = [f"{name}{of}" for of in ("", "_global") for name in ("query", "key", "value")]
    window = 2 * json.loads(str(case["config"]))["one_sided_window"]
    pattern = {"kind": "longformer", "attention_window": window, "marked": True}
    marks = {"global_mask": case["global"]}
    made = layer(case, GlobalLocal, names, pattern=pattern, kernel=kernel)
    found = np.array(made(case["x"], case["mask"], marks=marks)[0])
    np.testing.assert_allclose(found[case["mask"]], case["out"][case["mask"]], atol=1e-5)
