"""Values of a function of layers and its gradients in their weights, on either backend."""

import keras
import numpy as np
from keras import ops

TENSORFLOW = keras.config.backend() == "tensorflow"


def gradients(function, model, *inputs, jit=False):
    """The value of `function(*inputs)`, and its gradients in the weights of a model."""
    run = _of_tensorflow if TENSORFLOW else _of_jax
    value, found = run(function, model, inputs, jit)
    return [ops.convert_to_numpy(x) for x in (value, *found)]


def in_a_graph(function, jit=False):
    """The same function, run from a graph as training does; on JAX always compiled."""
    if TENSORFLOW:
        import tensorflow as tf

        return tf.function(function, jit_compile=jit)
    import jax

    return jax.jit(function)


def near(found, wanted, scale=1e-5):
    """Asserts that arrays are alike, compared with the largest number wanted."""
    found, wanted = ops.convert_to_numpy(found), ops.convert_to_numpy(wanted)
    np.testing.assert_allclose(found, wanted, atol=scale * max(1.0, abs(wanted).max()))


def _of_tensorflow(function, model, inputs, jit=False):
    import tensorflow as tf

    @tf.function(jit_compile=jit)
    def run(*inputs):
        with tf.GradientTape() as tape:
            value = function(*inputs)
        found = tape.gradient(value, [v.value for v in model.trainable_variables])
        return value, [tf.convert_to_tensor(gradient) for gradient in found]

    return run(*inputs)


def _of_jax(function, model, inputs, jit=False):
    import jax

    def run(values, rest):
        given = [*zip(model.trainable_variables, values), *zip(model.non_trainable_variables, rest)]
        with keras.StatelessScope(given) as scope:
            value = function(*inputs)
            return value, [scope.get_current_value(v) for v in model.non_trainable_variables]

    values = [v.value for v in model.trainable_variables]
    rest = [v.value for v in model.non_trainable_variables]
    run = jax.value_and_grad(run, has_aux=True)
    (value, rest), found = (jax.jit(run) if jit else run)(values, rest)
    for variable, new in zip(model.non_trainable_variables, rest):
        variable.assign(new)
    return value, found
