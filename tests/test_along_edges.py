"""Attention along edges: Shaw's formula over them, the dense twin, and what it costs."""

import keras
import numpy as np
import pytest
from gradients import gradients, near
from graphs import largest, of_gradients, reads_graphs
from keras import ops

from zoo.attention import Attention
from zoo.core.errors import ZooError
from zoo.core.kinds import make

NODES, LABELS = 7, 3


def layer(**options):
    heads = {"num_heads": 4, "head_dim": 5, "num_labels": LABELS, "initializer_range": 0.4}
    made = make(Attention, {"kind": "along_edges", **heads, **options}, name="attention")
    made.build((None, None, 6))
    return made


@pytest.fixture
def x(draw):
    return draw.normal(size=(2, NODES, 6)).astype("float32")


@pytest.fixture
def edges(draw):
    """Some twice, some from a node to itself, one with a label of no vector, and padding."""
    found = draw.integers(0, NODES, (2, 20, 3)).astype("int32")
    found[..., 2] %= LABELS
    found[0, 0], found[0, 1], found[0, 2] = found[0, 3], (4, 4, 1), (1, 2, 99)
    found[1, 12:] = -1
    return found


def by_hand(ours, x, edges):
    """Node by node and edge by edge, as the paper writes it (equations 3 and 4)."""
    weights = {w.path.rpartition("attention/")[2]: ops.convert_to_numpy(w) for w in ours.weights}
    kernel = lambda name: weights[f"{name}/kernel"]  # noqa: E731
    q, k, v = (
        np.einsum("td,dhe->the", x, kernel(of)) + weights[f"{of}/bias"]
        for of in ("query", "key", "value")
    )
    each = ours.num_heads // k.shape[1]
    k, v = np.repeat(k, each, axis=1), np.repeat(v, each, axis=1)
    vectors = [
        weights.get(f"label_{of}", np.zeros((1, LABELS + 1, 5))) for of in ("keys", "values")
    ]
    found = np.zeros(q.shape)
    for node in range(len(x)):
        seen = [(s, label) for s, to, label in edges.tolist() if to == node and s >= 0]
        seen.append((node, LABELS))
        for head in range(q.shape[1]):
            of_key, of_value = (of[head % len(of)] for of in vectors)
            told = [(s, min(r, LABELS + 1)) for s, r in seen]
            of_key, of_value = (np.vstack([of, np.zeros((1, 5))]) for of in (of_key, of_value))
            e = np.array([q[node, head] @ (k[s, head] + of_key[r]) for s, r in told]) / np.sqrt(5)
            a = np.exp(e - e.max())
            a /= a.sum()
            found[node, head] = sum(w * (v[s, head] + of_value[r]) for w, (s, r) in zip(a, told))
    return (
        np.einsum("the,hed->td", found, kernel("attention_output"))
        + weights["attention_output/bias"]
    )


@pytest.mark.parametrize(
    "options",
    [{}, {"num_labels": None}, {"per_head": True}, {"num_key_value_heads": 2}],
    ids=["labels", "none", "per_head", "groups"],
)
def test_it_is_the_published_formula(options, x, edges):
    ours = layer(**options)
    for weight in ours.weights:
        weight.assign(weight + 0.1 * keras.random.normal(weight.shape, seed=1))
    found = np.array(ours(x, marks={"edges": edges})[0])
    for row in range(2):
        np.testing.assert_allclose(found[row], by_hand(ours, x[row], edges[row]), atol=1e-5)


def reported(ours, x, edges, mask):
    """How often the layer reports an edge from one node to another with a label: `b q k r`."""
    told, (batch, length, _) = ours.edges(x, mask, {"edges": edges}), x.shape
    there = np.array(told.there)
    key, query, label = (np.array(of)[there] for of in told[:3])
    times = np.zeros((batch, length, length, LABELS + 2), "float32")
    np.add.at(times, (query // length, query % length, key % length, label), 1)
    return times


def dense(ours, x, times):
    """The same by a table of all nodes by all nodes and all labels."""
    q, (k, v) = ours.ask(x, None), ours.offer(x, None)
    tables = ours.tables(slice(None), "float32")
    scores = ops.einsum("bqhe,bkhe->bhqk", q, k)[..., None]
    scores = scores + ops.einsum("bqhe,hre->bhqr", q, tables[0])[:, :, :, None]
    raised = ops.exp(scores * ours.head_dim**-0.5) * times[:, None]
    weights = raised / ops.sum(raised, axis=(-1, -2), keepdims=True)
    found = ops.einsum("bhqkr,bkhe->bqhe", weights, v)
    return ours.project_back(found + ops.einsum("bhqkr,hre->bqhe", weights, tables[1]))


@pytest.mark.parametrize("jit", [False, True])
def test_values_and_gradients_are_those_of_dense_attention_over_its_edges(jit, x, edges):
    mask = np.arange(NODES) < np.array([[NODES], [5]])
    ours = layer()
    times = reported(ours, x, edges, mask)

    def loss(found):
        return ops.sum(ops.square(found) * mask[..., None].astype("float32"))

    fast = lambda x: loss(ours(x, mask, marks={"edges": edges})[0])  # noqa: E731
    for one, other in zip(
        gradients(fast, ours, x, jit=jit),
        gradients(lambda x: loss(dense(ours, x, times)), ours, x),
    ):
        near(one, other)


def test_padding_and_what_leads_nowhere_leave_no_trace(x, edges):
    ours, mask = layer(), np.arange(NODES) < np.array([[NODES], [5]])
    found = np.array(ours(x, mask, marks={"edges": edges})[0])
    x[1, 5:] = 99
    poked = np.array(ours(x, mask, marks={"edges": edges})[0])
    np.testing.assert_array_equal(found[:, :5], poked[:, :5])
    own = edges[1][(edges[1, :, :2] < 5).all(axis=1) & (edges[1, :, 0] >= 0)]
    alone = np.array(ours(x[1:, :5], marks={"edges": own[None]})[0])
    np.testing.assert_allclose(poked[1:, :5], alone, atol=1e-6)


@pytest.mark.parametrize("options", [{"soft_cap": 0.5}, {"off_by_one": True}])
def test_variants_of_the_softmax_do_what_they_do_elsewhere(options, x):
    """On a graph with all edges, it is attention that sees everything."""
    own, others = np.divmod(np.arange(NODES**2), NODES)
    edges = np.stack([own, others, 0 * own], axis=1)[own != others].astype("int32")
    ours = layer(num_labels=None, **options)
    full = make(
        Attention,
        {"kind": "multi_head", "pattern": "full", "num_heads": 4, "head_dim": 5, **options},
    )
    full.build((None, None, 6))
    full.set_weights(ours.get_weights())
    np.testing.assert_allclose(
        ours(x, marks={"edges": edges[None].repeat(2, 0)})[0], full(x)[0], atol=1e-5
    )


def test_dropout_keeps_the_mean_and_heads_in_turn_are_heads_at_once(x, edges):
    whole, turn = layer(), layer(num_parallel_heads=2)
    turn.set_weights(whole.get_weights())
    told = {"edges": edges}
    np.testing.assert_allclose(turn(x, marks=told)[0], whole(x, marks=told)[0], atol=1e-5)
    dropping = layer(dropout=0.3)
    dropping.set_weights([*whole.get_weights()])
    drawn = [np.array(dropping(x, marks=told, training=True)[0]) for _ in range(400)]
    assert not np.allclose(drawn[0], drawn[1])
    far = np.abs(np.mean(drawn, axis=0) - np.array(whole(x, marks=told)[0]))
    assert (far < 5 * np.std(drawn, axis=0) / 20 + 1e-5).all()


@reads_graphs
def test_nothing_is_as_large_as_all_nodes_by_all_nodes():
    nodes, number = 1000, 3000
    told = np.random.default_rng(0).integers(0, nodes, (1, number, 3)).astype("int32")
    told[..., 2] %= LABELS
    ours = layer()
    step = lambda x, training: ours(x, marks={"edges": told}, training=training)  # noqa: E731
    step.trainable_variables = ours.trainable_variables
    assert largest(of_gradients(step, 1, nodes, 6)) <= 4 * 5 * (number + nodes)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"pattern": "causal"}, "pattern: expected full"),
        ({"position": "rotary"}, "position: expected nope"),
        ({"kernel": "dense"}, "kernel: expected none"),
    ],
)
def test_what_is_no_business_of_edges_is_refused(options, said):
    with pytest.raises(ZooError, match=said):
        layer(**options)


def test_edges_have_to_be_told(x):
    with pytest.raises(ValueError, match="marks edges"):
        layer()(x)
