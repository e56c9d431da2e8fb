"""LSH and local attention equal those of the Reformer's original."""

import json
from pathlib import Path

import numpy as np
import pytest
from hashed import build, meetings, visible
from keras import ops

from zoo.attention._hashing import buckets

GOLDEN = np.load(Path(__file__).parent / "golden" / "reformer.npz")
LSH = [name.removesuffix("/buckets") for name in GOLDEN if name.endswith("/buckets")]
LOCAL = ["local_causal", "local_causal_padded", "local_short"]


def original(case):
    """What the original was given and gave, and its options in our words."""
    arrays = {
        name.removeprefix(f"{case}/"): GOLDEN[name]
        for name in GOLDEN
        if name.startswith(f"{case}/")
    }
    options = json.loads(str(arrays.pop("config")))
    options["pattern"] = "causal" if options.pop("causal") else "full"
    if "num_buckets" in options and not isinstance(options["num_buckets"], list):
        options["num_buckets"] = [options["num_buckets"]]
    del options["kind"]
    return arrays, options


def copy_weights(layer, arrays, names):
    """The weights of the original, and an output that gives the heads themselves, and zeros."""
    for ours, theirs in names.items():
        kernel = arrays[f"weights/{theirs}.weight"].T.reshape(10, 2, 4)
        getattr(layer, ours).kernel.assign(kernel)
    layer.attention_output.kernel.assign(np.eye(8, 10).reshape(2, 4, 10))


@pytest.mark.parametrize("case", LSH)
def test_equal_to_the_original(case):
    arrays, options = original(case)
    layer, mask = build(**options), arrays.get("mask")
    copy_weights(layer, arrays, {"query_key": "query_key", "value": "value"})
    heads, value = layer.query_key(arrays["x"]), layer.value(arrays["x"])
    out = np.array(layer.meet(heads, value, mask, arrays["rotations"])).reshape(arrays["out"].shape)
    count = visible(layer, meetings(layer, heads, mask, arrays["rotations"]), mask)
    others = count * ~np.eye(count.shape[-1], dtype=bool)
    alone = (others.sum(axis=(2, 4)) == 0).transpose(1, 2, 0).repeat(4, axis=-1)
    # The original rounds the weight of a token that sees nothing but itself: ours is 1.
    wrong = np.abs(out - arrays["out"]) - np.where(alone, 0.01 * np.abs(arrays["out"]), 0)
    assert (wrong if mask is None else wrong[mask]).max() < 1e-5
    alone &= np.ones_like(alone) if mask is None else mask[..., None]
    np.testing.assert_allclose(out[alone], np.array(value).reshape(out.shape)[alone], rtol=1e-6)


@pytest.mark.parametrize("case", LSH)
def test_buckets_equal_the_original(case):
    arrays, options = original(case)
    layer, sizes = build(**options), options["num_buckets"]
    copy_weights(layer, arrays, {"query_key": "query_key"})
    heads = ops.transpose(layer.query_key(arrays["x"]), (2, 0, 1, 3))
    found = np.array(buckets(heads, arrays["rotations"], sizes)).transpose(1, 0, 2, 3)
    mask = arrays.get("mask", np.ones(arrays["x"].shape[:2], bool))
    number = np.prod(sizes) + (not mask.all())
    wanted = arrays["buckets"] - np.arange(options["num_hashes"])[:, None] * number
    assert (found == wanted)[np.broadcast_to(mask[:, None, None], wanted.shape)].all()


def test_a_text_within_a_chunk_equals_the_original():
    arrays, options = original("lsh_short")
    layer = build(**options)
    copy_weights(layer, arrays, {"query_key": "query_key", "value": "value"})
    np.testing.assert_allclose(layer(arrays["x"])[0][..., :8], arrays["out"], atol=1e-5)


@pytest.mark.parametrize("case", LOCAL)
def test_local_layers_of_the_original_are_multi_head_over_blocks(case):
    arrays, options = original(case)
    layer = build(
        "multi_head",
        pattern={"kind": "block_1d", "block_size": options["chunk_length"]},
        use_bias=False,
    )
    copy_weights(layer, arrays, {name: name for name in ("query", "key", "value")})
    mask = arrays.get("mask", np.ones(arrays["x"].shape[:2], bool))
    out = np.array(layer(arrays["x"], mask)[0])[..., :8]
    np.testing.assert_allclose(out[mask], arrays["out"][mask], atol=1e-5)
