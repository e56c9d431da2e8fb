"""Graphs as documents and batches: what is drawn, read, sampled and refused."""

import re

import numpy as np
import pytest
import small_files

from zoo.backbones import Backbone
from zoo.core.errors import ZooError
from zoo.core.graphs import graph, known, read, written
from zoo.core.kinds import make
from zoo.data.batching import Batching
from zoo.data.corpus import Corpus
from zoo.data.sources.ancestors import Ancestors
from zoo.data.sources.planetoid import Planetoid
from zoo.tasks.graph_classifier import GraphClassifier
from zoo.tasks.node_classifier import NodeClassifier
from zoo.tokenizers.bytes import Bytes

LABELS = [str(place) for place in range(6)]
ROOM = {"max_nodes": 40, "max_edges": 160, "max_words": 8, "batch_size": 1, "labels": LABELS}


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    file = tmp_path_factory.mktemp("graphs") / "papers.npz"
    small_files.write_papers(file)
    return file


def corpus(source):
    return Corpus(source.train(), Bytes())


def model(task=NodeClassifier, layers=2, num_labels=1, **options):
    attention = {
        "kind": "along_edges",
        "num_heads": 2,
        "head_dim": 8,
        "num_labels": num_labels,
        "initializer_range": 0.4,
    }
    written = {
        "kind": "transformer",
        "num_layers": layers,
        "hidden_dim": 16,
        "token_embedding": {"kind": "bag", "num_words": 18},
        "initializer_range": 0.4,
        "blocks": {"kind": "message_passing", "attention": attention},
    }
    return task(num_classes=6, backbone=make(Backbone, written, vocabulary_size=257), **options)


def test_a_graph_is_written_and_read_back():
    edges = [[0, 1, 3], [2, 1, 0], [1, 0, 1], [0, 1, 3], [2, 2, 0]]
    made = graph([[4, 2], [], [7]], np.array(edges))
    found = read(np.frombuffer(written(made), "uint8"), "a")
    assert sorted(found.triples().tolist()) == sorted(map(list, {tuple(one) for one in edges}))
    assert [found.words_of(node).tolist() for node in range(3)] == [[4, 2], [], [7]]
    assert sorted(found.edges_to(1).tolist()) == [[0, 3], [2, 0]]


def test_a_document_that_is_no_graph_is_refused():
    made = graph([[1], [2]], np.array([[0, 1, 0]]))
    data = np.frombuffer(written(made), "<i4")
    for place, number in ((0, 3), (1, -1), (3, 1), (6, -5), (11, 2), (11, -1)):
        broken = data.copy()
        broken[place] = number
        with pytest.raises(ZooError, match=r"^a: "):
            read(broken.view("uint8"), "a")
    for short in (b"", b"no graph", data.tobytes()[:-4], data.tobytes() + b"1"):
        with pytest.raises(ZooError, match="no graph"):
            read(np.frombuffer(short, "uint8"), "a")


@pytest.mark.parametrize("said", ["7 x", "x", "-1 x", "0", "0 "])
def test_an_answer_names_nodes_and_their_classes(said):
    assert known("0 a b\n2 c", "a", 3) == {0: "a b", 2: "c"}
    with pytest.raises(ZooError, match=r"line 1 of its answer .* expected a node from 0 to 2"):
        known(said, "a", 3)


def test_ancestors_are_those_from_which_one_comes_by_edges_from_parents():
    for document in Ancestors(num_documents=40, num_validation_documents=1).train():
        (start, stop), data = document.answers[-1], document.data
        found = read(data[:start], "tree")
        answer = known(data[start:stop].tobytes().decode(), "tree", found.num_nodes)
        down = np.eye(found.num_nodes, dtype=int)
        step = np.zeros_like(down)
        for source, to, label in found.triples().tolist():
            step[source, to] |= label == 0
            assert [to, source, 1 - label] in found.triples().tolist()
        (asked,) = np.flatnonzero(found.words == 1)
        reaches = np.linalg.matrix_power(step + down, found.num_nodes)[:, asked] > 0
        assert sorted(step.sum(axis=0)) == [0] + [1] * (found.num_nodes - 1)
        yes = {node for node, label in answer.items() if label == "yes"}
        assert yes == set(np.flatnonzero(reaches)) - {asked}
        assert len(answer) == found.num_nodes


def test_a_citation_graph_is_whole_and_tells_the_classes_of_one_part(papers):
    cut = make(Batching, {"kind": "nodes", **ROOM})
    held = np.load(papers)
    for part, name in (("validation", "val_idx"), ("test", "test_idx")):
        source = Planetoid(str(papers), held_out=part)
        batch = cut.evaluation(Corpus(source.validation(), Bytes()), 0)
        assert set(np.flatnonzero(batch.weights[0])) == set(held[name])
        np.testing.assert_array_equal(batch.targets[0, held[name]], held["labels"][held[name]])
        train = cut.batch(corpus(source), 3)
        assert set(np.flatnonzero(train.weights[0])) == set(held["train_idx"])
        assert {n: x.tobytes() for n, x in train.inputs.items()} == {
            n: x.tobytes() for n, x in batch.inputs.items()
        }
        edges = train.inputs["edges"][0]
        there = {tuple(one) for one in edges[edges[:, 0] >= 0].tolist()}
        both = {(a, b, 0) for a, b in held["edges"].tolist()}
        assert there == both | {(b, a, 0) for a, b, _ in both}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_nodes": 39}, "max_nodes.*40 nodes, expected at most 39"),
        ({"max_edges": 9}, "max_edges.* edges, expected at most 9"),
        ({"max_words": 2}, "max_words.* words in a node, expected at most 2"),
        ({"labels": ["a", "b"]}, "labels.*of the class"),
        ({"labels": ["a"]}, "labels.*two or more"),
    ],
)
def test_what_has_no_room_is_refused(options, said, papers):
    def cut():
        made = make(Batching, {"kind": "nodes", **ROOM, **options})
        made.batch(corpus(Planetoid(str(papers))), 0)

    with pytest.raises(ZooError) as wrong:
        cut()
    assert re.search(said, f"{'.'.join(wrong.value.path)} {wrong.value.text}")


def test_broken_files_are_refused(papers, tmp_path):
    held, file = dict(np.load(papers)), tmp_path / "broken.npz"
    broken = {
        "holds no": {"edges": None},
        "whole numbers": {"labels": held["labels"] + 0.5},
        "belong together": {"labels": held["labels"][:-1]},
        r"expected \[x, 2\]": {"edges": held["edges"].ravel()},
        "edges names nodes": {"edges": held["edges"] + 40},
        "without a label": {"labels": np.full_like(held["labels"], -1)},
    }
    for said, changed in broken.items():
        changed = {**held, **changed}
        np.savez(file, **{name: x for name, x in changed.items() if x is not None})
        with pytest.raises(ZooError, match=said):
            Planetoid(str(file)).train()
    file.write_bytes(b"no file")
    with pytest.raises(ZooError, match=r"is no \.npz file"):
        Planetoid(str(file)).train()
    with pytest.raises(ZooError, match="there is no file"):
        Planetoid(str(tmp_path / "papers.npz")).train()


def test_a_neighbourhood_that_is_large_enough_says_what_the_whole_graph_says(papers):
    read_from, task = corpus(Planetoid(str(papers))), model()
    whole = make(Batching, {"kind": "nodes", **ROOM}).batch(read_from, 0)
    wanted = np.array(task(whole.inputs))[0]
    room = {"labels": LABELS, "max_words": 8, "batch_size": 5, "fan_outs": [9, 9]}
    cut = make(Batching, {"kind": "neighbourhoods", **room})
    nodes = np.flatnonzero(whole.weights[0])
    found = [cut.evaluation(read_from, place) for place in range(cut.evaluation_batches(read_from))]
    logits = np.concatenate([np.array(task(batch.inputs))[:, 0] for batch in found])
    told = np.concatenate([batch.targets[:, 0] for batch in found])
    order = [int(line.split()[0]) for line in answer(read_from).splitlines()]
    assert sorted(order) == nodes.tolist()
    np.testing.assert_allclose(logits, wanted[order], atol=1e-5)
    np.testing.assert_array_equal(told, whole.targets[0, order])


def answer(read_from):
    start, stop = read_from.answers[0][-1]
    return read_from.tokens[0][start:stop].tobytes().decode()


def test_a_sample_is_drawn_anew_at_every_step_and_the_same_at_the_same(papers):
    read_from = corpus(Planetoid(str(papers)))
    room = {"labels": LABELS, "max_words": 8, "batch_size": 20, "fan_outs": [1, 2], "seed": 5}
    cut = make(Batching, {"kind": "neighbourhoods", **room})
    first, again, other = (cut.batch(read_from, step) for step in (2, 2, 3))
    shapes = [first.inputs[name].shape for name in ("token_ids", "edges")]
    assert shapes == [(20, 4, 8), (20, 3, 3)]
    assert all((first.inputs[name] == again.inputs[name]).all() for name in first.inputs)
    assert sorted(first.targets[:, 0]) == sorted(other.targets[:, 0])  # a pass takes every node
    assert (first.inputs["token_ids"] != other.inputs["token_ids"]).any()
    assert (first.weights.sum(axis=1) == 1).all()
    edges = first.inputs["edges"]
    assert set(edges[edges[..., 0] >= 0][:, 1]) <= {0, 1}  # to place 0, and to what it was told by


@pytest.mark.parametrize("readout", ["mean", "virtual_node"])
def test_a_graph_has_one_class_whatever_the_order_of_its_nodes(readout, draw):
    task = model(GraphClassifier, readout=readout)
    words, edges = draw.integers(0, 18, (1, 5, 2)), draw.integers(0, 5, (1, 8, 3))
    edges[..., 2] = 0
    order = draw.permutation(5)
    other = edges.copy()
    other[..., :2] = np.argsort(order)[edges[..., :2]]
    found = np.array(task({"token_ids": words, "edges": edges}))
    assert found.shape == (1, 6)
    moved = task({"token_ids": words[:, order], "edges": other})
    np.testing.assert_allclose(moved, found, atol=1e-5)
    wide = np.pad(words, ((0, 0), (0, 3), (0, 0)), constant_values=-1)
    more = np.pad(edges, ((0, 0), (0, 2), (0, 0)), constant_values=-1)
    there = np.arange(8)[None] < 5
    padded = task({"token_ids": wide, "edges": more, "padding_mask": there})
    np.testing.assert_allclose(padded, found, atol=1e-5)
    none = np.full_like(edges, -1)
    assert np.abs(np.array(task({"token_ids": words, "edges": none})) - found).max() > 1e-3
