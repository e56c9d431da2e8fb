"""Graph attention: as the original computes it, edge by edge, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest
from gradients import gradients, near
from keras import ops

from zoo.attention import Attention
from zoo.core.errors import ZooError
from zoo.core.kinds import make

GOLDEN = np.load(Path(__file__).parent / "golden" / "gat.npz")
CASES = sorted({name.partition("/")[0] for name in GOLDEN})


def layer(width, **options):
    sizes = {"num_heads": 4, "head_dim": width // 4}
    made = make(Attention, {"kind": "graph_attention", **sizes, **options})
    made.build((None, None, width))
    return made


def labelled(edges):
    """`2 x` -> `1 x 3`."""
    return np.stack([*edges, 0 * edges[0]], axis=1)[None].astype("int32")


def original(case):
    """A layer with the original's weights, what it is given, and what it makes of it."""
    told = {part: GOLDEN[f"{case}/{part}"] for part in ("table", "ask", "offer", "bias")}
    heads, size = told["ask"].shape
    ours = layer(heads * size, num_heads=heads, head_dim=size)
    ours.set_weights([told["ask"], told["offer"], told["bias"]])
    x = GOLDEN[f"{case}/words"].astype("float32") @ told["table"]
    return ours, x[None], labelled(GOLDEN[f"{case}/edges"]), GOLDEN[f"{case}/out"]


@pytest.mark.parametrize("case", CASES)
def test_it_gives_what_the_original_gives(case):
    ours, x, edges, wanted = original(case)
    np.testing.assert_allclose(ours(x, marks={"edges": edges})[0][0], wanted, atol=1e-4)


def dense(ours, x, edges):
    """The same by a table of all nodes by all nodes."""
    nodes = x.shape[1]
    times = np.eye(nodes, dtype="float32")[None].repeat(len(x), 0)
    np.add.at(times, (np.zeros(edges.shape[1], int), edges[0, :, 1], edges[0, :, 0]), 1)
    heads = ops.reshape(x, (*x.shape[:2], ours.num_heads, -1))
    ask, offer = (ops.einsum("bthe,he->bht", heads, of) for of in (ours.asked, ours.offered))
    raised = ops.exp(ops.leaky_relu(ask[..., None] + offer[:, :, None], 0.2)) * times[:, None]
    weights = raised / ops.sum(raised, axis=-1, keepdims=True)
    return ops.reshape(ops.einsum("bhqk,bkhe->bqhe", weights, heads), x.shape) + ours.bias


@pytest.mark.parametrize("jit", [False, True])
def test_gradients_are_those_of_a_table_of_all_nodes(jit):
    ours, x, edges, _ = original("some")
    square = lambda found: ops.sum(ops.square(found))  # noqa: E731
    fast = lambda x: square(ours(x, marks={"edges": edges})[0])  # noqa: E731
    slow = lambda x: square(dense(ours, x, edges))  # noqa: E731
    for one, other in zip(gradients(fast, ours, x, jit=jit), gradients(slow, ours, x)):
        near(one, other)


def test_without_a_bias_there_is_none():
    for option in ("use_bias", "output_bias"):
        assert [one.name for one in layer(8, **{option: False}).weights] == ["ask", "offer"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"num_labels": 2}, "num_labels: expected none: along_edges tells labels apart"),
        ({"num_key_value_heads": 2}, "num_key_value_heads: keys are not projected"),
        ({"query_key_norm": True}, "query_key_norm: expected false"),
        ({"head_dim": 3}, "head_dim: found 4 heads of 3, expected them to be 8 wide"),
    ],
)
def test_what_it_cannot_do_is_refused(options, said):
    with pytest.raises(ZooError, match=said):
        layer(8, **options)
