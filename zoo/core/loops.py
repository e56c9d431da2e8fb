"""The one door to the backend's loops and to derivatives taken inside of them.

`keras.ops` has neither a loop that stacks what its body gives (its `scan` wants results shaped like
the carry on TensorFlow) nor a derivative.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
from keras import ops, tree


def scan(body: Callable[..., Any], carry: Any, inputs: Any, length: Any) -> tuple[Any, Any]:
    """`carry, out = body(carry, input)` for each of the `length` slices of the inputs: an int, or
    in a graph of TensorFlow a tensor.

    Returns the last carry and the outs, stacked. One pass stays outside of a loop.
    """
    if isinstance(length, int) and length == 1:
        carry, out = body(carry, tree.map_structure(lambda x: x[0], inputs))
        return carry, tree.map_structure(lambda x: x[None], out)
    if keras.config.backend() == "tensorflow":
        return _tensorflow_scan(body, carry, inputs, length)
    carry, outs = ops.scan(body, carry, inputs, length=length)  # pyright: ignore
    return carry, outs


def _tensorflow_scan(body, carry, inputs, length):
    import tensorflow as tf

    def turn(carry, place):
        return body(carry, tree.map_structure(lambda x: x[place], inputs))

    if tf.executing_eagerly():
        outs = []
        for place in range(length):
            carry, out = turn(carry, place)
            outs.append(out)
        return carry, tree.map_structure(lambda *parts: ops.stack(parts), *outs)

    # Traced aside, for shapes and dtypes: computed once outside, a pass would double the graph.
    inputs = tree.map_structure(ops.convert_to_tensor, inputs)
    traced = tf.function(turn, autograph=False).get_concrete_function(carry, tf.constant(0))
    _, like = traced.structured_outputs
    stacks = [tf.TensorArray(x.dtype, length, element_shape=x.shape) for x in tree.flatten(like)]

    def step(place, carry, *stacks):
        carry, out = turn(carry, place)
        return place + 1, carry, *(s.write(place, x) for s, x in zip(stacks, tree.flatten(out)))

    _, carry, *stacks = tf.while_loop(
        lambda place, *_: place < length,
        step,
        (tf.constant(0), carry, *stacks),
        parallel_iterations=1,
        maximum_iterations=length,
    )
    return carry, tree.pack_sequence_as(like, [stack.stack() for stack in stacks])


@contextmanager
def waiting_for(x: Any) -> Iterator[None]:
    """What is called inside is not computed before the tensor x is, also where it does not depend
    on it. XLA decides by itself."""
    if keras.config.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    with tf.control_dependencies([x]):
        yield


def pullback(function: Callable[..., Any], inputs: list) -> tuple[Any, Callable[[Any], list]]:
    """`function(*inputs)`, and what turns a gradient of it into gradients of the inputs.

    To be turned once. Inputs that do not matter get zeros.
    """
    if keras.config.backend() == "tensorflow":
        return _tensorflow_pullback(function, inputs)
    import jax  # pyright: ignore[reportMissingImports]

    out, turn = jax.vjp(function, *inputs)
    return out, lambda gradient: list(turn(gradient))


def _tensorflow_pullback(function, inputs):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(inputs)
        out = function(*inputs)

    def turn(gradient):
        found = tape.gradient(out, inputs, gradient, unconnected_gradients="zero")
        return [tf.convert_to_tensor(x) for x in found]

    return out, turn
