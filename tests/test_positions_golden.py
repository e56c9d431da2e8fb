"""Position encodings by the numbers of the originals, as `golden/make_positions.py` made them."""

import pathlib

import numpy as np
import pytest
from keras import ops
from scores import SIZE, aligned, numpy, prepared, score

from zoo.attention.kernels import Rules
from zoo.attention.kernels.dense import Dense
from zoo.attention.patterns import Pattern
from zoo.core.kinds import make
from zoo.core.places import Places
from zoo.positions import Position
from zoo.positions.alibi import slopes
from zoo.positions.sinusoidal import waves

GOLDEN = np.load(pathlib.Path(__file__).parent / "golden" / "positions.npz")


def golden(case):
    """The arrays of one case."""
    of_case = (name for name in GOLDEN if name.startswith(case + "/"))
    return {name.removeprefix(case + "/"): GOLDEN[name] for name in of_case}


LAYOUTS = {
    "half_split": {},
    "linear": {"scaling": "linear", "factor": 4.0},
    "dynamic": {"scaling": "ntk", "factor": 2.0 * 17 / 8 - 1},
    "dynamic_short": {},
    "partial": {"rotary_dim": 4},
    "interleaved": {"layout": "interleaved"},
    "interleaved_partial": {"layout": "interleaved", "rotary_dim": 4},
}
YARN = {"factor": 4.0, "original_max_sequence_length": 512}
ROTARY = {
    **{f"rotary/{case}": options for case, options in LAYOUTS.items()},
    "yarn/paper": {"scaling": "yarn", **YARN},
    "yarn/release": {"scaling": "yarn_released", **YARN},
}


@pytest.mark.parametrize("case", ROTARY)
def test_rotary_turns_like_the_originals(case):
    known = golden(case)
    rotary = prepared({"kind": "rotary"}, 2, known["query"].shape[-1], **ROTARY[case])
    for name in ("query", "key"):
        found = rotary.rotate(known[name], ops.convert_to_tensor(known["position_ids"]))
        np.testing.assert_allclose(numpy(found), known[f"{name}_out"], atol=1e-5)


def music(max_distance, **options):
    return {"kind": "relative_music", "max_distance": max_distance, **options}


def shaw(max_distance, **options):
    return {"kind": "relative_shaw", "max_distance": max_distance, **options}


TABLES = {
    "music/global": (music(7), True),
    "music/short": (music(4), True),
    "music/long": (music(10), True),
    "music/shared": (music(7, per_head=False), True),
    "music/unmasked": (music(7, bidirectional=True), False),
    "shaw/both": (shaw(3), False),
    "shaw/causal": (shaw(3), True),
    "shaw/long": (shaw(12), False),
    "shaw/per_head": (shaw(2, per_head=True), False),
}


@pytest.mark.parametrize("case", TABLES)
def test_tables_by_distance_attend_like_the_originals(case):
    node, causal = TABLES[case]
    known, position = golden(case), prepared(node, 2)
    tables = [known[name] for name in ("table", "keys", "values") if name in known]
    position.set_weights([table if table.ndim == 3 else table[None] for table in tables])
    length = known["query"].shape[1]
    places, seen = aligned(length, length), np.tri(length, k=0 if causal else length, dtype=bool)
    asked = known["query"].transpose(0, 2, 1, 3) / SIZE**0.5
    content = asked @ known["key"].transpose(0, 2, 3, 1)
    found = content + score(position, asked, places)
    np.testing.assert_allclose(found[:, :, seen], known["scores"][:, :, seen], atol=1e-5)
    pattern, tables = (
        make(Pattern, "causal" if causal else "full"),
        position.tables(places, "float32"),
    )
    heads = (ops.convert_to_tensor(known[name]) for name in ("query", "key", "value"))
    out = Dense()(*heads, Rules(places, pattern, position, tables))
    np.testing.assert_allclose(out, known["out"], atol=1e-5)


def test_botnet_looks_at_rows_and_columns():
    known = golden("botnet")
    position = prepared({"kind": "relative_2d", "height": 3, "width": 4}, 2)
    position.set_weights([known["rows_table"], known["columns_table"]])
    found = score(position, known["query"].transpose(0, 2, 1, 3) / SIZE**0.5, aligned(12, 12))
    np.testing.assert_allclose(found, known["relative"], atol=1e-5)


@pytest.mark.parametrize("num_heads", [4, 8, 12])
def test_alibi_has_the_slopes_of_bloom(num_heads):
    known = golden(f"alibi/heads{num_heads}")
    np.testing.assert_allclose(slopes(num_heads), known["slopes"], rtol=1e-5)
    query = np.ones((1, num_heads, 6, SIZE), "float32")
    found = score(prepared({"kind": "alibi"}, num_heads), query, aligned(6, 6), causal=True)[0]
    wanted = known["bias"][0][:, None] - known["bias"][0][:, :, None]  # less each query's own
    seen = np.tri(6, dtype=bool)
    np.testing.assert_allclose(found[:, seen], wanted[:, seen], atol=1e-5)


def test_alibi_has_slopes_for_any_number_of_heads():
    """families.md, section 15."""
    twelve = [0.5**power for power in range(1, 9)] + [0.707107, 0.353553, 0.176777, 0.088388]
    np.testing.assert_allclose(slopes(12), twelve, atol=1e-6)
    assert all(len(np.unique(slopes(h))) == h for h in range(1, 40))


@pytest.mark.parametrize("case", ["both", "back", "both_small", "back_small"])
def test_t5_puts_distances_into_buckets(case):
    sizes = {"num_buckets": 8, "max_distance": 20} if "small" in case else {}
    position = make(Position, {"kind": "t5_buckets", "bidirectional": "both" in case, **sizes})
    assert (numpy(position.bucket(np.arange(300, -301, -1))) == GOLDEN[f"t5/{case}"]).all()


def test_t5_adds_a_number_a_bucket():
    position = prepared({"kind": "t5_buckets", "num_buckets": 8, "max_distance": 20}, 2)
    position.set_weights([GOLDEN["t5/table"]])
    places = Places(np.arange(6), np.arange(9), aligned=False)
    found = score(position, np.ones((1, 2, 6, SIZE), "float32"), places)
    np.testing.assert_allclose(found[0], GOLDEN["t5/bias"], atol=1e-6)


@pytest.mark.parametrize(
    ("case", "options", "first"),
    [
        ("marian", {}, 0),
        ("interleaved", {"layout": "interleaved"}, 0),
        ("tensor2tensor", {"layout": "tensor2tensor"}, 0),
        ("fairseq", {"layout": "tensor2tensor", "start": 2}, 2),
    ],
)
def test_sinusoids_are_laid_out_like_the_originals(case, options, first):
    wanted = GOLDEN[f"sinusoid/{case}"][first:]
    position = make(Position, {"kind": "sinusoidal", **options})
    found = position.embed(ops.zeros((1, *wanted.shape)))
    np.testing.assert_allclose(numpy(found)[0], wanted, atol=1e-5)


def test_the_last_wave_of_tensor2tensor_is_the_longest():
    """families.md, section 15."""
    sines = [0.841471, 0.046399, 0.002154, 0.0001]
    found = numpy(waves(np.array([1]), 8, 10_000.0, "tensor2tensor"))[0]
    np.testing.assert_allclose(found, [*sines, 0.540302, 0.998923, 0.999998, 1.0], atol=1e-6)
    halves = numpy(waves(np.array([1]), 8, 10_000.0))[0]
    np.testing.assert_allclose(halves[:4], np.sin([1, 0.1, 0.01, 0.001]), atol=1e-6)
