"""Texts in their rows, as encoders read them: the same in NumPy and in a graph."""

import numpy as np
import pytest
import tensorflow as tf

from zoo.tokenizers import Frame

TEXTS = [[5, 6, 7], [], [8] * 9]


@pytest.mark.parametrize("before", [(), (1,), (4, 1)])
def test_a_graph_frames_as_training_does(before):
    frame = Frame(before, end=2, pad=3, length=8)
    rows = frame.rows([np.array(text, "uint8") for text in TEXTS])
    graph = frame.in_graph(tf.ragged.constant(TEXTS, tf.int32))
    assert rows["token_ids"].shape == (3, 8)
    for name, array in graph.items():
        np.testing.assert_array_equal(array, rows[name])
    assert rows["token_ids"][0, : len(before) + 5].tolist() == [*before, 5, 6, 7, 2, 3][:8]
    assert (rows["token_ids"][2] != 3).all()


def test_without_a_length_nothing_is_cut_and_the_longest_text_is_not_padded():
    frame = Frame((1,), end=2, pad=2)
    rows = frame.rows([np.array(text, "int32") for text in TEXTS])
    graph = frame.in_graph(tf.ragged.constant(TEXTS, tf.int32))
    assert rows["token_ids"].shape == (3, 11)
    for name, array in graph.items():
        np.testing.assert_array_equal(array, rows[name])
    assert rows["padding_mask"].sum(axis=1).tolist() == [5, 2, 11]
