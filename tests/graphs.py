"""What TensorFlow's graphs hold."""

import pytest
from gradients import TENSORFLOW

reads_graphs = pytest.mark.skipif(not TENSORFLOW, reason="reads TensorFlow's graph")


def of_gradients(layer, *shape):
    """The graph of a layer's gradients for an input of a shape, not run."""
    import tensorflow as tf

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x, training=True)[0] ** 2)
        return tape.gradient(loss, [v.value for v in layer.trainable_variables])

    return step.get_concrete_function(tf.TensorSpec(shape)).graph


def largest(graph):
    """The largest number of elements of any tensor in a graph and in the functions it calls."""
    inside = [f.graph for f in graph._functions.values()] if hasattr(graph, "_functions") else []
    shapes = [x.shape for g in (graph, *inside) for op in g.get_operations() for x in op.outputs]
    return max(shape.num_elements() or 0 for shape in shapes if shape.rank is not None)
