"""Recipes of graphs from their check to a server, and what is refused of them."""

import numpy as np
import pytest
import tensorflow as tf
from test_graph_data import model

import zoo
from zoo.core.errors import ZooError
from zoo.recipe.check import describe
from zoo.recipe.load import load
from zoo.recipe.sections import Export
from zoo.serving.export import export, signatures
from zoo.serving.signatures import Served
from zoo.tokenizers.bytes import Bytes


@pytest.fixture(scope="module")
def drawn():
    draw = np.random.default_rng(0)
    words = draw.integers(-1, 18, (3, 7, 2)).astype("int32")
    mask = np.arange(7) < np.array([[7], [4], [1]])
    edges = draw.integers(0, 7, (3, 9, 3)).astype("int32")
    edges[..., 2] = 0
    edges[1, 3:] = -1
    return {"token_ids": words, "padding_mask": mask, "edges": edges}


def test_nodes_are_classified_by_a_saved_model_as_by_the_live_one(drawn, tmp_path):
    """Proved in a fresh process when it was written, by a request of its own."""
    task = model(labels=list("abcdef"))
    folder = export(Served(task, Bytes()), tmp_path / "nodes")
    assert '"classify_nodes"' in (folder / "assets.extra" / "golden.json").read_text()
    served = tf.saved_model.load(str(folder)).signatures["classify_nodes"]
    found = served(**{name: tf.constant(x) for name, x in drawn.items()})
    logits, there = np.array(task(drawn)), drawn["padding_mask"]
    order = np.argsort(-logits, axis=-1, kind="stable")
    names = np.array([b"a", b"b", b"c", b"d", b"e", b"f"])[order]
    assert (found["labels"].numpy()[there] == names[there]).all()
    raised = np.exp(np.take_along_axis(logits, order, -1))
    shares = raised / raised.sum(-1, keepdims=True)
    np.testing.assert_allclose(found["probabilities"].numpy()[there], shares[there], atol=1e-5)
    assert not found["probabilities"].numpy()[~there].any()
    assert (found["labels"].numpy()[~there] == b"").all()
    drawn = {**drawn, "edges": drawn["edges"] + 1}
    with pytest.raises(tf.errors.InvalidArgumentError, match="edges: expected nodes below"):
        served(**{name: tf.constant(x) for name, x in drawn.items()})


def test_a_graph_classifier_has_no_signature_yet():
    with pytest.raises(ZooError, match="graph_classifier, for which no signature answers yet"):
        signatures("graph_classifier", Export())


def test_pictures_of_edges_are_refused_and_their_kernel_is_named(tmp_path):
    recipe = load("graph_ancestors", tiny=True)
    assert describe(recipe)["kernel"] == "edge by edge"
    with pytest.raises(ZooError, match="cannot be drawn: it is the edges of each graph"):
        describe(recipe, tmp_path / "seen.png")


def test_a_run_of_graphs_cannot_be_explained_by_a_text(tmp_path):
    given = ["training.steps=4", "training.jit_compile=false", "export=null"]
    zoo.train(zoo.load_recipe("graph_ancestors", given, tiny=True), tmp_path / "run")
    from zoo.insight.explain import explain

    with pytest.raises(ZooError, match="asks for edges, which a text alone does not tell"):
        explain(tmp_path / "run", "a text")
